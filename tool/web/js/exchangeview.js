// The key exchange as it is: what each end keeps to itself, what everybody on the path sees, and the secret at both ends.
import { el } from './dom.js';
import { toHex } from './bytes.js';

const MARKS = { equal: '✓', differs: '✗', given: '•' };
const WORDS = { equal: 'computed here: equal', differs: 'computed here: NOT equal', given: 'given' };

// exchange: of recomputeExchange, or null.
export function exchangeView(exchange, hasSecrets) {
    if (exchange === null) {
        return null;
    }
    const { shares, drawn, steps } = exchange;
    const own = (end) => (drawn[end] ? value('private key', drawn[end].scalar) : el('p', { class: 'quiet', text: drawnText(hasSecrets) }));
    const results = (end) => steps.filter((step) => step.end === end && step.what !== `${end}’s share`).map(resultOf);
    const made = (end) => steps.find((step) => step.what === `${end}’s share`);
    const share = (end, arrow) => el('div', { class: 'share' }, value(`${arrow} ${end}’s share, ${shares[end].length} bytes`, shares[end]),
                                     made(end) ? status(made(end), 'of its private key') : null);
    return el('section', { class: 'exchange', id: 'exchange', 'aria-label': 'Key exchange' },
              el('h3', { text: `Key exchange: ${exchange.name}` }),
              el('p', { class: 'quiet', text: 'Two secrets that never travel, two shares that everybody may see, and the same value at both ends.' }),
              el('div', { class: 'exchange-columns' },
                 el('div', { class: 'exchange-end' }, el('h4', { text: 'Only the client' }), own('client'), results('client')),
                 el('div', { class: 'exchange-wire' }, el('h4', { text: 'Everybody on the path' }), share('client', '→'), share('server', '←')),
                 el('div', { class: 'exchange-end' }, el('h4', { text: 'Only the server' }), own('server'), results('server'))),
              steps.filter((step) => step.end === null).map(resultOf));
}

function drawnText(hasSecrets) {
    return hasSecrets ? 'Its private key is not in this recording: this end was not watched.' : 'Its private key is not in this recording, which holds no secrets.';
}

function value(name, bytes) {
    const hex = toHex(bytes);
    return el('p', { class: 'exchange-value' }, el('span', { class: 'quiet', text: name }), ' ', el('code', { class: 'wrap', text: hex.length > 160 ? `${hex.slice(0, 96)} … ${hex.slice(-32)}` : hex }));
}

function resultOf(step) {
    return el('div', { class: 'exchange-result' }, step.output ? value(step.what, step.output) : el('p', { text: step.what }),
              el('p', { class: 'quiet', text: `= ${step.formula}` }), status(step, ''));
}

function status(step, more) {
    return el('p', { class: `verdict ${step.status}`, data: { status: step.status } }, `${MARKS[step.status]} ${WORDS[step.status]}${more ? `, ${more}` : ''}`);
}
