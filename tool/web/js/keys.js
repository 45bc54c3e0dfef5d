// The key schedule as a graph that grows as messages arrive. Every node is computed again in this page.
import { el, fill, rfcLink, svg } from './dom.js';
import { countStatus, recompute } from './schedule.js';
import { exchangeView } from './exchangeview.js';
import { rowsOf } from './keytree.js';
import { termOf } from './model.js';
import { toHex } from './bytes.js';

const ROW = 46;
const INDENT = 22;
const INPUT_NAMES = { zeros: 'zeros', psk: 'pre-shared key', shared_secret: '(EC)DHE shared secret', other: 'given from outside' };
// RFC 9258, 4.1: epsk is what both ends were given, ImportedIdentity the identity in the ClientHello.
const IMPORTED = 'imported pre-shared key = HKDF-Expand-Label(HKDF-Extract(0, epsk), “tls13 derived psk”, Hash(ImportedIdentity))';
const MARKS = { equal: '✓', differs: '✗', given: '•', hidden: '⋯', cannot: '?' };
const MARK_WORDS = {
    equal: 'computed again here: equal', differs: 'computed again here: NOT equal',
    given: 'given, with nothing to compute it from', hidden: 'its value is not in this recording',
    cannot: 'cannot be computed here',
};

export function keysView(store, model) {
    const element = el('div', { class: 'keys' });
    if (model.steps.length === 0) {
        fill(element, el('p', { class: 'quiet', text: 'This recording knows nothing of the key schedule.' }));
        return { element, ready: Promise.resolve(null) };
    }
    const rows = rowsOf(model.steps);
    const summary = el('p', { class: 'lead', id: 'key-summary', role: 'status', text: 'Computing …' });
    const detail = el('div', { class: 'key-detail', 'aria-live': 'polite' });
    const exchange = el('div', {});
    const list = el('ol', { class: 'key-rows', 'aria-label': 'Key schedule' });
    const edges = svg('svg', { class: 'edges', 'aria-hidden': 'true' });
    const buttons = rows.map((row, i) => rowNode(store, model, row, i));
    fill(list, buttons.map((item) => item.node));
    fill(element, summary, exchange, legend(), el('div', { class: 'key-graph' }, edges, list), detail);
    drawEdges(edges, rows);
    store.watch(['position', 'step'], (state) => {
        rows.forEach((row, i) => {
            buttons[i].node.classList.toggle('ahead', row.step.entry >= state.position);
            buttons[i].node.classList.toggle('fresh', row.step.entry === state.position - 1);
            buttons[i].button.setAttribute('aria-pressed', String(state.step === row.step.id));
        });
        [...edges.children].forEach((edge, i) => edge.classList.toggle('ahead', rows[i].step.entry >= state.position));
    });
    const ready = recompute(model).then((results) => {
        rows.forEach((row, i) => buttons[i].judge(results.get(row.step.id)));
        fill(summary, summaryText(model, countStatus(results)));
        fill(exchange, exchangeView(results.exchange, model.secrets));
        summary.classList.toggle('bad', countStatus(results).differs > 0);
        store.watch(['step'], (state) => fill(detail, state.step ? detailOf(model, model.stepById.get(state.step), results) : ''));
        return results;
    });
    return { element, ready };
}

function summaryText(model, count) {
    if (!model.secrets) {
        return `The ${model.steps.length} steps of the key schedule, without their values: this recording was made without secrets.`;
    }
    const rest = count.given + count.cannot > 0 ? ` ${count.given + count.cannot} cannot be: given, or not in this recording.` : '';
    return count.differs > 0
        ? `${count.differs} of ${model.steps.length} secrets differ from what this page computes.`
        : `${count.equal} of ${model.steps.length} secrets computed again in this page, and equal.${rest}`;
}

function legend() {
    return el('p', { class: 'legend quiet' }, ['equal', 'hidden', 'given', 'differs'].map((status) =>
        el('span', {}, el('i', { class: `mark ${status}`, text: MARKS[status] }), ` ${MARK_WORDS[status]} `)));
}

function rowNode(store, model, row, index) {
    const { step } = row;
    const mark = el('i', { class: 'mark wait', 'aria-hidden': 'true', text: '…' });
    const spoken = el('span', { class: 'spoken' });
    const value = step.output === null ? `${step.output_len} bytes` : `${toHex(step.output).slice(0, 16)}…`;
    const button = el('button', { type: 'button', class: `key-node ${step.op} ${levelOfStep(step)}`, 'aria-pressed': 'false', data: { step: step.id },
                                  onclick: () => store.set({ step: store.get().step === step.id ? null : step.id }) },
                      mark, el('span', { class: 'step-name', text: step.name }), el('span', { class: 'op', text: opText(step) }),
                      el('code', { class: 'value', text: value }), spoken);
    const sides = row.side.map((input) => el('span', { class: 'side', text: `⟵ ${input.role}: ${inputName(model, step, input)}${isImported(model, step, input) ? ', imported' : ''}` }));
    const node = el('li', { class: 'key-row', data: { row: index } }, button, sides);
    node.style.marginInlineStart = `${row.depth * INDENT}px`;
    return {
        node, button,
        judge(result) {
            const status = result.transcript === 'differs' ? 'differs' : result.status;
            mark.className = `mark ${status}`;
            mark.textContent = MARKS[status];
            spoken.textContent = MARK_WORDS[status];
            button.dataset.status = status;
        },
    };
}

