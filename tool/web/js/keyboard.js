// Keys that work everywhere but where something is being typed or chosen.
import { goTo, step, togglePlay } from './player.js';

const TABS = ['message', 'keys', 'why', 'tamper', 'compare'];

export function keyboard(store, model, theme) {
    const actions = {
        ' ': () => togglePlay(store, model),
        ArrowRight: () => step(store, model, 1),
        ArrowLeft: () => step(store, model, -1),
        Home: () => goTo(store, model, 0),
        End: () => goTo(store, model, model.entries.length),
        d: () => theme.next(),
    };
    TABS.forEach((tab, i) => { actions[String(i + 1)] = () => store.set({ tab }); });
    const listener = (event) => {
        const target = event.target;
        const busy = target.closest?.('input, select, textarea, summary, a') ||
            (event.key === ' ' && target.closest?.('button, [tabindex="0"].field'));
        const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
        if (action && !busy && !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented) {
            event.preventDefault();
            action();
        }
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
}
