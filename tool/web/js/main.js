// Where the page begins.
import { el, fill } from './dom.js';
import { start } from './app.js';

const root = document.getElementById('page');
try {
    start(root, JSON.parse(document.getElementById('recording').textContent));
} catch (error) {
    fill(root, el('p', { class: 'banner bad', role: 'alert', text: `This page cannot be shown: ${error.message}` }));
    throw error;
}
document.documentElement.dataset.ready = 'yes';
