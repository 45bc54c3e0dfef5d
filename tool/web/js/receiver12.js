// The checks of TLS 1.2 over a handshake in which one message was changed. All but Finished travels in the clear here:
// whoever sits on the path may change it, and only signatures and the two Finished tell.
//
// Both ends' views of the handshake are kept apart: what the client has sent and heard, and what the server has. From
// their difference follows which proof breaks first.
import { changedAbbreviated, isAbbreviated } from './abbreviated12.js';
import { concat, equal, toHex } from './bytes.js';
import { CERTIFICATE_ALERTS, judgeChain } from './chain.js';
import { readX509 } from './certificate.js';
import { judgeOffered } from './clienthello.js';
import { EXT, readAnyServerHello, readCertificateVerify, readClientHello } from './form.js';
import { readCertificate12, readCertificateRequest12, readCertificateStatus, readClientKeyExchange, readEmpty, readNewSessionTicket12, readServerKeyExchange } from './form12.js';
import { readOffers } from './hello.js';
import { isRenegotiationSafe, judgeClientHello12, judgeServerHello12, kindOfSuite } from './hello12.js';
import { prf12 } from './hkdf.js';
import { otherEnd } from './model.js';
import { sealer12, secretOf } from './protection.js';
import { authOfScheme, verifyScheme12 } from './signature.js';
import { Refusal } from './refusal.js';
import { transcriptHash, TYPE } from './transcript.js';

export async function changed12(run) {
    const { model, original } = run;
    if (isAbbreviated(model)) {
        await changedAbbreviated(run);
        return;
    }
    if (!find(model, TYPE.client_key_exchange)) {
        run.verdict = { kind: 'unknown', possible: [] }; // it ended early
        return;
    }
    prepare(run);
    if (original.level !== 'plain') {
        run.pass(run.end, 'AEAD tag', 'right: whoever changed the message holds the keys and sealed it anew');
    }
    const judge = JUDGES[original.type];
    if (!judge) {
        run.verdict = { kind: 'unknown', possible: [] };
        return;
    }
    await judge(run);
    if (!run.verdict) {
        await proofs(run);
    }
}

function find(model, type, from = null) {
    return model.messages.find((message) => message.type === type && (from === null || message.from === from)) ?? null;
}

// What was agreed, and how each end sees the handshake.
function prepare(run) {
    const { model, change, original } = run;
    const serverHello = readAnyServerHello(find(model, TYPE.server_hello).bytes);
    const exchange = find(model, TYPE.server_key_exchange);
    const kind = kindOfSuite(model.summary.cipher_suite_name) ?? { exchange: exchange ? 'ECDHE' : 'RSA', auth: null };
    run.kind = kind;
    run.hello = readClientHello(find(model, TYPE.client_hello).bytes.subarray(4));
    run.keyExchange = exchange ? readServerKeyExchange(exchange.bytes.subarray(4), kind.exchange === 'DHE') : null;
    run.answer = serverHello;
    // Whether each end computes an extended master secret.
    run.extended = { client: serverHello.ext.known.has(EXT.extended_master_secret), server: serverHello.ext.known.has(EXT.extended_master_secret) };
    const hears = otherEnd(original.from);
    run.view = (end, message) => (end === hears && message.index === change.message ? concat(change.bytes.subarray(0, 4), run.body) : message.bytes);
    run.possible = [];
}

const JUDGES = {
    [TYPE.client_hello]: clientHello,
    [TYPE.server_hello]: serverHello,
    [TYPE.certificate]: certificate,
    [TYPE.certificate_status](run) {
        run.begin('client', 'form of CertificateStatus');
        readCertificateStatus(run.body);
        run.pass('client', run.what);
        run.begin('client', 'stapled response');
        throw new Refusal('CERTIFICATE_STATUS', 'it is not what the authority signed', [...CERTIFICATE_ALERTS, 'bad_record_mac']);
    },
    [TYPE.server_key_exchange]: serverKeyExchange,
    [TYPE.certificate_request]: certificateRequest,
    [TYPE.server_hello_done](run) {
        run.begin('client', 'form of ServerHelloDone');
        readEmpty(run.body, 'ServerHelloDone');
    },
    [TYPE.client_key_exchange]: clientKeyExchange,
    [TYPE.certificate_verify]: certificateVerify,
    [TYPE.new_session_ticket](run) {
        run.begin('client', 'form of NewSessionTicket');
        readNewSessionTicket12(run.body);
        run.pass('client', run.what);
        run.begin('client', 'Finished');
        throw new Refusal('FINISHED', 'the server’s Finished covers the ticket as it was sent');
    },
    [TYPE.finished](run) {
        run.begin(run.end, 'Finished');
        if (run.body.length !== 12) {
            throw new Refusal('DECODE', `Finished of ${run.body.length} bytes`);
        }
        throw new Refusal('FINISHED', `expected ${toHex(run.original.bytes.subarray(4))}, came ${toHex(run.body)}`);
    },
};

