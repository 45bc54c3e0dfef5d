// The page of the very connection that carried it, with and without the laboratory.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { launch, PAGES, shot, tab, visit } from '../browser.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('in the laboratory: its own handshake, every secret computed again and equal', () => visit(browser, PAGES.lab, {}, async (page) => {
    const chips = await page.textContent('.chips');
    for (const fact of ['TLS 1.3', 'X25519MLKEM768', 'localhost']) {
        assert.match(chips, new RegExp(fact));
    }
    assert.match(await page.textContent('.banner.lab'), /Laboratory/);
    const checked = await page.textContent('#checked');
    assert.match(checked, /^\d+ secrets recomputed, equal$/);
    assert.ok(parseInt(checked, 10) >= 16, checked);
    await tab(page, 'keys');
    const statuses = await page.$$eval('.key-node', (nodes) => nodes.map((node) => [node.dataset.step, node.dataset.status]));
    assert.deepEqual(statuses.filter(([, status]) => status !== 'equal'), []);
    // Of the two ends only the server is watched: its private key makes its share, and both parts of the secret.
    const exchange = await page.$$eval('#exchange .verdict', (nodes) => nodes.map((node) => node.dataset.status));
    assert.deepEqual(exchange, ['equal', 'equal', 'equal']);
    assert.match(await page.textContent('#exchange'), /SHA3-512/);
    await page.click('[data-step*="server_handshake_traffic_secret"]');
    assert.match(await page.textContent('.key-detail'), /hash of ClientHello, ServerHello/);
    assert.match(await page.textContent('.key-detail'), /that of the messages in this recording/);
    await shot(page, 'lab-keys');
}));

test('the browser finds its own GREASE in it, shown and not guessed', () => visit(browser, PAGES.lab, {}, async (page) => {
    await page.click('.entry >> text=ClientHello');
    const values = await page.$$eval('.field-value', (nodes) => nodes.map((node) => node.textContent));
    const grease = values.filter((text) => /^GREASE \(0x(.)a\1a\)$/.test(text));
    assert.ok(grease.length >= 4, `GREASE among suites, groups, versions and extensions: ${grease}`);
}));

test('without the laboratory no secret is in the document', () => visit(browser, PAGES.plain, {}, async (page) => {
    assert.equal(await page.textContent('#checked'), 'without secrets');
    assert.equal(await page.$('.banner.lab'), null);
    const recording = JSON.parse(await page.textContent('#recording')).recordings[0];
    assert.equal(recording.secrets, false);
    assert.deepEqual(recording.key_shares, []);
    for (const step of recording.schedule.steps) {
        assert.equal(step.output, null, step.id);
        assert.deepEqual(step.inputs.filter((input) => input.hex !== null && input.kind !== 'zeros'), [], step.id);
    }
    await tab(page, 'tamper');
    await page.click('#tamper-flip');
    await page.waitForSelector('#tamper-result[data-verdict="refused"]');
}));

test('the latest failures', () => visit(browser, PAGES.failures, {}, async (page) => {
    // The browser's own first try may have failed since: it asks before it ignores an unknown authority.
    const oldest = await page.$$eval('#pick option', (nodes) => nodes.length - 1);
    if (oldest > 0) {
        await page.selectOption('#pick', String(oldest));
    }
    assert.match(await page.textContent('h1'), /failed/);
    assert.match(await page.textContent('.error-box'), /no key exchange group in common/i);
    assert.match(await page.textContent('.error-box'), /What to do/);
    await shot(page, 'failure');
}));
