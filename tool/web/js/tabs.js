// Panels behind tabs (arrow keys move between tabs); on paper all of them stand one below the other.
import { el } from './dom.js';

export function tabsView(store, tabs) {
    const buttons = tabs.map((tab) => el('button', {
        type: 'button', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': `panel-${tab.id}`, text: tab.name,
        onclick: () => store.set({ tab: tab.id }),
    }));
    const panels = tabs.map((tab) => el('div', { class: 'panel', role: 'tabpanel', id: `panel-${tab.id}`, 'aria-labelledby': `tab-${tab.id}`,
                                                 tabindex: 0 },
                                       el('h2', { class: 'print-title', text: tab.name }), tab.element));
    const list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Panels' }, buttons);
    list.addEventListener('keydown', (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by !== undefined) {
            event.preventDefault();
            event.stopPropagation();
            const now = tabs.findIndex((tab) => tab.id === store.get().tab);
            const next = (now + by + tabs.length) % tabs.length;
            store.set({ tab: tabs[next].id });
            buttons[next].focus();
        }
    });
    store.watch(['tab'], (state) => tabs.forEach((tab, i) => {
        const chosen = tab.id === state.tab;
        buttons[i].setAttribute('aria-selected', String(chosen));
        buttons[i].tabIndex = chosen ? 0 : -1;
        panels[i].classList.toggle('shown', chosen);
    }));
    return { element: el('section', { class: 'right', 'aria-label': 'Details' }, list, panels) };
}
