// A changed ClientHello as the server reads it.
import { equal, toHex } from './bytes.js';
import { EXT, readClientHello, readServerHello } from './form.js';
import { judgeLegacy, readOffers } from './hello.js';
import { Refusal } from './refusal.js';
import { isRetry, TYPE } from './transcript.js';
import { checkBinder, fixedPart } from './binder.js';

const POINTS = { 23: ['P-256', 65], 24: ['P-384', 97], 25: ['P-521', 133] };
const LENGTHS = { 29: 32, 30: 56, 4588: 1216 };
const MLKEM_KEY = 1184;

// { hello, offers, uncertain, possible }. uncertain: why the server would no longer choose what it chose.
export async function judgeClientHello(run) {
    const { model, change } = run;
    run.begin('server', 'form of the ClientHello');
    const hello = readClientHello(run.body);
    const offers = readOffers(hello);
    run.pass('server', 'form of the ClientHello', 'it can be read');
    run.begin('server', 'rules of the ClientHello');
    const first = firstHello(run);
    if (first === null) {
        judgeLegacy(hello, offers);
        judgeForeignCookie(run, hello);
    } else {
        judgeSecond(run, hello, offers, first);
    }
    const answer = answerTo(model, change.message);
    judgeMandatory(hello, offers, modeOf(answer));
    run.pass('server', 'rules of the ClientHello', 'nothing in it breaks a rule');
    const outcome = await choose(run, hello, offers, answer);
    return { hello, offers, ...outcome };
}

function firstHello(run) {
    return run.model.messages.slice(0, run.change.message).find((message) => message.type === TYPE.client_hello) ?? null;
}

function judgeSecond(run, hello, offers, first) {
    const retry = readServerHello(run.model.messages.find((message) => isRetry(message.bytes)).bytes);
    const stateless = retry.ext.known.has(EXT.cookie);
    if (stateless) {
        judgeLegacy(hello, offers);
        if (!hello.ext.known.has(EXT.cookie)) {
            throw new Refusal('COOKIE_INVALID', 'it is missing');
        }
    } else if (hello.legacyVersion !== 0x0303 || hello.compression.length !== 1 || hello.compression[0] !== 0) {
        judgeLegacy(hello, { versions: [0x0304] });
    }
    const cookie = retry.ext.known.get(EXT.cookie);
    if (cookie && !equal(cookie, hello.ext.known.get(EXT.cookie) ?? new Uint8Array(0))) {
        throw new Refusal('COOKIE_INVALID', 'it is not the one that the server made');
    }
    if (!equal(fixedPart(readClientHello(first.bytes.subarray(4))), fixedPart(hello))) {
        throw new Refusal('HELLO_CHANGED', 'it differs from the first where it may not');
    }
    if (hello.ext.known.has(EXT.early_data)) {
        throw new Refusal('EARLY_DATA_AFTER_RETRY');
    }
    const asked = retry.ext.known.get(EXT.key_share);
    const group = asked ? (asked[0] << 8) | asked[1] : null;
    if (group !== null && (offers.shares?.length !== 1 || offers.shares[0].group !== group)) {
        throw new Refusal('KEY_SHARE_WRONG_GROUP', 'not exactly one share of the group asked for');
    }
}

// A server that keeps nothing takes a cookie for its own.
function judgeForeignCookie(run, hello) {
    const retry = run.model.messages.find((message) => isRetry(message.bytes));
    if (hello.ext.known.has(EXT.cookie) && retry && readServerHello(retry.bytes).ext.known.has(EXT.cookie)) {
        throw new Refusal('COOKIE_INVALID', 'it is not the one that the server made');
    }
}

// Which mode of pre-shared keys the server takes, as far as its answer tells: 0 without a key exchange, 1 with one.
function modeOf(answer) {
    return answer?.ext.known.has(EXT.pre_shared_key) && !answer.ext.known.has(EXT.key_share) ? 0 : 1;
}

// What must be there (RFC 9846, 9.2).
function judgeMandatory(hello, offers, mode) {
    const has = (code) => hello.ext.known.has(code);
    const takesKeys = offers.modes?.includes(mode) ?? false;
    if (!has(EXT.supported_groups) && has(EXT.pre_shared_key) && !takesKeys) {
        throw new Refusal('PSK_MODE', 'no mode of pre-shared keys is common');
    }
    const needsShare = !(has(EXT.pre_shared_key) && mode === 0 && takesKeys);
    if (needsShare && (!has(EXT.supported_groups) || !has(EXT.key_share))) {
        throw new Refusal('MISSING_EXTENSION', 'supported_groups and key_share are needed');
    }
    if (!has(EXT.signature_algorithms) && !has(EXT.pre_shared_key)) {
        throw new Refusal('MISSING_EXTENSION', 'signature_algorithms');
    }
}

