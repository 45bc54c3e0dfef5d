// The tamper bench: change a byte of a message or of a record of data, and see which check of the receiver finds it.
import { el, fill } from './dom.js';
import { attacksOn } from './attacks.js';
import { bytesView, scrollTo } from './bytesview.js';
import { hex8 } from './bytes.js';
import { dataRecords, leavesOf, otherEnd } from './model.js';
import { levelOf } from './level.js';
import { tamper } from './receiver.js';
import { tamperRecord } from './recordbench.js';

export function tamperView(store, model) {
    const element = el('div', { class: 'tamper' });
    const things = thingsOf(model);
    if (things.length === 0 || ![0x0304, 0x0303].includes(model.summary.version)) {
        fill(element, el('p', { class: 'quiet', text: 'The bench knows the checks of TLS 1.3 and 1.2, and this recording is of another version, agreed on none, or holds no messages.' }));
        return { element };
    }
    const bench = { store, model, things, thing: 0, bytes: null, at: 6, run: 0 };
    const parts = controls(bench);
    fill(element, el('p', { class: 'lead', text: 'Change any byte. The page runs the receiver’s checks again, in its order, and shows which one fails first.' }),
         trials(bench), parts.form, parts.where, parts.bytes, parts.result);
    bench.parts = parts;
    load(bench, 0);
    store.watch(['selected'], (state) => {
        const entry = model.entries[state.selected];
        const index = things.findIndex((thing) => (entry?.message ? thing.message === entry.message : entry?.record && thing.record === entry.record));
        if (index >= 0 && index !== bench.thing) {
            load(bench, index);
        }
    });
    return { element };
}

// What can be changed: every message, and of each kind of data the first record.
function thingsOf(model) {
    const messages = model.messages.map((message) => ({ name: `${message.name} (${message.from})`, from: message.from, message, bytes: message.bytes,
                                                        fields: message.fields, isPlain: message.level === 'plain' }));
    const seen = new Set();
    const records = dataRecords(model).filter((record) => {
        const kind = `${record.from} ${record.level}`;
        return !seen.has(kind) && seen.add(kind);
    });
    return [...messages, ...records.map((record) => ({ name: `${record.level === 'early' ? 'early data' : 'data'} (${record.from}), on the wire`, from: record.from,
                                                       record, bytes: record.wire, fields: recordFields(record), isPlain: true }))];
}

function recordFields(record) {
    const field = (name, at, len) => ({ name, term: null, kind: 'bytes', at, len, value: null, text: null, known: true });
    const sealed = record.wire.length - 5 - 16;
    return [field('opaque_type', 0, 1), field('legacy_record_version', 1, 2), field('length', 3, 2),
            field(`encrypted_record, under ${levelOf(record.level).name}`, 5, sealed), field('AEAD tag', 5 + sealed, 16)];
}

function trials(bench) {
    const attacks = attacksOn(bench.model);
    const all = attacks.filter((attack, i) => attacks.findIndex((other) => other.name === attack.name) === i);
    return el('div', { class: 'trials', role: 'group', 'aria-label': 'Changes worth trying' }, el('span', { class: 'quiet', text: 'Try: ' }),
              all.map((attack) => el('button', { type: 'button', class: 'trial', text: attack.name, onclick: () => attempt(bench, attack) })));
}

function attempt(bench, attack) {
    load(bench, bench.things.findIndex((thing) => (attack.message !== undefined ? thing.message?.index === attack.message : thing.record?.index === attack.record)));
    bench.at = attack.at;
    bench.parts.inside.checked = !bench.parts.inside.disabled;
    change(bench, bench.bytes[attack.at] ^ attack.mask);
    scrollTo(bench.view.element, bench.view.cells[attack.at]);
}