// --- Hellos ----------------------------------------------------------------------------------------------------

async function clientHello(run) {
    const { summary } = run.model;
    const chosen = { suite: summary.cipher_suite, kind: run.kind, group: run.keyExchange?.group ?? null, scheme: run.keyExchange?.algorithm ?? null };
    const outcome = judgeClientHello12(run, chosen);
    if (outcome.uncertain) {
        run.note('server', 'choice', `${outcome.uncertain}: what the server would take instead is not in a recording`);
    }
    run.possible = outcome.possible ?? [];
    run.begin('client', 'ServerHello’s rules');
    if (!isRenegotiationSafe(outcome.hello)) {
        throw new Refusal('RENEGOTIATION_UNSAFE', 'the server heard of no renegotiation_info, and answers none', run.possible);
    }
    const answers = [EXT.server_name, EXT.alpn, EXT.status_request, EXT.sct, EXT.record_size_limit, EXT.ec_point_formats];
    if (answers.some((code) => outcome.hello.ext.known.has(code) && !run.hello.ext.known.has(code))) {
        run.possible = [...run.possible, 'unsupported_extension'];
    }
    // What the server does not hear it does not answer, and then neither end does it.
    run.extended.client = run.extended.server = run.extended.server && outcome.hello.ext.known.has(EXT.extended_master_secret);
    run.pass('client', run.what, 'the answer fits what the client offered');
    await keyExchangeSignature(run, { server: outcome.hello.random, client: run.hello.random });
    run.randomsDiffer = !equal(outcome.hello.random, run.hello.random);
}

async function serverHello(run) {
    run.begin('client', 'form and rules of the hello');
    const answer = judgeServerHello12(concat(run.change.bytes.subarray(0, 4), run.body), run.hello);
    run.pass('client', run.what, 'nothing in it breaks a rule');
    if (answer.suite !== run.answer.suite) {
        run.note('client', 'suite', 'the client goes on with another suite than the server');
        run.possible = ['illegal_parameter', 'unexpected_message', 'insufficient_security', 'decode_error', 'decrypt_error'];
    }
    if (run.answer.ext.known.has(EXT.status_request) && !answer.ext.known.has(EXT.status_request) && find(run.model, TYPE.certificate_status)) {
        run.begin('client', 'order of messages');
        throw new Refusal('UNEXPECTED_MESSAGE', 'a CertificateStatus that was not announced', run.possible);
    }
    await keyExchangeSignature(run, { server: run.answer.random, client: answer.random });
    run.randomsDiffer = !equal(answer.random, run.answer.random);
    run.extended.client = answer.ext.known.has(EXT.extended_master_secret);
}

// What ServerKeyExchange signs begins with both randoms: one that was changed on the way breaks it. heard: that random as
// each end knows it.
async function keyExchangeSignature(run, heard) {
    if (!run.keyExchange) {
        return;
    }
    run.begin('client', 'signature of ServerKeyExchange');
    if (!equal(heard.server, heard.client)) {
        const isOfClient = run.original.type === TYPE.client_hello;
        throw new Refusal('KEY_EXCHANGE_SIGNATURE', `it covers the random of the ${isOfClient ? 'client' : 'server'}, which the two ends know differently`, run.possible);
    }
    run.pass('client', run.what, 'both randoms and the share are what the server signed');
}

// --- The server's flight, and the client's ---------------------------------------------------------------------------

