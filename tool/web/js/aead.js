// Record protection (RFC 9846, 5.2 and 5.3): seals and opens one record of TLS 1.3.
import { chachaOpen, chachaSeal } from './chacha.js';
import { concat, uint } from './bytes.js';
import { expandLabel } from './hkdf.js';

export const SUITES = {
    0x1301: { name: 'TLS_AES_128_GCM_SHA256', hash: 'SHA-256', cipher: 'AES-GCM', keyLength: 16 },
    0x1302: { name: 'TLS_AES_256_GCM_SHA384', hash: 'SHA-384', cipher: 'AES-GCM', keyLength: 32 },
    0x1303: { name: 'TLS_CHACHA20_POLY1305_SHA256', hash: 'SHA-256', cipher: 'ChaCha20-Poly1305', keyLength: 32 },
    // WebCrypto has no CCM: secrets of these suites are recomputed, their records are not opened.
    0x1304: { name: 'TLS_AES_128_CCM_SHA256', hash: 'SHA-256', cipher: null, keyLength: 16 },
    0x1305: { name: 'TLS_AES_128_CCM_8_SHA256', hash: 'SHA-256', cipher: null, keyLength: 16 },
};

export const TAG_LENGTH = 16;

// Key and IV of a traffic secret (RFC 9846, 7.3).
export async function trafficKeys(suite, secret) {
    const none = new Uint8Array(0);
    return {
        key: await expandLabel(suite.hash, secret, 'key', none, suite.keyLength),
        iv: await expandLabel(suite.hash, secret, 'iv', none, 12),
    };
}

export function nonceOf(iv, sequence) {
    const number = concat(new Uint8Array(4), uint(sequence, 8));
    return iv.map((value, i) => value ^ number[i]);
}

export function headerOf(length) {
    return concat(Uint8Array.of(23, 3, 3), uint(length, 2));
}

// The record on the wire, header and all. padding: zeros behind the content's type.
export async function sealRecord(suite, keys, sequence, type, content, padding = 0) {
    const inner = concat(content, Uint8Array.of(type), new Uint8Array(padding));
    const header = headerOf(inner.length + TAG_LENGTH);
    const nonce = nonceOf(keys.iv, sequence);
    if (suite.cipher === 'ChaCha20-Poly1305') {
        return concat(header, chachaSeal(keys.key, nonce, header, inner));
    }
    const key = await crypto.subtle.importKey('raw', keys.key, 'AES-GCM', false, ['encrypt']);
    const how = { name: 'AES-GCM', iv: nonce, additionalData: header, tagLength: 128 };
    return concat(header, new Uint8Array(await crypto.subtle.encrypt(how, key, inner)));
}

// The inner plaintext with type and padding, or null when the tag does not fit.
export async function openRecord(suite, keys, sequence, record) {
    const header = record.subarray(0, 5);
    const sealed = record.subarray(5);
    const nonce = nonceOf(keys.iv, sequence);
    if (suite.cipher === 'ChaCha20-Poly1305') {
        return chachaOpen(keys.key, nonce, header, sealed);
    }
    const key = await crypto.subtle.importKey('raw', keys.key, 'AES-GCM', false, ['decrypt']);
    const how = { name: 'AES-GCM', iv: nonce, additionalData: header, tagLength: 128 };
    try {
        return new Uint8Array(await crypto.subtle.decrypt(how, key, sealed));
    } catch {
        return null;
    }
}
