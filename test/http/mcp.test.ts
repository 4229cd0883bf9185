import assert from 'node:assert/strict';
import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { Client as OldClient } from 'mcp-sdk-v1/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from 'mcp-sdk-v1/client/streamableHttp.js';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { ToolOutcome } from '../../daemon/engine/records/decisions.ts';
import { MAX_IN_FLIGHT } from '../../daemon/http/requests/in-flight.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { ANSWER_TEXT } from './fake-gate.ts';
import { SECRETS, startServer, type TestServer } from './http-kit.ts';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};
const ACCEPT = { accept: 'application/json, text/event-stream' };
const ARGS = { symbol: 'BTCUSDT', intent: 'open', side: 'buy', requested_notional: 200, requested_leverage: 1 };
const ORDER = { ...ARGS, order_type: 'market', max_slippage_bps: 10, strategy_id: 's' };

type Era = 'v2' | 'v2 modern' | 'v1';
interface Connected {
  readonly instructions: string | undefined;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string; readonly annotations?: unknown }[] }>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  callTool(name: string, args: unknown): Promise<any>;
}
async function connect(t: TestContext, server: TestServer, era: Era, role: 'agent' | 'operator' = 'agent') {
  const url = new URL(`http://127.0.0.1:${server.port}/mcp`);
  const requestInit = { headers: { authorization: `Bearer ${SECRETS[role]}` } };
  const client =
    era === 'v1'
      ? new OldClient({ name: 't', version: '1' })
      : new Client(
          { name: 't', version: '1' },
          era === 'v2 modern' ? { versionNegotiation: { mode: 'auto' as const } } : undefined,
        );
  const transport =
    era === 'v1' ? new OldTransport(url, { requestInit }) : new StreamableHTTPClientTransport(url, { requestInit });
  await (client as OldClient).connect(transport as OldTransport);
  t.after(() => client.close());
  const connected: Connected = {
    instructions: client.getInstructions(),
    listTools: () => (client as OldClient).listTools(),
    callTool: (name, args) => (client as OldClient).callTool({ name, arguments: args as Record<string, unknown> }),
  };
  return connected;
}

test('the reading tools say whose a symbol is, in one short member', async (t) => {
  const server = await startServer(t);
  const client = await connect(t, server, 'v2');
  const read = async (tool: string) => (await client.callTool(tool, {})).structuredContent;
  const { symbols } = await read('get_limits');
  const { markets } = await read('get_market');
  assert.deepEqual([symbols[0].held, markets[0].held], ['free', 'another']);
  const without = symbols.map(({ held: _, ...rest }: { held: string }) => rest);
  const cost = encode(JSON.stringify(symbols)).length - encode(JSON.stringify(without)).length;
  assert.ok(cost <= 5, `${cost} tokens`);
  const { tools } = await client.listTools();
  for (const name of ['get_limits', 'get_market', 'get_positions'])
    assert.match(JSON.stringify(tools.find((tool) => tool.name === name)), /\(held\b/, name);
});

for (const era of ['v2', 'v2 modern', 'v1'] as const) {
  test(`a client of ${era} is told the venue and its money, lists the tools, places an order and reads [MI-8]`, async (t) => {
    const server = await startServer(t);
    const client = await connect(t, server, era);
    assert.match(client.instructions ?? '', /^Holdfast is a policy gate .* Venue: paper; simulated money\.$/m);
    const { tools } = await client.listTools();
    assert.equal(tools.length, 13);
    assert.deepEqual(tools.find(({ name }) => name === 'get_account')?.annotations, { readOnlyHint: true });
    const placed = await client.callTool('place_order', ORDER);
    assert.notEqual(placed.isError, true, JSON.stringify(placed));
    assert.equal(placed.structuredContent.decision, 'ALLOW');
    assert.deepEqual(JSON.parse(placed.content[0].text), placed.structuredContent);
    assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 1);
    const account = await client.callTool('get_account', {});
    assert.equal(typeof account.structuredContent.equity_usdt, 'number');
  });
}

