// Checks behind the tag: what a receiver finds when somebody who holds the keys changed a protected message.
import { equal, Reader, toHex } from './bytes.js';
import { expandLabel, hmac, HASH_LENGTH } from './hkdf.js';
import { checkSolicited, judgeAnswers, readOffers } from './hello.js';
import { codesIn, EXT, malformed, readCertificate, readCertificateEntries, readCertificateRequest, readCertificateVerify, readClientHello, readCompressedCertificate, readEncryptedExtensions, readKeyUpdate, readNewSessionTicket, readScts } from './form.js';
import { CERTIFICATE_ALERTS, judgeChain } from './chain.js';
import { readX509 } from './certificate.js';
import { keyKind, SCHEMES, schemeFits, schemeKey, signedContent, verifyScheme } from './signature.js';
import { otherEnd } from './model.js';
import { Refusal } from './refusal.js';
import { secretOf } from './protection.js';
import { transcriptHash, TYPE } from './transcript.js';

export async function insideChecks(run) {
    const { original } = run;
    run.end = otherEnd(original.from);
    run.pass(run.end, 'AEAD tag', 'right: whoever changed the message holds the keys and sealed it anew');
    const judge = JUDGES[original.type];
    if (judge) {
        await judge(run);
    }
    await laterProofs(run);
}

const JUDGES = {
    [TYPE.encrypted_extensions](run) {
        run.begin('client', 'form and rules of EncryptedExtensions');
        const hello = clientHello(run);
        judgeAnswers(readEncryptedExtensions(run.body).ext, hello, readOffers(hello));
        run.pass('client', run.what, 'nothing in it breaks a rule');
    },
    [TYPE.certificate_request](run) {
        run.begin('client', 'form and rules of CertificateRequest');
        judgeRequest(readCertificateRequest(run.body), run.original.level === 'application');
        run.pass('client', run.what, 'nothing in it breaks a rule');
    },
    async [TYPE.certificate](run) {
        run.begin(run.end, 'form of Certificate');
        await judgeCertificate(run, readCertificate(run.body));
    },
    [TYPE.compressed_certificate](run) {
        run.begin(run.end, 'decompression');
        const packed = readCompressedCertificate(run.body);
        if (!offeredCompression(run).includes(packed.algorithm)) {
            throw new Refusal('CERTIFICATE_COMPRESSION_NOT_OFFERED', `method ${packed.algorithm}`);
        }
        throw new Refusal('CERTIFICATE_DECOMPRESS', 'it no longer expands to what was compressed',
                          [...CERTIFICATE_ALERTS, 'decode_error', 'illegal_parameter', 'unsupported_extension']);
    },
    [TYPE.certificate_verify](run) {
        run.begin(run.end, 'form of CertificateVerify');
        run.proof = readCertificateVerify(run.body);
        run.pass(run.end, run.what);
        return judgeProof(run);
    },
    [TYPE.finished](run) {
        run.begin(run.end, 'Finished');
        if (run.body.length !== HASH_LENGTH[run.hash]) {
            throw new Refusal('DECODE', `Finished of ${run.body.length} bytes`);
        }
    },
    [TYPE.new_session_ticket](run) {
        run.begin(run.end, 'form of NewSessionTicket');
        readNewSessionTicket(run.body);
        run.pass(run.end, run.what, 'nothing else looks at it now; a changed ticket will be refused when it comes back');
    },
    [TYPE.key_update](run) {
        run.begin(run.end, 'form of KeyUpdate');
        readKeyUpdate(run.body);
        run.pass(run.end, run.what);
    },
    [TYPE.end_of_early_data](run) {
        run.begin(run.end, 'form of EndOfEarlyData');
        if (run.body.length !== 0) {
            throw new Refusal('DECODE', 'EndOfEarlyData is empty');
        }
    },
};

function clientHello(run) {
    const sent = run.model.messages.filter((message) => message.type === TYPE.client_hello);
    return readClientHello(sent.at(-1).bytes.subarray(4));
}

function judgeRequest(request, isPost) {
    const schemes = request.ext.known.get(EXT.signature_algorithms);
    if (schemes === undefined) {
        throw new Refusal('MISSING_EXTENSION', 'signature_algorithms in CertificateRequest');
    }
    codesIn(schemes, 'signature_algorithms');
    if (request.ext.known.has(EXT.signature_algorithms_cert)) {
        codesIn(request.ext.known.get(EXT.signature_algorithms_cert), 'signature_algorithms_cert');
    }
    if (request.ext.known.has(EXT.certificate_authorities)) {
        const r = new Reader(request.ext.known.get(EXT.certificate_authorities));
        const list = r.vector(2, 3);
        while (list.left > 0) {
            list.vector(2, 1);
        }
        if (!r.done() || !list.done()) {
            malformed('certificate_authorities');
        }
    }
    if (request.ext.known.has(EXT.compress_certificate)) {
        codesIn(request.ext.known.get(EXT.compress_certificate), 'compress_certificate', 1, 2, 254);
    }
    if (!isPost && request.context.length > 0) {
        throw new Refusal('CERTIFICATE_CONTEXT', 'a context inside the handshake');
    }
}