function controls(bench) {
    const { things } = bench;
    const select = el('select', { id: 'tamper-message', onchange: () => load(bench, Number(select.value)) },
                      things.map((thing, i) => el('option', { value: String(i), text: thing.name })));
    const at = el('input', { type: 'number', id: 'tamper-at', min: 0, onchange: () => point(bench, Number(at.value)) });
    const value = el('input', { type: 'text', id: 'tamper-value', maxlength: 2, pattern: '[0-9a-fA-F]{1,2}', size: 2, spellcheck: 'false',
                                autocomplete: 'off', onchange: () => change(bench, parseInt(value.value, 16)) });
    const inside = el('input', { type: 'checkbox', id: 'tamper-inside', onchange: () => judge(bench) });
    const flip = el('button', { type: 'button', id: 'tamper-flip', text: 'Flip a bit', onclick: () => change(bench, bench.bytes[bench.at] ^ 1) });
    const random = el('button', { type: 'button', id: 'tamper-random', text: 'Random byte', onclick: () => randomByte(bench) });
    const reset = el('button', { type: 'button', id: 'tamper-reset', text: 'Undo', onclick: () => load(bench, bench.thing) });
    return {
        select, at, value, inside,
        form: el('div', { class: 'bench' }, el('label', {}, 'In ', select), el('label', {}, 'Byte ', at), el('label', {}, 'Value ', value), flip, random, reset),
        where: el('label', { class: 'check' }, inside, 'the attacker holds the keys, and seals what it changed anew'),
        field: el('p', { class: 'quiet', id: 'tamper-field' }),
        bytes: el('div', { class: 'bench-bytes' }),
        result: el('div', { class: 'bench-result', id: 'tamper-result', role: 'status' }),
    };
}

function load(bench, index) {
    const thing = bench.things[index];
    bench.thing = index;
    bench.bytes = thing.bytes.slice();
    bench.at = Math.min(6, bench.bytes.length - 1);
    bench.parts.select.value = String(index);
    bench.parts.at.max = bench.bytes.length - 1;
    bench.parts.inside.disabled = thing.isPlain;
    bench.parts.inside.checked = bench.parts.inside.checked && !thing.isPlain;
    show(bench);
    judge(bench);
}

function show(bench) {
    const thing = bench.things[bench.thing];
    const changed = new Set();
    bench.bytes.forEach((value, i) => value !== thing.bytes[i] && changed.add(i));
    const view = bytesView(bench.bytes, thing.fields, { changed, pick: (at) => point(bench, at), cursor: (at) => mark(bench, at) });
    bench.view = view;
    fill(bench.parts.bytes, bench.parts.field, view.element);
    bench.leaves = leavesOf(thing.fields);
    mark(bench, bench.at);
}

function mark(bench, at) {
    bench.at = at;
    bench.parts.at.value = String(at);
    bench.parts.value.value = hex8(bench.bytes[at]);
    bench.view.cells.forEach((cell, i) => cell.classList.toggle('cursor', i === at));
    const leaf = bench.leaves.find((field) => at >= field.at && at < field.at + field.len);
    const was = bench.things[bench.thing].bytes[at];
    const change = was === bench.bytes[at] ? '' : ` It was ${hex8(was)}, and is ${hex8(bench.bytes[at])} now.`;
    bench.parts.field.textContent = `${leaf ? `Byte ${at} belongs to ${leaf.name}.` : `Byte ${at}.`}${change}`;
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
    bench.bytes = bench.things[bench.thing].bytes.slice();
    bench.at = a % bench.bytes.length;
    change(bench, bench.bytes[bench.at] ^ (1 + (b % 255)));
    scrollTo(bench.view.element, bench.view.cells[bench.at]);
}

async function judge(bench) {
    const run = ++bench.run;
    const { message, record } = bench.things[bench.thing];
    const outcome = record ? await tamperRecord(bench.model, { record: record.index, bytes: bench.bytes })
        : await tamper(bench.model, { message: message.index, bytes: bench.bytes, where: bench.parts.inside.checked ? 'inside' : 'wire' });
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
    const words = check.ok === null ? '' : check.ok ? 'holds' : 'fails';
    return el('li', { class: check.ok === null ? 'note' : check.ok ? 'good' : 'bad' },
              el('span', { class: 'mark', 'aria-hidden': 'true', text: mark }),
              el('span', {}, el('b', { text: check.what }), ` (${check.end}) ${words}`, check.detail ? el('span', { class: 'quiet', text: `: ${check.detail}` }) : null));
}

function verdictText(bench, verdict) {
    const sender = bench.things[bench.thing].from;
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
                  el('p', { class: 'quiet', text: `Changed were bytes of the ${sender}; rule ${verdict.code}.` }));
    }
    default:
        return el('p', { class: 'verdict-box', text: 'What follows cannot be told from this recording.' });
    }
}
