// What the browser tests share: Debian's chromium, one page at a time, and everything that it complains of.
//
// HF_MODULES names the directory with node_modules, HF_CHROMIUM the browser, HF_PAGES a JSON object of the
// pages to open, HF_SHOTS a directory for screenshots (or nothing).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.HF_MODULES, 'here.js'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PAGES = JSON.parse(process.env.HF_PAGES);

export async function launch() {
    return chromium.launch({ executablePath: process.env.HF_CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

// Opens a page, runs work(page), and fails if the page complained or asked for anything but itself.
export async function visit(browser, address, options, work) {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    const complaints = [];
    const requests = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.stack));
    page.on('dialog', (dialog) => { complaints.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => requests.push(request.url()));
    try {
        await page.goto(address);
        await page.waitForSelector('html[data-ready]', { timeout: 10000 });
        await page.waitForFunction(() => !/computing/i.test(document.getElementById('checked')?.textContent ?? ''));
        await work(page);
        assert.deepEqual(complaints, [], 'the browser complained');
        assert.deepEqual(requests.filter((url) => url !== address && !url.startsWith('data:')), [], 'the page asked for more than itself');
    } finally {
        await context.close();
    }
}

// WCAG 2.2 AA and axe's best practices; fails with every node that breaks a rule.
export async function accessible(page, where) {
    await page.evaluate(AXE);
    const found = await page.evaluate(() => window.axe.run(document));
    const told = found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 4).join(' | ')}`);
    assert.deepEqual(told, [], where);
}

export async function shot(page, name) {
    if (process.env.HF_SHOTS) {
        await page.screenshot({ path: join(process.env.HF_SHOTS, `${name}.png`), fullPage: true });
    }
}

export async function tab(page, name) {
    await page.click(`#tab-${name}`);
    await page.waitForSelector(`#panel-${name}.shown`);
}
