// Which secret protected a message, and what seals and opens with it.
import { openRecord, sealRecord, trafficKeys } from './aead.js';
import { formOf, keysOfBlock, open12, seal12 } from './record12.js';

// The traffic secret under which a message travelled (in TLS 1.2 key_block), or null where the recording does not hold it.
export function secretOf(model, message) {
    const protection = message.protection === null ? null : model.protections[message.protection];
    const step = protection?.secret_step ? model.stepById.get(protection.secret_step) : null;
    return step?.output ?? null;
}

// { seal(sequence, content, padding), open(sequence, record), explicit: bytes before the ciphertext } or null: no secrets,
// or a cipher that this page does not have.
export async function sealerOf(model, message) {
    const secret = secretOf(model, message);
    if (secret === null) {
        return null;
    }
    return model.version12 ? sealer12(model, message.from, secret) : sealer13(model, secret);
}

async function sealer13({ suite }, secret) {
    if (suite?.cipher == null) {
        return null;
    }
    const keys = await trafficKeys(suite, secret);
    return {
        explicit: 0,
        seal: (sequence, content, padding) => sealRecord(suite, keys, sequence, 22, content, padding),
        open: (sequence, record) => openRecord(suite, keys, sequence, record),
    };
}

export function sealer12(model, end, block) {
    const form = formOf(model.summary.cipher_suite_name);
    if (form === null) {
        return null;
    }
    const keys = keysOfBlock(form, block, end);
    return {
        explicit: form.explicit,
        seal: (sequence, content) => seal12(form, keys, sequence, 22, content),
        open: (sequence, record) => open12(form, keys, sequence, record),
    };
}
