// The bench's verdicts against the engine's own about the same changes: HF_VERDICTS names a directory with the
// recordings and verdicts that test/page/verdicts.c wrote.
//
// Equal means: the same end refuses, by the same rule, with the same alert. Where the page says that the outcome is open,
// the engine's alert must be among those that it names; that may not be its way out: so few may be open.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import '../node.mjs';
import { dataRecords, modelOf, NotARecording } from '../../../tool/web/js/model.js';
import { checkProofs, countProofs } from '../../../tool/web/js/proofs.js';
import { storyOf } from '../../../tool/web/js/story.js';
import { tamper } from '../../../tool/web/js/receiver.js';
import { tamperRecord } from '../../../tool/web/js/recordbench.js';
import { recompute } from '../../../tool/web/js/schedule.js';
import { isRetry } from '../../../tool/web/js/transcript.js';

const DIRECTORY = process.env.HF_VERDICTS;
const OPEN_MOST = 0.04; // of all changes
const total = { same: 0, alert: 0, open: 0, untold: 0 };
const kinds = {}; // how many changes there were, by version and by what was changed

const read = (name) => JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8'));

function messageOf(model, verdict) {
    const alike = model.messages.filter((message) => message.from === verdict.from && message.type === verdict.type &&
        isRetry(message.bytes) === verdict.retry);
    return alike[verdict.occurrence];
}

// An abbreviated handshake of TLS 1.2: its master secret comes from an earlier one.
const isAbbreviated = (model) => model.version12 && !model.messages.some((message) => message.type === 16);
const is13 = (model) => model.summary.version === 0x0304;

function words(verdict) {
    return verdict.kind === 'refused' ? `${verdict.end} ${verdict.code} ${verdict.alert}` : verdict.kind;
}

// What the page says to the same change: [verdict, the name of what was changed].
async function ask(model, engine) {
    if (engine.data) {
        const record = dataRecords(model).find((candidate) => candidate.from === 'client' && candidate.level === engine.data);
        const { verdict } = await tamperRecord(model, { record: record.index, bytes: flipped(record.wire, engine) });
        return [verdict, `${engine.data} data`];
    }
    const message = messageOf(model, engine);
    const { verdict } = await tamper(model, { message: message.index, bytes: flipped(message.bytes, engine), where: 'inside' });
    return [verdict, `${message.name} of the ${message.from}`];
}

function flipped(bytes, { at, mask }) {
    return bytes.map((value, i) => (i === at ? value ^ mask : value));
}

async function compare(model, engine) {
    const [verdict, name] = await ask(model, engine);
    const kind = `${model.summary.version_name}${engine.data ? ` ${engine.data} data` : ''}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    const expected = { none: 'unnoticed', waits: 'waits' }[engine.code] ?? `${engine.end} ${engine.code} ${engine.alert}`;
    if (words(verdict) === expected) {
        total.same++;
    } else if (verdict.kind === 'unknown' && isAbbreviated(model)) {
        total.untold++; // the bench says that it cannot tell
    } else if (verdict.kind === 'refused' && verdict.end === engine.end && verdict.alert === engine.alert) {
        total.alert++;
    } else if (verdict.possible?.includes(engine.alert)) {
        total.open++;
    } else {
        assert.fail(`${name}, byte ${engine.at} ^ 0x${engine.mask.toString(16)}: the engine says ` +
                    `“${expected}”, the page “${words(verdict)}”`);
    }
}

for (const name of readdirSync(DIRECTORY).filter((file) => /^\d+\.json$/.test(file))) {
    const model = modelOf(read(name));
    test(`${model.title}: every secret computed again`, async () => {
        const all = await recompute(model);
        const results = [...all.entries()];
        checkExchange(model, all.exchange);
        assert.ok(results.length >= (is13(model) ? 19 : 3));
        assert.deepEqual(results.filter(([id, result]) => !(result.status === 'equal' || (isAbbreviated(model) && id === 'master_secret' && result.status === 'given')) ||
            result.transcript === 'differs'), []);
    });
    test(`${model.title}: every proof holds, and every message has its story`, async () => {
        const proofs = await checkProofs(model);
        const { holds, fails } = countProofs(proofs);
        assert.equal(fails, 0);
        assert.ok(holds >= 2 + proofs.records.size, `${holds} proofs`); // both Finished, and every tag
        assert.deepEqual(model.entries.filter((entry) => entry.kind !== 'alert' && !storyOf(model, entry)?.text).map((entry) => entry.name), []);
    });
    test(`${model.title}: changed bytes`, async () => {
        for (const verdict of read(name.replace('.json', '.verdicts.json'))) {
            await compare(model, verdict);
        }
    });
    test(`${model.title}: on the wire, every protected message breaks its tag`, async () => {
        for (const message of model.messages.filter((candidate) => candidate.level !== 'plain')) {
            const bytes = message.bytes.slice();
            bytes[message.index % bytes.length] ^= 0x10;
            const { checks, verdict } = await tamper(model, { message: message.index, bytes, where: 'wire' });
            assert.equal(words(verdict), `${message.from === 'client' ? 'server' : 'client'} RECORD_AUTH bad_record_mac`);
            assert.match(checks[0].detail, /of them 1 changed/, 'the record was sealed again and changed');
        }
    });
}

// Both ends were watched: the exchange comes out from both private keys, ML-KEM's part from what the server drew.
function checkExchange(model, exchange) {
    if (model.summary.group === null) {
        assert.equal(exchange, null);
        return;
    }
    assert.deepEqual(Array.from(exchange.computed), Array.from(exchange.secret));
    assert.deepEqual(exchange.steps.filter((step) => step.status !== 'equal'), []);
    assert.equal(exchange.steps.length, model.summary.group_name === 'X25519MLKEM768' ? 5 : 4);
}

// Drops a member, or makes it something else.
function damages(document) {
    const out = [];
    const visit = (value, path) => {
        if (value === null || typeof value !== 'object') {
            return;
        }
        for (const key of Array.isArray(value) ? [0] : Object.keys(value)) {
            out.push([...path, key]);
            visit(value[key], [...path, key]);
        }
    };
    visit(document, []);
    return out;
}

test('a damaged recording is refused with a sentence, or makes a model', () => {
    const whole = read('0.json');
    delete whole.terms;
    whole.terms = {};
    const text = JSON.stringify(whole);
    let refused = 0;
    for (const path of damages(whole)) {
        for (const instead of [undefined, null, 7, 'x', []]) {
            const document = JSON.parse(text);
            const parent = path.slice(0, -1).reduce((value, key) => value[key], document);
            if (instead === undefined) {
                delete parent[path.at(-1)];
            } else {
                parent[path.at(-1)] = instead;
            }
            try {
                modelOf(document);
            } catch (error) {
                assert.ok(error instanceof NotARecording, `${path.join('.')} = ${instead}: ${error.stack}`);
                assert.match(error.message, /[.]$/);
                refused++;
            }
        }
    }
    assert.ok(refused > 100, `${refused} refused`);
});

test('few outcomes are open', () => {
    const count = total.same + total.alert + total.open;
    console.log(`${count} changes: ${total.same} with the same rule, ${total.alert} with the same alert, ${total.open} open, ${total.untold} not told; ${JSON.stringify(kinds)}`);
    assert.ok(count > 0 && total.open / count <= OPEN_MOST, JSON.stringify(total));
    for (const kind of ['TLS 1.3', 'TLS 1.2', 'TLS 1.3 early data', 'TLS 1.3 application data', 'TLS 1.2 application data']) {
        assert.ok(kinds[kind] > 0, `no ${kind}`);
    }
});
