// What binds a hello: the binder of its pre-shared key, and its likeness with the hello before.
import { concat, equal } from './bytes.js';
import { hmac } from './hkdf.js';
import { hashOf } from './hash.js';
import { transcriptHash, withoutBinders } from './transcript.js';

// The binder over a changed hello (RFC 9846, 4.3.11.2): true, false, or null without secrets.
export async function checkBinder(run, index, binder) {
    const keys = run.model.steps.filter((step) => step.label === 'finished' && /binder/.test(step.inputs[0]?.step ?? ''));
    const before = run.model.messages.slice(0, run.change.message).map((message) => message.bytes);
    const bytes = [...before, withoutBinders(run.change.bytes)];
    const values = await Promise.all(keys.filter((key) => key.output !== null).map(async (key) => {
        const name = hashOf(run, key.output); // a pre-shared key may be for another hash than the suite's
        return hmac(name, key.output, await transcriptHash(name, bytes));
    }));
    return values.length === 0 ? null : values.some((value) => equal(value, binder));
}

// What may not change between two hellos of one client (RFC 9846, 4.2.2).
export function fixedPart(hello) {
    const free = new Set([51, 42, 44, 41, 21]);
    const two = (value) => [value >> 8, value & 255];
    const parts = [Uint8Array.from([...two(hello.legacyVersion), hello.sessionId.length, hello.compression.length]), hello.random, hello.sessionId,
                   Uint8Array.from(hello.suites.flatMap(two)), hello.compression];
    for (const { code, body } of hello.ext.all) {
        if (!free.has(code)) {
            parts.push(Uint8Array.from([...two(code), ...two(body.length)]), body);
        }
    }
    return concat(...parts);
}