function answerTo(model, index) {
    const answer = model.messages.slice(index + 1).find((message) => message.type === TYPE.server_hello);
    return answer ? readServerHello(answer.bytes) : null;
}

// Whether the server can still choose what it chose.
async function choose(run, hello, offers, answer) {
    const { model } = run;
    if (answer === null) {
        return {};
    }
    run.begin('server', 'choice');
    if (!hello.suites.includes(answer.suite)) {
        return doubt('the suite that it chose is not offered any more', 'NO_COMMON_SUITE',
                     answer.ext.known.has(EXT.pre_shared_key) ? ['decrypt_error'] : []);
    }
    if (answer.retry) {
        return doubtRetry(hello, offers, answer);
    }
    const share = answer.ext.known.get(EXT.key_share);
    const group = share ? (share[0] << 8) | share[1] : null;
    if (group !== null) {
        const offered = offers.shares?.find((candidate) => candidate.group === group);
        if (!offered) {
            return doubt('there is no share of the group that it chose any more', 'NO_COMMON_GROUP', ['illegal_parameter', 'unexpected_message', 'missing_extension']);
        }
        await judgeOffered(group, offered.share);
    }
    const psk = await judgePsk(run, offers, answer);
    if (psk) {
        return psk;
    }
    const alpn = model.summary.alpn;
    if (alpn !== null && offers.alpn && !offers.alpn.includes(alpn)) {
        return doubt('the application protocol that it chose is not offered any more', 'NO_APPLICATION_PROTOCOL');
    }
    const scheme = model.summary.signature_scheme;
    if (scheme !== null && !answer.ext.known.has(EXT.pre_shared_key)) {
        if (!offers.schemes) {
            throw new Refusal('MISSING_EXTENSION', 'signature_algorithms');
        }
        if (!offers.schemes.includes(scheme)) {
            return doubt('the signature that it chose is not offered any more', 'NO_COMMON_SIGNATURE', ['missing_extension']);
        }
    }
    run.pass('server', 'choice', 'what it chose is still offered');
    return {};
}

function doubt(uncertain, code, more = []) {
    return { uncertain, possible: [new Refusal(code).alert, ...more] };
}

function doubtRetry(hello, offers, answer) {
    const asked = answer.ext.known.get(EXT.key_share);
    const group = asked ? (asked[0] << 8) | asked[1] : null;
    if (group !== null && !offers.groups?.includes(group)) {
        return doubt('the group that it asked for is not offered any more', 'NO_COMMON_GROUP', ['illegal_parameter']);
    }
    return {};
}

// Whether a share is a value of its group (RFC 9846, 4.3.8 and 7.4).
export async function judgeOffered(group, share) {
    const invalid = (why) => { throw new Refusal('KEY_SHARE_INVALID', why); };
    if (POINTS[group]) {
        const [curve, length] = POINTS[group];
        if (share.length !== length || share[0] !== 4) {
            invalid('it is no uncompressed point');
        }
        await crypto.subtle.importKey('raw', share, { name: 'ECDH', namedCurve: curve }, false, []).catch(() => invalid('the point is not on its curve'));
    } else if (LENGTHS[group] && share.length !== LENGTHS[group]) {
        invalid(`it has ${share.length} bytes`);
    }
    if (group === 4588) {
        // FIPS 203, 7.2: every coefficient of the encapsulation key is below 3329.
        for (let i = 0; i + 2 < MLKEM_KEY - 32; i += 3) {
            const low = share[i] | ((share[i + 1] & 15) << 8);
            const high = (share[i + 1] >> 4) | (share[i + 2] << 4);
            if (low >= 3329 || high >= 3329) {
                invalid('it is no ML-KEM-768 encapsulation key: a coefficient is not below 3329');
            }
        }
    }
}

async function judgePsk(run, offers, answer) {
    const selected = answer.ext.known.get(EXT.pre_shared_key);
    if (selected === undefined) {
        return null;
    }
    const index = (selected[0] << 8) | selected[1];
    if (!offers.psk) {
        return doubt('there is no pre-shared key any more', 'NO_COMMON_SIGNATURE', ['missing_extension']);
    }
    const before = readOffers(readClientHello(run.original.bytes.subarray(4))).psk;
    if (!offers.modes?.includes(modeOf(answer)) || toHex(before.identities[index]) !== toHex(offers.psk.identities[index] ?? new Uint8Array(0))) {
        return doubt('the pre-shared key that it took is not offered any more', 'PSK_BINDER', ['unknown_psk_identity', 'handshake_failure', 'missing_extension']);
    }
    run.begin('server', 'binder');
    const holds = await checkBinder(run, index, offers.psk.binders[index]);
    if (holds !== true) {
        throw new Refusal('PSK_BINDER', 'the binder is not that of this hello');
    }
    run.pass('server', 'binder', 'the changed bytes are not under the binder that counts');
    return null;
}
