// The Inspector, as a client of both eras, and as a judge of our schemas: `--strict` names whatever some client can't
// take.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { overHttp, overStdio, scratch } from './server.mjs';

const home = join(dirname(fileURLToPath(import.meta.url)), 'node_modules/@modelcontextprotocol/inspector');
const inspector = join(home, JSON.parse(readFileSync(join(home, 'package.json'))).bin.inspector);
const run = promisify(execFile);

describe('the Inspector', { concurrency: 1 }, () => {
  let room, server;
  before(async () => {
    room = await scratch();
    server = await overHttp(join(room.data, 'over-http'));
  });
  after(async () => {
    await server?.stop();
    await room.remove();
  });

  /** What it shows of a server, as JSON; a complaint is an error. */
  async function show(method, flags, target) {
    const { stdout, stderr } = await run(process.execPath, [inspector, '--cli', '--method', method, ...flags, ...target], {
      env: { ...process.env, HOME: room.data },
      maxBuffer: 16 << 20,
      timeout: 60_000,
    });
    return { stderr, shown: JSON.parse(stdout) };
  }
  const stdio = (...flags) => {
    const { command, args, env } = overStdio(room.data);
    const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    return [...variables, '--', command, ...args, ...flags];
  };
  const http = () => ['--server-url', server.url, '--header', `Authorization: ${server.headers.Authorization}`];

  for (const [name, least, flags] of [
    ['compact', 15, ['--surface', 'compact']],
    ['full', 120, ['--surface', 'full']],
    ['full with output schemas', 120, ['--surface', 'full', '--output-schemas']],
  ]) {
    it(`finds nothing to say against the ${name} surface, however strict`, async () => {
      const { stderr, shown } = await show('tools/list', ['--strict'], stdio(...flags));
      assert.equal(stderr, '', stderr);
      assert.ok(shown.tools.length >= least, `${shown.tools.length} tools`);
    });
  }

  for (const [era, door, target] of [
    ['legacy', 'stdio', stdio],
    ['modern', 'HTTP', http],
  ]) {
    describe(`in the ${era} era over ${door}`, { concurrency: 2 }, () => {
      for (const [method, field, ...flags] of [
        ['tools/call', 'structuredContent', '--tool-name', 'whoami'],
        ['prompts/list', 'prompts'],
        ['prompts/get', 'messages', '--prompt-name', 'stuck_workspace', '--prompt-args', 'workspace=Press office'],
        ['resources/list', 'resources'],
        ['resources/templates/list', 'resourceTemplates'],
        ['resources/read', 'contents', '--uri', 'molecule://org'],
      ]) {
        it(`shows ${method}`, async () => {
          const { shown } = await show(method, ['--protocol-era', era, ...flags], target());
          assert.ok(Object.keys(shown[field]).length > 0, JSON.stringify(shown));
        });
      }
    });
  }
});
