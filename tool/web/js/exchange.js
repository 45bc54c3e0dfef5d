// The key exchange, computed again from what the ends drew, where a recording holds it: from each private key its share, as
// it stands in the hellos, and from both ends' keys the same secret. In a hybrid the secret of ML-KEM comes out of what the
// server drew (FIPS 203, 6.2); to open its ciphertext as the client does is more than this page can.
import { concat, equal } from './bytes.js';
import { derive, functionName, isCurve, privateOf, publicOf } from './dh.js';
import { leavesOf, findField } from './model.js';
import { sha3 } from './sha3.js';
import { isRetry, TYPE } from './transcript.js';

// Groups that are ML-KEM and a curve: which stands first, and how long ML-KEM's parts are.
const HYBRIDS = {
    4588: { curve: 29, curveSize: 32, key: 1184, ciphertext: 1088, name: 'ML-KEM-768' },
};

// null: nothing was exchanged. Else { group, name, secret, computed, ends: { client, server }, steps }: secret as it was
// recorded (or null), computed as this page finds it (or null), steps [{ text, formula, status, output, why }].
export async function recomputeExchange(model) {
    const group = model.summary.group;
    const shares = { client: shareOf(model, 'client', group), server: shareOf(model, 'server', group) };
    if (group === null || shares.client === null || shares.server === null) {
        return null;
    }
    const exchange = { group, name: model.summary.group_name, shares, secret: secretIn(model), computed: null, steps: [] };
    const hybrid = HYBRIDS[group] ?? null;
    const curve = hybrid ? hybrid.curve : group;
    const drawn = (end) => model.keyShares.filter((share) => share.end === end && share.group === group);
    exchange.drawn = { client: await keyOf(model, drawn('client'), curve, curvePart(hybrid, 'client', shares.client), hybrid),
                       server: await keyOf(model, drawn('server'), curve, curvePart(hybrid, 'server', shares.server), hybrid) };
    const parts = [hybrid ? kemSecret(exchange, hybrid) : null, await curveSecret(exchange, hybrid, curve)];
    const needed = hybrid ? parts : [parts[1]];
    exchange.computed = needed.every((part) => part !== null) ? concat(...needed) : null;
    return exchange;
}

// The share that an end sent: of TLS 1.3 in its hello, of TLS 1.2 in its KeyExchange.
function shareOf(model, end, group) {
    const types = end === 'client' ? [TYPE.client_hello, TYPE.client_key_exchange] : [TYPE.server_hello, TYPE.server_key_exchange];
    const message = model.messages.filter((one) => one.from === end && one.type === types[model.version12 ? 1 : 0] && !isRetry(one.bytes)).at(-1);
    if (!message) {
        return null;
    }
    const field = model.version12 ? valueIn(message.fields, ['public', 'exchange_keys', 'dh_Ys']) : entryIn(message.fields, group);
    return field ? message.bytes.subarray(field.at, field.at + field.len) : null;
}

function valueIn(fields, names) {
    return leavesOf(fields).find((field) => names.includes(field.name) && field.kind === 'bytes') ?? null;
}

function entryIn(fields, group) {
    const extension = findField(fields, 'key_share');
    const leaves = extension ? leavesOf([extension]) : [];
    const at = leaves.findIndex((field) => field.name === 'group' && field.value === group);
    return at < 0 ? null : leaves.slice(at).find((field) => field.name === 'key_exchange' && field.kind === 'bytes') ?? null;
}

function secretIn(model) {
    for (const step of model.steps) {
        const input = step.inputs.find((one) => one.kind === 'shared_secret');
        if (input) {
            return input.bytes;
        }
    }
    return null;
}

function curvePart(hybrid, end, share) {
    return hybrid ? share.subarray(end === 'client' ? hybrid.key : hybrid.ciphertext) : share;
}

// The draw whose public value is the share on the wire: { scalar, before: what stood before it } or null.
async function keyOf(model, draws, curve, share, hybrid) {
    if (!isCurve(curve)) {
        return null;
    }
    for (const draw of draws.map((one) => one.bytes).reverse()) {
        const scalar = privateOf(curve, hybrid ? draw.subarray(draw.length - hybrid.curveSize) : draw);
        try {
            if (equal(await publicOf(curve, scalar), share)) {
                return { scalar, before: hybrid ? draw.subarray(0, draw.length - hybrid.curveSize) : null };
            }
        } catch {
            // A draw out of range, or a browser without this curve.
        }
    }
    return null;
}

// Both ways, where both ends were watched.
async function curveSecret(exchange, hybrid, curve) {
    const { drawn, shares } = exchange;
    if (drawn.client === null && drawn.server === null) {
        return null;
    }
    const recorded = exchange.secret && (hybrid ? exchange.secret.subarray(exchange.secret.length - hybrid.curveSize) : exchange.secret);
    let found = null;
    for (const [end, other] of [['client', 'server'], ['server', 'client']]) {
        if (drawn[end] === null) {
            continue;
        }
        const name = functionName(curve);
        exchange.steps.push({ end, what: `${end}’s share`, formula: `the public value of its private key on ${name.replace(/^ECDH on /, '')}`,
                              status: 'equal', output: curvePart(hybrid, end, shares[end]) });
        const output = await derive(curve, drawn[end].scalar, curvePart(hybrid, other, shares[other]));
        exchange.steps.push({ end, what: hybrid ? `secret of ${name}` : 'shared secret', formula: `${name}(${end}’s private key, ${other}’s share)`,
                              status: recorded === null || equal(output, recorded) ? 'equal' : 'differs', output });
        found = output;
    }
    return found;
}

// FIPS 203, 6.2: K comes out of G(m || H(ek)), of which the ciphertext is made as well.
function kemSecret(exchange, hybrid) {
    const { drawn, shares, secret } = exchange;
    const recorded = secret && secret.subarray(0, 32);
    if (!drawn.server) {
        exchange.steps.push({ end: null, what: `secret of ${hybrid.name}`, formula: 'only the server’s draw or decapsulation gives it, and this page has neither',
                              status: 'given', output: recorded });
        return recorded;
    }
    const key = shares.client.subarray(0, hybrid.key);
    const output = sha3(512, concat(drawn.server.before, sha3(256, key))).subarray(0, 32);
    exchange.steps.push({ end: 'server', what: `secret of ${hybrid.name}`, formula: 'SHA3-512(m, SHA3-256(client’s encapsulation key)), m drawn by the server',
                          status: recorded === null || equal(output, recorded) ? 'equal' : 'differs', output });
    return output;
}
