// A person's yes, asked for through the official TypeScript clients of both eras.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Client as NewClient, StreamableHTTPClientTransport as NewHttp } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { overHttp, overStdio, scratch } from './server.mjs';

const ERROR = 'molecule-org-mcp/error';
const NAME = { name: 'official-client-tests', version: '1.0.0' };

const CLIENTS = [
  {
    name: 'sdk 1.32',
    create: (capabilities, answer) => {
      const client = new OldClient(NAME, { capabilities });
      if (capabilities.elicitation) client.setRequestHandler(ElicitRequestSchema, answer);
      return client;
    },
    Stdio: OldStdio,
    Http: OldHttp,
    call: (client, call) => client.callTool(call),
  },
  ...[
    ['client 2.4, older era', undefined],
    ['client 2.4, newest era', { mode: { pin: '2026-07-28' } }],
  ].map(([name, versionNegotiation]) => ({
    name,
    create: (capabilities, answer) => {
      const client = new NewClient(NAME, { capabilities, versionNegotiation });
      if (capabilities.elicitation) client.setRequestHandler('elicitation/create', answer);
      return client;
    },
    Stdio: NewStdio,
    Http: NewHttp,
    call: (client, call) => client.callTool(call),
  })),
];

const FORMS = { elicitation: { form: {} } };

for (const kind of CLIENTS) {
  describe(`consent through ${kind.name}`, { concurrency: 1 }, () => {
    let room, client, answer;
    const asked = [];

    before(async () => {
      room = await scratch();
      client = kind.create(FORMS, async (request) => {
        asked.push(request.params);
        return answer;
      });
      await client.connect(new kind.Stdio({ ...overStdio(room.data), stderr: 'inherit' }));
    });

    after(async () => {
      await client?.close();
      await room.remove();
    });

    const call = (name, args = {}) => kind.call(client, { name, arguments: args });
    const workspace = async (name) => {
      const made = await call('create_workspace', { name, external: true });
      assert.ok(!made.isError, JSON.stringify(made.content));
      return { workspace_id: made.structuredContent.id };
    };
    const named = (name) => ({ action: 'accept', content: { name } });
    const code = (result) => (result.isError ? result._meta[ERROR].code : 'done');

    it('accepts, and it is done', async () => {
      const target = await workspace('Old team');
      answer = named('Old team');
      const result = await call('delete_workspace', target);
      assert.equal(code(result), 'done', JSON.stringify(result.content));
      const form = asked.at(-1);
      assert.match(form.message, /Workspace "Old team" \(/);
      assert.match(form.message, new RegExp(`workspace_id = "${target.workspace_id}"`));
      assert.equal(form.requestedSchema.properties.name.title, 'Type "Old team" to agree');
    });

    it('accepts a yes or no', async () => {
      const target = await workspace('Talker');
      answer = { action: 'accept', content: { agree: true } };
      assert.equal(code(await call('create_workspace_token', target)), 'done');
      assert.equal(asked.at(-1).requestedSchema.properties.agree.type, 'boolean');
    });

    it('declines, and is not asked again', async () => {
      const target = await workspace('Kept');
      answer = { action: 'decline' };
      const before = asked.length;
      assert.equal(code(await call('delete_workspace', target)), 'CONSENT_INVALID');
      answer = named('Kept');
      const again = await call('delete_workspace', target);
      assert.match(again.content[0].text, /^CONSENT_INVALID: a person said no/);
      assert.equal(asked.length, before + 1);
    });

    it('puts it aside, and the other way stays open', async () => {
      const target = await workspace('Later');
      answer = { action: 'cancel' };
      const result = await call('delete_workspace', target);
      assert.equal(code(result), 'CONSENT_REQUIRED');
      assert.match(result.content[0].text, /molecule-org-mcp consents agree [A-Z2-9]{8}/);
    });

    it('types a wrong name, then the right one', async () => {
      const target = await workspace('Exact');
      answer = named('exact');
      assert.equal(code(await call('delete_workspace', target)), 'CONSENT_INVALID');
      answer = named('Exact');
      assert.equal(code(await call('delete_workspace', target)), 'done');
    });
  });

  describe(`no forms, or none that count, with ${kind.name}`, () => {
    it('gets the way over the terminal', async () => {
      const room = await scratch();
      const client = kind.create({});
      try {
        await client.connect(new kind.Stdio({ ...overStdio(room.data), stderr: 'inherit' }));
        const result = await kind.call(client, { name: 'mint_org_key', arguments: { name: 'ci' } });
        assert.equal(result._meta[ERROR].code, 'CONSENT_REQUIRED');
        assert.match(result._meta[ERROR].consent_id, /^[A-Z2-9]{8}$/);
      } finally {
        await client.close();
        await room.remove();
      }
    });

    it('is not believed over HTTP', async () => {
      const room = await scratch();
      const server = await overHttp(room.data);
      const client = kind.create(FORMS, async () => ({ action: 'accept', content: { name: 'ci' } }));
      try {
        const transport = new kind.Http(new URL('/mcp', server.url), { requestInit: { headers: server.headers } });
        await client.connect(transport);
        const result = await kind.call(client, { name: 'mint_org_key', arguments: { name: 'ci' } });
        assert.equal(result._meta?.[ERROR]?.code, 'CONSENT_REQUIRED');
      } finally {
        await client.close();
        await server.stop();
        await room.remove();
      }
    });
  });
}
