// The receiver's checks, run again over a handshake in which one message was changed.
//
// Two places where bytes may change. On the wire: whoever sits on the path flips bits; of a protected message that
// breaks the tag. Inside: somebody who holds the keys changes what is protected and seals it anew; then the checks
// behind the tag have to find it. Hellos are in the clear, so for them both are the same.
//
// The answer is a list of checks in the order in which the ends make them, up to the first that fails, and a verdict:
// who refuses, why, and the alert. Where the outcome hangs on what no recording holds (what else a server would have
// taken), the verdict says so: `possible` lists the alerts that may come.
import { concat, equal } from './bytes.js';
import { expandLabel, HASH_LENGTH } from './hkdf.js';
import { openRecord, sealRecord, trafficKeys } from './aead.js';
import { otherEnd } from './model.js';
import { fixedPart } from './binder.js';
import { changed12 } from './receiver12.js';
import { judgeClientHello } from './clienthello.js';
import { judgeServerHello, readOffers } from './hello.js';
import { EXT, readClientHello, readServerHello } from './form.js';
import { readFrame } from './frame.js';
import { Refusal } from './refusal.js';
import { isRetry, transcriptHash, TYPE } from './transcript.js';
import { insideChecks } from './inside.js';
import { sealerOf } from './protection.js';

// change: { message: index, bytes: the whole changed message, where: 'wire' | 'inside' }.
export async function tamper(model, change) {
    const run = prepare(model, change);
    try {
        await carryOut(run);
    } catch (error) {
        if (!(error instanceof Refusal)) {
            throw error;
        }
        run.fail(error);
    }
    return { checks: run.checks, verdict: run.verdict };
}

function prepare(model, change) {
    const original = model.messages[change.message];
    const run = {
        model, change, original, checks: [], verdict: null, end: otherEnd(original.from), hash: model.hash,
        step: (name) => model.steps.find((step) => step.name === name)?.output ?? null,
        // A check that held.
        pass(end, what, detail = '') {
            run.checks.push({ end, what, ok: true, detail });
        },
        // A value that is no longer the other end's: not a check by itself, but the reason for those that follow.
        note(end, what, detail) {
            run.checks.push({ end, what, ok: null, detail });
        },
        begin(end, what) {
            run.end = end;
            run.what = what;
        },
        fail(refusal) {
            run.checks.push({ end: run.end, what: run.what, ok: false, detail: refusal.message });
            run.verdict = {
                kind: 'refused', end: run.end, check: run.what, code: refusal.code, alert: refusal.alert, possible: refusal.possible,
            };
        },
    };
    return run;
}

async function carryOut(run) {
    const { change, original } = run;
    if (equal(change.bytes, original.bytes)) {
        run.verdict = { kind: 'same' };
        return;
    }
    if (original.level !== 'plain' && change.where === 'wire') {
        await tag(run);
        return;
    }
    if (!readFrame(run)) {
        return;
    }
    if (run.model.version12) {
        await changed12(run);
    } else if (original.level !== 'plain') {
        await insideChecks(run);
    } else if (original.type === TYPE.client_hello) {
        await changedClientHello(run);
    } else {
        await changedServerHello(run);
    }
}

// --- On the wire, under protection -----------------------------------------------------------------------

// The record that carries the message is sealed again with the recorded secret; a changed byte of the message is a
// changed byte of the ciphertext, as all these ciphers are streams. Then it is opened as the receiver does.
async function tag(run) {
    const { model, change, original } = run;
    run.begin(otherEnd(original.from), 'AEAD tag');
    const refusal = new Refusal('RECORD_AUTH', 'the tag at the record’s end is not that of these bytes');
    const sealer = await sealerOf(model, original);
    const numbers = original.records.map((number) => model.records[number]);
    const record = numbers.find((candidate) => candidate.messages.some((part) => touches(part, run)));
    if (sealer === null || !record) {
        throw refusal;
    }
    const content = contentOf(model, record);
    const sealed = record.wire ?? await sealer.seal(record.sequence, content, record.padding ?? 0);
    const changed = sealed.slice();
    flip(changed, 5 + sealer.explicit, content, contentOf(model, record, change));
    run.note(run.end, 'record on the wire', `record ${record.sequence}, ${sealed.length} bytes; of them ${countDifferent(sealed, changed)} changed`);
    if (await sealer.open(record.sequence, changed) === null) {
        throw refusal;
    }
    run.pass(run.end, 'AEAD tag', 'the changed bytes are not in this record');
}

function touches(part, run) {
    const { change, original } = run;
    if (part.message !== change.message) {
        return false;
    }
    for (let i = part.at; i < part.at + part.len; i++) {
        if (change.bytes[i] !== original.bytes[i]) {
            return true;
        }
    }
    return false;
}

function contentOf(model, record, change = null) {
    return concat(...record.messages.map((part) => {
        const bytes = change !== null && part.message === change.message ? change.bytes : model.messages[part.message].bytes;
        return bytes.subarray(part.at, part.at + part.len);
    }));
}

function flip(record, at, before, after) {
    for (let i = 0; i < before.length; i++) {
        record[at + i] ^= before[i] ^ after[i];
    }
}

function countDifferent(a, b) {
    return a.reduce((count, value, i) => count + (value !== b[i] ? 1 : 0), 0);
}

// --- Hellos --------------------------------------------------------------------------------------------------