function offeredCompression(run) {
    const request = run.model.messages.find((message) => message.type === TYPE.certificate_request);
    const ext = run.end === 'client' ? clientHello(run).ext : request ? readCertificateRequest(request.bytes.subarray(4)).ext : null;
    const body = ext?.known.get(EXT.compress_certificate);
    return body ? codesIn(body, 'compress_certificate', 1, 2, 254) : [];
}

// --- Certificate ---------------------------------------------------------------------------------------------

async function judgeCertificate(run, certificate) {
    const original = readCertificate(run.original.bytes.subarray(4));
    if (!equal(certificate.context, original.context)) {
        throw new Refusal('CERTIFICATE_CONTEXT', 'certificate_request_context is not the one that belongs here');
    }
    const entries = readCertificateEntries(certificate.list);
    const before = readCertificateEntries(original.list);
    const hello = clientHello(run);
    for (const entry of entries) {
        if (run.end === 'client') {
            checkSolicited(entry.ext, hello);
        } else if (entry.ext.known.size + entry.ext.unknown.length > 0) {
            throw new Refusal('UNSOLICITED_EXTENSION', 'an extension that the request did not ask for');
        }
    }
    if (entries.length === 0) {
        if (before.length > 0) {
            throw new Refusal(run.end === 'client' ? 'CERTIFICATE_EMPTY' : 'CERTIFICATE_REQUIRED', 'the list is empty');
        }
        return;
    }
    judgeStaple(entries[0].ext);
    run.pass(run.end, 'form of Certificate', `${entries.length} certificate(s)`);
    run.begin(run.end, 'certificate chain');
    await judgeChain(entries, before, (entry) => entry.ext.known.get(EXT.status_request) ?? new Uint8Array(0));
    run.pass(run.end, 'certificate chain', 'every certificate is still what its issuer signed');
}

function judgeStaple(ext) {
    const staple = ext.known.get(EXT.status_request);
    if (staple) {
        const r = new Reader(staple);
        const type = r.uint(1);
        r.vector(3, 1);
        if (!r.done() || type !== 1) {
            throw new Refusal('CERTIFICATE_STATUS', 'the stapled response is malformed');
        }
    }
    const sct = ext.known.get(EXT.sct);
    if (sct) {
        readScts(sct);
    }
}

// --- CertificateVerify and Finished -----------------------------------------------------------------------------

// The proofs of whoever sent the changed message that stand behind it, and that of the receiver itself.
async function laterProofs(run) {
    const { model, change, original } = run;
    const later = model.messages.slice(change.message).filter((message) => message.from === original.from);
    run.end = otherEnd(original.from);
    if (original.type === TYPE.new_session_ticket || original.type === TYPE.key_update) {
        run.verdict = { kind: 'unnoticed' };
        return;
    }
    const mine = await transcriptAt(run, later[0].index, true);
    run.note(run.end, 'transcript hash', original.type === TYPE.finished ? 'that of the messages before is unchanged'
        : `${toHex(mine).slice(0, 16)}… here, another at the ${original.from}`);
    const proof = later.find((message) => message.type === TYPE.certificate_verify && message.index > change.message);
    if (proof) {
        run.proof = readCertificateVerify(proof.bytes.subarray(4));
        run.proofAt = proof.index;
        await judgeProof(run);
    }
    const finished = later.find((message) => message.type === TYPE.finished);
    if (!finished) {
        answeredProofs(run);
        return;
    }
    await judgeFinished(run, finished);
}

// Nothing of the sender's own follows that would cover the change. What the receiver proves in its answer does: it stands
// on the changed transcript, and the sender, who knows what it said, refuses it (authentication after the handshake).
function answeredProofs(run) {
    const { model, change, original } = run;
    const answers = model.messages.slice(change.message + 1).filter((message) => message.from === run.end);
    const has = (type) => answers.some((message) => message.type === type);
    if (!has(TYPE.finished)) {
        run.verdict = { kind: 'unnoticed' };
        return;
    }
    run.begin(original.from, 'form of Certificate');
    if (original.type === TYPE.certificate_request) {
        const asked = readCertificateRequest(original.bytes.subarray(4)).context;
        if (!equal(asked, readCertificateRequest(run.body).context)) {
            throw new Refusal('CERTIFICATE_CONTEXT', 'the answer carries the changed context');
        }
    }
    const proof = has(TYPE.certificate_verify) ? ['CERTIFICATE_VERIFY', 'signature of CertificateVerify'] : ['FINISHED', 'Finished'];
    run.begin(original.from, proof[1]);
    throw new Refusal(proof[0], `the ${run.end === original.from ? otherEnd(original.from) : run.end} answers over the transcript that it heard`,
                      ['decrypt_error']);
}

