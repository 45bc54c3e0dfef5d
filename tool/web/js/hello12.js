// The hellos of TLS 1.2, rule by rule in the order in which Handfast asks: a ClientHello as a server reads it that takes
// this version, and its answer as the client reads it (RFC 5246, 7.4.1; RFC 8422, 5; RFC 5746; RFC 7627).
import { equal } from './bytes.js';
import { EXT, codesIn, list16, malformed, misplaced12, readAnyServerHello, readClientHello, readScts } from './form.js';
import { checkSolicited, empty, readAlpn, readLimit, readOffers, readPointFormats, readRenegotiation } from './hello.js';
import { authOfScheme } from './signature.js';
import { Refusal } from './refusal.js';

const TLS12 = 0x0303;
const TLS13 = 0x0304;
const RENEGOTIATION_SCSV = 0x00ff;

// What makes a suite of TLS 1.2: { exchange: 'ECDHE' | 'DHE' | 'RSA', auth: 'ECDSA' | 'RSA' }, by its name.
export function kindOfSuite(name) {
    const found = /^TLS_(?:(ECDHE|DHE)_)?(ECDSA|RSA)_WITH_/.exec(name ?? '');
    return found ? { exchange: found[1] ?? 'RSA', auth: found[2] } : null;
}

// --- By the server ---------------------------------------------------------------------------------------------

// { hello, offers, uncertain, possible }. uncertain: why the server would no longer choose what it chose.
export function judgeClientHello12(run, chosen) {
    run.begin('server', 'form of the ClientHello');
    const hello = readClientHello(run.body);
    const offers = readOffers(hello);
    run.pass('server', run.what, 'it can be read');
    run.begin('server', 'rules of the ClientHello');
    const isOffered = offers.versions ? offers.versions.includes(TLS12) : hello.legacyVersion >= TLS12;
    if (!isOffered) {
        throw new Refusal('NO_COMMON_VERSION', 'TLS 1.2 is not offered any more');
    }
    if (!hello.compression.includes(0)) {
        throw new Refusal('COMPRESSION_REQUIRED', 'the null method is not among its compression methods');
    }
    if (offers.formats && !offers.formats.includes(0)) {
        throw new Refusal('POINT_FORMATS', 'the uncompressed form is missing');
    }
    run.pass('server', run.what, 'nothing in it breaks a rule');
    run.begin('server', 'choice');
    const outcome = choose(run, hello, offers, chosen);
    if (!outcome.uncertain) {
        run.pass('server', 'choice', 'what it chose is still offered');
    }
    return { hello, offers, ...outcome };
}

// resumed: no certificate is needed.
function choose(run, hello, offers, { suite, kind, group, scheme, resumed }) {
    const doubt = (uncertain, ...possible) => ({ uncertain, possible });
    if (!hello.suites.includes(suite)) {
        return doubt('the suite that it chose is not offered any more', 'handshake_failure', 'insufficient_security', 'illegal_parameter', 'unexpected_message');
    }
    if (group !== null && offers.groups && !offers.groups.includes(group)) {
        return doubt('the group that it chose is not offered any more', 'handshake_failure', 'illegal_parameter');
    }
    const { alpn } = run.model.summary;
    if (alpn !== null && offers.alpn && !offers.alpn.includes(alpn)) {
        return doubt('the application protocol that it chose is not offered any more', 'no_application_protocol');
    }
    if (resumed) {
        return {};
    }
    if (!offers.schemes) {
        throw new Refusal('NO_COMMON_SIGNATURE', 'without signature_algorithms, SHA-1 is meant');
    }
    if (scheme !== null ? !offers.schemes.includes(scheme) : !offers.schemes.some((code) => authOfScheme(code) === kind.auth)) {
        return doubt('the signature that it chose is not offered any more', 'handshake_failure', 'illegal_parameter');
    }
    return scheme === null ? { possible: ['handshake_failure'] } : {};
}

