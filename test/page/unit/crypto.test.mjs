// Hashes, HKDF, AEADs of the page against published vectors.
import assert from 'node:assert/strict';
import test from 'node:test';

import '../node.mjs';
import { nonceOf, openRecord, sealRecord, SUITES, trafficKeys } from '../../../tool/web/js/aead.js';
import { concat, equal, fromHex, Reader, toHex, uint, utf8 } from '../../../tool/web/js/bytes.js';
import { chacha20, chachaOpen, chachaSeal, poly1305 } from '../../../tool/web/js/chacha.js';
import { derive, publicOf } from '../../../tool/web/js/dh.js';
import { expand, expandLabel, extract, hmac, prf12 } from '../../../tool/web/js/hkdf.js';
import { sha3 } from '../../../tool/web/js/sha3.js';
import { transcriptHash } from '../../../tool/web/js/transcript.js';

const NONE = new Uint8Array(0);

test('HKDF with SHA-256 (RFC 5869, A.1 and A.3)', async () => {
    const ikm = new Uint8Array(22).fill(0x0b);
    const prk = await extract('SHA-256', fromHex('000102030405060708090a0b0c'), ikm);
    assert.equal(toHex(prk), '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5');
    assert.equal(toHex(await expand('SHA-256', prk, fromHex('f0f1f2f3f4f5f6f7f8f9'), 42)),
                 '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
    const bare = await extract('SHA-256', NONE, ikm);
    assert.equal(toHex(bare), '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04');
});

test('SHA-3 (FIPS 202, examples of NIST), short and longer than a block', () => {
    assert.equal(toHex(sha3(256, NONE)), 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
    assert.equal(toHex(sha3(512, utf8('abc'))), 'b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e' +
                                                '10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0');
    assert.equal(toHex(sha3(256, new Uint8Array(200).fill(0xa3))), '79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787');
});

test('X25519 (RFC 7748, 6.1), and P-256 (RFC 5903, 8.1)', async () => {
    const alice = fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    const bob = fromHex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    assert.equal(toHex(await publicOf(29, alice)), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    assert.equal(toHex(await derive(29, alice, bob)), '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
    const i = fromHex('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433');
    const r = fromHex('04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab');
    assert.equal(toHex(await derive(23, i, r)), 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de');
});

test('the key schedule of RFC 8448, 3', async () => {
    const zeros = new Uint8Array(32);
    const early = await extract('SHA-256', zeros, zeros);
    assert.equal(toHex(early), '33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a');
    const derived = await expandLabel('SHA-256', early, 'derived', await transcriptHash('SHA-256', []), 32);
    assert.equal(toHex(derived), '6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba');
    const shared = fromHex('8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d');
    const handshake = await extract('SHA-256', derived, shared);
    assert.equal(toHex(handshake), '1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac');
    assert.throws(() => fromHex('0'), /hexadecimal/);
});

test('record keys of RFC 8448, 3, and a record sealed and opened', async () => {
    const secret = fromHex('b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38');
    const keys = await trafficKeys(SUITES[0x1301], secret);
    assert.equal(toHex(keys.key), '3fce516009c21727d0f2e4e86ee403bc');
    assert.equal(toHex(keys.iv), '5d313eb2671276ee13000b30');
    for (const suite of [SUITES[0x1301], SUITES[0x1303]]) {
        const own = await trafficKeys(suite, secret);
        const record = await sealRecord(suite, own, 7, 22, utf8('hello'), 3);
        assert.equal(record.length, 5 + 5 + 1 + 3 + 16);
        assert.equal(toHex(await openRecord(suite, own, 7, record)), `${toHex(utf8('hello'))}16000000`);
        assert.equal(await openRecord(suite, own, 8, record), null, 'another sequence number');
        record[9] ^= 1;
        assert.equal(await openRecord(suite, own, 7, record), null, 'a changed byte');
    }
    assert.equal(toHex(nonceOf(new Uint8Array(12), 258)), '000000000000000000000102');
});

test('ChaCha20, Poly1305 and both together (RFC 8439, 2.4.2, 2.5.2 and 2.8.2)', () => {
    const text = utf8('Ladies and Gentlemen of the class of \'99: If I could offer you only one tip for the future, sunscreen would be it.');
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    assert.match(toHex(chacha20(key, 1, fromHex('000000000000004a00000000'), text)), /^6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c2/);
    const once = fromHex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b');
    assert.equal(toHex(poly1305(once, utf8('Cryptographic Forum Research Group'))), 'a8061dc1305136c6c22b8baf0c0127a9');
    const aeadKey = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
    const nonce = fromHex('070000004041424344454647');
    const aad = fromHex('50515253c0c1c2c3c4c5c6c7');
    const sealed = chachaSeal(aeadKey, nonce, aad, text);
    assert.equal(toHex(sealed.subarray(sealed.length - 16)), '1ae10b594f09e26a7e902ecbd0600691');
    assert.deepEqual(chachaOpen(aeadKey, nonce, aad, sealed), text);
    sealed[0] ^= 1;
    assert.equal(chachaOpen(aeadKey, nonce, aad, sealed), null);
    assert.equal(chachaOpen(aeadKey, nonce, aad, new Uint8Array(3)), null);
});

test('the PRF of TLS 1.2 with SHA-256', async () => {
    const secret = fromHex('9bbe436ba940f017b17652849a71db35');
    const seed = fromHex('a0ba9f936cda311827a6f796ffd5198c');
    assert.equal(toHex(await prf12('SHA-256', secret, 'test label', seed, 100)).slice(0, 64),
                 'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a');
});

test('HMAC takes an empty key', async () => {
    assert.equal(toHex(await hmac('SHA-256', NONE, NONE)), 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad');
});

test('a reader that has run out stays so', () => {
    const r = new Reader(fromHex('0301020304'));
    assert.deepEqual([...r.vector(1).bytes], [1, 2, 3]);
    assert.equal(r.done(), false);
    assert.equal(r.uint(2), 0);
    assert.equal(r.failed, true);
    assert.equal(r.take(0).length, 0);
    assert.equal(r.done(), false);
    assert.ok(equal(concat(uint(258, 2), uint(1, 1)), fromHex('010201')));
});
