import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { AgentLink } from '../../daemon/cli/client/agent-link.ts';
import { createClient } from '../../daemon/cli/client/client.ts';
import { createDaemonPort } from '../../daemon/cli/client/mcp-port.ts';
import { TOOL_NAMES } from '../../daemon/core/request.ts';
import { MAX_OF_TOKEN } from '../../daemon/http/entrance/connections.ts';
import { findFreePort } from '../free-port.ts';
import { PLACE_ORDER, SECRETS, startServer } from '../http/http-kit.ts';
import { CLAIMS, listen, proving } from '../integrations/proving-server.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { holdfast } from './run.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));

interface Host {
  readonly client: Client;
  /** What the bridge has said so far. */
  said(): string;
  /** Resolves when the bridge says that its tools have changed. */
  readonly changed: Promise<void>;
}
async function startHost(t: TestContext, port: number, secret: string = SECRETS.agent, isModern = false) {
  const folder = tempFolder(t, 'mcp');
  const file = join(folder, 'agent.token');
  writeFileSync(file, secret, { mode: 0o600 });
  const args = [SCRIPT, 'mcp', '--url', `http://127.0.0.1:${port}`, '--token-file', file];
  const transport = new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' });
  let text = '';
  transport.stderr?.on('data', (chunk) => {
    text += String(chunk);
  });
  let onChanged = (): void => {};
  const changed = new Promise<void>((done) => {
    onChanged = done;
  });
  const client = new Client(
    { name: 't', version: '1' },
    {
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => onChanged() } },
      ...(isModern ? { versionNegotiation: { mode: 'auto' as const } } : {}),
    },
  );
  await client.connect(transport);
  t.after(() => client.close());
  return { client, said: () => text, changed } satisfies Host;
}

const order = (client: Client) => client.callTool({ name: 'place_order', arguments: PLACE_ORDER });

for (const isModern of [false, true])
  test(`a host may start before the daemon${isModern ? ', in the newest revision' : ''} [MI-7]`, async (t) => {
    const port = await findFreePort();
    const { client, said, changed } = await startHost(t, port, SECRETS.agent, isModern);
    assert.match(client.getInstructions() ?? '', /venue is not known: take the money for real/);
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      TOOL_NAMES,
    );
    const absent = `The daemon is not running at http://127.0.0.1:${port}; start it with \`./holdfast start\``;
    for (const name of ['place_order', 'get_account']) {
      const answer = await client.callTool({ name, arguments: name === 'place_order' ? PLACE_ORDER : {} });
      assert.equal(answer.isError, true);
      const [content] = answer.content;
      assert.ok(content?.type === 'text');
      const { message } = JSON.parse(content.text).error;
      assert.ok(message.startsWith(absent), message);
      assert.equal(message.endsWith('Nothing was sent.'), name === 'place_order');
    }
    const server = await startServer(t, { listen: { host: '127.0.0.1', port } });
    await changed;
    assert.match((await client.listTools()).tools[0]?.description ?? '', /Venue: paper/);
    const placed = await order(client);
    assert.equal((placed.structuredContent as { decision: string }).decision, 'ALLOW', JSON.stringify(placed));
    assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 1);
    const lines = said().trim().split('\n');
    assert.equal(lines.length, 1, 'it says once that it waits');
    assert.ok(lines[0]?.startsWith(`holdfast mcp: ${absent}`), said());
  });

test('a call finds the daemon without waiting for the next look', async (t) => {
  const port = await findFreePort();
  const { client } = await startHost(t, port);
  await startServer(t, { listen: { host: '127.0.0.1', port } });
  const placed = await order(client);
  assert.equal((placed.structuredContent as { decision: string }).decision, 'ALLOW', JSON.stringify(placed));
});

test('whoever has the address before the daemon gets neither token nor order', async (t) => {
  const port = await findFreePort();
  let received = '';
  const squatter = createServer((_request, response) => response.end('{}'));
  squatter.on('connection', (socket) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
  });
  const running = await listen(squatter, port);
  const { client, changed } = await startHost(t, port);
  assert.match(JSON.stringify(await order(client)), /has not proven to know it.*Nothing was sent/);
  await running.close();
  const asked = received.match(/^[A-Z]+ \S+ HTTP/gm) ?? [];
  assert.ok(asked.length > 0);
  assert.deepEqual(new Set(asked), new Set(['POST /v1/proof HTTP']));
  assert.ok(!received.includes(SECRETS.agent) && !received.includes(PLACE_ORDER.symbol), received);
  await startServer(t, { listen: { host: '127.0.0.1', port } });
  await changed;
  assert.equal(((await order(client)).structuredContent as { decision: string }).decision, 'ALLOW');
});