test('arguments that the contract refuses are refused in its words, recorded, and sent nowhere', async (t) => {
  const server = await startServer(t);
  const client = await connect(t, server, 'v2 modern');
  const refused = await client.callTool('place_order', { ...ORDER, requested_notional: 'all of it', side: 'up' });
  assert.equal(refused.isError, true);
  assert.equal(refused.structuredContent, undefined);
  const { error, status } = JSON.parse(refused.content[0].text);
  assert.deepEqual([error.code, status], ['INVALID_INPUT', 400]);
  const paths = error.details.violations.map(({ path }: { path: string }) => path).sort();
  assert.deepEqual(paths, ['requested_notional', 'side']);
  const over = await server.call('POST', '/v1/tools/place_order', {
    body: { ...ORDER, requested_notional: 'all of it', side: 'up' },
  });
  assert.deepEqual(over.json.error, error, 'the very words of the HTTP door');
  const recorded = server.gate.calls.filter(({ method }) => method === 'recordRejectedInput');
  assert.equal(recorded.length, 2, 'recorded through each door');
  assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 0);
});

test('a tool that does not exist, and verbs of the operator, are no tools', async (t) => {
  const server = await startServer(t);
  const client = await connect(t, server, 'v2');
  for (const name of ['halt', 'flatten', 'resume', 'reload_policy', 'place_orders', '__proto__', 'constructor', '']) {
    const answer = await client.callTool(name, {}).catch((error: Error) => ({ isError: true, message: error.message }));
    assert.equal(answer.isError, true, name);
  }
  assert.deepEqual(
    server.gate.calls.filter(({ method }) => !['readiness', 'getPolicy', 'mayRead'].includes(method)),
    [],
  );
});

test('only an agent speaks MCP: no token, a monitor and an operator do not get in', async (t) => {
  const server = await startServer(t);
  for (const [role, status] of [
    [null, 401],
    ['monitor', 403],
    ['operator', 403],
  ] as const) {
    const answer = await server.call('POST', '/mcp', { role, body: INITIALIZE, headers: ACCEPT });
    assert.equal(answer.status, status, String(role));
  }
  const foreign = await server.call('POST', '/mcp', {
    body: INITIALIZE,
    headers: { ...ACCEPT, origin: 'https://evil.example' },
  });
  assert.equal(foreign.status, 403);
});

test('a batch counts each of its calls: beyond the places of the token nothing of it runs, exits do', async (t) => {
  const server = await startServer(t);
  const call = (name: string, id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: { symbol: 'BTCUSDT' } },
  });
  const many = Array.from({ length: 300 }, (_, id) => call('get_limits', id));
  const refused = await server.call('POST', '/mcp', { body: many, headers: ACCEPT });
  assert.equal(refused.status, 429);
  assert.equal(server.gate.calls.filter(({ method }) => method === 'getLimits').length, 0);
  const exits = Array.from({ length: 3 }, (_, id) => call('close_position', id));
  const closed = await server.call('POST', '/mcp', { body: exits, headers: ACCEPT });
  assert.equal(closed.status, 200, closed.text);
  assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 3);
  const again = await server.call('POST', '/v1/tools/get_limits', { body: {} });
  assert.equal(again.status, 200, 'the places of the refused batch are free again');
});

test('hanging up frees no place while the gate is still busy with the call', async (t) => {
  const server = await startServer(t);
  const waiting: ((outcome: ToolOutcome) => void)[] = [];
  server.gate.outcome = () => new Promise((resolve) => waiting.push(resolve));
  const params = { name: 'place_order', arguments: ORDER };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const headers = { ...ACCEPT, 'content-type': 'application/json', authorization: `Bearer ${SECRETS.agent}` };
  const ask = () => {
    const hangUp = new AbortController();
    const url = `http://127.0.0.1:${server.port}/mcp`;
    const asked = fetch(url, { method: 'POST', headers, body, signal: hangUp.signal });
    return { hangUp, asked: asked.then((answer) => answer.text()).catch(() => 'hung up') };
  };
  const calls = Array.from({ length: MAX_IN_FLIGHT }, ask);
  const read = async () => (await server.call('POST', '/v1/tools/get_account', { body: {} })).status;
  await until('all of them wait', () => waiting.length === MAX_IN_FLIGHT);
  assert.equal(await read(), 429);
  for (const { hangUp } of calls) hangUp.abort();
  await Promise.all(calls.map(({ asked }) => asked));
  const hungUp = async () =>
    Number(/status="499"[^\n]* (\d+)$/m.exec((await server.call('GET', '/metrics', { role: null })).text)?.[1] ?? 0);
  await until('the server knows that they hung up', async () => (await hungUp()) === MAX_IN_FLIGHT);
  assert.equal(await read(), 429, 'the gate is as busy as before');
  for (const answer of waiting) answer({ kind: 'decided', text: ANSWER_TEXT });
  await until('there is room again', async () => (await read()) === 200);
});