async function certificate(run) {
    run.begin(run.end, 'form of Certificate');
    const entries = readCertificate12(run.body);
    const before = readCertificate12(run.original.bytes.subarray(4));
    if (entries.length === 0 && before.length > 0) {
        throw new Refusal(run.end === 'client' ? 'CERTIFICATE_EMPTY' : 'CERTIFICATE_MISSING', 'the list is empty');
    }
    run.pass(run.end, run.what, `${entries.length} certificate(s)`);
    run.begin(run.end, 'certificate chain');
    await judgeChain(entries, before, () => new Uint8Array(0));
    if (entries.length > before.length) {
        throw new Refusal('CERTIFICATE_SIGNATURE', 'a certificate that was not sent', CERTIFICATE_ALERTS);
    }
    run.pass(run.end, run.what, 'every certificate is still what its issuer signed');
}

function leafKey(run, end) {
    const shown = find(run.model, TYPE.certificate, end);
    const entries = shown ? readCertificate12(shown.bytes.subarray(4)) : [];
    return entries.length > 0 ? readX509(entries[0].data)?.spki ?? null : null;
}

async function serverKeyExchange(run) {
    const isField = run.kind.exchange === 'DHE';
    run.begin('client', 'form and rules of ServerKeyExchange');
    const kx = readServerKeyExchange(run.body, isField);
    if (!isField && !readOffers(run.hello).groups?.includes(kx.group)) {
        throw new Refusal('GROUP_NOT_OFFERED', `0x${kx.group.toString(16)}`);
    }
    if (isField && !(equal(kx.p, run.keyExchange.p) && equal(kx.g, run.keyExchange.g))) {
        throw new Refusal('DH_GROUP', 'its prime has no name here');
    }
    const offered = readOffers(run.hello).schemes ?? [];
    if (!offered.includes(kx.algorithm) || authOfScheme(kx.algorithm) !== run.kind.auth) {
        throw new Refusal('KEY_EXCHANGE_ALGORITHM', `0x${kx.algorithm.toString(16).padStart(4, '0')} was not offered, or does not go with the suite`);
    }
    run.pass('client', run.what, 'nothing in it breaks a rule');
    run.begin('client', 'signature of ServerKeyExchange');
    const content = concat(run.hello.random, run.answer.random, kx.params);
    const key = leafKey(run, 'server');
    const holds = key === null ? null : await verifyScheme12(kx.algorithm, key, content, kx.signature);
    if (holds !== true) {
        throw new Refusal('KEY_EXCHANGE_SIGNATURE', holds === null ? 'not computed: this browser has no such key; what is signed has changed' : 'computed here: it does not hold');
    }
    run.pass('client', run.what, 'it holds');
}

function certificateRequest(run) {
    run.begin('client', 'form of CertificateRequest');
    const request = readCertificateRequest12(run.body);
    run.pass('client', run.what);
    const shown = find(run.model, TYPE.certificate, 'client');
    const entries = shown ? readCertificate12(shown.bytes.subarray(4)) : [];
    if (entries.length === 0) {
        return;
    }
    run.begin('server', 'client’s certificate');
    if (!mayShow(run, request, entries)) {
        throw new Refusal('CERTIFICATE_MISSING', 'nothing that the client has fits the changed request', ['decrypt_error', 'bad_record_mac']);
    }
}

// Whether what the client showed fits the changed request.
function mayShow(run, request, entries) {
    const verify = find(run.model, TYPE.certificate_verify, 'client');
    const scheme = verify ? readCertificateVerify(verify.bytes.subarray(4)).algorithm : null;
    const type = { RSA: 1, ECDSA: 64 }[authOfScheme(scheme)];
    const issuers = entries.map((entry) => readX509(entry.data)?.issuer).filter(Boolean);
    const isNamed = request.authorities.length === 0 || request.authorities.some((name) => issuers.some((issuer) => equal(name, issuer)));
    return request.types.includes(type) && request.schemes.includes(scheme) && isNamed;
}

async function clientKeyExchange(run) {
    run.begin('server', 'form of ClientKeyExchange');
    const share = readClientKeyExchange(run.body, run.kind.exchange === 'ECDHE' ? 1 : 2);
    run.pass('server', run.what);
    if (run.kind.exchange === 'ECDHE') {
        run.begin('server', 'client’s share');
        await judgeOffered(run.keyExchange.group, share);
        run.pass('server', run.what, 'a value of its group');
    }
    run.secretsDiffer = true;
}

