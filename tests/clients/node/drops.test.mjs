// One-time pages in a real browser (Debian's Chromium, or the one that CHROMIUM names), and clients that open
// them for their person.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { chromium } from 'playwright-core';

import { CLIENTS, DOORS, meet } from './kinds.mjs';
import { overHttp, overStdio, scratch } from './server.mjs';

const ERROR = 'molecule-org-mcp/error';
const NAME = { name: 'official-client-tests', version: '1.0.0' };
const BEARER = "The owner's bearer";
const VALUE = 'what-a-person-typed';
const PHONE = { viewport: { width: 360, height: 640 } };

const link = (answer) => answer.structuredContent.location.split(' ')[0];

describe('a one-time page in a browser', { concurrency: 1 }, () => {
  let room, server, client, browser, bearer;

  before(async () => {
    room = await scratch();
    server = await overHttp(room.data);
    bearer = server.headers.Authorization.split(' ')[1];
    client = new Client(NAME, { capabilities: {} });
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers: server.headers } }));
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // As root, which CI is, Chromium has no sandbox.
      args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
  });

  after(async () => {
    await browser?.close();
    await client?.close();
    await server?.stop();
    await room?.remove();
  });

  const mint = (name) => client.callTool({ name: 'mint_org_key', arguments: { name, sink: 'drop' } });

  /** What a test does on a page, and what went over the wire and the console meanwhile. */
  async function visit(address, options, work) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const asked = [], complaints = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    try {
      await page.goto(address);
      await work(page, context);
      const elsewhere = asked.filter((url) => ![address, new URL('/favicon.ico', address).href].includes(url));
      assert.deepEqual(elsewhere, [], 'everything is on the page itself');
      assert.deepEqual(complaints.filter((text) => !/status of (403|404|410)/.test(text)), []);
    } finally {
      await context.close();
    }
  }

  const fits = async (page) => {
    const { content, window } = await page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    assert.ok(content <= window, `${content} px of content in ${window}`);
  };

  for (const [how, options] of [
    ['with scripts', {}],
    ['without scripts', { javaScriptEnabled: false }],
    ['on a phone', PHONE],
    ['on a phone, in the dark, without scripts', { ...PHONE, colorScheme: 'dark', javaScriptEnabled: false }],
  ]) {
    it(`is revealed once and gone on reload, ${how}`, async () => {
      const minted = await mint(`a name that goes on and on ${'on'.repeat(35)}`);
      assert.ok(!minted.isError, JSON.stringify(minted.content));
      await visit(link(minted), options, async (page) => {
        assert.equal(await page.locator('html').getAttribute('lang'), 'en');
        assert.match(await page.title(), /A credential waits here/);
        await fits(page);
        const field = page.getByLabel(BEARER);
        assert.ok(await field.evaluate((one) => one === document.activeElement), 'the field has the focus');
        await field.fill('wrong');
        await page.getByRole('button', { name: 'Reveal once' }).click();
        assert.match(await page.getByRole('alert').innerText(), /isn't right; 4 tries left/);
        await page.getByLabel(BEARER).fill(bearer);
        await page.keyboard.press('Enter');
        const shown = await page.getByLabel('The credential').inputValue();
        assert.equal(shown.length, 43);
        assert.ok(shown.startsWith(minted.structuredContent.prefix));
        await fits(page);
        await page.goto(link(minted));
        assert.match(await page.title(), /Nothing is here any more/);
        assert.ok(!(await page.content()).includes(shown));
        await fits(page);
        await assert.rejects(page.goBack(), /ERR_CACHE_MISS/, 'the browser kept nothing to go back to');
      });
    });
  }

  if (process.env.UPDATE) {
    it('is pictured in the documentation', async () => {
      const minted = await mint('ci-deploy');
      const pictures = new URL('../../../docs/pictures/', import.meta.url);
      const size = { viewport: { width: 720, height: 460 }, deviceScaleFactor: 1.5 };
      await visit(link(minted), size, async (page) => {
        await page.screenshot({ path: fileURLToPath(new URL('one-time-page.png', pictures)), fullPage: true });
      });
    });
  }

  it('is not revealed again by sending the form once more', async () => {
    const minted = await mint('once');
    await visit(link(minted), {}, async (page) => {
      await page.getByLabel(BEARER).fill(bearer);
      await page.keyboard.press('Enter');
      const shown = await page.getByLabel('The credential').inputValue();
      await page.reload();
      assert.match(await page.title(), /Nothing is here any more/);
      assert.ok(!(await page.content()).includes(shown));
    });
  });

  it("is neither framed nor sent from another's page", async () => {
    const minted = await mint('framed');
    const response = await fetch(link(minted));
    const policy = response.headers.get('content-security-policy');
    for (const rule of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      assert.ok(policy.includes(rule), policy);
    }
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(response.headers.get('set-cookie'), null);
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.setContent(
        `<form method="post" action="${link(minted)}"><input name="bearer" value="${bearer}"><button>go</button></form>`,
      );
      await page.getByRole('button').click();
      await page.waitForURL(link(minted));
      assert.match(await page.locator('body').innerText(), /Open the page itself/);
    } finally {
      await context.close();
    }
    assert.equal((await fetch(link(minted))).status, 200, 'it still waits');
  });

  it('takes a value in', async () => {
    const wish = { name: 'set_global_secret', arguments: { key: 'TYPED_IN', source: 'drop' } };
    const waits = await client.callTool(wish);
    assert.equal(waits._meta[ERROR].code, 'PRECONDITION_FAILED');
    await visit(waits._meta[ERROR].page, { ...PHONE, javaScriptEnabled: false }, async (page) => {
      await fits(page);
      assert.equal(await page.getByLabel('Value').getAttribute('type'), 'password');
      await page.getByLabel(BEARER).fill(bearer);
      await page.getByLabel('Value').fill('a & b = ü');
      await page.getByRole('button', { name: 'Hand it over' }).click();
      assert.match(await page.title(), /Handed over/);
      assert.ok(!(await page.content()).includes('ü'));
    });
    const saved = await client.callTool(wish);
    assert.equal(saved.structuredContent?.status, 'saved', JSON.stringify(saved.content));
  });

  it('asks for the code where a client started the server', async () => {
    const other = await scratch();
    const transport = new StdioClientTransport({ ...overStdio(other.data), stderr: 'pipe' });
    const local = new Client(NAME, { capabilities: {} });
    let told = '';
    transport.stderr.on('data', (chunk) => (told += chunk));
    try {
      await local.connect(transport);
      const minted = await local.callTool({ name: 'mint_org_key', arguments: { name: 'local', sink: 'drop' } });
      const code = /code: (\S+)/.exec(told)[1];
      assert.ok(!JSON.stringify(minted).includes(code));
      await visit(link(minted), PHONE, async (page) => {
        await fits(page);
        await page.getByLabel(/^Code/).fill(code.toLowerCase());
        await page.getByRole('button', { name: 'Reveal once' }).click();
        assert.equal((await page.getByLabel('The credential').inputValue()).length, 43);
      });
    } finally {
      await local.close();
      await other.remove();
    }
  });
});

