// The recording as the page uses it: checked to be one of ours, bytes decoded, everything in one order of
// time. docs/recording.md says what the members mean.
import { fromHex } from './bytes.js';
import { SUITES } from './aead.js';

export const FORMAT = 'handfast-recording';
export const VERSION = 1;

export class NotARecording extends Error {}

// Makes a model of a parsed JSON document, or throws NotARecording with a sentence for people.
export function modelOf(document) {
    refuse(document);
    try {
        return build(document);
    } catch (error) {
        // `handfast view` has looked at every member; a file that is opened in the page has only been parsed.
        throw new NotARecording(`This recording is damaged: ${error.message}.`);
    }
}

function build(document) {
    const model = {
        document,
        title: document.title,
        secrets: document.secrets,
        summary: document.summary,
        version12: document.summary.version === 0x0303,
        suite: SUITES[document.summary.cipher_suite] ?? null,
        hash: document.schedule.hash ?? prfHash(document.summary.cipher_suite_name),
        terms: document.terms,
        end: document.end,
        messages: document.messages.map(messageOf),
        records: document.records.map(recordOf),
        protections: document.protections,
        keyShares: (document.key_shares ?? []).map((share) => ({ ...share, bytes: fromHex(share.random) })),
        flights: document.flights,
        steps: [],
    };
    model.entries = entriesOf(model);
    model.steps = document.schedule.steps.map((step) => stepOf(model, step));
    model.stepById = new Map(model.steps.map((step) => [step.id, step]));
    model.decisions = document.decisions.map((decision) => ({
        ...decision,
        entry: entryAt(model, decision.at_ns, decision.end),
    }));
    return model;
}

// TLS 1.2 computes its secrets with the hash that its suite names (RFC 5246, 5).
function prfHash(suite) {
    return suite === null ? null : /SHA384$/.test(suite) ? 'SHA-384' : 'SHA-256';
}

function refuse(document) {
    if (document === null || typeof document !== 'object' || document.format !== FORMAT) {
        throw new NotARecording('This file is not a recording of Handfast.');
    }
    if (!Number.isInteger(document.version) || document.version > VERSION) {
        throw new NotARecording(`This recording is of version ${document.version}; this page knows version ` +
                                `${VERSION}. Open it with the program that wrote it, or a later one.`);
    }
    const lists = ['messages', 'records', 'flights', 'protections', 'decisions', 'alerts', 'errors', 'states'];
    const missing = lists.filter((name) => !Array.isArray(document[name]) || document[name].some((item) => item === null || typeof item !== 'object'));
    if (missing.length > 0 || !Array.isArray(document.schedule?.steps) || !document.end || !document.summary) {
        throw new NotARecording(`This recording is damaged: ${missing[0] ?? 'a part of it'} is missing.`);
    }
}

function messageOf(message, index) {
    return { ...message, kind: 'message', index, bytes: fromHex(message.bytes) };
}

function recordOf(record, index) {
    return {
        ...record,
        index,
        header: fromHex(record.header),
        wire: record.wire === null ? null : fromHex(record.wire),
    };
}

// What is drawn: messages, alerts, and the records that carry neither, in order of time.
function entriesOf(model) {
    const entries = model.messages.map((message) => ({
        kind: 'message', from: message.from, level: message.level, name: message.name, term: message.term,
        size: message.len, message, ...times(message), generation: generationOf(model, message),
    }));
    for (const alert of model.document.alerts) {
        entries.push({
            kind: 'alert', from: alert.from, level: levelOf(model, alert), name: `alert ${alert.name}`,
            term: alert.term, size: 2, alert, ...times(alert), generation: generationOf(model, alert),
        });
    }
    for (const record of model.records) {
        addRecord(entries, record, model);
    }
    // Where times are equal the records' order counts, and then that of the lists.
    entries.forEach((entry, i) => {
        entry.order = i;
        entry.place = entry.record?.index ?? entry.message?.records[0] ?? model.records.length;
    });
    entries.sort((a, b) => a.at - b.at || a.place - b.place || a.order - b.order);
    entries.forEach((entry, i) => { entry.index = i; });
    return entries;
}