// Whether a client says that it renegotiates safely (RFC 5746, 3.6).
export function isRenegotiationSafe(hello) {
    return hello.ext.known.has(EXT.renegotiation_info) || hello.suites.includes(RENEGOTIATION_SCSV);
}

// --- By the client ---------------------------------------------------------------------------------------------

// The changed answer, judged; hello: what the client sent; offered: with a session.
export function judgeServerHello12(message, hello, offered = false) {
    const offers = readOffers(hello);
    const answer = readAnyServerHello(message);
    const offers13 = offers.versions?.includes(TLS13) ?? false;
    const versions = answer.ext.known.get(EXT.supported_versions);
    if (versions !== undefined) {
        throw versions.length === 2 ? new Refusal('VERSION_NOT_OFFERED', `0x${list16(versions)[0].toString(16)}`, offers13 ? ['illegal_parameter', 'protocol_version'] : [])
            : new Refusal('DECODE_EXTENSION', 'supported_versions does not have its form');
    }
    if (offers13 && String.fromCharCode(...answer.random.subarray(24, 31)) === 'DOWNGRD' && answer.random[31] <= 1) {
        throw new Refusal('DOWNGRADE', 'the server speaks TLS 1.3 but answers with TLS 1.2');
    }
    if (answer.legacyVersion !== TLS12) {
        throw new Refusal(answer.legacyVersion > TLS12 ? 'VERSION_NOT_OFFERED' : 'NO_COMMON_VERSION', `0x${answer.legacyVersion.toString(16).padStart(4, '0')}`);
    }
    if (!offered && hello.sessionId.length > 0 && equal(answer.sessionId, hello.sessionId)) {
        throw new Refusal('SESSION_NOT_OFFERED', 'session_id is the one of ClientHello, and no session was offered');
    }
    judgeSuite(answer, hello);
    misplaced12(answer.ext);
    checkSolicited(answer.ext, hello);
    readAnswers(answer.ext, offers);
    if (!answer.ext.known.has(EXT.renegotiation_info)) {
        throw new Refusal('RENEGOTIATION_UNSAFE', 'renegotiation_info is missing');
    }
    return answer;
}

function judgeSuite(answer, hello) {
    const { suite } = answer;
    const isSuite = suite !== RENEGOTIATION_SCSV && suite >> 8 !== 0x13 && (suite & 0x0f0f) !== 0x0a0a;
    if (!hello.suites.includes(suite) || !isSuite) {
        throw new Refusal('SUITE_NOT_OFFERED', `0x${suite.toString(16).padStart(4, '0')}`);
    }
    if (answer.compression !== 0) {
        throw new Refusal('COMPRESSION_CHOSEN', `method ${answer.compression}`);
    }
}

function readAnswers(ext, offers) {
    const readers = [
        [EXT.supported_groups, (body) => codesIn(body, 'supported_groups')],
        [EXT.record_size_limit, (body) => readLimit(body, 16384)],
        [EXT.server_name, empty('server_name')],
        [EXT.alpn, (body) => judgeAlpn(body, offers)],
        [EXT.status_request, empty('status_request')],
        [EXT.sct, readScts],
        [EXT.ec_point_formats, judgeFormats],
        [EXT.extended_master_secret, empty('extended_master_secret')],
        [EXT.renegotiation_info, readRenegotiation],
        [EXT.session_ticket, empty('session_ticket')],
    ];
    for (const [code, read] of readers) {
        if (ext.known.has(code)) {
            read(ext.known.get(code));
        }
    }
}

function judgeAlpn(body, offers) {
    const chosen = readAlpn(body);
    if (chosen.length !== 1) {
        malformed('application_layer_protocol_negotiation');
    }
    if (!offers.alpn?.includes(chosen[0])) {
        throw new Refusal('ALPN_NOT_OFFERED', `“${chosen[0]}”`);
    }
}

function judgeFormats(body) {
    if (!readPointFormats(body).includes(0)) {
        throw new Refusal('POINT_FORMATS', 'the uncompressed form is missing');
    }
}