const PAGES = { elicitation: { url: {} } };

for (const kind of CLIENTS) {
  describe(`pages opened by ${kind.name}`, { concurrency: 1 }, () => {
    let met, answer;
    const asked = [];

    before(async () => {
      const prepared = (client) =>
        kind.asked(client, async (request) => {
          asked.push(request.params);
          return answer(request.params);
        });
      met = await meet(kind, DOORS[1], { capabilities: PAGES, prepared });
    });

    after(() => met?.part());

    const set = (key) => met.call('set_global_secret', { key, source: 'drop' });
    const hand = async (url, value) => {
      const body = new URLSearchParams({ bearer: met.server.headers.Authorization.split(' ')[1], value });
      assert.equal((await fetch(url, { method: 'POST', body })).status, 200);
    };

    it('the call goes on once the person is done', async () => {
      answer = async ({ mode, url }) => {
        assert.equal(mode, 'url');
        // The person takes their time after the client has said that they are there.
        setTimeout(() => hand(url, VALUE), 600);
        return { action: 'accept' };
      };
      const saved = await set('OPENED');
      assert.equal(saved.structuredContent?.status, 'saved', JSON.stringify(saved.content));
      assert.ok(!JSON.stringify(asked).includes(VALUE));
    });

    it('a person who declines gets the link in the answer, and is asked once', async () => {
      const before = asked.length;
      answer = async () => ({ action: 'decline' });
      const waits = await set('DECLINED');
      assert.equal(waits._meta[ERROR].code, 'PRECONDITION_FAILED');
      assert.equal(asked.length, before + 1);
      await hand(waits._meta[ERROR].page, 'later');
      assert.equal((await set('DECLINED')).structuredContent?.status, 'saved');
    });
  });
}
