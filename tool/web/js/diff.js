// Two recordings held side by side: which messages, fields, facts and decisions differ.
import { valueOf } from './message.js';

// What is fresh in every handshake: that it differs says nothing.
const ALWAYS_FRESH = /^(random|key_exchange|legacy_session_id|legacy_session_id_echo|signature|verify_data|ticket|ticket_nonce|ticket_age_add|obfuscated_ticket_age|binder|identity|cookie|public)$/;

// Pairs things in order: [{ a, b }] with null where one side has nothing (longest common subsequence).
export function align(left, right, keyOf) {
    const a = left.map(keyOf);
    const b = right.map(keyOf);
    const best = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            best[i][j] = a[i] === b[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
        }
    }
    const pairs = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            pairs.push({ a: left[i++], b: right[j++] });
        } else if (j >= b.length || (i < a.length && best[i + 1][j] >= best[i][j + 1])) {
            pairs.push({ a: left[i++], b: null });
        } else {
            pairs.push({ a: null, b: right[j++] });
        }
    }
    return pairs;
}

export function entryPairs(a, b) {
    return align(a.entries, b.entries, (entry) => `${entry.from} ${entry.name}`).map((pair) => {
        const kind = pair.a === null ? 'added' : pair.b === null ? 'removed' : pair.a.level !== pair.b.level ? 'changed' : 'same';
        const fields = pair.a?.message && pair.b?.message ? fieldPairs(pair.a.message, pair.b.message) : [];
        return { ...pair, kind: kind === 'same' && fields.length > 0 ? 'changed' : kind, fields };
    });
}

// Fields whose values differ, by their path of names; fresh ones are left out.
export function fieldPairs(a, b) {
    const left = namedLeaves(a);
    const right = namedLeaves(b);
    return align(left, right, (leaf) => `${leaf.path}=${leaf.value}`)
        .filter((pair) => pair.a === null || pair.b === null)
        .filter((pair) => !ALWAYS_FRESH.test((pair.a ?? pair.b).name));
}

function namedLeaves(message) {
    const out = [];
    const visit = (fields, path) => {
        for (const field of fields) {
            const here = path ? `${path} › ${labelOf(field)}` : labelOf(field);
            if (field.fields?.length) {
                visit(field.fields, here);
            } else if (field.kind !== 'length') {
                out.push({ path: here, name: field.name, value: field.kind === 'bytes' ? bytesOf(message, field) : valueOf(field) });
            }
        }
    };
    visit(message.fields, '');
    return out.filter((leaf) => leaf.value !== 'GREASE' && !/^GREASE/.test(leaf.value));
}

function labelOf(field) {
    return field.kind === 'extension' ? field.text ?? field.name : field.name;
}

function bytesOf(message, field) {
    const part = message.bytes.subarray(field.at, field.at + field.len);
    const hex = Array.from(part.subarray(0, 24), (value) => value.toString(16).padStart(2, '0')).join('');
    return part.length > 24 ? `${hex}… (${part.length} bytes)` : hex;
}

export function factPairs(a, b) {
    const left = factsOf(a);
    const right = new Map(factsOf(b));
    return left.map(([name, value]) => ({ name, a: value, b: right.get(name), same: value === right.get(name) }));
}

export function factsOf(model) {
    const s = model.summary;
    const yes = (value) => (value ? 'yes' : 'no');
    return [
        ['Version', s.version_name], ['Cipher suite', s.cipher_suite_name], ['Key exchange', s.group_name],
        ['Signature', s.signature_scheme_name], ['Server name', s.server_name], ['Protocol (ALPN)', s.alpn],
        ['Pre-shared key', yes(s.psk)], ['Early data', yes(s.early_data)], ['Hello retried', yes(s.retried)],
        ['Client certificate', yes(s.client_certificate)], ['Round trips', String(s.round_trips)],
        ['Bytes of the client', String(s.bytes.client)], ['Bytes of the server', String(s.bytes.server)],
        ['End', `${model.end.kind}: ${model.end.text}`],
    ].map(([name, value]) => [name, value ?? '–']);
}

export function stepPairs(a, b) {
    return align(a.steps, b.steps, (step) => step.id).filter((pair) => pair.a === null || pair.b === null);
}
