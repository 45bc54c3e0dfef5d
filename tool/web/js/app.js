// The page: reads what is embedded, and puts the views together.
import { el, fill } from './dom.js';
import { compareView } from './compare.js';
import { createStore } from './store.js';
import { decisionsView } from './decisions.js';
import { headingOf, headView } from './head.js';
import { keyboard } from './keyboard.js';
import { keysView } from './keys.js';
import { messageView, storyList } from './message.js';
import { modelOf } from './model.js';
import { playerView } from './player.js';
import { tabsView } from './tabs.js';
import { tamperView } from './tamper.js';
import { themeSwitch } from './theme.js';
import { timelineView } from './timeline.js';

export function start(root, embedded) {
    const models = [];
    const problems = [];
    for (const document of embedded.recordings) {
        try {
            models.push(modelOf(document));
        } catch (error) {
            problems.push(error.message);
        }
    }
    const theme = themeSwitch();
    const bar = el('header', { class: 'bar' }, el('span', { class: 'brand', text: 'Handfast' }), served(embedded), theme.element);
    const body = el('div', { id: 'body' });
    fill(root, bar, problems.map((text) => el('p', { class: 'banner bad', role: 'alert', text })), body);
    if (models.length === 0) {
        fill(body, nothing(embedded));
        return;
    }
    let page = null;
    const choose = (index) => {
        page?.close();
        page = showModel(body, models, index, embedded, theme);
    };
    if (models.length > 1) {
        bar.insertBefore(pickModel(models, choose), theme.element);
    }
    choose(0);
}

// A server's two pages lead to each other.
function served(embedded) {
    return embedded.kind === 'connection' ? el('a', { href: '/last-failures', text: 'Latest failures' })
        : embedded.kind === 'failures' ? el('a', { href: '/', text: 'This connection' }) : null;
}

function nothing(embedded) {
    return el('main', { class: 'empty' }, el('h1', { text: embedded.kind === 'failures' ? 'No handshake has failed' : 'There is nothing to show' }),
              el('p', { text: embedded.kind === 'failures' ? 'Since this server was started, every handshake came to its end. Failed ones would appear here.'
                  : 'Make a recording with “handfast connect --record FILE”, and look at it with “handfast view FILE”.' }));
}

function pickModel(models, choose) {
    const select = el('select', { id: 'pick', 'aria-label': 'Recording', onchange: () => choose(Number(select.value)) },
                      models.map((model, i) => el('option', { value: String(i), text: `${i + 1}. ${model.title}` })));
    return el('div', { class: 'pick' }, select);
}

function showModel(body, models, index, embedded, theme) {
    const model = models[index];
    const store = createStore({
        position: model.entries.length, selected: firstOfInterest(model), playing: false, speed: 1, delay: 0, tcp: false, step: null,
        cost: null, tab: 'message', tamper: null,
    });
    const keys = keysView(store, model);
    const message = messageView(store, model);
    const tabs = tabsView(store, [
        { id: 'message', name: 'Message', element: message.element },
        { id: 'keys', name: 'Keys', element: keys.element },
        { id: 'why', name: 'Why', element: decisionsView(store, model).element },
        { id: 'tamper', name: 'Tamper', element: tamperView(store, model).element },
        { id: 'compare', name: 'Compare', element: compareView(models, index).element },
    ]);
    const left = el('section', { class: 'left', 'aria-label': 'The handshake in time' }, playerView(store, model).element,
                    timelineView(store, model).element, storyList(model));
    fill(body, el('main', {}, headView(model, embedded, keys.ready, message.ready), el('div', { class: 'panes' }, left, tabs.element)), footer());
    if (models.length > 1 && embedded.kind === 'view') {
        store.set({ tab: 'compare' });
    }
    const silent = keyboard(store, model, theme);
    document.title = `${headingOf(model)} · Handfast`;
    return {
        close() {
            silent();
            store.set({ playing: false });
        },
    };
}

// A failed handshake opens at what ended it, any other at its beginning.
function firstOfInterest(model) {
    const alert = model.entries.findIndex((entry) => entry.kind === 'alert' && entry.alert.description !== 0);
    return alert >= 0 ? alert : 0;
}

function footer() {
    const keys = [['Space', 'play, pause'], ['← →', 'step'], ['Home End', 'ends'], ['1 – 5', 'panels'], ['D', 'light, dark']];
    return el('footer', { class: 'foot' }, keys.map(([key, what]) => el('span', {}, el('kbd', { text: key }), ` ${what}`)));
}