async function certificateVerify(run) {
    run.begin('server', 'form of CertificateVerify');
    const proof = readCertificateVerify(run.body);
    run.pass('server', run.what);
    run.begin('server', 'signature of CertificateVerify');
    const request = find(run.model, TYPE.certificate_request);
    if (request && !readCertificateRequest12(request.bytes.subarray(4)).schemes.includes(proof.algorithm)) {
        throw new Refusal('CERTIFICATE_ALGORITHM', `0x${proof.algorithm.toString(16).padStart(4, '0')} was not offered`);
    }
    await judgeProof(run, proof);
}

// --- The proofs at the end -----------------------------------------------------------------------------------------

// All messages before one, as an end knows them.
function before(run, end, index) {
    return run.model.messages.slice(0, index).map((message) => run.view(end, message));
}

// The client's signature over all messages, by the server's view of them (RFC 5246, 7.4.8).
async function judgeProof(run, proof) {
    const verify = find(run.model, TYPE.certificate_verify, 'client');
    const key = leafKey(run, 'client');
    const content = concat(...before(run, run.original.from === 'client' ? 'server' : 'client', verify.index));
    const holds = key === null ? null : await verifyScheme12(proof.algorithm, key, content, proof.signature);
    if (holds !== true) {
        throw new Refusal('CERTIFICATE_VERIFY', `the two ends know the messages before it differently${holds === false ? ': computed here, it does not hold' : ''}`, run.possible);
    }
    run.pass('server', run.what, 'it holds');
}

// Nothing so far has told the two ends that they know different things: their last proofs do.
async function proofs(run) {
    const verify = find(run.model, TYPE.certificate_verify, 'client');
    if (verify && verify.index > run.change.message) {
        run.begin('server', 'signature of CertificateVerify');
        await judgeProof(run, readCertificateVerify(verify.bytes.subarray(4)));
    }
    const finished = find(run.model, TYPE.finished, 'client');
    run.begin('server', 'AEAD tag of the client’s Finished');
    const theirs = await keysOf(run, 'client');
    const mine = await keysOf(run, 'server');
    const apart = run.secretsDiffer || run.randomsDiffer || run.extended.client !== run.extended.server || (run.extended.server && run.change.message <= find(run.model, TYPE.client_key_exchange).index);
    run.note('server', 'master_secret', apart ? 'the two ends compute different keys' : 'the same on both ends, as it does not hang on the changed bytes');
    if (theirs !== null && mine !== null && !run.secretsDiffer) {
        const record = await sealer12(run.model, 'client', theirs)?.seal(0, finished.bytes);
        if (record && await sealer12(run.model, 'client', mine).open(0, record) !== null) {
            run.pass('server', run.what, 'it opens');
            finishedDiffers(run);
        }
    }
    if (!apart) {
        finishedDiffers(run);
    }
    throw new Refusal('RECORD_AUTH', 'the client seals with other keys than the server opens with', run.possible);
}

function finishedDiffers(run) {
    run.begin('server', 'Finished');
    throw new Refusal('FINISHED', 'its verify_data is over the messages as the client knows them', run.possible);
}

// key_block as an end computes it over its view, or null without secrets.
async function keysOf(run, end) {
    const { model, hash } = run;
    const step = model.steps.find((candidate) => candidate.name === 'master_secret');
    const premaster = step?.inputs.find((input) => input.role === 'secret')?.bytes ?? null;
    if (premaster === null || secretOf(model, find(model, TYPE.finished, 'client') ?? {}) === null) {
        return null;
    }
    const last = find(model, TYPE.client_key_exchange).index + 1;
    const messages = before(run, end, last);
    const random = (type) => messages[find(model, type).index].subarray(6, 38);
    const seed = run.extended[end] ? await transcriptHash(hash, messages) : concat(random(TYPE.client_hello), random(TYPE.server_hello));
    const master = await prf12(hash, premaster, run.extended[end] ? 'extended master secret' : 'master secret', seed, 48);
    const block = model.steps.find((candidate) => candidate.name === 'key_block');
    return prf12(hash, master, 'key expansion', concat(random(TYPE.server_hello), random(TYPE.client_hello)), block?.output_len ?? 104);
}
