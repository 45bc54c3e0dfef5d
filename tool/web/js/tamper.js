// The tamper bench: change a byte of a message, and see which check of the receiver finds it.
import { el, fill } from './dom.js';
import { bytesView, scrollTo } from './bytesview.js';
import { hex8 } from './bytes.js';
import { leavesOf, otherEnd } from './model.js';
import { tamper } from './receiver.js';

export function tamperView(store, model) {
    const element = el('div', { class: 'tamper' });
    if (model.messages.length === 0 || model.summary.version !== 0x0304) {
        fill(element, el('p', { class: 'quiet', text: 'The bench knows the checks of TLS 1.3, and this recording is of another version or holds no messages.' }));
        return { element };
    }
    const bench = { store, model, message: 0, bytes: null, at: 6, run: 0 };
    const parts = controls(bench);
    fill(element, el('p', { class: 'lead', text: 'Change any byte. The page runs the receiver’s checks again and shows which one fails first.' }),
         parts.form, parts.where, parts.bytes, parts.result);
    bench.parts = parts;
    load(bench, 0);
    store.watch(['selected'], (state) => {
        const message = model.entries[state.selected]?.message;
        if (message && message.index !== bench.message) {
            load(bench, message.index);
        }
    });
    return { element };
}

function controls(bench) {
    const { model } = bench;
    const select = el('select', { id: 'tamper-message', onchange: () => load(bench, Number(select.value)) },
                      model.messages.map((message) => el('option', { value: String(message.index), text: `${message.name} (${message.from})` })));
    const at = el('input', { type: 'number', id: 'tamper-at', min: 0, onchange: () => point(bench, Number(at.value)) });
    const value = el('input', { type: 'text', id: 'tamper-value', maxlength: 2, pattern: '[0-9a-fA-F]{1,2}', size: 2, spellcheck: 'false',
                                autocomplete: 'off', onchange: () => change(bench, parseInt(value.value, 16)) });
    const inside = el('input', { type: 'checkbox', id: 'tamper-inside', onchange: () => judge(bench) });
    const flip = el('button', { type: 'button', id: 'tamper-flip', text: 'Flip a bit', onclick: () => change(bench, bench.bytes[bench.at] ^ 1) });
    const random = el('button', { type: 'button', id: 'tamper-random', text: 'Random byte', onclick: () => randomByte(bench) });
    const reset = el('button', { type: 'button', id: 'tamper-reset', text: 'Undo', onclick: () => load(bench, bench.message) });
    return {
        select, at, value, inside,
        form: el('div', { class: 'bench' }, el('label', {}, 'Message ', select), el('label', {}, 'Byte ', at), el('label', {}, 'Value ', value), flip, random, reset),
        where: el('label', { class: 'check' }, inside, 'the attacker holds the keys, and seals what it changed anew'),
        field: el('p', { class: 'quiet', id: 'tamper-field' }),
        bytes: el('div', { class: 'bench-bytes' }),
        result: el('div', { class: 'bench-result', id: 'tamper-result', role: 'status' }),
    };
}

function load(bench, index) {
    bench.message = index;
    bench.bytes = bench.model.messages[index].bytes.slice();
    bench.at = Math.min(6, bench.bytes.length - 1);
    bench.parts.select.value = String(index);
    bench.parts.at.max = bench.bytes.length - 1;
    const isPlain = bench.model.messages[index].level === 'plain';
    bench.parts.inside.disabled = isPlain;
    bench.parts.inside.checked = bench.parts.inside.checked && !isPlain;
    show(bench);
    judge(bench);
}

function show(bench) {
    const message = bench.model.messages[bench.message];
    const changed = new Set();
    bench.bytes.forEach((value, i) => value !== message.bytes[i] && changed.add(i));
    const leaves = leavesOf(message.fields);
    const view = bytesView(bench.bytes, message.fields, { changed, pick: (at) => point(bench, at), cursor: (at) => mark(bench, at) });
    bench.view = view;
    fill(bench.parts.bytes, bench.parts.field, view.element);
    bench.leaves = leaves;
    mark(bench, bench.at);
}

