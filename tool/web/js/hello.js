// How a server reads a ClientHello and a client its answer, rule by rule in the order in which Handfast asks.
// Whatever the rules let pass is bound by the transcript.
import { equal, Reader } from './bytes.js';
import { codesIn, EXT, list16, malformed, misplaced13, readAnyServerHello } from './form.js';
import { Refusal } from './refusal.js';

const TLS13 = 0x0304;
const LEGACY = 0x0303;

// --- ClientHello, read by the server ---------------------------------------------------------------

function readName(body) {
    const r = new Reader(body);
    const list = r.vector(2, 1);
    const hosts = [];
    while (list.left > 0) {
        const type = list.uint(1);
        const name = list.vector(2, 1).bytes;
        if (type === 0 && !list.failed) {
            hosts.push(String.fromCharCode(...name));
        }
    }
    if (!r.done() || !list.done()) {
        malformed('server_name');
    }
    const label = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
    if (hosts.length > 1 || (hosts.length === 1 && !/^[0-9.]+$/.test(hosts[0]) && (!label.test(hosts[0]) || hosts[0].length > 255))) {
        throw new Refusal('SERVER_NAME_INVALID', `“${hosts.join(', ')}” is no host name`);
    }
}

export function readAlpn(body) {
    const r = new Reader(body);
    const list = r.vector(2, 2);
    const names = [];
    while (list.left > 0) {
        names.push(String.fromCharCode(...list.vector(1, 1).bytes));
    }
    return r.done() && list.done() ? names : malformed('application_layer_protocol_negotiation');
}

function readStatus(body) {
    const r = new Reader(body);
    const type = r.uint(1);
    if (type !== 1) {
        return r.failed ? malformed('status_request') : null;
    }
    r.vector(2);
    r.vector(2);
    return r.done() ? null : malformed('status_request');
}

function readShares(body, groups) {
    const r = new Reader(body);
    const list = r.vector(2);
    const shares = [];
    while (list.left > 0) {
        shares.push({ group: list.uint(2), share: list.vector(2, 1).bytes });
    }
    if (!r.done() || !list.done()) {
        malformed('key_share');
    }
    if (groups === undefined) {
        throw new Refusal('MISSING_EXTENSION', 'key_share without supported_groups');
    }
    let at = 0;
    for (const { group } of shares) {
        at = groups.indexOf(group, at) + 1;
        if (at === 0) {
            throw new Refusal('KEY_SHARE_MISMATCH', `a share of group 0x${group.toString(16)}, which is not in supported_groups or out of order`);
        }
    }
    return shares;
}

function readPsk(body, hello) {
    const r = new Reader(body);
    const identities = r.vector(2, 7);
    const binders = r.vector(2, 33);
    const offered = { identities: [], binders: [] };
    while (identities.left > 0) {
        offered.identities.push(identities.vector(2, 1).bytes);
        identities.uint(4);
    }
    while (binders.left > 0) {
        offered.binders.push(binders.vector(1, 32).bytes);
    }
    if (!r.done() || !identities.done() || !binders.done()) {
        malformed('pre_shared_key');
    }
    if (hello.ext.last !== EXT.pre_shared_key) {
        throw new Refusal('PSK_NOT_LAST', 'pre_shared_key is not the last extension');
    }
    if (offered.identities.length !== offered.binders.length) {
        throw new Refusal('PSK_LISTS_DIFFER', `${offered.identities.length} identities, ${offered.binders.length} binders`);
    }
    if (!hello.ext.known.has(EXT.psk_modes)) {
        throw new Refusal('PSK_MODES_MISSING', 'pre_shared_key without psk_key_exchange_modes');
    }
    return offered;
}

export function readLimit(body, most) {
    if (body.length !== 2) {
        malformed('record_size_limit');
    }
    const limit = list16(body)[0];
    if (limit < 64 || limit > most) {
        throw new Refusal('RECORD_SIZE_LIMIT_INVALID', String(limit));
    }
}

export function empty(name) {
    return (body) => (body.length === 0 ? null : malformed(name));
}

