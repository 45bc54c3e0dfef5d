// Which hash a part of the key schedule of TLS 1.3 is by.
import { HASH_LENGTH } from './hkdf.js';

// The suite's (owner.hash), but for pre-shared keys that are for suites with another one: a secret is as
// long as its hash.
export function hashOf(owner, secret) {
    return Object.keys(HASH_LENGTH).find((name) => HASH_LENGTH[name] === secret.length) ?? owner.hash;
}
