// The key schedule, computed again from the recording's inputs with WebCrypto and held against what the
// recording says. A step that uses another takes what was computed here, not what was written down: so
// one wrong value shows in all that follows.
import { equal } from './bytes.js';
import { hashOf } from './hash.js';
import { expandLabel, extract, HASH_LENGTH, prf12 } from './hkdf.js';
import { recomputeExchange } from './exchange.js';
import { transcriptHash, withoutBinders } from './transcript.js';

// Results by id: { status, output, transcript, why }. status: 'equal', 'differs', 'given' (nothing to
// compute), 'hidden' (the recording has no secrets), 'cannot'. transcript: the same of the context.
// results.exchange: the key exchange (exchange.js), or null.
export async function recompute(model) {
    const results = new Map();
    results.exchange = await recomputeExchange(model);
    for (const step of model.steps) {
        const result = await recomputeStep(model, step, results);
        result.transcript = await checkContext(model, step);
        results.set(step.id, result);
    }
    return results;
}

async function recomputeStep(model, step, results) {
    if (step.output === null) {
        return { status: 'hidden', output: null };
    }
    if (step.op === 'Given') {
        return { status: 'given', output: step.output };
    }
    const inputs = {};
    for (const input of step.inputs) {
        const source = input.step === null ? null : results.get(input.step);
        const computed = input.kind === 'shared_secret' ? results.exchange?.computed : null;
        inputs[input.role] = source?.output ?? computed ?? input.bytes ??
            (input.kind === 'zeros' ? new Uint8Array(HASH_LENGTH[hashOf(model, step.output)] ?? 32) : null);
        if (inputs[input.role] === null) {
            return { status: 'cannot', output: step.output, why: `its ${input.role} is not in the recording` };
        }
    }
    if (!HASH_LENGTH[model.hash]) {
        return { status: 'cannot', output: step.output, why: `the hash ${model.hash} is not known here` };
    }
    const hash = step.op === 'PRF' ? model.hash : hashOf(model, inputs.secret ?? step.output);
    const output = await computeStep(hash, step, inputs);
    return output === null
        ? { status: 'cannot', output: step.output, why: `${step.op} is not known here` }
        : { status: equal(output, step.output) ? 'equal' : 'differs', output };
}

async function computeStep(hash, step, inputs) {
    const context = step.context ?? new Uint8Array(0);
    switch (step.op) {
    case 'Extract':
        return extract(hash, inputs.salt, inputs.ikm);
    case 'Expand-Label':
        return expandLabel(hash, inputs.secret, step.label, context, step.output_len);
    case 'PRF':
        return prf12(hash, inputs.secret, step.label, context, step.output_len);
    default:
        return null;
    }
}

// The messages whose hash is a step's context.
export function contextMessages(model, step) {
    const messages = model.messages.slice(0, step.context_messages).map((message) => message.bytes);
    if (step.binder && messages.length > 0) {
        messages.push(withoutBinders(messages.pop()));
    }
    return messages;
}

async function checkContext(model, step) {
    if (step.context === null || !HASH_LENGTH[model.hash] || step.op === 'PRF') {
        return null;
    }
    if (step.context_kind === 'empty') {
        return equal(await transcriptHash(hashOf(model, step.context), []), step.context) ? 'equal' : 'differs';
    }
    if (step.context_kind !== 'transcript' || step.context_messages === null) {
        return null;
    }
    const hash = await transcriptHash(hashOf(model, step.context), contextMessages(model, step));
    return equal(hash, step.context) ? 'equal' : 'differs';
}

export function countStatus(results) {
    const count = { equal: 0, differs: 0, given: 0, hidden: 0, cannot: 0 };
    for (const result of results.values()) {
        count[result.status]++;
    }
    return count;
}
