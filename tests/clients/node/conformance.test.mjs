// The official conformance suite. It wants tools, prompts and resources with fixed names, so it runs against two
// servers: our doors, layers and handler with those fixtures around it, which pass everything; and the product as
// it is, which fails only where a fixture is missing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { overHttp, scratch } from './server.mjs';

const fixtures = process.env.MOLECULE_FIXTURES;
if (!fixtures) throw new Error('MOLECULE_FIXTURES must name the server with fixtures; ./test sets it');

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const home = here('node_modules/@modelcontextprotocol/conformance');
const suite = join(home, JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).bin.conformance);
const baseline = here('expected-failures.yml');
const expected = readFileSync(baseline, 'utf8').match(/(?<=^  - )\S+/gm);

/** A requirement set: how many scenarios it holds with those that it runs and doesn't score, and how many checks. */
const REVISIONS = [
  { revision: '2026-07-28', scenarios: 50, checks: 197 },
  { revision: '2025-11-25', scenarios: 33, checks: 83 },
];

/** Runs a requirement set: the exit code, what was said, and the checks of each scenario. */
async function run(url, revision, ...more) {
  const room = await scratch();
  try {
    const args = [suite, 'server', '--url', url, '--requirements', revision, '-o', room.data, ...more];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    const results = new Map();
    for (const directory of readdirSync(room.data)) {
      const [, scenario] = directory.match(/^server-(.+)-\d{4}-\d\d-\d\dT/);
      results.set(scenario, JSON.parse(readFileSync(join(room.data, directory, 'checks.json'), 'utf8')));
    }
    return { code, said, results };
  } finally {
    await room.remove();
  }
}

const failed = (checks) => checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
const failing = (results) =>
  [...results].flatMap(([scenario, checks]) =>
    failed(checks).map((check) => `${scenario}: ${check.id}, ${check.errorMessage}`),
  );

const withFixtures = { program: fixtures, more: [] };
const product = { program: undefined, more: ['--expected-failures', baseline] };

describe('conformance', () => {
  before(() => Promise.all([withFixtures, product].map(check)));

  async function check(server) {
    const room = await scratch();
    const { url, stop } = await overHttp(room.data, undefined, { program: server.program, asksForNothing: true });
    try {
      const runs = REVISIONS.map(async ({ revision }) => [revision, await run(url, revision, ...server.more)]);
      server.runs = new Map(await Promise.all(runs));
    } finally {
      await stop();
      await room.remove();
    }
  }

  for (const { revision, scenarios, checks } of REVISIONS) {
    it(`our doors and handler, with fixtures, pass all of ${revision}`, (t) => {
      const { code, results } = withFixtures.runs.get(revision);
      assert.deepEqual(failing(results), []);
      const passed = [...results.values()].flat().filter((check) => check.status === 'SUCCESS').length;
      t.diagnostic(`${revision}: ${passed} checks of ${results.size} scenarios`);
      assert.deepEqual({ code, scenarios: results.size, passed }, { code: 0, scenarios, passed: checks });
    });

    it(`the product itself fails ${revision} only where it is known`, () => {
      const { code, said } = product.runs.get(revision);
      assert.equal(code, 0, said.slice(said.indexOf('=== SUMMARY ===')));
    });
  }

  it('what is known to fail passes where the fixtures are', () => {
    const passed = new Set();
    for (const { results } of withFixtures.runs.values()) {
      for (const [scenario, checks] of results) {
        if (failed(checks).length === 0) passed.add(scenario);
        for (const { id, status } of checks) if (status === 'SUCCESS') passed.add(`${scenario}:${id}`);
      }
    }
    assert.deepEqual(expected.filter((entry) => !passed.has(entry)), []);
  });
});
