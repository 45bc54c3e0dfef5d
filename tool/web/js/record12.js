// Record protection of TLS 1.2 (RFC 5246, 6.2.3.3; RFC 5288, 3; RFC 7905, 2): seals and opens one record.
import { chachaOpen, chachaSeal } from './chacha.js';
import { concat, uint } from './bytes.js';
import { nonceOf } from './aead.js';

const FORMS = [
    [/_AES_128_GCM_/, { cipher: 'AES-GCM', keyLength: 16, ivLength: 4, explicit: 8 }],
    [/_AES_256_GCM_/, { cipher: 'AES-GCM', keyLength: 32, ivLength: 4, explicit: 8 }],
    [/_CHACHA20_POLY1305_/, { cipher: 'ChaCha20-Poly1305', keyLength: 32, ivLength: 12, explicit: 0 }],
];

// How a suite protects records, or null: WebCrypto has no CCM, and of CBC this page knows nothing.
export function formOf(suite) {
    return FORMS.find(([mark]) => mark.test(suite ?? ''))?.[1] ?? null;
}

// Key and IV that one end writes with, cut out of key_block (RFC 5246, 6.3).
export function keysOfBlock(form, block, end) {
    const { keyLength, ivLength } = form;
    const which = end === 'client' ? 0 : 1;
    const ivs = 2 * keyLength;
    return { key: block.subarray(which * keyLength, (which + 1) * keyLength), iv: block.subarray(ivs + which * ivLength, ivs + (which + 1) * ivLength) };
}

// header: type and version, three bytes.
function additional(sequence, header, length) {
    return concat(uint(sequence, 8), header, uint(length, 2));
}

export async function seal12(form, keys, sequence, type, content) {
    const explicit = uint(sequence, 8).subarray(8 - form.explicit);
    const aad = additional(sequence, Uint8Array.of(type, 3, 3), content.length);
    const nonce = form.explicit > 0 ? concat(keys.iv, explicit) : nonceOf(keys.iv, sequence);
    const sealed = form.cipher === 'AES-GCM' ? await gcm('encrypt', keys.key, nonce, aad, content) : chachaSeal(keys.key, nonce, aad, content);
    return concat(Uint8Array.of(type, 3, 3), uint(explicit.length + sealed.length, 2), explicit, sealed);
}

// The content, or null when the tag does not fit.
export async function open12(form, keys, sequence, record) {
    const explicit = record.subarray(5, 5 + form.explicit);
    const sealed = record.subarray(5 + form.explicit);
    if (sealed.length < 16) {
        return null;
    }
    const aad = additional(sequence, record.subarray(0, 3), sealed.length - 16);
    const nonce = form.explicit > 0 ? concat(keys.iv, explicit) : nonceOf(keys.iv, sequence);
    if (form.cipher !== 'AES-GCM') {
        return chachaOpen(keys.key, nonce, aad, sealed);
    }
    return gcm('decrypt', keys.key, nonce, aad, sealed).catch(() => null);
}

async function gcm(what, raw, iv, additionalData, bytes) {
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [what]);
    return new Uint8Array(await crypto.subtle[what]({ name: 'AES-GCM', iv, additionalData, tagLength: 128 }, key, bytes));
}
