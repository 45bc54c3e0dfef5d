// Two handshakes side by side.
import { bytesText, el, fill } from './dom.js';
import { entryPairs, factPairs, stepPairs } from './diff.js';
import { modelOf, NotARecording } from './model.js';

const LARGEST = 32 * 1024 * 1024; // bytes of a file that is opened here; a recording has less than four MiB
const KIND_WORDS = { same: 'the same', changed: 'differs', added: 'only right', removed: 'only left' };

// models: all that the page holds. Others can be opened from files; nothing leaves this page.
export function compareView(models, current) {
    const all = [...models];
    const result = el('div', { class: 'compare-result' });
    const left = picker('Left', () => update());
    const right = picker('Right', () => update());
    const note = el('p', { class: 'quiet', role: 'status' });
    const file = el('input', { type: 'file', id: 'compare-file', accept: '.json,application/json', 'aria-label': 'Open another recording', onchange: () => open() });
    const element = el('div', { class: 'compare' }, el('div', { class: 'compare-pick' }, left.element, right.element,
        el('label', { class: 'filepick' }, 'Open another ', file)), note, result);

    function refresh() {
        left.options(all);
        right.options(all);
    }
    function update() {
        const [a, b] = [all[left.value()], all[right.value()]];
        if (a === b) {
            fill(result, el('p', { class: 'quiet', text: all.length < 2 ? 'Open a second recording to compare with, or give two to “handfast view”.'
                : 'Choose two different recordings.' }));
            return;
        }
        fill(result, comparison(a, b));
    }
    async function open() {
        const chosen = file.files[0];
        if (!chosen) {
            return;
        }
        try {
            if (chosen.size > LARGEST) {
                throw new NotARecording('This file is larger than any recording.');
            }
            all.push(modelOf(JSON.parse(await chosen.text())));
            refresh();
            right.set(all.length - 1);
            note.textContent = '';
            update();
        } catch (error) {
            note.textContent = error instanceof NotARecording ? error.message : 'This file is not JSON, or is cut off.';
        }
    }
    refresh();
    left.set(current);
    right.set(all.length > 1 ? (current === 0 ? 1 : 0) : 0);
    update();
    return { element };
}

function picker(name, changed) {
    const select = el('select', { onchange: changed, id: `compare-${name.toLowerCase()}` });
    return {
        element: el('label', {}, `${name} `, select),
        options(all) {
            const value = select.value;
            fill(select, all.map((model, i) => el('option', { value: String(i), text: model.title })));
            select.value = value || '0';
        },
        value: () => Number(select.value),
        set: (value) => { select.value = String(value); },
    };
}

function comparison(a, b) {
    const pairs = entryPairs(a, b);
    const count = (kind) => pairs.filter((pair) => pair.kind === kind).length;
    const words = `${count('same')} messages alike, ${count('changed')} differ, ${count('removed')} only left, ${count('added')} only right. ` +
        'Random values, keys and signatures are fresh every time and not counted.';
    return [el('p', { class: 'lead', text: words }), facts(a, b), messages(a, b, pairs), steps(a, b)];
}

function facts(a, b) {
    return el('table', { class: 'compare-facts' }, el('caption', { text: 'What was agreed' }),
              el('thead', {}, el('tr', {}, ['', 'Left', 'Right'].map((text) => el('th', { scope: 'col', text: text || 'Fact' })))),
              el('tbody', {}, factPairs(a, b).map((fact) => el('tr', { class: fact.same ? 'same' : 'changed' },
                  el('th', { scope: 'row', text: fact.name }), el('td', { text: fact.a }), el('td', { text: fact.same ? fact.b : `≠ ${fact.b}` })))));
}

function messages(a, b, pairs) {
    return el('table', { class: 'compare-messages' }, el('caption', { text: 'What was said' }),
              el('thead', {}, el('tr', {}, ['Left', 'Right', 'Difference'].map((text) => el('th', { scope: 'col', text })))),
              el('tbody', {}, pairs.map((pair) => el('tr', { class: pair.kind },
                  el('td', {}, cell(pair.a)), el('td', {}, cell(pair.b)), el('td', {}, difference(pair))))));
}

function cell(entry) {
    return entry === null ? '—' : [el('span', { class: `key ${entry.level}`, text: entry.from === 'client' ? '→' : '←' }), ` ${entry.name} `,
        el('span', { class: 'quiet', text: bytesText(entry.size) })];
}

function difference(pair) {
    if (pair.fields.length === 0) {
        return KIND_WORDS[pair.kind];
    }
    return el('details', {}, el('summary', { text: `${pair.fields.length} field${pair.fields.length === 1 ? '' : 's'}` }),
              el('ul', { class: 'field-diff' }, pair.fields.map((field) => el('li', { class: field.a ? 'removed' : 'added' },
                  el('span', { class: 'sign', text: field.a ? '− ' : '+ ' }), el('span', { text: (field.a ?? field.b).path }), ' ',
                  el('code', { text: (field.a ?? field.b).value })))));
}

function steps(a, b) {
    const pairs = stepPairs(a, b);
    return el('section', {}, el('h3', { text: 'Key schedule' }), pairs.length === 0
        ? el('p', { text: 'The same steps on both sides.' })
        : el('ul', { class: 'field-diff' }, pairs.map((pair) => el('li', { class: pair.a ? 'removed' : 'added' },
            el('span', { class: 'sign', text: pair.a ? '− ' : '+ ' }), (pair.a ?? pair.b).id))));
}
