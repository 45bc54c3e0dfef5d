// ChaCha20-Poly1305 (RFC 8439), which WebCrypto does not have. Not constant-time: the keys are those of
// a recording that shows them anyway.
import { concat, equal } from './bytes.js';

const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

function rotate(value, by) {
    return ((value << by) | (value >>> (32 - by))) >>> 0;
}

function quarter(s, a, b, c, d) {
    s[a] = (s[a] + s[b]) >>> 0;
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] = (s[c] + s[d]) >>> 0;
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] = (s[a] + s[b]) >>> 0;
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] = (s[c] + s[d]) >>> 0;
    s[b] = rotate(s[b] ^ s[c], 7);
}

function block(key, counter, nonce) {
    const words = new DataView(key.buffer, key.byteOffset, 32);
    const nonces = new DataView(nonce.buffer, nonce.byteOffset, 12);
    const start = new Uint32Array(16);
    start.set(SIGMA);
    for (let i = 0; i < 8; i++) {
        start[4 + i] = words.getUint32(4 * i, true);
    }
    start[12] = counter;
    for (let i = 0; i < 3; i++) {
        start[13 + i] = nonces.getUint32(4 * i, true);
    }
    const s = start.slice();
    for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 4; i++) {
            quarter(s, i, 4 + i, 8 + i, 12 + i);
        }
        for (let i = 0; i < 4; i++) {
            quarter(s, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
        }
    }
    const out = new DataView(new ArrayBuffer(64));
    for (let i = 0; i < 16; i++) {
        out.setUint32(4 * i, (s[i] + start[i]) >>> 0, true);
    }
    return new Uint8Array(out.buffer);
}

export function chacha20(key, counter, nonce, bytes) {
    const out = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; at += 64) {
        const stream = block(key, counter++, nonce);
        for (let i = at; i < Math.min(at + 64, bytes.length); i++) {
            out[i] = bytes[i] ^ stream[i - at];
        }
    }
    return out;
}

function little(bytes) {
    return bytes.reduceRight((sum, value) => (sum << 8n) | BigInt(value), 0n);
}

export function poly1305(key, bytes) {
    const prime = (1n << 130n) - 5n;
    const r = little(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
    let sum = 0n;
    for (let at = 0; at < bytes.length; at += 16) {
        const part = bytes.subarray(at, at + 16);
        sum = ((sum + little(part) + (1n << BigInt(8 * part.length))) * r) % prime;
    }
    let tag = (sum + little(key.subarray(16, 32))) & ((1n << 128n) - 1n);
    return Uint8Array.from({ length: 16 }, () => {
        const low = Number(tag & 0xffn);
        tag >>= 8n;
        return low;
    });
}

function tagOf(key, nonce, aad, sealed) {
    const pad = (bytes) => new Uint8Array((16 - (bytes.length % 16)) % 16);
    const lengths = new DataView(new ArrayBuffer(16));
    lengths.setUint32(0, aad.length, true);
    lengths.setUint32(8, sealed.length, true);
    const once = block(key, 0, nonce).slice(0, 32);
    return poly1305(once, concat(aad, pad(aad), sealed, pad(sealed), new Uint8Array(lengths.buffer)));
}

export function chachaSeal(key, nonce, aad, plain) {
    const sealed = chacha20(key, 1, nonce, plain);
    return concat(sealed, tagOf(key, nonce, aad, sealed));
}

// The plaintext, or null when the tag is not that of these bytes.
export function chachaOpen(key, nonce, aad, bytes) {
    if (bytes.length < 16) {
        return null;
    }
    const sealed = bytes.subarray(0, bytes.length - 16);
    const tag = bytes.subarray(bytes.length - 16);
    return equal(tagOf(key, nonce, aad, sealed), tag) ? chacha20(key, 1, nonce, sealed) : null;
}
