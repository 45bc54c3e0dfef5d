// The form of each message, as strictly as a receiver reads it: what a message says, or a Refusal.
import { Reader } from './bytes.js';
import { Refusal } from './refusal.js';
import { isRetry } from './transcript.js';

const CH = 1, SH = 2, HRR = 4, EE = 8, CR = 16, CT = 32, NST = 64, SH12 = 128;

// Where each extension may stand (RFC 9846, 4.3, and the documents of later ones).
const PLACES = new Map([
    [0, CH | EE | CR | SH12], [1, CH | EE | SH12], [5, CH | CR | CT | SH12], [10, CH | EE | SH12], [11, CH | SH12], [13, CH | CR],
    [14, CH | EE], [15, CH | EE], [16, CH | EE | SH12], [18, CH | CR | CT | SH12], [19, CH | EE], [20, CH | EE], [21, CH], [23, CH | SH12],
    [27, CH | CR], [28, CH | EE | SH12], [35, CH | SH12],
    [41, CH | SH], [42, CH | EE | NST], [43, CH | SH | HRR], [44, CH | HRR], [45, CH], [47, CH | CR], [48, CR],
    [49, CH], [50, CH | CR], [51, CH | SH | HRR], [0xff01, CH | SH12],
]);

export const EXT = {
    server_name: 0, status_request: 5, ec_point_formats: 11, extended_master_secret: 23, renegotiation_info: 0xff01, supported_groups: 10, signature_algorithms: 13, alpn: 16, sct: 18,
    compress_certificate: 27, record_size_limit: 28, pre_shared_key: 41, early_data: 42, supported_versions: 43,
    session_ticket: 35, cookie: 44, psk_modes: 45, certificate_authorities: 47, post_handshake_auth: 49, signature_algorithms_cert: 50,
    key_share: 51,
};

function refuseForm(name) {
    throw new Refusal('DECODE', `${name}: its lengths do not add up`);
}

// { known: Map of code -> body, unknown: [codes], all: in order, last } of an extension block.
function extensionsOf(reader, place) {
    const found = { known: new Map(), unknown: [], all: [], last: null };
    while (reader.left > 0) {
        const code = reader.uint(2);
        const body = reader.vector(2).bytes;
        if (reader.failed) {
            break;
        }
        found.last = code;
        found.all.push({ code, body });
        if (!PLACES.has(code)) {
            if (found.unknown.includes(code)) {
                throw new Refusal('DUPLICATE_EXTENSION', `extension ${code} stands there twice`);
            }
            found.unknown.push(code);
            continue;
        }
        if (found.known.has(code)) {
            throw new Refusal('DUPLICATE_EXTENSION', `extension ${code} stands there twice`);
        }
        if (!(PLACES.get(code) & place)) {
            throw new Refusal('MISPLACED_EXTENSION', `extension ${code} does not belong into this message`);
        }
        found.known.set(code, body);
    }
    if (!reader.done()) {
        throw new Refusal('DECODE', 'the extensions’ lengths do not add up');
    }
    return found;
}

