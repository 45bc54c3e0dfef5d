// Transcript hashes (RFC 9846, 4.5.1): what signatures, Finished and all later keys are bound to.
import { concat, uint } from './bytes.js';
import { digest, HASH_LENGTH } from './hkdf.js';

const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

export const TYPE = {
    client_hello: 1, server_hello: 2, new_session_ticket: 4, end_of_early_data: 5, encrypted_extensions: 8,
    certificate: 11, server_key_exchange: 12, certificate_request: 13, server_hello_done: 14,
    certificate_verify: 15, client_key_exchange: 16, finished: 20, certificate_status: 22, key_update: 24,
    compressed_certificate: 25, message_hash: 254,
};

export function isRetry(bytes) {
    return bytes[0] === TYPE.server_hello && bytes.length >= 38 &&
        Array.from(bytes.subarray(6, 38), (v) => v.toString(16).padStart(2, '0')).join('') === RETRY_RANDOM;
}

// The bytes under the hash for a list of whole messages.
export async function transcriptOf(hash, messages) {
    const parts = [...messages];
    if (parts.length > 1 && isRetry(parts[1])) {
        const first = await digest(hash, parts[0]);
        parts[0] = concat(Uint8Array.of(TYPE.message_hash), uint(HASH_LENGTH[hash], 3), first);
    }
    return concat(...parts);
}

export async function transcriptHash(hash, messages) {
    return digest(hash, await transcriptOf(hash, messages));
}

// A ClientHello without its binders (RFC 9846, 4.3.11.2): pre_shared_key is its last extension, and the
// binders stand at that one's end.
export function withoutBinders(bytes) {
    const at = bindersAt(bytes);
    return at < 0 ? bytes : bytes.subarray(0, at);
}

export function bindersAt(bytes) {
    const word = (at) => (bytes[at] << 8) | bytes[at + 1];
    let at = 4 + 2 + 32;
    at += 1 + bytes[at];
    at += 2 + word(at);
    at += 1 + bytes[at];
    const end = Math.min(at + 2 + word(at), bytes.length);
    for (at += 2; at + 4 <= end; at += 4 + word(at + 2)) {
        if (word(at) === 41) {
            const identities = at + 4;
            const binders = identities + 2 + word(identities);
            return binders + 2 <= end ? binders : -1;
        }
    }
    return -1;
}