// What a ClientHello offers, extension by extension.
export function readOffers(hello) {
    const offers = {};
    const readers = [
        [EXT.supported_groups, (body) => { offers.groups = codesIn(body, 'supported_groups'); }],
        [EXT.record_size_limit, (body) => readLimit(body, 0xffff)],
        [EXT.server_name, readName],
        [EXT.alpn, (body) => { offers.alpn = readAlpn(body); }],
        [EXT.status_request, readStatus],
        [EXT.sct, empty('signed_certificate_timestamp')],
        [EXT.signature_algorithms, (body) => { offers.schemes = codesIn(body, 'signature_algorithms'); }],
        [EXT.signature_algorithms_cert, (body) => codesIn(body, 'signature_algorithms_cert')],
        [EXT.ec_point_formats, (body) => { offers.formats = readPointFormats(body); }],
        [EXT.extended_master_secret, empty('extended_master_secret')],
        [EXT.renegotiation_info, readRenegotiation],
        [EXT.compress_certificate, (body) => { offers.compression = codesIn(body, 'compress_certificate', 1, 2, 254); }],
        [EXT.supported_versions, (body) => { offers.versions = codesIn(body, 'supported_versions', 1, 2, 254); }],
        [EXT.cookie, (body) => { offers.cookie = readCookie(body); }],
        [EXT.psk_modes, (body) => { offers.modes = readModes(body); }],
        [EXT.post_handshake_auth, empty('post_handshake_auth')],
        [EXT.key_share, (body) => { offers.shares = readShares(body, offers.groups); }],
        [EXT.early_data, empty('early_data')],
        [EXT.pre_shared_key, (body) => { offers.psk = readPsk(body, hello); }],
    ];
    for (const [code, read] of readers) {
        if (hello.ext.known.has(code)) {
            read(hello.ext.known.get(code));
        }
    }
    return offers;
}

function readCookie(body) {
    const r = new Reader(body);
    const cookie = r.vector(2, 1).bytes;
    return r.done() ? cookie : malformed('cookie');
}

export function readPointFormats(body) {
    const r = new Reader(body);
    const formats = r.vector(1, 1).bytes;
    return r.done() ? formats : malformed('ec_point_formats');
}

export function readRenegotiation(body) {
    const r = new Reader(body);
    const connection = r.vector(1).bytes;
    if (!r.done()) {
        malformed('renegotiation_info');
    }
    if (connection.length > 0) {
        throw new Refusal('RENEGOTIATION_INFO', `${connection.length} bytes`);
    }
}

function readModes(body) {
    const r = new Reader(body);
    const modes = r.vector(1, 1).bytes;
    return r.done() ? modes : malformed('psk_key_exchange_modes');
}

export function judgeLegacy(hello, offers) {
    if (!offers.versions || !offers.versions.includes(TLS13)) {
        // A server that speaks TLS 1.2 too takes that, with the mark of a downgrade in its random, which the client refuses.
        throw new Refusal('NO_COMMON_VERSION', 'TLS 1.3 is not offered any more', ['illegal_parameter']);
    }
    if (hello.legacyVersion !== LEGACY) {
        throw new Refusal('LEGACY_VERSION', `0x${hello.legacyVersion.toString(16)}`);
    }
    if (hello.compression.length !== 1 || hello.compression[0] !== 0) {
        throw new Refusal('COMPRESSION_OFFERED', 'legacy_compression_methods is not the null method alone');
    }
}

// --- ServerHello and HelloRetryRequest, read by the client -------------------------------------------

// hello: what was sent; offers: of it; retry: the HelloRetryRequest before, or null.
export function judgeServerHello(message, hello, offers, retry) {
    const answer = readAnyServerHello(message);
    const versions = answer.ext.known.get(EXT.supported_versions);
    if (versions === undefined) {
        const downgrade = String.fromCharCode(...answer.random.subarray(24, 31)) === 'DOWNGRD';
        throw new Refusal(retry ? 'VERSION_NOT_OFFERED' : downgrade ? 'DOWNGRADE' : 'NO_COMMON_VERSION', 'TLS 1.3 is not chosen any more',
                          offers.versions?.includes(LEGACY) ? ['protocol_version', 'illegal_parameter', 'unsupported_extension', 'unexpected_message'] : []);
    }
    if (versions.length !== 2) {
        malformed('supported_versions');
    }
    if (list16(versions)[0] !== TLS13) {
        throw new Refusal('VERSION_NOT_OFFERED', `0x${list16(versions)[0].toString(16)}`);
    }
    if (answer.legacyVersion !== LEGACY) {
        throw new Refusal('LEGACY_VERSION', `0x${answer.legacyVersion.toString(16)}`);
    }
    misplaced13(answer.ext, answer.retry);
    if (!equal(answer.sessionId, hello.sessionId)) {
        throw new Refusal('SESSION_ID_ECHO', 'legacy_session_id_echo is not what the client sent');
    }
    if (!hello.suites.includes(answer.suite) || !(answer.suite >= 0x1301 && answer.suite <= 0x1305)) {
        throw new Refusal('SUITE_NOT_OFFERED', `0x${answer.suite.toString(16).padStart(4, '0')}`);
    }
    if (answer.compression !== 0) {
        throw new Refusal('COMPRESSION_CHOSEN', `method ${answer.compression}`);
    }
    if (retry && answer.suite !== retry.suite) {
        throw new Refusal('SUITE_CHANGED', 'another suite than in HelloRetryRequest');
    }
    checkSolicited(answer.ext, hello, answer.retry ? [EXT.cookie] : []);
    return answer.retry ? judgeRetry(answer, offers, retry) : judgeShare(answer, offers, retry);
}

