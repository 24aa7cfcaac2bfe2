// What the server offers beside tools, through each official client at each door.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { CLIENTS, DOORS, meet } from './kinds.mjs';

const INVALID_PARAMS = -32602;
const NOT_FOUND = -32002;
const NOBODY = '00000000-0000-4000-8000-000000000000';

const address = (id) => `molecule://workspaces/${id}`;

/** What was heard, in the order in which it came. */
class Heard {
  uris = [];
  #wake = () => {};

  hear = ({ params }) => {
    this.uris.push(params.uri);
    this.#wake();
  };

  /** Returns when this was heard, after so many others. */
  async until(uri, after = 0) {
    const late = AbortSignal.timeout(10_000);
    while (!this.uris.slice(after).includes(uri)) {
      late.throwIfAborted();
      await new Promise((resolve) => {
        this.#wake = resolve;
        late.onabort = resolve;
      });
    }
  }
}

function offer(kind, door) {
  describe(`${kind.name} at ${door.name}`, { concurrency: 1 }, () => {
    const heard = new Heard();
    let met, client;

    before(async () => {
      met = await meet(kind, door, { prepared: (client) => kind.updated(client, heard.hear) });
      client = met.client;
    });

    after(() => met?.part());

    const good = async (name, args) => {
      const result = await met.call(name, args);
      assert.ok(!result.isError, JSON.stringify(result.content));
      return result.structuredContent;
    };
    const workspace = async (name) => (await good('create_workspace', { name, external: true })).id;
    const rename = (id, role) => good('update_workspace', { workspace_id: id, role });
    const text = async (uri) => (await client.readResource({ uri })).contents[0].text;
    const refused = (asking, code, words) =>
      assert.rejects(asking, (error) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, words);
        return true;
      });

    it('lists the prompts, the same each time', async () => {
      const { prompts } = await client.listPrompts();
      assert.ok(prompts.length >= 12, `${prompts.length} prompts`);
      for (const { name, title, description, arguments: all = [] } of prompts) {
        assert.ok(title && description, name);
        for (const argument of all) assert.ok(argument.description, `${name}: ${argument.name}`);
      }
      assert.deepEqual((await client.listPrompts()).prompts, prompts);
    });

    it('gets a prompt with what it gave', async () => {
      const { messages } = await client.getPrompt({ name: 'stuck_workspace', arguments: { workspace: 'Press office' } });
      assert.equal(messages[0].role, 'user');
      assert.match(messages[0].content.text, /Press office/);
      assert.match(messages[0].content.text, /diagnose_workspace/);
    });

    it('is told what a prompt misses, and which there is', async () => {
      await refused(client.getPrompt({ name: 'stuck_workspace', arguments: {} }), INVALID_PARAMS, /workspace/);
      await refused(client.getPrompt({ name: 'stuck_workspaces', arguments: {} }), INVALID_PARAMS, /stuck_workspace/);
    });

    it('lists resources and the forms of their addresses', async () => {
      const { resources } = await client.listResources();
      assert.ok(resources.some(({ uri }) => uri === 'molecule://org'), JSON.stringify(resources));
      for (const { uri, name, mimeType } of resources) assert.ok(name && mimeType, uri);
      const { resourceTemplates } = await client.listResourceTemplates();
      assert.ok(resourceTemplates.some(({ uriTemplate }) => uriTemplate === address('{workspace_id}')));
    });

    it('reads what a tool would answer', async () => {
      const id = await workspace('Read as a resource');
      assert.deepEqual(JSON.parse(await text(address(id))), await good('get_workspace', { workspace_id: id }));
    });

    it('is told what is not there', async () => {
      // Client 2.4 gives the older revisions' code as the newest one's.
      const notFound = kind.name === 'sdk 1.32' ? NOT_FOUND : INVALID_PARAMS;
      await refused(client.readResource({ uri: address(NOBODY) }), notFound, /NOT_FOUND/);
    });

    it('completes names in prompts and ids in addresses', async () => {
      const id = await workspace('Completion bureau');
      const complete = async (ref, name) =>
        (await client.complete({ ref, argument: { name, value: 'completion b' } })).completion.values;
      assert.deepEqual(await complete({ type: 'ref/prompt', name: 'stuck_workspace' }, 'workspace'), ['Completion bureau']);
      assert.deepEqual(await complete({ type: 'ref/resource', uri: address('{workspace_id}') }, 'workspace_id'), [id]);
    });

    if (door.path !== '/mcp/json') {
      it('hears what changes, for as long as it listens', async () => {
        const [one, other] = [await workspace('Listened to'), await workspace('Listened to later')];
        const stop = await kind.watch(client, address(one));
        await rename(one, 'talker');
        await heard.until(address(one));
        await stop();
        const stopOther = await kind.watch(client, address(other));
        await rename(other, 'talker');
        // What was on its way when it stopped listening has come by now.
        await heard.until(address(other));
        const before = heard.uris.length;
        await rename(one, 'nobody listens');
        await rename(other, 'quiet');
        await heard.until(address(other), before);
        assert.ok(!heard.uris.slice(before).includes(address(one)));
        await stopOther();
      });
    } else {
      it('is told that nothing can be heard here', async () => {
        await assert.rejects(kind.watch(client, 'molecule://org'), /./);
      });
    }
  });
}

describe('beside tools', { concurrency: 4 }, () => {
  for (const kind of CLIENTS) for (const door of DOORS) offer(kind, door);
});