function addRecord(entries, record, model) {
    if (record.type_name === 'change_cipher_spec') {
        entries.push({ kind: 'ccs', from: record.from, level: 'plain', name: 'change_cipher_spec', size: 1,
                       term: 'change_cipher_spec', record, ...times(record), generation: 0 });
    } else if (isSkipped(model, record)) {
        entries.push({ kind: 'data', from: record.from, level: 'early', name: 'early data, not read', count: 1, term: 'application_data',
                       size: record.len, record, ...times(record), generation: 0 });
    } else if (record.type_name === 'application_data' && record.messages.length === 0 &&
               (record.level === 'application' || record.level === 'early')) {
        const last = entries.at(-1);
        if (last?.kind === 'data' && last.from === record.from && last.level === record.level) {
            last.size += record.plain_len ?? record.len;
            last.count++;
            return;
        }
        entries.push({ kind: 'data', from: record.from, level: record.level, name: record.level === 'early' ? 'early data' : 'application data', count: 1,
                       term: 'application_data', size: record.plain_len ?? record.len, record, ...times(record),
                       generation: generationOf(model, record) });
    }
}

function times(thing) {
    const sent = thing.sent_ns;
    const received = thing.received_ns;
    return { sent, received, at: Math.min(sent ?? Infinity, received ?? Infinity) };
}

function levelOf(model, thing) {
    return thing.protection === null ? 'plain' : model.protections[thing.protection]?.level ?? 'plain';
}

function generationOf(model, thing) {
    return thing.protection === null ? 0 : model.protections[thing.protection]?.generation ?? 0;
}

// The last entry that had happened at an end when its clock said so, or -1.
export function entryAt(model, ns, end = null) {
    let found = -1;
    for (const entry of model.entries) {
        const seen = end === null ? entry.at : entry.from === end ? entry.sent : entry.received;
        if ((seen ?? entry.at) <= ns) {
            found = entry.index;
        }
    }
    return found;
}

function stepOf(model, step) {
    const decode = (hex) => (hex === null ? null : fromHex(hex));
    return {
        ...step,
        inputs: step.inputs.map((input) => ({ ...input, bytes: decode(input.hex) })),
        context: decode(step.context),
        output: decode(step.output),
        entry: stepEntry(model, step),
    };
}

// After which entry a step can be taken. A transcript says so itself; else the clock does.
function stepEntry(model, step) {
    if (step.context_kind === 'transcript' && step.context_messages > 0) {
        const last = model.messages[step.context_messages - 1];
        const entry = model.entries.find((candidate) => candidate.message === last);
        if (entry && !step.binder) {
            return entry.index;
        }
    }
    return Math.max(entryAt(model, step.at_ns, step.ends[0] ?? null), 0);
}

export function otherEnd(end) {
    return end === 'client' ? 'server' : 'client';
}

export function termOf(model, key) {
    return (key !== null && key !== undefined && model.terms[key]) || null;
}

// All leaves of a message's fields, in order: every byte is in exactly one.
export function leavesOf(fields) {
    return fields.flatMap((field) => (field.fields?.length ? leavesOf(field.fields) : [field]));
}

export function findField(fields, name) {
    for (const field of fields) {
        const found = field.name === name ? field : findField(field.fields ?? [], name);
        if (found) {
            return found;
        }
    }
    return null;
}

// Whether the pre-shared key that was taken is of a 'session' or 'external'; null where the recording does not tell. An end
// that was watched says it; else the labels of binders do, if all are of one kind (RFC 9846, 7.1; RFC 9258, 5.2).
export function pskKind(model) {
    const said = model.decisions.filter((decision) => decision.about === 'psk' && decision.name !== null);
    const last = said.findLast((decision) => decision.end === 'server') ?? said.at(-1);
    if (last) {
        return last.name === 'session' ? 'session' : 'external';
    }
    const kinds = new Set(model.steps.filter((step) => / binder$/.test(step.label ?? '')).map((step) => (step.label === 'res binder' ? 'session' : 'external')));
    return kinds.size === 1 ? [...kinds][0] : null;
}

// A record of early data that the server refused: it was skipped, not read (RFC 9846, 4.3.10).
export function isSkipped(model, record) {
    return record.opened === false && record.from === 'client' && record.type_name === 'application_data' && !model.summary.early_data &&
        model.messages.length > 0 && findField(model.messages[0].fields, 'early_data') !== null;
}

// Protected records of data whose bytes are in the recording.
export function dataRecords(model) {
    return model.records.filter((record) => record.type_name === 'application_data' && record.messages.length === 0 && record.wire !== null &&
        record.protection !== null && !isSkipped(model, record));
}
