// The receiver's checks over a record of data that was changed on the wire, header and all (RFC 9846, 5; RFC 5246, 6.2).
import { equal } from './bytes.js';
import { otherEnd } from './model.js';
import { sealerOf } from './protection.js';
import { Refusal } from './refusal.js';

const CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23;
const MOST = 16384; // bytes of content, unless record_size_limit says less
const TAG_LENGTH = 16;

// change: { record: index, bytes: the whole changed record }. The answer is that of tamper() in receiver.js.
export async function tamperRecord(model, change) {
    const record = model.records[change.record];
    const run = { model, change, record, end: otherEnd(record.from), checks: [], verdict: null };
    const pass = (what, detail = '') => run.checks.push({ end: run.end, what, ok: true, detail });
    try {
        if (equal(change.bytes, record.wire)) {
            run.verdict = { kind: 'same' };
        } else if (judgeHeader(run, pass)) {
            await judgeTag(run, pass);
        }
    } catch (error) {
        if (!(error instanceof Refusal)) {
            throw error;
        }
        run.checks.push({ end: run.end, what: run.what, ok: false, detail: error.message });
        run.verdict = { kind: 'refused', end: run.end, check: run.what, code: error.code, alert: error.alert, possible: error.possible };
    }
    return { checks: run.checks, verdict: run.verdict };
}

// The five bytes in front. False: the receiver waits for what never comes.
function judgeHeader(run, pass) {
    const { model, change, record } = run;
    const [type, , , high, low] = change.bytes;
    const length = (high << 8) | low;
    run.what = 'record header';
    if (type < CCS || type > DATA) {
        throw new Refusal('RECORD_TYPE_UNKNOWN', `content type ${type}`);
    }
    if (length > (type === DATA ? MOST + 256 : MOST)) {
        throw new Refusal('RECORD_TOO_LONG', `${length} bytes`);
    }
    if (length === 0 && type !== DATA) {
        throw new Refusal('RECORD_EMPTY', `content type ${type}`);
    }
    const missing = length - (change.bytes.length - 5) - following(run);
    if (missing > 0) {
        run.checks.push({ end: run.end, what: run.what, ok: null, detail: `it claims ${length} bytes, ${missing} more than come` });
        run.verdict = { kind: 'waits', end: run.end, alert: null, possible: model.messages.some((message) => message.fields.some(hasLimit)) ? ['bad_record_mac', 'record_overflow'] : ['bad_record_mac'] };
        return false;
    }
    if (type === CCS) {
        throw new Refusal('CCS_UNEXPECTED', 'it is not one byte of value 1');
    }
    if (!model.version12 && type === ALERT && record.sequence === 0 && record.level === 'early') {
        throw new Refusal('ALERT_MALFORMED', `an alert in the clear of ${length} bytes`);
    }
    if (!model.version12 && (type === ALERT || type === HANDSHAKE)) {
        throw new Refusal('RECORD_PLAIN_AFTER_KEYS', 'it looks like a record in the clear');
    }
    pass(run.what, `${length} bytes`);
    return true;
}

function hasLimit(field) {
    return field.name === 'record_size_limit' || (field.fields ?? []).some(hasLimit);
}

// Bytes that follow from the same end until its handshake is done; after that nobody knows what it says, and when.
function following({ model, record }) {
    return model.records.slice(record.index + 1)
        .filter((other) => other.from === record.from && (other.level === record.level || other.type_name !== 'application_data'))
        .reduce((sum, other) => sum + other.header.length + other.len, 0);
}

async function judgeTag(run, pass) {
    const { model, change, record } = run;
    const length = (change.bytes[3] << 8) | change.bytes[4];
    run.what = 'AEAD tag';
    if (length < TAG_LENGTH) {
        throw new Refusal('RECORD_SHORT', `${length} bytes, less than the tag alone`);
    }
    const sealer = await sealerOf(model, record);
    if (sealer === null) {
        throw new Refusal('RECORD_AUTH', 'not computed: the recording has no secrets, or this page not the cipher; the tag covers every byte and the header');
    }
    if (length < sealer.explicit + TAG_LENGTH) {
        throw new Refusal('RECORD_SHORT', `${length} bytes, less than nonce and tag alone`);
    }
    if (await sealer.open(record.sequence, change.bytes.subarray(0, 5 + length)) === null) {
        throw new Refusal('RECORD_AUTH', 'computed here: the tag is not that of these bytes, under these keys, at this place in the stream');
    }
    pass(run.what);
    run.verdict = { kind: 'unnoticed' };
}