// Under which keys a step's value protects, for its colour.
function levelOfStep(step) {
    const found = /(early|handshake|application)_traffic|key_block/.exec(step.id);
    return found ? found[1] ?? 'application' : /binder_key/.test(step.id) ? 'early' : '';
}

function opText(step) {
    return step.op === 'Expand-Label' || step.op === 'PRF' ? `${step.op} “${step.label}”` : step.op;
}

function drawEdges(edges, rows) {
    edges.setAttribute('height', rows.length * ROW);
    fill(edges, rows.map((row, i) => {
        const x = 9 + row.depth * INDENT;
        if (row.parent < 0) {
            return svg('path', { d: '' });
        }
        const from = rows[row.parent];
        const top = row.parent * ROW + ROW - 6;
        const px = 9 + from.depth * INDENT;
        const y = i * ROW + ROW / 2;
        return svg('path', { d: row.depth > from.depth ? `M${px} ${top}V${y}H${x}` : `M${px} ${top}V${i * ROW + 6}` });
    }));
}

function detailOf(model, step, results) {
    const result = results.get(step.id);
    const term = termOf(model, step.term);
    return [
        el('h3', { text: step.name }),
        term ? el('p', { class: 'plain-words' }, `${term.text} `, rfcLink(term.place)) : null,
        el('dl', { class: 'formula' }, formula(model, step, results),
           pair('output', step.output === null ? hiddenText(step) : toHex(step.output)),
           result.status === 'equal' || result.status === 'differs' ? pair('here', toHex(result.output)) : null),
        el('p', { class: `verdict ${result.status}` }, `${MARKS[result.status]} ${MARK_WORDS[result.status]}${result.why ? `: ${result.why}` : ''}.`),
        transcriptLine(model, step, result),
        step.key_log ? el('p', { class: 'quiet' }, 'In a key log: ', el('code', { class: 'wrap', text: step.key_log })) : null,
        el('p', { class: 'quiet', text: `Computed by ${step.ends.join(' and ')}.` }),
    ];
}

function hiddenText(step) {
    return `${step.output_len} bytes, not in this recording`;
}

function inputName(model, step, input) {
    if (input.step !== null) {
        return model.stepById.get(input.step)?.name ?? input.step;
    }
    if (input.kind === 'shared_secret' && step.op === 'PRF') {
        return 'premaster secret';
    }
    return INPUT_NAMES[input.kind];
}

function isImported(model, step, input) {
    return input.kind === 'psk' && model.steps.some((one) => one.label === 'imp binder' && one.inputs[0]?.step === step.id);
}

function formula(model, step, results) {
    const rows = [pair('step', step.op === 'Expand-Label' ? 'HKDF-Expand-Label' : step.op === 'Extract' ? 'HKDF-Extract' : step.op)];
    for (const input of step.inputs) {
        const name = isImported(model, step, input) ? IMPORTED : inputName(model, step, input);
        const bytes = input.step !== null ? results.get(input.step)?.output ?? input.bytes : input.bytes;
        rows.push(pair(input.role, name, bytes ? toHex(bytes) : null));
    }
    if (step.label !== null) {
        rows.push(pair('label', step.op === 'PRF' ? `“${step.label}”` : `“tls13 ${step.label}”`));
        rows.push(pair('context', contextText(model, step), step.context?.length ? toHex(step.context) : null));
    }
    rows.push(pair('length', String(step.output_len)));
    return rows;
}

function contextText(model, step) {
    if (step.context_kind === 'empty') {
        return 'the hash of nothing';
    }
    if (step.context_kind !== 'transcript' || !step.context_messages) {
        return step.context?.length ? '' : 'none';
    }
    const names = model.messages.slice(0, step.context_messages).map((message) => message.name);
    const span = names.length < 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)}`;
    return `hash of ${span}${step.binder ? ', without its binders' : ''}`;
}

function pair(name, text, hex = null) {
    return [el('dt', { text: name }), el('dd', {}, hex && text ? `${text} ` : text, hex ? el('code', { class: 'wrap', text: hex }) : null)];
}

function transcriptLine(model, step, result) {
    if (result.transcript === null || result.transcript === undefined) {
        return null;
    }
    return el('p', { class: `verdict ${result.transcript}` },
              result.transcript === 'equal' ? '✓ the hash in its context is that of the messages in this recording.'
                  : '✗ the hash in its context is NOT that of the messages in this recording.');
}
