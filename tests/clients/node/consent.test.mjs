// A person's yes, asked for through the official TypeScript clients of both eras.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { CLIENTS, DOORS, STDIO, isNewest, meet } from './kinds.mjs';

const ERROR = 'molecule-org-mcp/error';
const FORMS = { elicitation: { form: {} } };

const trusted = fileURLToPath(new URL('../../fixtures/trusted.toml', import.meta.url));
// Some systems let a checkout be written to by the group, which no policy file may be.
chmodSync(trusted, 0o644);

const named = (name) => ({ action: 'accept', content: { name } });
const code = (result) => (result.isError ? result._meta[ERROR].code : 'done');

const ALL = CLIENTS.flatMap((kind) => DOORS.map((door) => ({ kind, door })));
/** Without a session, what an older client can do isn't known. */
const canAsk = ({ kind, door }) => isNewest(kind) || door.path !== '/mcp/json';

describe('consent', { concurrency: 4 }, () => {
  for (const { kind, door } of ALL.filter(canAsk)) consents(kind, door);
  for (const kind of CLIENTS) withoutForms(kind);
});

function consents(kind, door) {
  describe(`through ${kind.name} at ${door.name}`, { concurrency: 1 }, () => {
    let met, answer;
    const asked = [];

    before(async () => {
      const prepared = (client) =>
        kind.asked(client, async (request) => {
          asked.push(request.params);
          return answer;
        });
      met = await meet(kind, door, { policy: door.path ? trusted : null, capabilities: FORMS, prepared });
    });

    after(() => met?.part());

    const call = (...what) => met.call(...what);
    const workspace = async (name) => {
      const made = await call('create_workspace', { name, external: true });
      assert.ok(!made.isError, JSON.stringify(made.content));
      return { workspace_id: made.structuredContent.id };
    };

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
}

function withoutForms(kind) {
  const believed = { capabilities: FORMS, prepared: (client) => kind.asked(client, async () => named('ci')) };
  for (const [what, door, more] of [
    ['without forms', STDIO, {}],
    ['with forms that do not count', DOORS[1], believed],
    ...(isNewest(kind) ? [] : [['without a session', DOORS[2], { ...believed, policy: trusted }]]),
  ]) {
    it(`gets ${kind.name} the way over the terminal ${what} at ${door.name}`, async () => {
      const met = await meet(kind, door, { policy: null, ...more });
      try {
        const result = await met.call('mint_org_key', { name: 'ci' });
        assert.equal(result._meta[ERROR].code, 'CONSENT_REQUIRED');
        assert.match(result._meta[ERROR].consent_id, /^[A-Z2-9]{8}$/);
      } finally {
        await met.part();
      }
    });
  }
}
