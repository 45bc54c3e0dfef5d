// SHA-3 (FIPS 202), which WebCrypto does not have: ML-KEM is made of it.
const ROUNDS = 24;
const MASK = (1n << 64n) - 1n;

const rotate = (value, by) => (by === 0n ? value : ((value << by) | (value >> (64n - by))) & MASK);

// The constants of the rounds and the offsets of rho, by their rules (FIPS 202, 3.2.2 and 3.2.5).
const CONSTANTS = roundConstants();
const OFFSETS = rhoOffsets();

function roundConstants() {
    let state = 1;
    const bit = () => {
        const out = state & 1;
        state = (state << 1) ^ (state & 0x80 ? 0x171 : 0);
        return out;
    };
    return Array.from({ length: ROUNDS }, () => {
        let value = 0n;
        for (let j = 0; j < 7; j++) {
            if (bit()) {
                value |= 1n << ((1n << BigInt(j)) - 1n);
            }
        }
        return value;
    });
}

function rhoOffsets() {
    const offsets = new Array(25).fill(0n);
    for (let t = 0, x = 1, y = 0; t < 24; t++) {
        offsets[x + 5 * y] = BigInt(((t + 1) * (t + 2) / 2) % 64);
        [x, y] = [y, (2 * x + 3 * y) % 5];
    }
    return offsets;
}

function permute(a) {
    for (let round = 0; round < ROUNDS; round++) {
        const c = [0, 1, 2, 3, 4].map((x) => a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
        const b = new Array(25);
        for (let x = 0; x < 5; x++) {
            const d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1n);
            for (let y = 0; y < 5; y++) {
                b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(a[x + 5 * y] ^ d, OFFSETS[x + 5 * y]);
            }
        }
        for (let i = 0; i < 25; i++) {
            const row = i - (i % 5);
            a[i] = b[i] ^ (~b[row + (i + 1) % 5] & MASK & b[row + (i + 2) % 5]);
        }
        a[0] ^= CONSTANTS[round];
    }
}

export function sha3(bits, bytes) {
    const rate = 200 - bits / 4;
    const padded = new Uint8Array((Math.floor(bytes.length / rate) + 1) * rate);
    padded.set(bytes);
    padded[bytes.length] ^= 0x06;
    padded[padded.length - 1] ^= 0x80;
    const state = new Array(25).fill(0n);
    const view = new DataView(padded.buffer);
    for (let block = 0; block < padded.length; block += rate) {
        for (let i = 0; i < rate / 8; i++) {
            state[i] ^= view.getBigUint64(block + 8 * i, true);
        }
        permute(state);
    }
    const out = new DataView(new ArrayBuffer(200));
    state.forEach((lane, i) => out.setBigUint64(8 * i, lane, true));
    return new Uint8Array(out.buffer, 0, bits / 8);
}
