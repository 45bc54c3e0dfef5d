// As much of X.509 as it takes to check signatures: the signed part, the signature, the public key (RFC 5280, 4.1).
import { equal } from './bytes.js';

// One DER element: { tag, start, body, end } or null when it does not fit.
export function element(bytes, at, end = bytes.length) {
    if (at + 2 > end) {
        return null;
    }
    let length = bytes[at + 1];
    let body = at + 2;
    if (length & 0x80) {
        const count = length & 0x7f;
        if (count === 0 || count > 3 || body + count > end) {
            return null;
        }
        length = 0;
        for (let i = 0; i < count; i++) {
            length = length * 256 + bytes[body++];
        }
    }
    return body + length <= end ? { tag: bytes[at], start: at, body, end: body + length } : null;
}

export function children(bytes, parent) {
    const found = [];
    for (let at = parent.body; at < parent.end;) {
        const child = element(bytes, at, parent.end);
        if (child === null) {
            return null;
        }
        found.push(child);
        at = child.end;
    }
    return found;
}

const raw = (bytes, part) => bytes.subarray(part.start, part.end);

// { tbs, algorithm, signature, issuer, subject, spki } or null when it cannot be read.
export function readX509(bytes) {
    const whole = element(bytes, 0);
    const parts = whole && whole.tag === 0x30 && whole.end === bytes.length ? children(bytes, whole) : null;
    if (parts?.length !== 3 || parts[0].tag !== 0x30 || parts[1].tag !== 0x30 || parts[2].tag !== 3 || bytes[parts[2].body] !== 0) {
        return null;
    }
    const fields = children(bytes, parts[0]);
    if (fields === null) {
        return null;
    }
    const first = fields[0]?.tag === 0xa0 ? 1 : 0; // version
    const [, algorithm, issuer, , subject, spki] = fields.slice(first);
    if (!spki || spki.tag !== 0x30 || !equal(raw(bytes, algorithm), raw(bytes, parts[1]))) {
        return null;
    }
    return {
        tbs: raw(bytes, parts[0]), algorithm: raw(bytes, parts[1]), issuer: raw(bytes, issuer), subject: raw(bytes, subject),
        spki: raw(bytes, spki), signature: bytes.subarray(parts[2].body + 1, parts[2].end),
    };
}

export function isIssuer(issuer, certificate) {
    return equal(issuer.subject, certificate.issuer);
}
