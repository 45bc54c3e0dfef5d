// Diffie-Hellman over curves, through WebCrypto: the public value of a private key, and the shared secret.
import { concat, fromHex } from './bytes.js';

const CURVES = {
    23: { name: 'P-256', size: 32, oid: '06082a8648ce3d030107' }, 24: { name: 'P-384', size: 48, oid: '06052b81040022' },
    25: { name: 'P-521', size: 66, oid: '06052b81040023' },
};
const X25519 = 29;

export function isCurve(group) {
    return group === X25519 || CURVES[group] !== undefined;
}

// The name of the function that both ends compute.
export function functionName(group) {
    return group === X25519 ? 'X25519' : `ECDH on ${CURVES[group].name}`;
}

// What was drawn, as a private key: of P-521 the topmost bits do not count.
export function privateOf(group, drawn) {
    const scalar = drawn.slice();
    if (group === 25) {
        scalar[0] &= 1;
    }
    return scalar;
}

// Throws where the browser does not have the group, or the key is out of range.
export async function publicOf(group, scalar) {
    const jwk = await crypto.subtle.exportKey('jwk', await importPrivate(group, scalar, true));
    return group === X25519 ? decode(jwk.x) : concat(Uint8Array.of(4), decode(jwk.x), decode(jwk.y));
}

export async function derive(group, scalar, share) {
    const how = algorithm(group);
    const peer = await crypto.subtle.importKey('raw', share, how, false, []);
    const bits = group === X25519 ? 256 : CURVES[group].size * 8;
    return new Uint8Array(await crypto.subtle.deriveBits({ name: how.name, public: peer }, await importPrivate(group, scalar, false), bits));
}

function algorithm(group) {
    return group === X25519 ? { name: 'X25519' } : { name: 'ECDH', namedCurve: CURVES[group].name };
}

// PKCS #8 is the one form of a private key that WebCrypto takes without its public one (RFC 5958; RFC 5915; RFC 8410).
function importPrivate(group, scalar, extractable) {
    const inner = group === X25519 ? der(0x04, scalar) : der(0x30, concat(fromHex('020101'), der(0x04, scalar)));
    const kind = group === X25519 ? fromHex('06032b656e') : concat(fromHex('06072a8648ce3d0201'), fromHex(CURVES[group].oid));
    const whole = der(0x30, concat(fromHex('020100'), der(0x30, kind), der(0x04, inner)));
    return crypto.subtle.importKey('pkcs8', whole, algorithm(group), extractable, ['deriveBits']);
}

function der(tag, body) {
    return concat(Uint8Array.of(tag, body.length), body);
}

function decode(text) {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
}
