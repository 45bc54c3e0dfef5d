// The form of the messages that only TLS 1.2 has (RFC 5246, 7.4; RFC 8422, 5), as strictly as a receiver reads them.
import { Reader } from './bytes.js';
import { list16 } from './form.js';
import { Refusal } from './refusal.js';

function check(reader, name) {
    if (!reader.done()) {
        throw new Refusal('DECODE', `${name}: its lengths do not add up`);
    }
}

export function readCertificate12(body) {
    const r = new Reader(body);
    const list = r.vector(3);
    check(r, 'Certificate');
    const entries = [];
    while (list.left > 0) {
        entries.push({ data: list.vector(3, 1).bytes });
    }
    check(list, 'Certificate');
    return entries;
}

export function readCertificateStatus(body) {
    const r = new Reader(body);
    const type = r.uint(1);
    const response = r.vector(3, 1).bytes;
    check(r, 'CertificateStatus');
    if (type !== 1) {
        throw new Refusal('CERTIFICATE_STATUS', `status type ${type}`);
    }
    return response;
}

// isField: with p and g (DHE) instead of a curve (ECDHE).
export function readServerKeyExchange(body, isField) {
    const r = new Reader(body);
    const kx = {};
    if (isField) {
        kx.p = r.vector(2, 1).bytes;
        kx.g = r.vector(2, 1).bytes;
        kx.share = r.vector(2, 1).bytes;
    } else {
        const type = r.uint(1);
        if (!r.failed && type !== 3) {
            throw new Refusal('CURVE_TYPE', `curve type ${type}`);
        }
        kx.group = r.uint(2);
        kx.share = r.vector(1, 1).bytes;
    }
    kx.params = r.failed ? null : body.subarray(0, r.at);
    kx.algorithm = r.uint(2);
    kx.signature = r.vector(2).bytes;
    check(r, 'ServerKeyExchange');
    return kx;
}

// size: bytes of the length before the share.
export function readClientKeyExchange(body, size) {
    const r = new Reader(body);
    const share = r.vector(size, 1).bytes;
    check(r, 'ClientKeyExchange');
    return share;
}

export function readCertificateRequest12(body) {
    const r = new Reader(body);
    const request = { types: r.vector(1, 1).bytes };
    const schemes = r.vector(2, 2).bytes;
    const names = r.vector(2);
    request.authorities = [];
    while (names.left > 0) {
        request.authorities.push(names.vector(2, 1).bytes);
    }
    if (schemes.length % 2 !== 0 || !names.done()) {
        r.failed = true;
    }
    check(r, 'CertificateRequest');
    request.schemes = list16(schemes);
    return request;
}

export function readNewSessionTicket12(body) {
    const r = new Reader(body);
    r.take(4);
    const ticket = r.vector(2).bytes;
    check(r, 'NewSessionTicket');
    return ticket;
}

export function readEmpty(body, name) {
    if (body.length > 0) {
        throw new Refusal('DECODE', `${name} is empty`);
    }
}