test('what a reading tells is on disk first: the activity, and the tools that read', async (t) => {
  const server = await startServer(t);
  let settle: () => void = () => undefined;
  server.gate.settled = () => new Promise((resolve) => (settle = resolve));
  const headers = { ...ACCEPT, 'content-type': 'application/json', authorization: `Bearer ${SECRETS.agent}` };
  const read = async (method: string, params: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const asked = fetch(`http://127.0.0.1:${server.port}/mcp`, { method: 'POST', headers, body });
    return { text: await (await asked).text(), isSettled };
  };
  let isSettled = false;
  for (const [method, params] of [
    ['resources/read', { uri: 'holdfast://activity' }],
    ['tools/call', { name: 'get_orders', arguments: {} }],
  ] as const) {
    isSettled = false;
    settle = () => undefined;
    const before = settle;
    const reading = read(method, params);
    await Promise.race([until(`${method} has asked for it`, () => settle !== before), reading]);
    isSettled = true;
    settle();
    const { isSettled: wasSettled, text } = await reading;
    assert.ok(wasSettled, method);
    assert.ok(!text.includes('"error"'), text);
  }
});

test('JSON that hides something is refused before the protocol sees it', async (t) => {
  const server = await startServer(t);
  const twice = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_account","name":"cancel_all"}}`;
  const answer = await server.call('POST', '/mcp', {
    text: twice,
    headers: { ...ACCEPT, 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.error.code, 'INVALID_JSON');
  assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 0);
});

test('GET and DELETE have nothing to offer without sessions', async (t) => {
  const server = await startServer(t);
  for (const method of ['GET', 'DELETE'])
    assert.equal((await server.call(method, '/mcp', { headers: ACCEPT })).status, 405, method);
});

test('names, descriptions and inputs of all tools cost a model at most 2,000 tokens', async (t) => {
  const server = await startServer(t);
  const client = await connect(t, server, 'v2');
  const { tools } = await client.listTools();
  const reported = tools.map((tool) => ({
    ...tool,
    title: undefined,
    annotations: undefined,
    outputSchema: undefined,
  }));
  const tokens = encode(JSON.stringify(reported)).length;
  assert.ok(tokens <= 2_000, `${tokens} tokens`);
});

test('without the folder of its skill /mcp serves the tools all the same, and says so once', async (t) => {
  // An installation of which the folder got lost.
  const copy = tempFolder(t, 'mcp');
  for (const part of ['daemon', 'test/http', 'test/until.ts', 'package.json'])
    cpSync(join(findPackageFolder(), part), join(copy, part), { recursive: true });
  symlinkSync(join(findPackageFolder(), 'node_modules'), join(copy, 'node_modules'));
  rmSync(join(copy, 'daemon', 'mcp', 'skills'), { recursive: true });
  const kit = (await import(pathToFileURL(join(copy, 'test', 'http', 'http-kit.ts')).href)) as {
    readonly startServer: typeof startServer;
  };
  const server = await kit.startServer(t);
  for (const era of ['v2', 'v2 modern', 'v1'] as const) {
    const client = await connect(t, server, era);
    assert.equal((await client.listTools()).tools.length, 13, era);
    const closed = await client.callTool('close_position', { symbol: 'BTCUSDT', max_slippage_bps: 50 });
    assert.notEqual(closed.isError, true, JSON.stringify(closed));
  }
  const said = server.log.filter((line) => line.includes(join('mcp', 'skills')));
  assert.equal(said.length, 1, said.join(''));
});
