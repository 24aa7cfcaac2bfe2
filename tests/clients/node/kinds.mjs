// The official clients, and the doors that they come to. Where they differ, they differ here.

import { Client as NewClient, StreamableHTTPClientTransport as NewHttp } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { overHttp, overStdio, scratch } from './server.mjs';

const NAME = { name: 'official-client-tests', version: '1.0.0' };
const NEWEST = '2026-07-28';

/** As every revision but the newest has it. */
const subscribe = async (client, uri) => {
  await client.subscribeResource({ uri });
  return () => client.unsubscribeResource({ uri });
};

/** In the newest, what is listened to is a stream of its own. */
const listen = async (client, uri) => {
  const subscription = await client.listen({ resourceSubscriptions: [uri] });
  return () => subscription.close();
};

export const CLIENTS = [
  {
    name: 'sdk 1.32',
    revision: '2025-11-25',
    create: (capabilities = {}) => new OldClient(NAME, { capabilities }),
    Stdio: OldStdio,
    Http: OldHttp,
    call: (client, call, options) => client.callTool(call, undefined, options),
    // The client of that time keeps it to its transport, and tells only an HTTP one.
    spoken: (client) => client.transport.protocolVersion,
    asked: (client, answer) => client.setRequestHandler(ElicitRequestSchema, answer),
    updated: (client, hear) => client.setNotificationHandler(ResourceUpdatedNotificationSchema, hear),
    watch: subscribe,
  },
  ...[
    ['client 2.4, as it comes', '2025-11-25', undefined],
    ['client 2.4, any era', NEWEST, { mode: 'auto' }],
    ['client 2.4, newest era only', NEWEST, { mode: { pin: NEWEST } }],
  ].map(([name, revision, versionNegotiation]) => ({
    name,
    revision,
    create: (capabilities = {}) => new NewClient(NAME, { capabilities, versionNegotiation }),
    Stdio: NewStdio,
    Http: NewHttp,
    call: (client, call, options) => client.callTool(call, options),
    spoken: (client) => client.getNegotiatedProtocolVersion(),
    asked: (client, answer) => client.setRequestHandler('elicitation/create', answer),
    updated: (client, hear) => client.setNotificationHandler('notifications/resources/updated', hear),
    watch: revision === NEWEST ? listen : subscribe,
  })),
];

export const isNewest = (kind) => kind.revision === NEWEST;

export const DOORS = [
  { name: 'stdio', cancels: () => true },
  { name: '/mcp', path: '/mcp', cancels: () => true },
  // Without a session only a closed connection cancels, and the older clients send a notification.
  { name: '/mcp/json', path: '/mcp/json', cancels: isNewest },
];

export const STDIO = DOORS[0];

/** A client in conversation with a server of its own; `prepared` sees it before it connects. */
export async function meet(kind, door, { policy, capabilities, prepared = () => {} } = {}) {
  const room = await scratch();
  const server = door.path ? await overHttp(room.data, policy) : undefined;
  const transport = server
    ? new kind.Http(new URL(door.path, server.url), { requestInit: { headers: server.headers } })
    : new kind.Stdio({ ...overStdio(room.data, policy), stderr: 'inherit' });
  const client = kind.create(capabilities);
  prepared(client);
  const part = async () => {
    await client.close();
    await server?.stop();
    await room.remove();
  };
  try {
    await client.connect(transport);
  } catch (error) {
    await part();
    throw error;
  }
  const call = (name, args = {}, options) => kind.call(client, { name, arguments: args }, options);
  return { client, transport, server, call, part };
}
