// The server under test: the binary that MOLECULE_BIN names, with an embedded tenant in a directory
// of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const binary = process.env.MOLECULE_BIN;
if (!binary) throw new Error('MOLECULE_BIN must name the server to test; ./test sets it');

export async function scratch() {
  const data = await mkdtemp(join(tmpdir(), 'molecule-clients-'));
  return { data, remove: () => rm(data, { recursive: true, force: true }) };
}

// Nobody is asked and nobody waits: these tests are about clients.
const waived = fileURLToPath(new URL('../../fixtures/waived.toml', import.meta.url));
// Some systems let a checkout be written to by the group, which no policy file may be.
chmodSync(waived, 0o644);

/** What concerns the server; without a policy, the built-in one holds. */
export function environment(data, policy = waived) {
  return { MOLECULE_MCP_DATA: data, ...(policy && { MOLECULE_MCP_POLICY: policy }) };
}

/** What an official client is told about a server that it starts itself. */
export function overStdio(data, policy = waived) {
  return { command: binary, args: ['stdio', '--embedded'], env: environment(data, policy) };
}

/** A server over HTTP on a port of its own, with the bearer that it made for its owner, if it asks for one. */
export async function overHttp(data, policy = waived, { program = binary, asksForNothing = false } = {}) {
  const flags = asksForNothing ? ['--no-auth'] : [];
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('MOLECULE_'));
  const child = spawn(program, ['http', '--embedded', '--listen', '127.0.0.1:0', ...flags], {
    env: { ...Object.fromEntries(others), ...environment(data, policy) },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  const told = new Promise((resolve, reject) => {
    const found = {};
    createInterface({ input: child.stderr }).on('line', (line) => {
      said += `${line}\n`;
      const [word, ...rest] = line.split(' ');
      if (word === 'ready') found.url = rest[0];
      if (word === 'bearer:') found.file = rest.slice(1).join(' ');
      if (found.url && (found.file || asksForNothing)) resolve(found);
    });
    ended.then(() => reject(new Error(`the server ended before it was ready:\n${said}`)), reject);
    setTimeout(() => reject(new Error(`the server isn't ready after 20 s:\n${said}`)), 20_000).unref();
  });
  try {
    const { url, file } = await told;
    const headers = file ? { Authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` } : {};
    return {
      url,
      headers,
      async stop() {
        child.kill('SIGTERM');
        const [code, signal] = await ended;
        return { code, signal };
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

export function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