// The transcript hash before a message, with the changed message in its place.
async function transcriptAt(run, index, including = false) {
    const { model, change } = run;
    const post = model.messages[change.message].level === 'application';
    const messages = model.messages.slice(0, index + (including ? 1 : 0))
        .filter((message) => message.level !== 'application' || (post && message.type !== TYPE.new_session_ticket && message.type !== TYPE.key_update));
    return transcriptHash(run.hash, messages.map((message) => (message.index === change.message ? change.bytes : message.bytes)));
}

async function judgeProof(run) {
    const { change, original, proof } = run;
    run.begin(run.end, 'signature of CertificateVerify');
    const spki = leafKey(run);
    const offered = offeredSchemes(run);
    const scheme = SCHEMES[proof.algorithm];
    const name = scheme?.name ?? `0x${proof.algorithm.toString(16).padStart(4, '0')}`;
    if (!scheme || !offered.includes(proof.algorithm)) {
        throw new Refusal('CERTIFICATE_ALGORITHM', `${name} was not offered`);
    }
    const kind = spki !== null ? keyKind(spki) : kindOfProof(run);
    if (kind !== null && !schemeFits(scheme, kind)) {
        throw new Refusal('CERTIFICATE_ALGORITHM', `${name} does not fit the certificate’s key`, ['decrypt_error']);
    }
    const at = run.proofAt ?? change.message;
    const content = signedContent(original.from, await transcriptAt(run, at));
    const holds = spki === null ? null : await verifyScheme(proof.algorithm, spki, content, proof.signature);
    if (holds !== true) {
        const how = holds === null ? 'not computed: this browser has no such key; what is signed has changed, so it cannot hold' : 'computed here';
        throw new Refusal('CERTIFICATE_VERIFY', `the ${name} signature does not hold over this transcript (${how})`);
    }
    run.pass(run.end, run.what, `${name} holds`);
}

// Of which kind the sender's key is when its certificate cannot be read: the proof as it was sent says so.
function kindOfProof(run) {
    const sent = run.model.messages.find((message) => message.from === run.original.from && message.type === TYPE.certificate_verify);
    return sent ? schemeKey(readCertificateVerify(sent.bytes.subarray(4)).algorithm) : null;
}

// The public key of the leaf that the sender showed last.
function leafKey(run) {
    const { model, change, original } = run;
    const shown = model.messages.slice(0, run.proofAt ?? change.message + 1)
        .filter((message) => message.from === original.from && message.type === TYPE.certificate).at(-1);
    if (!shown) {
        return null; // compressed, which this page does not expand
    }
    const bytes = shown.index === change.message ? change.bytes : shown.bytes;
    const entries = readCertificateEntries(readCertificate(bytes.subarray(4)).list);
    return entries.length > 0 ? readX509(entries[0].data)?.spki ?? null : null;
}

function offeredSchemes(run) {
    const request = run.model.messages.find((message) => message.type === TYPE.certificate_request);
    const ext = run.end === 'client' ? clientHello(run).ext : request ? readCertificateRequest(request.bytes.subarray(4)).ext : null;
    const body = ext?.known.get(EXT.signature_algorithms);
    return body ? codesIn(body, 'signature_algorithms') : [];
}

async function judgeFinished(run, finished) {
    run.begin(run.end, 'Finished');
    const base = secretOf(run.model, finished);
    const bytes = finished.index === run.change.message ? run.change.bytes : finished.bytes;
    if (base === null) {
        throw new Refusal('FINISHED', 'not computed: the recording has no secrets; what it covers has changed, so it cannot hold');
    }
    const key = await expandLabel(run.hash, base, 'finished', new Uint8Array(0), HASH_LENGTH[run.hash]);
    const expected = await hmac(run.hash, key, await transcriptAt(run, finished.index));
    if (!equal(expected, bytes.subarray(4))) {
        throw new Refusal('FINISHED', `expected ${toHex(expected).slice(0, 16)}…, came ${toHex(bytes.subarray(4)).slice(0, 16)}…`);
    }
    run.pass(run.end, 'Finished');
    run.verdict = { kind: 'unnoticed' };
}
