// Times, places in the picture, and the order of a comparison.
import assert from 'node:assert/strict';
import test from 'node:test';

import '../node.mjs';
import { costOf, timesOf } from '../../../tool/web/js/clock.js';
import { align } from '../../../tool/web/js/diff.js';
import { layoutOf, positionAt, yOf } from '../../../tool/web/js/layout.js';
import { modelOf, NotARecording } from '../../../tool/web/js/model.js';
import { createStore } from '../../../tool/web/js/store.js';

const MS = 1e6;

function entry(index, from, type, sent, received) {
    return { index, from, sent: sent * MS, received: received * MS, message: { type } };
}

// Hello, answer and Finished of the server, Finished of the client; the server thinks 2 ms, the client 1 ms.
const model = {
    entries: [entry(0, 'client', 1, 0, 0.5), entry(1, 'server', 2, 2.5, 3), entry(2, 'server', 20, 2.5, 3), entry(3, 'client', 20, 4, 4.5)],
};

test('times as measured, and on a longer path', () => {
    assert.deepEqual(timesOf(model, null).map((t) => t.sent), [0, 2.5, 2.5, 4]);
    const far = timesOf(model, 50);
    assert.deepEqual(far.map((t) => t.sent), [0, 52, 52, 103]);
    assert.deepEqual(costOf(model, far), { trips: 1, total: 1, client: 103, server: 153, complete: true });
    assert.deepEqual(timesOf(model, 50, true).map((t) => t.sent), [100, 152, 152, 203]);
    assert.equal(costOf(model, timesOf(model, 50, true), true).total, 2);
});

test('a retry costs one round trip more', () => {
    const retried = { entries: [entry(0, 'client', 1, 0, 0), entry(1, 'server', 2, 0, 0), entry(2, 'client', 1, 0, 0), entry(3, 'server', 2, 0, 0),
                                entry(4, 'server', 20, 0, 0), entry(5, 'client', 20, 0, 0)] };
    assert.equal(costOf(retried, timesOf(retried, 10)).trips, 2);
    assert.equal(costOf({ entries: retried.entries.slice(0, 2) }, timesOf(retried, 10)).complete, false);
});

test('change_cipher_spec in the middle of a flight costs nothing', () => {
    const aside = { ...entry(2, 'client', 0, 3, 3), kind: 'ccs', message: undefined };
    const shifted = [model.entries[0], model.entries[1], aside, { ...model.entries[2], index: 3 }, { ...model.entries[3], index: 4 }];
    const times = timesOf({ entries: shifted }, 50);
    assert.deepEqual(times.map((time) => time.sent), [0, 52, 102, 52, 103]);
    assert.equal(costOf({ entries: shifted }, times).trips, 1);
});

test('the picture: rows do not overlap, arrows slant more on a longer path, the hand finds its place', () => {
    const near = layoutOf(model, timesOf(model, null));
    const far = layoutOf(model, timesOf(model, 150), { delay: 150 });
    for (const { rows } of [near, far]) {
        rows.slice(1).forEach((row, i) => assert.ok(row.y1 > rows[i].y1));
        rows.forEach((row, i) => assert.equal(positionAt(rows, yOf(rows, i + 1)), i + 1));
        assert.equal(positionAt(rows, 0), 0);
    }
    assert.ok(far.rows[0].y2 - far.rows[0].y1 > near.rows[0].y2 - near.rows[0].y1);
    assert.ok(far.rows[1].y1 > far.rows[0].y2, 'an answer starts after what it answers has come');
    assert.equal(layoutOf(model, timesOf(model, 10, true), { delay: 10, withTcp: true }).tcp.length, 2);
});

test('lists are put side by side', () => {
    const pairs = align([1, 2, 3, 5], [2, 3, 4, 5], (x) => x);
    assert.deepEqual(pairs, [{ a: 1, b: null }, { a: 2, b: 2 }, { a: 3, b: 3 }, { a: null, b: 4 }, { a: 5, b: 5 }]);
});

test('what is no recording is refused with a sentence', () => {
    const refuse = (document, sentence) => assert.throws(() => modelOf(document), (e) => e instanceof NotARecording && sentence.test(e.message));
    refuse(null, /not a recording/);
    refuse({}, /not a recording/);
    refuse({ format: 'har' }, /not a recording/);
    refuse({ format: 'handfast-recording', version: 2 }, /version 2; this page knows version 1/);
    refuse({ format: 'handfast-recording', version: 1 }, /damaged: messages is missing/);
});

test('the store tells those who asked', () => {
    const store = createStore({ a: 1, b: 2 });
    const heard = [];
    const stop = store.watch(['a'], (state) => heard.push(state.a));
    store.set({ b: 3 });
    store.set({ a: 1 });
    store.set({ a: 4, b: 5 });
    stop();
    store.set({ a: 6 });
    assert.deepEqual(heard, [1, 4]);
});
