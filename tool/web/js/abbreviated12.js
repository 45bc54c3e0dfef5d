// The checks of an abbreviated handshake of TLS 1.2 (RFC 5246, 7.3; RFC 5077): a session is taken up again, so that no
// certificate and no key exchange comes. Its master secret is old; keys hang on it and on both random values.
import { concat, equal, toHex } from './bytes.js';
import { EXT, readAnyServerHello, readClientHello } from './form.js';
import { readNewSessionTicket12 } from './form12.js';
import { judgeClientHello12, judgeServerHello12, isRenegotiationSafe, kindOfSuite } from './hello12.js';
import { prf12 } from './hkdf.js';
import { otherEnd } from './model.js';
import { sealer12 } from './protection.js';
import { Refusal } from './refusal.js';
import { TYPE } from './transcript.js';

export function isAbbreviated(model) {
    const has = (type) => model.messages.some((message) => message.type === type);
    return model.version12 && !has(TYPE.client_key_exchange) && has(TYPE.server_hello) && has(TYPE.finished);
}

export async function changedAbbreviated(run) {
    const { model, change, original } = run;
    const find = (type) => model.messages.find((message) => message.type === type);
    run.hello = readClientHello(find(TYPE.client_hello).bytes.subarray(4));
    run.answer = readAnyServerHello(find(TYPE.server_hello).bytes);
    run.renews = model.messages.some((message) => message.type === TYPE.new_session_ticket);
    run.changed = concat(change.bytes.subarray(0, 4), run.body);
    if (original.level !== 'plain') {
        run.pass(run.end, 'AEAD tag', 'right: whoever changed the message holds the keys and sealed it anew');
    }
    const judge = { [TYPE.client_hello]: clientHello, [TYPE.server_hello]: serverHello, [TYPE.new_session_ticket]: ticket, [TYPE.finished]: finished }[original.type];
    if (!judge) {
        run.verdict = { kind: 'unknown', possible: [] };
        return;
    }
    await judge(run);
}

async function clientHello(run) {
    const { summary } = run.model;
    const chosen = { suite: summary.cipher_suite, kind: kindOfSuite(summary.cipher_suite_name), group: null, resumed: true };
    const outcome = judgeClientHello12(run, chosen);
    const alike = (code) => equal(outcome.hello.ext.known.get(code) ?? new Uint8Array(0), run.hello.ext.known.get(code) ?? new Uint8Array(0));
    const byTicket = (run.hello.ext.known.get(EXT.session_ticket)?.length ?? 0) > 0;
    // A session is bound to the name of the server that it is with.
    const isKnown = alike(EXT.server_name) && (byTicket ? alike(EXT.session_ticket) : equal(outcome.hello.sessionId, run.hello.sessionId));
    run.begin('server', 'session');
    if (!isKnown || outcome.uncertain) {
        // A full handshake instead: the two ends are found apart at its end.
        run.note('server', 'session', outcome.uncertain ?? 'it is not one that the server knows: a full handshake follows');
        run.begin('server', 'AEAD tag of the client’s Finished');
        throw new Refusal('RECORD_AUTH', 'the client seals with other keys than the server opens with',
                          ['decrypt_error', 'unexpected_message', 'handshake_failure', 'illegal_parameter', 'missing_extension', ...(outcome.possible ?? [])]);
    }
    if (run.answer.ext.known.has(EXT.extended_master_secret) && !outcome.hello.ext.known.has(EXT.extended_master_secret)) {
        throw new Refusal('SESSION_EMS', 'the session had an extended master secret, and this hello does not offer it');
    }
    run.pass('server', 'session', 'known');
    run.begin('client', 'ServerHello’s rules');
    if (!isRenegotiationSafe(outcome.hello)) {
        throw new Refusal('RENEGOTIATION_UNSAFE', 'the server heard of no renegotiation_info, and answers none');
    }
    if (!equal(outcome.hello.sessionId, run.hello.sessionId)) {
        notResumed(run, 'the server echoes the changed session_id');
    }
    run.pass('client', run.what, 'the session is taken up');
    await finishedOfServer(run, { client: run.hello.random, server: outcome.hello.random }, 'client');
}

async function serverHello(run) {
    run.begin('client', 'form and rules of the hello');
    const answer = judgeServerHello12(run.changed, run.hello, true);
    run.pass('client', run.what, 'nothing in it breaks a rule');
    run.begin('client', 'session');
    if (!equal(answer.sessionId, run.hello.sessionId)) {
        notResumed(run, 'session_id is not that of the session');
    }
    if (answer.suite !== run.answer.suite) {
        throw new Refusal('SESSION_SUITE', 'the session has another suite');
    }
    run.pass('client', run.what, 'it is the one that was offered');
    await finishedOfServer(run, { client: answer.random, server: run.answer.random }, 'server');
}

// The client takes it for a full handshake, and waits for a certificate.
function notResumed(run, why) {
    run.begin('client', 'order of messages');
    throw new Refusal(run.renews ? 'UNEXPECTED_MESSAGE' : 'CCS_EARLY', `${why}: the client waits for a certificate, and ${run.renews ? 'a ticket' : 'change_cipher_spec'} comes`);
}

function ticket(run) {
    run.begin('client', 'form of NewSessionTicket');
    readNewSessionTicket12(run.body);
    run.pass('client', run.what);
    run.begin('client', 'Finished');
    throw new Refusal('FINISHED', 'the server’s Finished covers the ticket as it was sent');
}

function finished(run) {
    run.begin(otherEnd(run.original.from), 'Finished');
    if (run.body.length !== 12) {
        throw new Refusal('DECODE', `Finished of ${run.body.length} bytes`);
    }
    throw new Refusal('FINISHED', `expected ${toHex(run.original.bytes.subarray(4))}, came ${toHex(run.body)}`);
}

// The server proves first here. random: that of one end as both know it; whose it is.
async function finishedOfServer(run, random, whose) {
    const { model } = run;
    const sent = model.messages.find((message) => message.type === TYPE.finished && message.from === 'server');
    run.begin('client', 'AEAD tag of the server’s Finished');
    const master = model.steps.find((step) => step.name === 'master_secret')?.output ?? null;
    const block = model.steps.find((step) => step.name === 'key_block') ?? null;
    const isApart = !equal(random.client, random.server);
    run.note('client', 'key_block', isApart ? `it hangs on the ${whose}’s random, which the two ends know differently` : 'the same on both ends, as the random values are');
    if (master !== null && block !== null) {
        const keys = (end) => prf12(model.hash, master, 'key expansion',
                                    whose === 'client' ? concat(run.answer.random, random[end]) : concat(random[end], run.hello.random), block.output_len);
        const record = await sealer12(model, 'server', await keys('server'))?.seal(0, sent.bytes);
        if (record && await sealer12(model, 'server', await keys('client')).open(0, record) === null) {
            throw new Refusal('RECORD_AUTH', 'computed here: the server seals with other keys than the client opens with');
        }
    } else if (isApart) {
        throw new Refusal('RECORD_AUTH', 'the server seals with other keys than the client opens with');
    }
    run.pass('client', run.what, 'it opens');
    run.begin('client', 'Finished');
    throw new Refusal('FINISHED', 'its verify_data is over the messages as the server knows them');
}
