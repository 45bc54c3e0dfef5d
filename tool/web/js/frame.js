// The four bytes in front of a message: which it is, and how long.
import { concat } from './bytes.js';
import { KNOWN_TYPES } from './form.js';
import { otherEnd } from './model.js';
import { Refusal } from './refusal.js';
import { TYPE } from './transcript.js';

const LIMIT = 65536; // the longest message that an end takes, unless it is told otherwise

// Puts run.body there, what the receiver takes for the message's content. False: the verdict is there already.
export function readFrame(run) {
    const { change, original } = run;
    const length = (change.bytes[1] << 16) | (change.bytes[2] << 8) | change.bytes[3];
    run.begin(otherEnd(original.from), 'message header');
    if (length > LIMIT) {
        throw new Refusal('MESSAGE_TOO_LONG', `${length} bytes`);
    }
    const rest = change.bytes.length - 4;
    const filler = concat(...followers(run).map((message) => message.bytes));
    if (length - rest > filler.length) {
        tooShort(run, length, length - rest);
        return false;
    }
    judgeType(run);
    run.body = length > rest ? concat(change.bytes.subarray(4), filler.subarray(0, length - rest)) : change.bytes.subarray(4, 4 + length);
    run.pass(run.end, 'message header', `${original.name}, ${length} bytes`);
    return true;
}

// The messages that follow from this end under the same keys, before it waits for the other.
function followers(run) {
    const { model, change, original } = run;
    const next = model.messages.slice(change.message + 1);
    if (model.version12) {
        const stop = next.findIndex((message) => message.from !== original.from || message.level !== original.level);
        return stop < 0 ? next : next.slice(0, stop);
    }
    return next.filter((message) => message.from === original.from && message.level === original.level && message.level !== 'plain');
}

// The claimed length is more than what comes.
function tooShort(run, length, missing) {
    const { model, change, original } = run;
    const next = model.messages[change.message + followers(run).length + 1];
    if (model.version12 && next?.from === original.from) {
        throw new Refusal('MESSAGE_INTERLEAVED', `it claims ${length} bytes, and change_cipher_spec comes before them`);
    }
    run.note(run.end, 'message header', `it claims ${length} bytes, ${missing} more than come`);
    if (!model.version12 && (original.type === TYPE.new_session_ticket || original.type === TYPE.key_update)) {
        // The handshake is over, and nobody waits for this one. The next record of data would stand within this message.
        run.verdict = { kind: 'unnoticed', possible: ['unexpected_message'] };
        return;
    }
    run.verdict = { kind: 'waits', end: run.end, alert: null, possible: ['unexpected_message', 'bad_record_mac', 'decode_error'] };
}

function judgeType(run) {
    const type = run.change.bytes[0];
    if (type !== run.original.type) {
        throw new Refusal(KNOWN_TYPES.has(type) ? 'UNEXPECTED_MESSAGE' : 'UNKNOWN_MESSAGE', `type ${type} is not what may come now`,
                          ['decode_error', 'illegal_parameter', 'bad_certificate', 'decrypt_error', 'missing_extension']);
    }
}
