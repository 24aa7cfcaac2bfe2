// The example in examples/ does what it says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { overHttp, scratch } from './server.mjs';

const example = fileURLToPath(new URL('../../../examples/http_client.mjs', import.meta.url));

it('examples/http_client.mjs administers a little', async () => {
  const room = await scratch();
  const server = await overHttp(room.data);
  try {
    const args = [example, new URL('/mcp/json', server.url).href, join(room.data, 'owner-bearer')];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    assert.match(stdout, /^\d+ tools/);
    assert.match(stdout, /- Archivist \(keeps the minutes\)/);
    assert.match(stdout, /INVALID_INPUT: /);
  } finally {
    await server.stop();
    await room.remove();
  }
});
