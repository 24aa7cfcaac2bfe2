// The Inspector's own judgement of our schemas: `--strict` names whatever some client can't take.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { overStdio, scratch } from './server.mjs';

const home = join(dirname(fileURLToPath(import.meta.url)), 'node_modules/@modelcontextprotocol/inspector');
const inspector = join(home, JSON.parse(readFileSync(join(home, 'package.json'))).bin.inspector);
const run = promisify(execFile);

describe('the Inspector, strict', { concurrency: 1 }, () => {
  let room;
  before(async () => (room = await scratch()));
  after(() => room.remove());

  for (const [name, least, flags] of [
    ['compact', 15, ['--surface', 'compact']],
    ['full', 120, ['--surface', 'full']],
    ['full with output schemas', 120, ['--surface', 'full', '--output-schemas']],
  ]) {
    it(`finds nothing to say against the ${name} surface`, async () => {
      const { command, args, env } = overStdio(room.data);
      const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
      const { stdout, stderr } = await run(
        process.execPath,
        [inspector, '--cli', '--method', 'tools/list', '--strict', ...variables, '--', command, ...args, ...flags],
        { env: { ...process.env, HOME: room.data }, maxBuffer: 16 << 20, timeout: 60_000 },
      );
      assert.equal(stderr, '', stderr);
      assert.ok(JSON.parse(stdout).tools.length >= least, `${JSON.parse(stdout).tools.length} tools`);
    });
  }
});
