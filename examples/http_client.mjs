// Talks to a running server over HTTP with nothing but fetch: since revision 2026-07-28 a call is one
// POST, without a session before it.
//
//     molecule-org-mcp http --embedded
//     node http_client.mjs http://127.0.0.1:8787/mcp/json BEARER-FILE
//
// The server says on stderr where the bearer's file is.

import { readFile } from 'node:fs/promises';

const [url, bearerFile] = process.argv.slice(2);
if (!bearerFile) {
  console.error('usage: node http_client.mjs URL BEARER-FILE');
  process.exit(2);
}
const bearer = (await readFile(bearerFile, 'utf8')).trim();

let id = 0;

async function request(method, params = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${bearer}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      // The same as in the body, so that a proxy needn't read it.
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(params.name && { 'Mcp-Name': params.name }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: (id += 1),
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'http_client.mjs', version: '1.0.0' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  });
  const { result, error } = await response.json();
  if (error) throw new Error(`${response.status}: ${error.message}`);
  return result;
}

async function call(name, args = {}) {
  const result = await request('tools/call', { name, arguments: args });
  if (result.isError) throw new Error(result.content[0].text);
  return result.structuredContent;
}

const { tools } = await request('tools/list');
console.log(`${tools.length} tools, ${tools.filter((tool) => tool.annotations.readOnlyHint).length} of them only read`);

const { name, status } = await call('create_workspace', { name: 'Archivist', role: 'keeps the minutes' });
console.log(`made ${name}: ${status}`);
for (const workspace of (await call('list_workspaces')).items) {
  console.log(`- ${workspace.name} (${workspace.role})`);
}

// A mistake comes back as a result that says what to do, for a model as for a person.
try {
  await call('get_workspace', { workspace_id: 'the archivist' });
} catch (error) {
  console.log(error.message);
}