// Only what was asked for may be answered.
export function checkSolicited(ext, hello, more = []) {
    for (const code of [...ext.known.keys(), ...ext.unknown]) {
        if (!more.includes(code) && (ext.unknown.includes(code) || !hello.ext.known.has(code))) {
            throw new Refusal('UNSOLICITED_EXTENSION', `extension ${code} was not sent by this end`);
        }
    }
}

function judgeRetry(answer, offers, before) {
    if (before) {
        throw new Refusal('UNEXPECTED_MESSAGE', 'a second HelloRetryRequest');
    }
    const share = answer.ext.known.get(EXT.key_share);
    const cookie = answer.ext.known.get(EXT.cookie);
    if (share === undefined && cookie === undefined) {
        throw new Refusal('RETRY_POINTLESS', 'neither a group nor a cookie');
    }
    if (share !== undefined) {
        if (share.length !== 2) {
            malformed('key_share');
        }
        const group = list16(share)[0];
        if (!offers.groups?.includes(group)) {
            throw new Refusal('GROUP_NOT_OFFERED', `0x${group.toString(16)}`);
        }
        if (offers.shares?.some((offer) => offer.group === group)) {
            throw new Refusal('RETRY_POINTLESS', 'a share of this group was sent');
        }
    }
    if (cookie !== undefined) {
        readCookie(cookie);
    }
    return answer;
}

function judgeShare(answer, offers, retry) {
    const body = answer.ext.known.get(EXT.key_share);
    judgeMode(answer, offers);
    if (body !== undefined) {
        readShare(body, answer, offers, retry);
    }
    const selected = answer.ext.known.get(EXT.pre_shared_key);
    if (selected !== undefined) {
        if (selected.length !== 2) {
            malformed('pre_shared_key');
        }
        answer.psk = list16(selected)[0];
        if (answer.psk >= (offers.psk?.identities.length ?? 0)) {
            throw new Refusal('PSK_INDEX', `index ${answer.psk}`);
        }
    }
    return answer;
}

// Whether a key exchange goes with the answer, as the modes that were offered allow (RFC 9846, 4.3.9): psk_ke is 0.
function judgeMode(answer, offers) {
    const [isPsk, hasShare] = [answer.ext.known.has(EXT.pre_shared_key), answer.ext.known.has(EXT.key_share)];
    if (!hasShare && !(isPsk && offers.modes?.includes(0))) {
        throw new Refusal(isPsk ? 'PSK_WITHOUT_DHE' : 'MISSING_EXTENSION', 'key_share in ServerHello');
    }
    if (hasShare && isPsk && !offers.modes?.includes(1)) {
        throw new Refusal('PSK_WITH_DHE', 'the client offers pre-shared keys without a key exchange only');
    }
}

function readShare(body, answer, offers, retry) {
    const r = new Reader(body);
    answer.group = r.uint(2);
    answer.share = r.vector(2, 1).bytes;
    if (!r.done()) {
        malformed('key_share');
    }
    const asked = retry?.ext.known.get(EXT.key_share);
    if (asked && list16(asked)[0] !== answer.group) {
        throw new Refusal('GROUP_CHANGED', 'another group than HelloRetryRequest named');
    }
    if (!offers.shares?.some((offer) => offer.group === answer.group)) {
        throw new Refusal('GROUP_NOT_OFFERED', `no share of 0x${answer.group.toString(16)} was sent`);
    }
}

// --- EncryptedExtensions, read by the client -----------------------------------------------------------

export function judgeAnswers(ext, hello, offers) {
    checkSolicited(ext, hello);
    const body = (code) => ext.known.get(code);
    if (body(EXT.supported_groups)) {
        codesIn(body(EXT.supported_groups), 'supported_groups');
    }
    if (body(EXT.record_size_limit)) {
        readLimit(body(EXT.record_size_limit), 16385);
    }
    if (body(EXT.server_name)) {
        empty('server_name')(body(EXT.server_name));
    }
    if (body(EXT.alpn)) {
        const chosen = readAlpn(body(EXT.alpn));
        if (chosen.length !== 1) {
            malformed('application_layer_protocol_negotiation');
        }
        if (!offers.alpn?.includes(chosen[0])) {
            throw new Refusal('ALPN_NOT_OFFERED', `“${chosen[0]}”`);
        }
    }
}