export function list16(bytes) {
    return Array.from({ length: bytes.length >> 1 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
}

function even(reader, vector) {
    if (vector.bytes.length % 2 !== 0) {
        reader.failed = true;
    }
    return list16(vector.bytes);
}

export function readClientHello(body) {
    const r = new Reader(body);
    const hello = { legacyVersion: r.uint(2), random: r.take(32), sessionId: r.vector(1, 0, 32).bytes };
    hello.suites = even(r, r.vector(2, 2, 0xfffe));
    hello.compression = r.vector(1, 1, 255).bytes;
    const block = r.left > 0 ? r.vector(2) : new Reader(new Uint8Array(0));
    if (!r.done()) {
        refuseForm('ClientHello');
    }
    hello.ext = extensionsOf(block, CH);
    return hello;
}

// A ServerHello or HelloRetryRequest of TLS 1.3.
export function readServerHello(message) {
    return readAnswer(message, isRetry(message) ? HRR : SH);
}

// A ServerHello of which the version is not known yet: which extensions may stand there is asked when it is.
export function readAnyServerHello(message) {
    return readAnswer(message, isRetry(message) ? HRR : SH | SH12);
}

// Refuses what does not belong into a ServerHello: of TLS 1.2, or of TLS 1.3, or into a HelloRetryRequest.
export function misplaced12(ext) {
    misplaced(ext, SH12);
}

export function misplaced13(ext, retry) {
    misplaced(ext, retry ? HRR : SH);
}

function misplaced(ext, place) {
    const code = [...ext.known.keys()].find((candidate) => !(PLACES.get(candidate) & place));
    if (code !== undefined) {
        throw new Refusal('MISPLACED_EXTENSION', `extension ${code} does not belong into this message`);
    }
}

function readAnswer(message, place) {
    const retry = isRetry(message);
    const r = new Reader(message.subarray(4));
    const hello = {
        retry, legacyVersion: r.uint(2), random: r.take(32), sessionId: r.vector(1, 0, 32).bytes, suite: r.uint(2),
        compression: r.uint(1),
    };
    const block = r.left > 0 ? r.vector(2) : new Reader(new Uint8Array(0));
    if (!r.done()) {
        refuseForm(retry ? 'HelloRetryRequest' : 'ServerHello');
    }
    hello.ext = extensionsOf(block, place);
    return hello;
}

export function readEncryptedExtensions(body) {
    const r = new Reader(body);
    const block = r.vector(2);
    if (!r.done()) {
        refuseForm('EncryptedExtensions');
    }
    return { ext: extensionsOf(block, EE) };
}

export function readCertificateRequest(body) {
    const r = new Reader(body);
    const request = { context: r.vector(1).bytes };
    const block = r.vector(2);
    if (!r.done()) {
        refuseForm('CertificateRequest');
    }
    request.ext = extensionsOf(block, CR);
    return request;
}

export function readCertificate(body) {
    const r = new Reader(body);
    const certificate = { context: r.vector(1).bytes, entries: [] };
    const list = r.vector(3);
    if (!r.done()) {
        refuseForm('Certificate');
    }
    certificate.list = list;
    return certificate;
}

export function readCertificateEntries(list) {
    const entries = [];
    while (list.left > 0) {
        const data = list.vector(3, 1).bytes;
        const block = list.vector(2);
        if (list.failed) {
            refuseForm('CertificateEntry');
        }
        entries.push({ data, ext: extensionsOf(block, CT) });
    }
    return entries;
}

export function readCompressedCertificate(body) {
    const r = new Reader(body);
    const packed = { algorithm: r.uint(2), length: r.uint(3), data: r.vector(3, 1).bytes };
    if (!r.done()) {
        refuseForm('CompressedCertificate');
    }
    return packed;
}

export function readCertificateVerify(body) {
    const r = new Reader(body);
    const proof = { algorithm: r.uint(2), signature: r.vector(2).bytes };
    if (!r.done()) {
        refuseForm('CertificateVerify');
    }
    return proof;
}

export function readNewSessionTicket(body) {
    const r = new Reader(body);
    r.take(8);
    r.vector(1);
    r.vector(2, 1);
    const block = r.vector(2, 0, 0xfffe);
    if (!r.done()) {
        refuseForm('NewSessionTicket');
    }
    return { ext: extensionsOf(block, NST) };
}

export function readKeyUpdate(body) {
    const r = new Reader(body);
    const value = r.uint(1);
    if (!r.done()) {
        refuseForm('KeyUpdate');
    }
    if (value > 1) {
        throw new Refusal('KEY_UPDATE_VALUE', `request_update is ${value}`);
    }
    return value;
}

export function malformed(name) {
    throw new Refusal('DECODE_EXTENSION', `${name} does not have its form`);
}

// SignedCertificateTimestampList: at least one SCT, none of them empty (RFC 6962, 3.3).
export function readScts(body) {
    const r = new Reader(body);
    const list = r.vector(2, 1);
    while (list.left > 0) {
        list.vector(2, 1);
    }
    if (!r.done() || !list.done()) {
        malformed('signed_certificate_timestamp');
    }
}

// A list of code points in an extension: its length in `size` bytes, then two bytes each.
export function codesIn(body, name, size = 2, least = 2, most = 0xfffe) {
    const r = new Reader(body);
    const codes = even(r, r.vector(size, least, most));
    return r.done() ? codes : malformed(name);
}

export const KNOWN_TYPES = new Set([0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25]);
