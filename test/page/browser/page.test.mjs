// The page as a person uses it: pointer, keyboard, bench, comparison, colours, phone, paper.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { accessible, launch, PAGES, shot, tab, visit } from '../browser.mjs';

const TABS = ['message', 'keys', 'why', 'tamper', 'compare'];
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const place = (page) => page.textContent('.count');

test('stepping, playing, speed and dragging the axis', () => visit(browser, PAGES.full, {}, async (page) => {
    const total = await page.$$eval('.entry', (nodes) => nodes.length);
    await page.click('#first');
    assert.equal(await place(page), `0 / ${total}`);
    assert.equal(await page.$$eval('.entry.ahead', (nodes) => nodes.length), total);
    await page.click('#forward');
    await page.click('#forward');
    assert.equal(await place(page), `2 / ${total}`);
    assert.match(await page.textContent('.message-head h3'), /ServerHello/);
    await page.click('#back');
    assert.equal(await place(page), `1 / ${total}`);
    await page.selectOption('#speed', '4');
    await page.click('#play');
    await page.waitForFunction((n) => document.querySelector('.count').textContent === `${n} / ${n}`, total, { timeout: 8000 });
    await page.click('#last');
    await page.locator('.axis').scrollIntoViewIfNeeded();
    const axis = await page.locator('.axis').boundingBox();
    await page.mouse.move(axis.x + 20, axis.y + axis.height - 30);
    await page.mouse.down();
    await page.mouse.move(axis.x + 20, axis.y + axis.height / 2, { steps: 4 });
    await page.mouse.up();
    const [now] = (await place(page)).split(' / ');
    assert.ok(Number(now) > 1 && Number(now) < total, now);
}));

test('each message has its story, and its proofs are checked again', () => visit(browser, PAGES.full, {}, async (page) => {
    assert.match(await page.textContent('#proven'), /^\d+ signatures, MACs and tags checked, all hold$/);
    assert.match(await page.textContent('.story'), /The client begins.*localhost.*On the path one sees.*the name localhost/s);
    await page.click('.entry >> text=CertificateVerify');
    const proofs = await page.$$eval('.proofs li', (nodes) => nodes.map((node) => [node.dataset.status, node.textContent]));
    assert.deepEqual(proofs.map(([status]) => status), ['holds', 'holds']);
    assert.match(proofs[0][1], /signature holds: checked here/);
    assert.match(proofs[1][1], /tag of its record holds/);
}));

test('a recording that was forged is found out', () => visit(browser, PAGES.forged, {}, async (page) => {
    assert.match(await page.textContent('#proven.bad'), /proofs do not hold/);
    await page.click('.entry >> text=CertificateVerify');
    await page.waitForSelector('.proofs li[data-status="fails"]');
    assert.match(await page.textContent('#checked.bad'), /differ/);
}));

