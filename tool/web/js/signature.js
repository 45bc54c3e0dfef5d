// Signatures, through WebCrypto: of CertificateVerify (RFC 9846, 4.5.2) and of certificates.
import { concat, toHex, utf8 } from './bytes.js';
import { children, element } from './certificate.js';

const CURVES = { '2a8648ce3d030107': ['P-256', 32], '2b81040022': ['P-384', 48], '2b81040023': ['P-521', 66] };

export const SCHEMES = {
    0x0403: { name: 'ecdsa_secp256r1_sha256', kind: 'ECDSA', hash: 'SHA-256', curve: 'P-256' },
    0x0503: { name: 'ecdsa_secp384r1_sha384', kind: 'ECDSA', hash: 'SHA-384', curve: 'P-384' },
    0x0603: { name: 'ecdsa_secp521r1_sha512', kind: 'ECDSA', hash: 'SHA-512', curve: 'P-521' },
    0x0804: { name: 'rsa_pss_rsae_sha256', kind: 'RSA-PSS', hash: 'SHA-256' },
    0x0805: { name: 'rsa_pss_rsae_sha384', kind: 'RSA-PSS', hash: 'SHA-384' },
    0x0806: { name: 'rsa_pss_rsae_sha512', kind: 'RSA-PSS', hash: 'SHA-512' },
    0x0807: { name: 'ed25519', kind: 'Ed25519' },
    0x0808: { name: 'ed448', kind: 'Ed448' },
    0x0809: { name: 'rsa_pss_pss_sha256', kind: 'RSA-PSS-PSS', hash: 'SHA-256' },
    0x080a: { name: 'rsa_pss_pss_sha384', kind: 'RSA-PSS-PSS', hash: 'SHA-384' },
    0x080b: { name: 'rsa_pss_pss_sha512', kind: 'RSA-PSS-PSS', hash: 'SHA-512' },
};

// What a scheme means in TLS 1.2: ECDSA is bound to no curve there, and RSA may still be of PKCS #1 (RFC 8446, 4.2.3).
const SCHEMES12 = {
    0x0401: { kind: 'RSA', hash: 'SHA-256' }, 0x0501: { kind: 'RSA', hash: 'SHA-384' }, 0x0601: { kind: 'RSA', hash: 'SHA-512' },
};

const HASH_LENGTHS = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 };
// What a certificate is signed with, by the OID of its signatureAlgorithm.
const CERTIFICATE_SIGNATURES = {
    '2a8648ce3d040302': { kind: 'ECDSA', hash: 'SHA-256' }, '2a8648ce3d040303': { kind: 'ECDSA', hash: 'SHA-384' },
    '2a8648ce3d040304': { kind: 'ECDSA', hash: 'SHA-512' }, '2a864886f70d01010b': { kind: 'RSA', hash: 'SHA-256' },
    '2a864886f70d01010c': { kind: 'RSA', hash: 'SHA-384' }, '2a864886f70d01010d': { kind: 'RSA', hash: 'SHA-512' },
    '2b6570': { kind: 'Ed25519' },
};

// The kind of a SubjectPublicKeyInfo: 'P-256' ..., 'RSA', 'RSA-PSS', 'Ed25519', or null.
export function keyKind(spki) {
    const whole = element(spki, 0);
    const parts = whole && children(spki, whole);
    const algorithm = parts && parts.length === 2 ? children(spki, parts[0]) : null;
    if (!algorithm?.length || algorithm[0].tag !== 6) {
        return null;
    }
    const oid = (part) => toHex(spki.subarray(part.body, part.end));
    switch (oid(algorithm[0])) {
    case '2a8648ce3d0201':
        return algorithm[1] ? CURVES[oid(algorithm[1])]?.[0] ?? null : null;
    case '2a864886f70d010101':
        return 'RSA';
    case '2a864886f70d01010a':
        return 'RSA-PSS';
    case '2b6570':
        return 'Ed25519';
    case '2b6571':
        return 'Ed448';
    default:
        return null;
    }
}

// The kind of key that a scheme signs with.
export function schemeKey(code) {
    const scheme = SCHEMES[code];
    return scheme ? keyOf(scheme) : null;
}

