// What was decided, by whom, among which candidates, and why each of the others lost.
import { el, fill } from './dom.js';

const NAMES = {
    version: 'Version', cipher_suite: 'Cipher suite', group: 'Key exchange group', signature_scheme: 'Signature',
    alpn: 'Application protocol (ALPN)', identity: 'Certificate to show', psk: 'Pre-shared key',
    early_data: 'Early data', retry: 'Ask for another hello', certificate_compression: 'Certificate compression',
    certificate: 'The peer’s certificate',
};

export function decisionsView(store, model) {
    const element = el('div', { class: 'decisions' });
    const cards = model.decisions.map((decision) => card(store, model, decision));
    if (cards.length === 0) {
        fill(element, el('p', { class: 'quiet', text: 'This recording holds no decisions: neither end was watched from inside.' }));
        return { element };
    }
    fill(element, el('p', { class: 'lead', text: 'Every choice with what was weighed and why the rest lost.' }),
         cards.map((item) => item.node));
    store.watch(['position'], (state) => {
        for (const item of cards) {
            item.node.classList.toggle('ahead', item.entry >= state.position);
        }
    });
    return { element };
}

function card(store, model, decision) {
    const name = NAMES[decision.about] ?? decision.about;
    const entry = model.entries[decision.entry];
    const isOpen = !decision.taken && decision.candidates.some((candidate) => candidate.accepted);
    const outcome = decision.taken ? (decision.name ?? String(decision.value ?? '')) : isOpen ? 'offered: the peer decides' : 'none of them would do';
    const node = el('section', { class: 'decision' },
                    el('h3', {}, el('span', { class: 'about', text: name }), ' ', el('b', { class: decision.taken ? 'good' : isOpen ? '' : 'bad', text: outcome })),
                    el('p', { class: 'quiet' }, `The ${decision.end} ${isOpen ? 'weighed' : 'decided'}`, entry ? [', after ', jump(store, entry)] : '',
                       decision.reason ? `: ${decision.reason.replace(/\.$/, '')}.` : '.'),
                    decision.candidates.length > 0 ? table(decision) : null);
    return { node, entry: decision.entry };
}

function jump(store, entry) {
    return el('button', { type: 'button', class: 'link', onclick: () => store.set({ selected: entry.index, position: Math.max(store.get().position, entry.index + 1) }) },
              entry.name);
}

function table(decision) {
    return el('table', { class: 'candidates' },
              el('thead', {}, el('tr', {}, ['Candidate', 'Verdict', 'Why'].map((text) => el('th', { scope: 'col', text })))),
              el('tbody', {}, decision.candidates.map((candidate) => el('tr', { class: candidate.accepted ? 'accepted' : 'rejected' },
                  el('th', { scope: 'row', text: candidate.name ?? `0x${candidate.value.toString(16).padStart(4, '0')}` }),
                  el('td', { text: candidate.accepted ? '✓ good' : '✗ rejected' }),
                  el('td', { text: candidate.reason ?? '' })))));
}