async function changedClientHello(run) {
    const server = 'server';
    const outcome = await judgeClientHello(run);
    const answer = run.model.messages.slice(run.change.message + 1).find((message) => message.type === TYPE.server_hello);
    if (!answer) {
        run.verdict = { kind: 'unknown', possible: [] };
        return;
    }
    const hello = readClientHello(run.original.bytes.subarray(4));
    run.begin('client', 'ServerHello’s rules');
    if (!equal(outcome.hello.sessionId, hello.sessionId)) {
        throw new Refusal('SESSION_ID_ECHO', 'the server echoes the changed legacy_session_id');
    }
    if (outcome.uncertain) {
        run.note(server, 'choice', `${outcome.uncertain}: what the server would take instead is not in a recording`);
    }
    run.pass('client', 'ServerHello’s rules', 'the answer fits what the client offered');
    if (isRetry(answer.bytes)) {
        secondHello(run, outcome);
    }
    await keysApart(run, outcome.possible ?? []);
}

// After a HelloRetryRequest the client sends its own hello again: the server compares it with the changed one.
function secondHello(run, outcome) {
    const next = run.model.messages.slice(run.change.message + 1).find((message) => message.type === TYPE.client_hello);
    if (!next) {
        return;
    }
    run.begin('server', 'second ClientHello like the first');
    if (!equal(fixedPart(outcome.hello), fixedPart(readClientHello(next.bytes.subarray(4))))) {
        // A server that knows a session may have looked at its binder before it asked for another share.
        const offersKey = outcome.hello.ext.known.has(EXT.pre_shared_key) ? ['illegal_parameter', 'decrypt_error'] : [];
        throw new Refusal('HELLO_CHANGED', 'the second ClientHello differs from the first, as it was received, where it may not',
                          outcome.uncertain ? ['bad_record_mac', 'handshake_failure', 'unexpected_message', 'illegal_parameter'] : offersKey);
    }
    run.pass('server', 'second ClientHello like the first');
    const answer = run.model.messages.find((message) => message.type === TYPE.server_hello && !isRetry(message.bytes));
    if (answer && readServerHello(answer.bytes).ext.known.has(EXT.pre_shared_key)) {
        run.begin('server', 'binder');
        throw new Refusal('PSK_BINDER', 'the binder of the second hello covers the first as the client sent it');
    }
}

async function changedServerHello(run) {
    const { model, change } = run;
    const before = model.messages.slice(0, change.message);
    const hellos = before.filter((message) => message.type === TYPE.client_hello);
    const hello = readClientHello(hellos.at(-1).bytes.subarray(4));
    const earlier = before.find((message) => message.type === TYPE.server_hello);
    const retry = earlier ? readServerHello(earlier.bytes) : null;
    run.begin('client', 'form and rules of the hello');
    const bytes = concat(change.bytes.subarray(0, 1), change.bytes.subarray(1, 4), run.body);
    const answer = judgeServerHello(bytes, hello, readOffers(hello), retry);
    run.pass('client', 'form and rules of the hello', 'nothing in it breaks a rule');
    if (answer.retry) {
        if (!isRetry(run.original.bytes)) {
            throw new Refusal('UNEXPECTED_MESSAGE', 'a HelloRetryRequest that the server never sent', ['illegal_parameter']);
        }
        changedRetry(run, answer);
    } else if (isRetry(run.original.bytes)) {
        run.verdict = { kind: 'unknown', possible: ['bad_record_mac', 'unexpected_message'] };
        return;
    }
    run.suite = answer.suite === model.summary.cipher_suite ? 'same' : 'other';
    await keysApart(run, answer.share ? ['illegal_parameter'] : []);
}

function changedRetry(run, answer) {
    const original = readServerHello(run.original.bytes);
    const same = (code) => equal(answer.ext.known.get(code) ?? new Uint8Array(0), original.ext.known.get(code) ?? new Uint8Array(0));
    run.begin('server', 'second ClientHello’s rules');
    if (!same(51)) {
        throw new Refusal('KEY_SHARE_WRONG_GROUP', 'the client sends a share of another group than the server asked for', ['unexpected_message']);
    }
    if (!same(44)) {
        throw new Refusal('COOKIE_INVALID', 'the cookie that comes back is not the one that the server made');
    }
}

// The two ends have now heard different things, so that their transcript hashes, and with them all keys, differ. The
// client cannot open the server's first protected record.
async function keysApart(run, possible) {
    const { model, change, hash } = run;
    const last = model.messages.findIndex((message) => message.type === TYPE.server_hello && !isRetry(message.bytes));
    const recorded = model.messages.slice(0, last + 1).map((message) => message.bytes);
    const changed = recorded.map((bytes, i) => (i === change.message ? change.bytes : bytes));
    run.begin('client', 'AEAD tag of the first protected record');
    const refusal = new Refusal('RECORD_AUTH', 'the client’s keys come from another transcript than the server’s', possible);
    if (!HASH_LENGTH[hash] || last < 0) {
        throw refusal;
    }
    const [theirs, mine] = [await transcriptHash(hash, recorded), await transcriptHash(hash, changed)];
    run.note('client', 'transcript hash', equal(theirs, mine) ? 'the same on both ends' : 'the two ends have heard different things');
    const base = run.step('handshake_secret');
    const first = model.messages.find((message) => message.type === TYPE.encrypted_extensions);
    if (base === null || model.suite?.cipher == null || !first) {
        throw refusal;
    }
    const sealing = await serverKeys(run, base, theirs);
    const opening = await serverKeys(run, base, mine);
    const record = await sealRecord(model.suite, sealing, 0, 22, first.bytes);
    if (await openRecord(model.suite, opening, 0, record) === null) {
        throw refusal;
    }
    run.pass('client', 'AEAD tag of the first protected record');
    run.verdict = { kind: 'unnoticed' };
}

async function serverKeys(run, base, transcript) {
    const secret = await expandLabel(run.hash, base, 's hs traffic', transcript, HASH_LENGTH[run.hash]);
    return trafficKeys(run.model.suite, secret);
}
