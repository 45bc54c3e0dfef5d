// Messages read as strictly as a receiver does.
import assert from 'node:assert/strict';
import test from 'node:test';

import '../node.mjs';
import { fromHex, toHex } from '../../../tool/web/js/bytes.js';
import { inert } from '../../../tool/web/js/dom.js';
import { readCertificateVerify, readClientHello, readKeyUpdate, readServerHello } from '../../../tool/web/js/form.js';
import { judgeLegacy, readOffers } from '../../../tool/web/js/hello.js';
import { alertOf, Refusal } from '../../../tool/web/js/refusal.js';
import { bindersAt, isRetry, withoutBinders } from '../../../tool/web/js/transcript.js';
import { plainEcdsa } from '../../../tool/web/js/signature.js';

const RANDOM = 'ab'.repeat(32);

function hello(extensions, { version = '0303', compression = '0100' } = {}) {
    const block = extensions.join('');
    const length = (block.length / 2).toString(16).padStart(4, '0');
    return fromHex(`${version}${RANDOM}00${'00021301'}${compression}${length}${block}`);
}

const VERSIONS = '002b0003020304';
const GROUPS = '000a00040002001d';
const SHARE = `00330026002400${'1d0020'}${'11'.repeat(32)}`;
const SIGNATURES = '000d000400020403';

function refuses(code, work) {
    assert.throws(work, (error) => error instanceof Refusal && error.code === code && error.alert === alertOf(code), code);
}

test('a ClientHello and what it offers', () => {
    const read = readClientHello(hello([VERSIONS, GROUPS, SHARE, SIGNATURES]));
    const offers = readOffers(read);
    assert.deepEqual(offers.groups, [29]);
    assert.equal(offers.shares[0].group, 29);
    assert.deepEqual(offers.versions, [0x0304]);
    judgeLegacy(read, offers);
});

test('forms that are refused', () => {
    refuses('DECODE', () => readClientHello(hello([VERSIONS]).subarray(0, 49)));
    refuses('DECODE', () => readClientHello(hello([VERSIONS.slice(0, -2)])));
    refuses('DUPLICATE_EXTENSION', () => readClientHello(hello([VERSIONS, VERSIONS])));
    refuses('DUPLICATE_EXTENSION', () => readClientHello(hello(['fafa0000', 'fafa0000'])));
    refuses('DECODE_EXTENSION', () => readOffers(readClientHello(hello(['000a00030001ff']))));
    refuses('MISSING_EXTENSION', () => readOffers(readClientHello(hello([SHARE]))));
    refuses('KEY_SHARE_MISMATCH', () => readOffers(readClientHello(hello(['000a000400020017', SHARE]))));
    refuses('SERVER_NAME_INVALID', () => readOffers(readClientHello(hello(['0000000a0008000005612e2e2e62']))));
    refuses('PSK_NOT_LAST', () => readOffers(readClientHello(hello([
        `0029002e0007000161000000000021${'20'}${'22'.repeat(32)}`.replace('002e', '002c'), VERSIONS]))));
    refuses('NO_COMMON_VERSION', () => { const h = readClientHello(hello([GROUPS])); judgeLegacy(h, readOffers(h)); });
    refuses('LEGACY_VERSION', () => { const h = readClientHello(hello([VERSIONS], { version: '0301' })); judgeLegacy(h, readOffers(h)); });
    refuses('COMPRESSION_OFFERED', () => { const h = readClientHello(hello([VERSIONS], { compression: '0101' })); judgeLegacy(h, readOffers(h)); });
    refuses('KEY_UPDATE_VALUE', () => readKeyUpdate(fromHex('02')));
    refuses('DECODE', () => readKeyUpdate(fromHex('')));
    refuses('DECODE', () => readCertificateVerify(fromHex('080400020a')));
});

test('a ServerHello is told from a HelloRetryRequest', () => {
    const tail = '00130100' + '0006' + '002b00020304';
    const server = fromHex(`020000${'2e'}0303${RANDOM}${tail}`);
    assert.equal(isRetry(server), false);
    assert.equal(readServerHello(server).suite, 0x1301);
    const retry = fromHex(`020000${'2e'}0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c${tail}`);
    assert.equal(isRetry(retry), true);
    refuses('MISPLACED_EXTENSION', () => readServerHello(fromHex(`020000300303${RANDOM}001301000008${'0010000400020161'.slice(0, 16)}`)));
});

test('binders are found and cut off', () => {
    const psk = `0029002c0007000161000000000021${'20'}${'22'.repeat(32)}`;
    const body = hello([VERSIONS, psk]);
    const message = new Uint8Array([1, 0, 0, body.length, ...body]);
    const at = bindersAt(message);
    assert.equal(toHex(message.subarray(at, at + 3)), '002120');
    assert.equal(withoutBinders(message).length, message.length - 2 - 1 - 32);
    assert.equal(bindersAt(new Uint8Array([1, 0, 0, 1, ...hello([VERSIONS])])), -1);
});

test('ECDSA signatures are taken out of DER', () => {
    assert.equal(toHex(plainEcdsa(fromHex('300702010102020080'), 2)), '00010080');
    assert.equal(plainEcdsa(fromHex('3007020101020200800'.slice(0, 16)), 2), null);
});

test('texts that could do something are shown inert', () => {
    assert.equal(inert('evil\u202etxt'), 'evil\\u{202e}txt');
    assert.equal(inert('a\u0007\u001b[31m\u2028'), 'a\\u{0007}\\u{001b}[31m\\u{2028}');
    assert.equal(inert('<script>alert(1)</script> Grüße 日 🔒'), '<script>alert(1)</script> Grüße 日 🔒');
});