test('an operator token serves no model when the daemon starts later, either', async (t) => {
  const port = await findFreePort();
  const { client } = await startHost(t, port, SECRETS.operator);
  const server = await startServer(t, { listen: { host: '127.0.0.1', port } });
  const refused = await order(client);
  assert.equal(refused.isError, true);
  assert.match(JSON.stringify(refused.content), /role operator may not call.*Nothing was sent/);
  assert.deepEqual(
    server.gate.calls.filter(({ method }) => method === 'runTool'),
    [],
  );
});

/** The bridge within this process. */
function openBridge(t: TestContext, port: number, secret: string, env: Readonly<Record<string, string>> = {}) {
  const folder = tempFolder(t, 'mcp');
  const tokenFile = join(folder, 'model.token');
  writeFileSync(tokenFile, secret, { mode: 0o600 });
  const nothing = () => undefined;
  const io = { env: { HOME: folder, ...env }, out: nothing, err: nothing, exit: nothing };
  const link = new AgentLink(() => createClient(io, { url: `http://127.0.0.1:${port}`, tokenFile }, 'agent'));
  t.after(() => link.close());
  return createDaemonPort(link, '1');
}

test('an operator token serves no model, either, that came when the daemon had no place for it', async (t) => {
  const server = await startServer(t);
  const line = `GET /v1/trading-state HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${SECRETS.operator}\r\n\r\n`;
  const held: Socket[] = [];
  for (let count = 0; count < MAX_OF_TOKEN; count += 1) {
    const socket = connect(server.port, '127.0.0.1');
    t.after(() => void socket.destroy());
    socket.write(line);
    await once(socket, 'data');
    held.push(socket);
  }
  const bridge = openBridge(t, server.port, SECRETS.operator);
  await bridge.callTool('get_account', {});
  for (const socket of held) socket.destroy();
  await until(
    'there is room again',
    async () => (await server.call('GET', '/v1/market', { role: 'operator' })).status === 200,
  );
  const { body, isError } = await bridge.callTool('place_order', PLACE_ORDER);
  assert.equal(isError, true, JSON.stringify(body));
  assert.match(JSON.stringify(body), /role operator may not call.*Nothing was sent/);
  assert.deepEqual(
    server.gate.calls.filter(({ method }) => method === 'runTool'),
    [],
  );
});

test('where another daemon has come in its place, the model is told that nothing was sent', async (t) => {
  const port = await findFreePort();
  const open = (venue: string) => {
    const claims = JSON.stringify({ ...JSON.parse(CLAIMS), venue });
    const asked: string[] = [];
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      asked.push(request.url ?? '');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    };
    return { asked, running: listen(createServer(proving(() => [SECRETS.agent], answer, claims)), port) };
  };
  const first = open('paper');
  const { close } = await first.running;
  const bridge = openBridge(t, port, SECRETS.agent, { HOLDFAST_VENUE: 'paper' });
  assert.equal((await bridge.callTool('place_order', PLACE_ORDER)).isError, false);
  await close();
  assert.match(JSON.stringify(await bridge.callTool('get_account', {})), /UNREACHABLE/);
  const second = open('binance-demo');
  const { close: closeSecond } = await second.running;
  t.after(closeSecond);
  const { body, isError } = await bridge.callTool('place_order', PLACE_ORDER);
  assert.equal(isError, true);
  assert.match(JSON.stringify(body), /HOLDFAST_VENUE says paper.*Nothing was sent/);
  assert.deepEqual(second.asked, []);
});

test('a setting that cannot be used ends the bridge, and no daemon mends it', async () => {
  const { code, err } = await holdfast('mcp --token-file /nowhere/agent.token', { HOLDFAST_PORT: '1' });
  assert.equal(code, 2);
  assert.match(err, /\/nowhere\/agent\.token cannot be read/);
});
