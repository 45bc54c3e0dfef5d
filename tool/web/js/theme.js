// Light, dark, or what the system prefers.
import { el } from './dom.js';

const NAMES = { auto: 'Auto', light: 'Light', dark: 'Dark' };
const ORDER = ['auto', 'light', 'dark'];

export function themeSwitch() {
    let theme = read();
    const button = el('button', { type: 'button', class: 'theme', id: 'theme', onclick: () => next() });
    function show() {
        document.documentElement.dataset.theme = theme;
        button.textContent = NAMES[theme];
        button.setAttribute('aria-label', `Colours: ${NAMES[theme].toLowerCase()}; press to change`);
    }
    function next() {
        theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
        try {
            localStorage.setItem('handfast-theme', theme);
        } catch {
            // A page without storage forgets it.
        }
        show();
    }
    show();
    return { element: button, next };
}

function read() {
    try {
        const stored = localStorage.getItem('handfast-theme');
        return ORDER.includes(stored) ? stored : 'auto';
    } catch {
        return 'auto';
    }
}
