// Bytes: hexadecimal, joining, comparing, and a reader that knows when it has run out.

export function fromHex(text) {
    const clean = text.replace(/\s+/g, '');
    if (clean.length % 2 !== 0 || /[^0-9a-fA-F]/.test(clean)) {
        throw new Error('not hexadecimal');
    }
    const out = new Uint8Array(clean.length / 2);
    for (let i = 0; i < out.length; i++) {
        out[i] = parseInt(clean.slice(2 * i, 2 * i + 2), 16);
    }
    return out;
}

export function toHex(bytes) {
    return Array.from(bytes, hex8).join('');
}

export function hex8(value) {
    return value.toString(16).padStart(2, '0');
}

export function concat(...parts) {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        out.set(part, at);
        at += part.length;
    }
    return out;
}

export function equal(a, b) {
    return a.length === b.length && a.every((value, i) => value === b[i]);
}

export function utf8(text) {
    return new TextEncoder().encode(text);
}

export function uint(value, size) {
    const out = new Uint8Array(size);
    for (let i = size - 1; i >= 0; i--) {
        out[i] = value & 0xff;
        value = Math.floor(value / 256);
    }
    return out;
}

// Reads from front to back. What is not there makes it fail for good, and then it gives zeros: so
// whole messages are read first and judged once.
export class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
        this.failed = false;
    }

    get left() {
        return this.failed ? 0 : this.bytes.length - this.at;
    }

    take(size) {
        if (this.failed || size > this.bytes.length - this.at) {
            this.failed = true;
            return new Uint8Array(0);
        }
        this.at += size;
        return this.bytes.subarray(this.at - size, this.at);
    }

    uint(size) {
        return this.take(size).reduce((sum, value) => sum * 256 + value, 0);
    }

    // A vector: its length in `size` bytes, then as many bytes. Outside least..most it is refused.
    vector(size, least = 0, most = Infinity) {
        const length = this.uint(size);
        if (length < least || length > most) {
            this.failed = true;
        }
        return new Reader(this.take(length));
    }

    done() {
        return !this.failed && this.at === this.bytes.length;
    }
}
