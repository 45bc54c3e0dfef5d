// Hash, HMAC and HKDF over WebCrypto: what the key schedule is made of (RFC 5869; RFC 9846, 7.1).
import { concat, uint, utf8 } from './bytes.js';

export const HASH_LENGTH = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 };

export async function digest(hash, bytes) {
    return new Uint8Array(await crypto.subtle.digest(hash, bytes));
}

export async function hmac(hash, key, bytes) {
    // HMAC fills its key up with zeros, so one zero is the same key as none; WebCrypto refuses none.
    const raw = key.length === 0 ? new Uint8Array(1) : key;
    const ready = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, ['sign']);
    return new Uint8Array(await crypto.subtle.sign('HMAC', ready, bytes));
}

export function extract(hash, salt, ikm) {
    return hmac(hash, salt, ikm);
}

export async function expand(hash, secret, info, length) {
    let block = new Uint8Array(0);
    let out = new Uint8Array(0);
    for (let i = 1; out.length < length; i++) {
        block = await hmac(hash, secret, concat(block, info, Uint8Array.of(i)));
        out = concat(out, block);
    }
    return out.slice(0, length);
}

// struct { uint16 length; opaque label<7..255> = "tls13 " + Label; opaque context<0..255>; }
export function hkdfLabel(label, context, length) {
    const full = utf8(`tls13 ${label}`);
    return concat(uint(length, 2), uint(full.length, 1), full, uint(context.length, 1), context);
}

export function expandLabel(hash, secret, label, context, length) {
    return expand(hash, secret, hkdfLabel(label, context, length), length);
}

// The PRF of TLS 1.2: P_hash(secret, label + seed) (RFC 5246, 5).
export async function prf12(hash, secret, label, seed, length) {
    const start = concat(utf8(label), seed);
    let a = start;
    let out = new Uint8Array(0);
    while (out.length < length) {
        a = await hmac(hash, secret, a);
        out = concat(out, await hmac(hash, secret, concat(a, start)));
    }
    return out.slice(0, length);
}
