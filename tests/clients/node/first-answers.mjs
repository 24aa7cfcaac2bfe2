// How long a client waits for the first answer over stdio, whatever state the tenant and the data directory are in.
// `./test` runs it by itself, because what else runs would be measured, too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';

import { environment, overStdio, scratch } from './server.mjs';

const STARTS = 21;
const LONGEST = 15;
/** Two a call. */
const ENTRIES = 100_000;

const CLIENT = { name: 'first-answers', version: '1.0.0' };
const OPENINGS = [
  ['server/discover', {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': CLIENT,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }],
  ['initialize', { protocolVersion: '2025-11-25', clientInfo: CLIENT, capabilities: {} }],
];

const { command } = overStdio('');
const others = Object.entries(process.env).filter(([name]) => !name.startsWith('MOLECULE_'));

/** Milliseconds from the start of the process to its first answer. */
async function start(data, url, [method, params]) {
  const env = { ...Object.fromEntries(others), ...environment(data), MOLECULE_URL: url, MOLECULE_ORG_TOKEN: 'k'.repeat(43) };
  const begun = performance.now();
  const child = spawn(command, ['stdio'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`);
  const [line] = await once(child.stdout, 'data');
  const took = performance.now() - begun;
  assert.match(String(line), /"molecule-org-mcp"/);
  child.stdin.end();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  return took;
}

/** As many entries as some months leave: those of a call, again and again. */
async function fill(data, url) {
  const calling = spawn(command, ['call', '--embedded', 'whoami'], { env: environment(data), stdio: 'ignore' });
  assert.deepEqual(await once(calling, 'exit'), [0, null]);
  const store = new DatabaseSync(join(data, 'state.db'));
  store.exec(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${ENTRIES / 2})
    INSERT INTO journal SELECT '${url}', position + n * 2, invocation || n, kind, at, process, tool, effect, key_prefix,
      result, body, hash FROM journal, n`);
  const { entries } = store.prepare('SELECT count(*) AS entries FROM journal WHERE tenant = ?').get(url);
  assert.equal(entries, ENTRIES);
  store.close();
}

describe('the first answer over stdio', { concurrency: 1 }, () => {
  let silent, full;

  before(async () => {
    // It accepts connections and never says a word.
    silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  after(() => silent.close());

  const there = () => `http://127.0.0.1:${silent.address().port}`;
  for (const [what, url, prepared] of [
    ['of a tenant that refuses connections', () => 'http://127.0.0.1:9'],
    ['of a tenant that never answers', there],
    ['of a tenant whose name nobody knows', () => 'https://tenant.invalid'],
    [`with ${ENTRIES} entries in the journal`, there, fill],
  ]) {
    for (const opening of OPENINGS) {
      it(`${opening[0]} ${what} comes within ${LONGEST} ms`, async (t) => {
        const room = await scratch();
        try {
          await prepared?.(room.data, url());
          const times = [];
          for (let n = 0; n < STARTS; n += 1) times.push(await start(room.data, url(), opening));
          const [first] = times;
          times.sort((a, b) => a - b);
          const middle = times[Math.floor(STARTS / 2)];
          t.diagnostic(`${times[0].toFixed(1)} ms at best, ${middle.toFixed(1)} in the middle, ${first.toFixed(1)} the first`);
          assert.ok(middle < LONGEST, `${middle} ms`);
        } finally {
          await room.remove();
        }
      });
    }
  }
});