function mark(bench, at) {
    bench.at = at;
    bench.parts.at.value = String(at);
    bench.parts.value.value = hex8(bench.bytes[at]);
    bench.view.cells.forEach((cell, i) => cell.classList.toggle('cursor', i === at));
    const leaf = bench.leaves.find((field) => at >= field.at && at < field.at + field.len);
    bench.parts.field.textContent = leaf ? `Byte ${at} belongs to ${leaf.name}.` : `Byte ${at}.`;
}

function point(bench, at) {
    if (Number.isInteger(at) && at >= 0 && at < bench.bytes.length) {
        mark(bench, at);
        scrollTo(bench.view.element, bench.view.cells[at]);
    }
}

function change(bench, value) {
    if (Number.isInteger(value) && value >= 0 && value <= 255) {
        bench.bytes[bench.at] = value;
        show(bench);
        judge(bench);
    }
}

function randomByte(bench) {
    const [a, b] = crypto.getRandomValues(new Uint32Array(2));
    bench.bytes = bench.model.messages[bench.message].bytes.slice();
    bench.at = a % bench.bytes.length;
    change(bench, bench.bytes[bench.at] ^ (1 + (b % 255)));
    scrollTo(bench.view.element, bench.view.cells[bench.at]);
}

async function judge(bench) {
    const run = ++bench.run;
    const outcome = await tamper(bench.model, { message: bench.message, bytes: bench.bytes, where: bench.parts.inside.checked ? 'inside' : 'wire' });
    if (run !== bench.run) {
        return; // another change has come since
    }
    const { result } = bench.parts;
    result.dataset.verdict = outcome.verdict?.kind ?? '';
    result.dataset.alert = outcome.verdict?.alert ?? '';
    result.dataset.code = outcome.verdict?.code ?? '';
    fill(result, outcome.checks.length > 0 ? el('ol', { class: 'checks' }, outcome.checks.map(checkRow)) : null, verdictText(bench, outcome.verdict));
}

function checkRow(check) {
    const mark = check.ok === null ? '·' : check.ok ? '✓' : '✗';
    const words = check.ok === null ? 'note' : check.ok ? 'holds' : 'fails';
    return el('li', { class: check.ok === null ? 'note' : check.ok ? 'good' : 'bad' },
              el('span', { class: 'mark', 'aria-hidden': 'true', text: mark }), ' ',
              el('b', { text: check.what }), ` (${check.end}) ${words}`, check.detail ? el('span', { class: 'quiet', text: `: ${check.detail}` }) : null);
}

function verdictText(bench, verdict) {
    const sender = bench.model.messages[bench.message].from;
    switch (verdict?.kind) {
    case 'same':
        return el('p', { class: 'verdict-box', text: 'Nothing is changed yet.' });
    case 'unnoticed':
        return el('p', { class: 'verdict-box', text: 'No check of this handshake notices it.' });
    case 'waits':
        return el('p', { class: 'verdict-box bad' }, `The ${verdict.end} waits for bytes that never come: no alert, but a timeout.`);
    case 'refused': {
        const others = [...new Set(verdict.possible)].filter((alert) => alert !== verdict.alert);
        return el('div', { class: 'verdict-box bad' },
                  el('p', {}, `The ${verdict.end} refuses at “${verdict.check}” and sends the alert `, el('b', { text: verdict.alert }), '. ',
                     `The ${otherEnd(verdict.end)} learns no more than that.`),
                  others.length > 0 ? el('p', { class: 'quiet', text: `What no recording holds may bring another alert: ${others.join(', ')}.` }) : null,
                  el('p', { class: 'quiet', text: `Changed was a message of the ${sender}; rule ${verdict.code}.` }));
    }
    default:
        return el('p', { class: 'verdict-box', text: 'What follows cannot be told from this recording.' });
    }
}