for (const [name, heading, begin, telling] of [
    ['psk', /with a shared key/, 'ServerHello', /mixes in the external key/],
    ['replay', /failed/, 'early data, not read', /skips it unread: This first flight, or one with the same binder, was seen before\. The client/],
    ['tls12-ticket', /TLS 1\.2, resumed/, 'ServerHello', /takes the session up again.*no new forward secrecy/s],
    ['static-rsa', /TLS 1\.2/, 'ClientKeyExchange', /there is no forward secrecy/]]) {
    test(`what each kind of handshake is and what it costs is told: ${name}`, () => visit(browser, PAGES[name], {}, async (page) => {
        assert.match(await page.textContent('h1'), heading);
        const facts = await page.$$eval('.chips .chip', (chips) => chips.map((chip) => chip.textContent));
        assert.equal(facts.includes('no forward secrecy'), ['tls12-ticket', 'static-rsa'].includes(name), facts.join(', '));
        assert.equal(facts.includes('resumed'), ['replay', 'tls12-ticket'].includes(name), facts.join(', '));
        assert.match(await page.textContent('#proven'), /^\d+ signatures, MACs and tags checked, all hold$/);
        assert.match(await page.textContent('#checked'), /^\d+ secrets recomputed, equal$/);
        await page.click(`.entry >> text=${begin}`);
        await page.waitForFunction((text) => document.querySelector('.story')?.textContent.includes(text), begin === 'ServerHello' ? 'The server takes' : '');
        assert.match(await page.textContent('.story'), telling);
        await tab(page, 'keys');
        assert.equal(await page.locator('.side', { hasText: 'pre-shared key, imported' }).count(), name === 'psk' ? 2 : 0);
        if (name === 'psk') {
            const [first] = await page.$$eval('.key-row', (rows) => rows.map((row) => { const n = row.querySelector('.step-name'); return [n.scrollWidth, n.clientWidth, n.getBoundingClientRect().width]; }));
            assert.ok(first[2] > 20 && first[0] <= first[1] + 1, `the step's name is cut: ${first}`);
            await page.click('.key-node >> nth=0');
            assert.match(await page.textContent('#panel-keys'), /imported pre-shared key = HKDF-Expand-Label\(HKDF-Extract\(0, epsk\), “tls13 derived psk”/);
        }
        assert.equal(await page.locator('.side', { hasText: 'premaster secret' }).count(), name === 'static-rsa' ? 1 : 0);
        await tab(page, 'why');
        assert.doesNotMatch(await page.textContent('#panel-why'), /\.\./);
        await shot(page, `kind-${name}`);
    }));
}

test('the schedule grows with the messages', () => visit(browser, PAGES.full, {}, async (page) => {
    await tab(page, 'keys');
    await page.click('#first');
    const shown = () => page.$$eval('.key-row:not(.ahead)', (nodes) => nodes.length);
    const counts = [await shown()];
    const total = await page.$$eval('.entry', (nodes) => nodes.length);
    for (let i = 0; i < total; i++) {
        await page.click('#forward');
        counts.push(await shown());
    }
    assert.equal(counts[0], 0);
    assert.deepEqual([...counts].sort((a, b) => a - b), counts);
    assert.equal(counts.at(-1), await page.$$eval('.key-row', (nodes) => nodes.length));
    assert.ok(new Set(counts).size >= 3, counts.join(' '));
}));

test('fields and bytes point at each other', () => visit(browser, PAGES.full, {}, async (page) => {
    await page.click('.entry >> nth=0');
    const field = page.locator('.field', { hasText: 'random' }).first();
    await field.hover();
    assert.equal(await page.$$eval('.message-view .b.lit', (nodes) => nodes.length), 32);
    await page.locator('.message-view .b[data-at="4"]').hover();
    assert.match(await page.textContent('.field.lit'), /legacy_version/);
    assert.match(await page.textContent('.caption'), /legacy_version.*2 bytes at 4/);
}));

test('the bench: each message, changed on the wire and by one who holds the keys', () => visit(browser, PAGES.full, {}, async (page) => {
    await tab(page, 'tamper');
    const count = await page.$$eval('#tamper-message option', (nodes) => nodes.length);
    for (let i = 0; i < count; i++) {
        await page.selectOption('#tamper-message', String(i));
        const inside = await page.isEnabled('#tamper-inside');
        for (const held of inside ? [false, true] : [false]) {
            if (inside) {
                await page.setChecked('#tamper-inside', held);
            }
            await page.fill('#tamper-at', '7');
            await page.locator('#tamper-at').blur();
            await page.click('#tamper-random');
            await page.waitForFunction(() => ['refused', 'waits', 'unnoticed'].includes(document.getElementById('tamper-result').dataset.verdict));
            const [verdict, alert] = await page.$eval('#tamper-result', (node) => [node.dataset.verdict, node.dataset.alert]);
            assert.ok(verdict === 'waits' || /^[a-z_]+$/.test(alert), `message ${i}: ${verdict} ${alert}`);
            if (inside && !held) {
                assert.equal(alert, 'bad_record_mac');
            }
            await page.click('#tamper-reset');
        }
    }
    await page.selectOption('#tamper-message', { label: 'Finished (server)' });
    await page.setChecked('#tamper-inside', true);
    await page.click('#tamper-flip');
    await page.waitForSelector('#tamper-result[data-alert="decrypt_error"][data-code="FINISHED"]');
    await shot(page, 'tamper');
}));

for (const [name, wanted] of [['full', { 'Push the version down': 'protocol_version', 'Swap the server’s key share': 'bad_record_mac',
                                         'Forge the signature': 'decrypt_error', 'Forge the client’s Finished': 'decrypt_error' }],
                              ['resumed', { 'Forge the binder': 'decrypt_error', 'Change early data': 'bad_record_mac' }],
                              ['tls12', { 'Swap the server’s share': 'decrypt_error', 'Forge the signature': 'decrypt_error',
                                          'Alter the certificate': 'bad_certificate', 'Change the data': 'bad_record_mac' }]]) {
    test(`the bench: what is worth trying, ${name}`, () => visit(browser, PAGES[name], {}, async (page) => {
        await tab(page, 'tamper');
        for (const [trial, alert] of Object.entries(wanted)) {
            await page.click(`.trial:text-is("${trial}")`);
            await page.waitForSelector(`#tamper-result[data-verdict="refused"][data-alert="${alert}"]`);
        }
        await shot(page, `tamper-${name}`);
    }));
}

test('two recordings side by side', () => visit(browser, PAGES.pair, {}, async (page) => {
    await page.waitForSelector('#panel-compare.shown');
    assert.match(await page.textContent('.compare-result .lead'), /messages alike/);
    assert.ok(await page.$$eval('.compare-facts tr.changed', (nodes) => nodes.length) > 0);
    assert.ok(await page.$$eval('.compare-messages tr:not(.same)', (nodes) => nodes.length) > 1);
    await page.selectOption('#compare-right', '0');
    assert.match(await page.textContent('.compare-result'), /Choose two different/);
    await shot(page, 'compare');
}));

test('another recording is opened from a file, and what is none is refused', () => visit(browser, PAGES.full, {}, async (page) => {
    await tab(page, 'compare');
    const give = (text) => page.setInputFiles('#compare-file', { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await give('{"format":');
    await page.waitForFunction(() => /not JSON/.test(document.querySelector('#panel-compare [role=status]').textContent));
    await give('{"format":"handfast-recording","version":9}');
    await page.waitForFunction(() => /version 9/.test(document.querySelector('#panel-compare [role=status]').textContent));
    const own = JSON.parse(await page.textContent('#recording')).recordings[0];
    own.summary.alpn = 'h9';
    await give(JSON.stringify(own));
    await page.waitForSelector('.compare-facts tr.changed');
}));

test('a longer path redraws the round trips', () => visit(browser, PAGES.full, {}, async (page) => {
    const before = await page.textContent('#cost');
    const height = await page.$eval('.stage', (node) => node.clientHeight);
    await page.focus('#delay');
    for (let i = 0; i < 9; i++) {
        await page.keyboard.press('ArrowRight');
    }
    assert.match(await page.textContent('.delay-name'), /100 ms one way/);
    const after = await page.textContent('#cost');
    assert.notEqual(after, before);
    assert.match(after, /1 round trip: the client may send after 20\d ms/);
    assert.ok(await page.$eval('.stage', (node) => node.clientHeight) > height);
    await page.check('#tcp');
    assert.match(await page.textContent('#cost'), /2 round trips \(one of them TCP’s\): the client may send after 40\d ms/);
    await shot(page, 'delay');
}));

test('the keyboard alone', () => visit(browser, PAGES.full, {}, async (page) => {
    const total = await page.$$eval('.entry', (nodes) => nodes.length);
    await page.keyboard.press('Home');
    assert.equal(await place(page), `0 / ${total}`);
    await page.keyboard.press('ArrowRight');
    assert.equal(await place(page), `1 / ${total}`);
    await page.keyboard.press('End');
    assert.equal(await place(page), `${total} / ${total}`);
    await page.keyboard.press('2');
    await page.waitForSelector('#panel-keys.shown');
    await page.focus('#tab-keys');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('#panel-why.shown');
    await page.focus('.hand');
    await page.keyboard.press('Home');
    assert.equal(await page.getAttribute('.hand', 'aria-valuenow'), '0');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.getAttribute('.hand', 'aria-valuetext'), 'after ClientHello of the client');
    await page.focus('#forward');
    await page.keyboard.press('Space');
    assert.equal(await place(page), `2 / ${total}`);
    await page.keyboard.press('d');
    assert.equal(await page.getAttribute('html', 'data-theme'), 'light');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('Space');
    await page.waitForSelector('#play[aria-label="Pause"]');
    await page.keyboard.press('Space');
    // Everything that can be pressed can be reached by Tab.
    await page.keyboard.press('1');
    const reached = new Set();
    await page.evaluate(() => { document.activeElement.blur(); document.body.focus(); });
    for (let i = 0; i < 140; i++) {
        await page.keyboard.press('Tab');
        reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
    }
    for (const id of ['theme', 'first', 'play', 'delay', 'tcp', 'tab-message']) {
        assert.ok(reached.has(id), `${id} cannot be reached`);
    }
}));

for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing to complain of, ${colorScheme}`, () => visit(browser, PAGES.pair, { colorScheme }, async (page) => {
        for (const name of TABS) {
            await tab(page, name);
            if (name === 'tamper') {
                await page.click('#tamper-flip');
                await page.waitForSelector('#tamper-result[data-verdict="refused"]');
            } else if (name === 'keys') {
                await page.click('.key-node >> nth=2');
            }
            await accessible(page, `${name}, ${colorScheme}`);
            await shot(page, `${name}-${colorScheme}`);
        }
        await page.click('#first');
        await accessible(page, `before the first message, ${colorScheme}`);
    }));
    test(`nor in a failure or in a laboratory, ${colorScheme}`, async () => {
        for (const name of ['lab', 'failures']) {
            await visit(browser, PAGES[name], { colorScheme }, (page) => accessible(page, `${name}, ${colorScheme}`));
        }
    });
}

test('a phone shows it without scrolling sideways', async () => {
    const options = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    await visit(browser, PAGES.pair, options, async (page) => {
        for (const name of TABS) {
            await tab(page, name);
            const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
            assert.ok(inner <= outer, `${name}: ${inner} > ${outer}`);
            await shot(page, `${name}-phone`);
        }
        await accessible(page, 'on a phone');
    });
});

test('paper gets all panels that say something there, and no buttons', () => visit(browser, PAGES.full, {}, async (page) => {
    await page.emulateMedia({ media: 'print' });
    const visible = (selector) => page.isVisible(selector);
    for (const selector of ['#panel-message', '#panel-keys', '#panel-why', '.arrows']) {
        assert.equal(await visible(selector), true, selector);
    }
    for (const selector of ['.player', '.tabs', '#panel-tamper', '.foot']) {
        assert.equal(await visible(selector), false, selector);
    }
    await shot(page, 'print');
}));

test('hostile names do nothing', () => visit(browser, PAGES.hostile, {}, async (page) => {
    assert.equal(await page.evaluate(() => window.owned), undefined);
    for (const name of TABS) {
        await tab(page, name);
    }
    assert.equal(await page.$('#page img, #page script, #page iframe, #page object'), null);
    const text = await page.textContent('body #page');
    assert.match(text, /<img src=x onerror=/);
    assert.match(text, /\\u\{202e\}/);
    assert.doesNotMatch(text, /\u202e/);
}));

test('what cannot be shown is told in a sentence', () => visit(browser, PAGES.broken, {}, async (page) => {
    assert.match(await page.textContent('.banner.bad'), /version 7; this page knows version 1/);
    assert.match(await page.textContent('#page'), /nothing to show/);
}));
