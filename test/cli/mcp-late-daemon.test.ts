import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { TOOL_NAMES } from '../../daemon/core/policy.ts';
import { findFreePort } from '../free-port.ts';
import { PLACE_ORDER, SECRETS, startServer } from '../http/http-kit.ts';
import { listen } from '../integrations/proving-server.ts';
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
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mcp-'));
  t.after(() => rmSync(folder, { recursive: true }));
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
  test(`a host may start before the daemon${isModern ? ', in the newest revision' : ''}`, async (t) => {
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

test('a setting that cannot be used ends the bridge, and no daemon mends it', async () => {
  const { code, err } = await holdfast(['mcp', '--token-file', '/nowhere/agent.token'], { HOLDFAST_PORT: '1' });
  assert.equal(code, 2);
  assert.match(err, /\/nowhere\/agent\.token cannot be read/);
});
