// The official TypeScript clients, of both eras, at every door of the server.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { CLIENTS, DOORS, isNewest, meet } from './kinds.mjs';
import { isRunning, overHttp, scratch } from './server.mjs';

const ERROR = 'molecule-org-mcp/error';
const INVOCATION = 'molecule-org-mcp/invocation';
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** A lead and its team: some three seconds of work for the tenant, which pauses between siblings. */
const TEAM = Array.from({ length: 8 }, (_, at) => ({ name: `Member ${at}` }));
const LONG = { inline: { name: 'Long', workspaces: [{ name: 'Lead', children: TEAM }] } };

function converse(kind, door) {
  describe(`${kind.name} at ${door.name}`, { concurrency: 1 }, () => {
    let met, client;

    const call = (...what) => met.call(...what);
    const good = async (name, args, options) => {
      const result = await call(name, args, options);
      assert.ok(!result.isError, JSON.stringify(result.content));
      return result.structuredContent;
    };

    before(async () => {
      met = await meet(kind, door);
      client = met.client;
    });

    after(() => met?.part());

    it('agrees on the revision that both speak', () => {
      const spoken = kind.spoken(client);
      if (spoken === undefined) {
        assert.equal(kind.name, 'sdk 1.32');
        assert.equal(door.name, 'stdio');
      } else {
        assert.equal(spoken, kind.revision);
      }
    });

    it('hears who the server is and how to use it', () => {
      const about = client.getServerVersion();
      assert.equal(about.name, 'molecule-org-mcp');
      assert.match(about.version, /^\d+\.\d+\.\d+/);
      assert.match(client.getInstructions(), /get_org_overview/);
      assert.ok(Buffer.byteLength(client.getInstructions().split('\n')[0]) > 100);
      const capabilities = client.getServerCapabilities();
      for (const one of ['completions', 'prompts', 'resources', 'tools']) assert.ok(capabilities[one], one);
      assert.equal(capabilities.logging, undefined);
    });

    it('lists the tools, the same each time', async () => {
      const { tools } = await client.listTools();
      const names = tools.map((tool) => tool.name);
      for (const name of ['find_tools', 'call_dangerous_tool', 'list_workspaces']) assert.ok(names.includes(name), name);
      for (const name of ['list_workspaces', 'mint_org_key', 'revoke_key', 'import_org']) {
        assert.ok(names.includes(name), name);
      }
      for (const { name, description, inputSchema, annotations } of tools) {
        assert.equal(inputSchema.type, 'object', name);
        assert.ok(description, name);
        assert.equal(typeof annotations.readOnlyHint, 'boolean', name);
      }
      assert.deepEqual((await client.listTools()).tools, tools);
    });

    it('reads', async () => {
      const result = await call('list_workspaces');
      assert.ok(!result.isError);
      assert.equal(result.structuredContent.count, result.structuredContent.items.length);
      assert.deepEqual(result.structuredContent, JSON.parse(result.content[0].text));
      assert.match(result._meta[INVOCATION], /^[0-9a-f-]{36}$/);
    });

    it('reads by address', async () => {
      const { resources } = await client.listResources();
      assert.ok(resources.some(({ uri }) => uri === 'molecule://org'));
      const { resourceTemplates } = await client.listResourceTemplates();
      assert.ok(resourceTemplates.some(({ name }) => name === 'workspace-file'));
      const { contents } = await client.readResource({ uri: 'molecule://workspaces' });
      assert.deepEqual(JSON.parse(contents[0].text), await good('list_workspaces'));
      await assert.rejects(client.readResource({ uri: `molecule://workspaces/${NOBODY}` }), /NOT_FOUND/);
    });

    it('changes something and finds it changed', async () => {
      const made = await good('create_workspace', { name: 'Made by a client', role: 'tester' });
      const seen = await good('get_workspace', { workspace_id: made.id });
      assert.equal(seen.name, 'Made by a client');
      const { items } = await good('list_workspaces', { name: 'Made by a client' });
      assert.deepEqual(items.map((item) => item.id), [made.id]);
    });

    for (const [what, code, name, args] of [
      ['what is not there', 'NOT_FOUND', 'get_workspace', { workspace_id: NOBODY }],
      ['a wrong argument', 'INVALID_INPUT', 'get_workspace', { workspace: NOBODY }],
      ['a missing argument', 'INVALID_INPUT', 'create_workspace', {}],
    ]) {
      it(`is told about ${what} as the result of the tool`, async () => {
        const result = await call(name, args);
        assert.equal(result.isError, true);
        assert.ok(result.content[0].text.startsWith(`${code}: `), result.content[0].text);
        assert.equal(result.structuredContent, undefined);
        const error = result._meta[ERROR];
        assert.equal(error.code, code);
        assert.equal(error.changed, 'no');
        assert.ok(error.message && error.next);
      });
    }

    it('is told about a tool that does not exist', async () => {
      const said = await call('no_such_tool').then(
        (result) => (result.isError ? result.content[0].text : 'it went well'),
        (error) => error.message,
      );
      assert.match(said, /no_such_tool/);
    });

    it('keeps answers apart when many calls run at once', async () => {
      const names = Array.from({ length: 12 }, (_, at) => `At once ${at}`);
      const made = await Promise.all(names.map((name) => good('create_workspace', { name })));
      assert.deepEqual(made.map((one) => one.name), names);
    });

    it('is told how far a long call is', async () => {
      const steps = [];
      const result = await good('import_org', LONG, { onprogress: (step) => steps.push(step) });
      assert.equal(result.count, 9);
      assert.ok(steps.some(({ message }) => /workspaces made so far/.test(message)), JSON.stringify(steps));
      for (const [at, { progress }] of steps.entries()) assert.ok(at === 0 || progress > steps[at - 1].progress);
    });

    it('cancels a call, and the next one is answered', async () => {
      const abort = new AbortController();
      const running = call('import_org', LONG, { signal: abort.signal });
      await sleep(700);
      abort.abort('enough');
      await assert.rejects(running);
      await good('list_workspaces');
      const end = await endOf('import_org');
      // The request was on its way: nobody waited for what came of it.
      const expected = door.cancels(kind) ? ['CANCELLED', 'unknown'] : ['done', 'yes'];
      assert.deepEqual([end.outcome, end.changed], expected, JSON.stringify(end));
    });

    /** How the newest call of a tool ended, by the journal. */
    async function endOf(tool) {
      for (let tries = 0; tries < 100; tries += 1) {
        const { items } = await good('query_journal', { tool, limit: 1 });
        if (items[0] && items[0].outcome !== 'running') return items[0];
        await sleep(100);
      }
      throw new Error(`${tool} is still running`);
    }

    it('is written down with its door and name', async () => {
      const { items } = await good('query_journal');
      assert.equal(items[0].tool, 'query_journal');
      assert.equal(items[0].door, door.path ? 'http' : 'stdio');
      // Without a session an older client isn't asked its name again.
      const nameless = door.path === '/mcp/json' && !isNewest(kind);
      assert.equal(items[0].client, nameless ? undefined : 'official-client-tests 1.0.0');
    });

    it(door.path ? 'leaves, and the server ends when asked' : 'closes, and the process ends by itself', async () => {
      const { pid } = met.transport;
      const since = Date.now();
      await client.close();
      if (door.path) {
        assert.deepEqual(await met.server.stop(), { code: 0, signal: null });
      } else {
        assert.ok(!isRunning(pid));
      }
      // Clients send a signal after two seconds; it must not take that.
      assert.ok(Date.now() - since < 1500, `${Date.now() - since} ms`);
    });
  });
}

// Mostly they wait.
describe('the official clients', { concurrency: 4 }, () => {
  for (const kind of CLIENTS) for (const door of DOORS) converse(kind, door);
});

describe('at the HTTP doors, without the bearer', () => {
  let room, server;
  before(async () => {
    room = await scratch();
    server = await overHttp(room.data);
  });
  after(async () => {
    await server?.stop();
    await room.remove();
  });

  for (const kind of CLIENTS) {
    for (const path of ['/mcp', '/mcp/json']) {
      it(`${kind.name} is turned away from ${path}`, async () => {
        for (const headers of [{}, { Authorization: 'Bearer wrong' }]) {
          const client = kind.create();
          const transport = new kind.Http(new URL(path, server.url), { requestInit: { headers } });
          await assert.rejects(client.connect(transport), (error) => {
            assert.match(`${error.code} ${error.message} ${error.cause?.message}`, /401|unauthorized|bearer/i);
            return true;
          });
          await client.close();
        }
      });
    }
  }
});
