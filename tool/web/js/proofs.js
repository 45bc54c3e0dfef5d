// Every proof of a handshake, checked again as its receiver checks it: binders, signatures, chains, both Finished, and the tag
// of every record whose bytes are in the recording.
import { checkBinder } from './binder.js';
import { concat, equal } from './bytes.js';
import { isIssuer, readX509 } from './certificate.js';
import { EXT, readCertificate, readCertificateEntries, readCertificateVerify, readClientHello } from './form.js';
import { readCertificate12, readServerKeyExchange } from './form12.js';
import { readOffers } from './hello.js';
import { kindOfSuite } from './hello12.js';
import { isSkipped } from './model.js';
import { expandLabel, hmac, HASH_LENGTH, prf12 } from './hkdf.js';
import { sealerOf, secretOf } from './protection.js';
import { signedContent, verifyCertificate, verifyScheme, verifyScheme12 } from './signature.js';
import { transcriptHash, TYPE } from './transcript.js';

// { messages: index -> [{ what, status, why }], records: index -> status }. status: 'holds', 'fails', or 'cannot' be checked here.
export async function checkProofs(model) {
    const found = { messages: new Map(), records: new Map() };
    for (const message of model.messages) {
        const check = CHECKS[message.type];
        const proofs = [];
        try {
            await check?.(model, message, (what, holds, why = '') => proofs.push({ what, status: holds === null ? 'cannot' : holds ? 'holds' : 'fails', why }));
        } catch {
            proofs.length = 0; // a message that nobody could read: the handshake failed at it
        }
        if (proofs.length > 0) {
            found.messages.set(message.index, proofs);
        }
    }
    for (const record of model.records) {
        if (record.protection !== null && record.wire !== null && !isSkipped(model, record)) {
            const sealer = await sealerOf(model, record);
            found.records.set(record.index, sealer === null ? 'cannot' : await sealer.open(record.sequence, record.wire) === null ? 'fails' : 'holds');
        }
    }
    return found;
}

export function countProofs(found) {
    const all = [...[...found.messages.values()].flat().map((proof) => proof.status), ...found.records.values()];
    return { holds: all.filter((status) => status === 'holds').length, fails: all.filter((status) => status === 'fails').length };
}

const CHECKS = {
    async [TYPE.client_hello](model, message, tell) {
        const hello = readClientHello(message.bytes.subarray(4));
        const psk = hello.ext.known.has(EXT.pre_shared_key) ? readOffers(hello).psk : null;
        for (const [i, binder] of (psk?.binders ?? []).entries()) {
            const holds = await checkBinder({ model, hash: model.hash, change: { message: message.index, bytes: message.bytes } }, i, binder);
            // Of a key that this end did not take there is no binder key in the recording.
            tell(`binder ${i}`, holds || null, holds ? 'the client holds this key' : model.secrets ? 'the key that it belongs to is not in this recording' : 'no secrets in this recording');
        }
    },
    async [TYPE.certificate](model, message, tell) {
        const body = message.bytes.subarray(4);
        const entries = model.version12 ? readCertificate12(body) : readCertificateEntries(readCertificate(body).list);
        const chain = entries.map((entry) => readX509(entry.data));
        for (const [i, one] of chain.entries()) {
            const issuer = one && chain.find((other, k) => k !== i && other && isIssuer(other, one));
            if (issuer) {
                tell(`signature of certificate ${i + 1}`, await verifyCertificate(one, issuer.spki), 'by the next one in the chain');
            }
        }
    },
    async [TYPE.server_key_exchange](model, message, tell) {
        const kx = readServerKeyExchange(message.bytes.subarray(4), kindOfSuite(model.summary.cipher_suite_name)?.exchange === 'DHE');
        const random = (type) => model.messages.find((one) => one.type === type).bytes.subarray(6, 38);
        const content = concat(random(TYPE.client_hello), random(TYPE.server_hello), kx.params);
        const key = leafKey(model, message);
        tell('signature', key && await verifyScheme12(kx.algorithm, key, content, kx.signature), 'over both random values and the share');
    },
    async [TYPE.certificate_verify](model, message, tell) {
        const proof = readCertificateVerify(message.bytes.subarray(4));
        const key = leafKey(model, message);
        const before = heardBefore(model, message);
        const holds = key === null ? null : model.version12 ? await verifyScheme12(proof.algorithm, key, concat(...before), proof.signature)
            : HASH_LENGTH[model.hash] ? await verifyScheme(proof.algorithm, key, signedContent(message.from, await transcriptHash(model.hash, before)), proof.signature) : null;
        tell('signature', holds, 'over everything said before it, with the key of the certificate');
    },
    async [TYPE.finished](model, message, tell) {
        const expected = model.version12 ? await finished12(model, message) : await finished13(model, message);
        tell('MAC', expected === null ? null : equal(expected, message.bytes.subarray(4)), expected === null ? 'no secrets in this recording' : 'over everything said before it');
    },
};

// The messages under a proof: of one after the handshake, those of the handshake and of that authentication.
function heardBefore(model, message) {
    const isLate = message.level === 'application' && !model.version12;
    return model.messages.slice(0, message.index)
        .filter((one) => model.version12 || one.level !== 'application' || (isLate && one.type !== TYPE.new_session_ticket && one.type !== TYPE.key_update))
        .map((one) => one.bytes);
}

function leafKey(model, message) {
    const shown = model.messages.filter((one) => one.from === message.from && one.type === TYPE.certificate && one.index < message.index).at(-1);
    if (!shown) {
        return null;
    }
    const body = shown.bytes.subarray(4);
    const entries = model.version12 ? readCertificate12(body) : readCertificateEntries(readCertificate(body).list);
    return entries.length > 0 ? readX509(entries[0].data)?.spki ?? null : null;
}

async function finished13(model, message) {
    const secret = secretOf(model, message);
    if (secret === null || !HASH_LENGTH[model.hash]) {
        return null;
    }
    const key = await expandLabel(model.hash, secret, 'finished', new Uint8Array(0), HASH_LENGTH[model.hash]);
    return hmac(model.hash, key, await transcriptHash(model.hash, heardBefore(model, message)));
}

async function finished12(model, message) {
    const master = model.steps.find((step) => step.name === 'master_secret')?.output ?? null;
    if (master === null || !HASH_LENGTH[model.hash]) {
        return null;
    }
    return prf12(model.hash, master, `${message.from} finished`, await transcriptHash(model.hash, heardBefore(model, message)), 12);
}