function keyOf(scheme) {
    return { ECDSA: scheme.curve, 'RSA-PSS': 'RSA', 'RSA-PSS-PSS': 'RSA-PSS', Ed25519: 'Ed25519', Ed448: 'Ed448' }[scheme.kind];
}

export function schemeFits(scheme, kind) {
    return keyOf(scheme) === kind;
}

// true or false; null: WebCrypto cannot say.
export async function verifyScheme(code, spki, message, signature) {
    const scheme = SCHEMES[code];
    return scheme ? verify(scheme, spki, message, signature) : null;
}

// The same for TLS 1.2.
export async function verifyScheme12(code, spki, message, signature) {
    const scheme = SCHEMES12[code] ?? SCHEMES[code];
    return scheme ? verify(scheme, spki, message, signature) : null;
}

// Which kind of suite a scheme of TLS 1.2 is for: 'ECDSA', 'RSA', or null (RFC 5246, 7.4.1.4.1; RFC 8422, 5.10).
export function authOfScheme(code) {
    if (code >> 8 === 8) {
        return code === 0x0807 || code === 0x0808 ? 'ECDSA' : 'RSA';
    }
    return { 1: 'RSA', 3: 'ECDSA' }[code & 0xff] ?? null;
}

export async function verifyCertificate(certificate, issuerSpki) {
    const algorithm = element(certificate.algorithm, 0);
    const oid = algorithm && children(certificate.algorithm, algorithm)?.[0];
    const how = oid && CERTIFICATE_SIGNATURES[toHex(certificate.algorithm.subarray(oid.body, oid.end))];
    return how ? verify(how, issuerSpki, certificate.tbs, certificate.signature) : null;
}

async function verify(how, spki, message, signature) {
    try {
        if (how.kind === 'ECDSA') {
            return await verifyEcdsa(how, spki, message, signature);
        }
        if (how.kind === 'Ed25519') {
            const key = await crypto.subtle.importKey('spki', spki, 'Ed25519', false, ['verify']);
            return await crypto.subtle.verify('Ed25519', key, signature, message);
        }
        if (how.kind === 'RSA' || how.kind === 'RSA-PSS') {
            const name = how.kind === 'RSA' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS';
            const key = await crypto.subtle.importKey('spki', spki, { name, hash: how.hash }, false, ['verify']);
            return await crypto.subtle.verify({ name, saltLength: HASH_LENGTHS[how.hash] }, key, signature, message);
        }
    } catch {
        return null; // a key that WebCrypto does not take
    }
    return null;
}

async function verifyEcdsa(how, spki, message, signature) {
    const curve = keyKind(spki);
    const size = Object.values(CURVES).find(([name]) => name === curve)?.[1];
    const plain = size === undefined ? null : plainEcdsa(signature, size);
    if (plain === null) {
        return size === undefined ? null : false;
    }
    const key = await crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: curve }, false, ['verify']);
    return crypto.subtle.verify({ name: 'ECDSA', hash: how.hash }, key, plain, message);
}

// TLS writes the two numbers as DER; WebCrypto wants them one behind the other.
export function plainEcdsa(signature, size) {
    const whole = element(signature, 0);
    const numbers = whole && whole.tag === 0x30 && whole.end === signature.length ? children(signature, whole) : null;
    if (numbers?.length !== 2 || numbers.some((number) => number.tag !== 2)) {
        return null;
    }
    const parts = numbers.map((number) => {
        let bytes = signature.subarray(number.body, number.end);
        while (bytes.length > size && bytes[0] === 0) {
            bytes = bytes.subarray(1);
        }
        return bytes.length > size ? null : concat(new Uint8Array(size - bytes.length), bytes);
    });
    return parts.includes(null) ? null : concat(...parts);
}

// What CertificateVerify signs: 64 spaces, who signs, a zero, the transcript hash.
export function signedContent(end, transcript) {
    return concat(new Uint8Array(64).fill(0x20), utf8(`TLS 1.3, ${end} CertificateVerify`), new Uint8Array(1), transcript);
}
