// One message: what it is, under which keys it travelled, its fields, and its bytes beside them.
import { bytesText, el, fill, rfcLink, timeText } from './dom.js';
import { bytesView, scrollTo } from './bytesview.js';
import { leavesOf, otherEnd, termOf } from './model.js';
import { checkProofs } from './proofs.js';
import { levelName, levelOf } from './level.js';
import { storyOf } from './story.js';
import { NS } from './clock.js';

export function messageView(store, model) {
    const element = el('div', { class: 'message-view' });
    const ready = checkProofs(model);
    store.watch(['selected'], (state) => {
        const entry = model.entries[state.selected];
        const checked = el('div', { class: 'checked-here' });
        fill(element, show(model, entry, checked));
        ready.then((proofs) => fill(checked, entry ? proofLines(entry, proofs) : ''));
    });
    return { element, ready };
}

const PROOF_MARKS = { holds: '✓', fails: '✗', cannot: '?' };
const PROOF_WORDS = { holds: 'holds: checked here', fails: 'does NOT hold: checked here', cannot: 'cannot be checked here' };

// What this page has checked of a message: its signatures and MACs, and the tags of its records.
function proofLines(entry, proofs) {
    const numbers = entry.message ? entry.message.records : entry.record ? [entry.record.index] : [];
    const tags = numbers.map((number) => proofs.records.get(number)).filter(Boolean);
    const worst = ['fails', 'cannot', 'holds'].find((status) => tags.includes(status));
    const all = [...(entry.message ? proofs.messages.get(entry.message.index) ?? [] : [])];
    if (worst) {
        all.push({ what: tags.length > 1 ? `tags of its ${tags.length} records` : 'tag of its record', status: worst, why: worst === 'cannot' ? 'no secrets, or a cipher that this page does not have' : '' });
    }
    return all.length === 0 ? '' : el('ul', { class: 'proofs', 'aria-label': 'Checked in this page' }, all.map((proof) =>
        el('li', { class: proof.status, data: { status: proof.status } }, el('i', { class: `mark ${proof.status}`, 'aria-hidden': 'true', text: PROOF_MARKS[proof.status] }),
           ` ${proof.what} ${PROOF_WORDS[proof.status]}`, proof.why ? el('span', { class: 'quiet', text: ` (${proof.why})` }) : null)));
}

// On paper there is nothing to click: the whole story stands there at once.
export function storyList(model) {
    return el('section', { class: 'print-story' }, el('h2', { class: 'print-title', text: 'What happened' }), el('ol', {}, model.entries.map((entry) => {
        const story = storyOf(model, entry);
        return story ? el('li', {}, el('b', { text: entry.name }), ` (${entry.from}) · ${levelName(entry)}. ${story.text}`) : null;
    })));
}

function storyBox(model, entry, term) {
    const story = storyOf(model, entry);
    if (!story) {
        return null;
    }
    const news = [['client', 'The client now knows'], ['path', 'On the path one sees'], ['server', 'The server now knows']].filter(([who]) => story[who]?.length > 0);
    return el('div', { class: 'story' }, el('p', { class: 'story-text' }, `${story.text} `, term ? rfcLink(term.place) : null),
              news.length > 0 ? el('div', { class: 'knows' }, news.map(([who, title]) => el('div', { class: `know ${who}` }, el('b', { text: title }),
                  el('ul', {}, story[who].map((text) => el('li', { text })))))) : null);
}

function show(model, entry, checked) {
    if (!entry) {
        return el('p', { class: 'quiet', text: 'Nothing was said.' });
    }
    return [heading(model, entry, checked), entry.kind === 'message' ? contents(model, entry.message) : otherContents(model, entry)];
}

function heading(model, entry, checked) {
    const term = termOf(model, entry.term);
    const story = storyBox(model, entry, term);
    return el('header', { class: 'message-head' },
              el('h3', {}, entry.name),
              el('p', { class: 'route' }, `${entry.from} → ${otherEnd(entry.from)} · ${bytesText(entry.size)}`,
                 timesText(entry)),
              story ?? (term ? el('p', { class: 'plain-words' }, `${term.text} `, rfcLink(term.place)) : null),
              el('p', { class: `protection ${entry.level}` }, el('span', { class: `key ${entry.level}`, text: levelOf(entry.level).letter }),
                 el('b', { text: levelName(entry) }), ` · ${levelOf(entry.level).text}`),
              recordLine(model, entry), checked);
}

function timesText(entry) {
    const part = (name, ns) => (ns === null || ns === undefined ? '' : ` · ${name} ${timeText(ns / NS)}`);
    return part('sent at', entry.sent) + part('received at', entry.received);
}

function recordLine(model, entry) {
    const numbers = entry.message ? entry.message.records : entry.record ? [entry.record.index] : [];
    const records = numbers.map((number) => model.records[number]).filter(Boolean);
    if (records.length === 0) {
        return null;
    }
    const texts = records.map((record) => {
        const padding = record.padding ? `, ${record.padding} of padding` : '';
        const shared = record.messages.length > 1 ? `, with ${record.messages.length - 1} other` : '';
        return `record ${record.sequence} (${bytesText(record.header.length + record.len)} on the wire${padding}${shared})`;
    });
    return el('p', { class: 'quiet', text: `In ${texts.join(', ')}.` });
}

function contents(model, message) {
    const leaves = leavesOf(message.fields);
    const rows = new Map(); // leaf index -> its row among the fields
    const tree = el('div', { class: 'fields', role: 'group', 'aria-label': 'Fields' });
    const caption = el('p', { class: 'caption', 'aria-live': 'polite' });
    let pinned = -1;
    const bytes = bytesView(message.bytes, message.fields, {
        on: (leaf) => light(leaf >= 0 ? leaf : pinned),
        pick: (_, leaf) => { pinned = leaf; light(leaf); },
    });
    function light(leaf) {
        for (const [i, row] of rows) {
            row.classList.toggle('lit', i === leaf);
        }
        const field = leaves[leaf];
        bytes.light(field?.at ?? 0, field ? field.at + field.len : 0);
        fill(caption, captionOf(model, field));
        if (rows.has(leaf)) {
            unfold(rows.get(leaf));
            scrollTo(tree, rows.get(leaf));
        }
    }
    const point = (field) => {
        bytes.light(field?.at ?? 0, field ? field.at + field.len : 0);
        fill(caption, captionOf(model, field));
    };
    fill(tree, fieldNodes(model, message.fields, leaves, rows, { point, bytes }));
    point(null);
    return el('div', { class: 'beside' }, tree, el('div', { class: 'bytes-side' }, caption, bytes.element));
}

function captionOf(model, field) {
    if (!field) {
        return 'Point at a field or at a byte: each is explained here.';
    }
    const term = termOf(model, field.term);
    return [el('b', { text: field.name }), ` · ${field.len} byte${field.len === 1 ? '' : 's'} at ${field.at}. `,
            field.known ? '' : 'Nobody has named this one; its bytes are not interpreted. ', term ? [`${term.text} `, rfcLink(term.place)] : ''];
}

function unfold(node) {
    for (let up = node.closest('details'); up !== null; up = up.parentElement.closest('details')) {
        up.open = true;
    }
}

// Side by side, each kind is explained once.
function fieldNodes(model, fields, leaves, rows, way) {
    return fields.map((field, i) => fieldNode(model, field, leaves, rows, { ...way, isRepeated: i > 0 && fields[i - 1].term === field.term }));
}

function fieldNode(model, field, leaves, rows, way) {
    const show = () => way.point(field);
    const hide = () => way.point(null);
    const on = { onpointerenter: show, onpointerleave: hide, onfocus: show, onblur: hide };
    if (field.fields?.length) {
        return el('details', { class: `group kind-${field.kind}`, open: field.len <= 160 || field.kind !== 'extension' },
                  el('summary', { ...on, class: field.known ? '' : 'unknown' }, fieldText(model, field)),
                  way.isRepeated ? null : explanation(model, field),
                  el('div', { class: 'inside' }, fieldNodes(model, field.fields, leaves, rows, way)));
    }
    const row = el('div', { class: `field kind-${field.kind} ${field.known ? '' : 'unknown'}`, tabindex: 0, role: 'group', ...on,
                            'aria-label': `${field.name}: ${valueOf(field)}, ${field.len} bytes at ${field.at}` },
                   fieldText(model, field), way.isRepeated ? null : explanation(model, field));
    row.addEventListener('click', () => way.bytes.light(field.at, field.at + field.len, true));
    rows.set(leaves.indexOf(field), row);
    return row;
}

function fieldText(model, field) {
    return [el('span', { class: 'where', text: `${field.at}+${field.len}` }),
            el('span', { class: 'field-name', text: field.name }), ' ', el('span', { class: 'field-value', text: valueOf(field) }),
            field.known ? null : el('span', { class: 'tag', text: 'unknown' })];
}

export function valueOf(field) {
    if (field.kind === 'malformed') {
        return 'malformed: not interpreted';
    }
    if (field.kind === 'code' || field.kind === 'extension') {
        const code = `0x${Number(field.value).toString(16).padStart(field.len === 1 ? 2 : 4, '0')}`;
        return field.text ? `${field.text} (${code})` : code;
    }
    if (field.kind === 'length') {
        return `${field.value} byte${field.value === 1 ? ' follows' : 's follow'}`;
    }
    return field.text ?? (field.value === null ? '' : String(field.value));
}

function explanation(model, field) {
    const term = termOf(model, field.term);
    return term ? el('p', { class: 'explain' }, `${term.text} `, rfcLink(term.place)) : null;
}

function otherContents(model, entry) {
    if (entry.kind === 'alert') {
        return alertContents(model, entry.alert);
    }
    if (entry.kind === 'ccs') {
        return el('p', { class: 'quiet' }, 'One byte of value 1. ', rfcLink(model.version12 ? 'RFC 5246, 7.1' : 'RFC 9846, appendix E.4'));
    }
    return el('p', { text: `${entry.count ?? 1} record(s) of the application’s own data. What is in them is not part of a recording.` });
}

function alertContents(model, alert) {
    const error = model.document.errors.find((candidate) => candidate.alert === alert.name && candidate.end === alert.from);
    return el('div', { class: 'alert-box' },
              el('p', {}, el('b', { text: `${alert.name} (${alert.description})` })),
              alert.cause ? el('p', { text: `Likely cause: ${alert.cause}` }) : null,
              alert.fix ? el('p', { text: `What to do: ${alert.fix}` }) : null,
              error ? errorBox(error) : null);
}

export function errorBox(error) {
    return el('div', { class: 'error-box' },
              el('p', {}, el('b', { text: error.sentence })),
              error.detail ? el('p', { text: error.detail }) : null,
              el('p', { text: `Likely cause: ${error.cause}` }),
              el('p', { text: `What to do: ${error.fix}` }),
              el('p', { class: 'quiet' }, `Told by the ${error.end}${error.state ? ` in state ${error.state}` : ''} · ${error.code} · `,
                 rfcLink(error.place)));
}
