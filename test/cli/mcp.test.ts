import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { PLACE_ORDER, SECRETS, startServer } from '../http/http-kit.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));

function temporaryFolder(t: TestContext): string {
  return tempFolder(t, 'mcp');
}

function tokenFile(t: TestContext, secret: string = SECRETS.agent): string {
  const file = join(temporaryFolder(t), 'agent.token');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

/** `from`: folder and variables of the host. */
async function connect(
  t: TestContext,
  args: readonly string[],
  isModern: boolean,
  from: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<Client> {
  const transport = new StdioClientTransport({ command: process.execPath, args: [...args], stderr: 'pipe', ...from });
  const options = isModern ? { versionNegotiation: { mode: 'auto' as const } } : undefined;
  const client = new Client({ name: 't', version: '1' }, options);
  await client.connect(transport);
  t.after(() => client.close());
  return client;
}

for (const isModern of [false, true])
  test(`over standard input and output a client places an order${isModern ? ', in the newest revision' : ''}`, async (t) => {
    const server = await startServer(t);
    const url = `http://127.0.0.1:${server.port}`;
    const client = await connect(t, [SCRIPT, 'mcp', '--url', url, '--token-file', tokenFile(t)], isModern);
    assert.match(client.getInstructions() ?? '', /Venue: paper; simulated money/);
    const { tools } = await client.listTools();
    assert.equal(tools.length, 13);
    const placed = await client.callTool({ name: 'place_order', arguments: PLACE_ORDER });
    assert.equal((placed.structuredContent as { decision: string }).decision, 'ALLOW', JSON.stringify(placed));
    assert.equal(server.gate.calls.filter(({ method }) => method === 'runTool').length, 1);
    const account = await client.callTool({ name: 'get_account', arguments: {} });
    assert.equal(typeof (account.structuredContent as { equity_usdt: number }).equity_usdt, 'number');
    const refused = await client.callTool({ name: 'place_order', arguments: { ...PLACE_ORDER, side: 'up' } });
    assert.equal(refused.isError, true);
    assert.match(JSON.stringify(refused.content), /INVALID_INPUT/);
    const unknown = await client.callTool({ name: '../signals', arguments: {} });
    assert.match(JSON.stringify(unknown.content), /TOOL_UNKNOWN/, 'a name is no path');
  });

test('a daemon that went away is an answer to the call, not the end of the server', async (t) => {
  const server = await startServer(t);
  const url = `http://127.0.0.1:${server.port}`;
  const client = await connect(t, [SCRIPT, 'mcp', '--url', url, '--token-file', tokenFile(t)], false);
  await server.http.close();
  const answer = await client.callTool({ name: 'place_order', arguments: PLACE_ORDER });
  assert.equal(answer.isError, true);
  assert.match(JSON.stringify(answer.content), /UNREACHABLE/);
});

test('an operator token serves no model', async (t) => {
  const server = await startServer(t);
  const file = tokenFile(t, SECRETS.operator);
  const { code, err } = await holdfast(['mcp', '--url', `http://127.0.0.1:${server.port}`, '--token-file', file]);
  assert.equal(code, 6, err);
  assert.match(err, /role operator may not call \/mcp, which takes agent/);
});

test('what is pasted into a host has absolute paths and no secret, and works', async (t) => {
  const server = await startServer(t);
  const file = tokenFile(t);
  const options = ['--url', `http://127.0.0.1:${server.port}`, '--token-file', file];
  const lines: { readonly command: string; readonly args: readonly string[] }[] = [];
  for (const [host, pick] of [
    ['claude', (text: string) => JSON.parse(text).mcpServers.holdfast],
    ['cursor', (text: string) => JSON.parse(text).mcpServers.holdfast],
    ['vscode', (text: string) => JSON.parse(text).servers.holdfast],
    ['openclaw', (text: string) => JSON.parse(text).mcp.servers.holdfast],
    ['codex', readToml],
  ] as const) {
    const { code, out, err } = await holdfast(['mcp', 'config', host, ...options]);
    assert.equal(code, 0, err);
    assert.ok(!out.includes(SECRETS.agent), `${host} shows the token`);
    assert.ok(!/\bnpx\b/.test(out), `${host} would ask a registry`);
    const line = pick(out) as (typeof lines)[number];
    assert.ok(isAbsolute(line.command) && line.args[0] !== undefined && isAbsolute(line.args[0]), host);
    lines.push(line);
  }
  for (const line of lines) assert.deepEqual(line.args, lines[0]?.args);
  const [first] = lines;
  assert.equal(first?.command, process.execPath);
  const client = await connect(t, first?.args ?? [], false);
  assert.equal((await client.listTools()).tools.length, 13);
});

for (const [name, place] of [
  ['port', (port: number) => ({ HOLDFAST_PORT: String(port) })],
  ['host and port', (port: number) => ({ HOLDFAST_HOST: 'localhost', HOLDFAST_PORT: String(port) })],
] as const)
  test(`what is pasted keeps ${name} and home, whatever folder and variables the host has`, async (t) => {
    const server = await startServer(t);
    const home = temporaryFolder(t);
    mkdirSync(join(home, 'tokens'));
    writeFileSync(join(home, 'tokens', 'agent.token'), SECRETS.agent);
    const { code, out, err } = await holdfast('mcp config claude', {
      HOLDFAST_HOME: relative(process.cwd(), home),
      ...place(server.port),
    });
    assert.equal(code, 0, err);
    const { args } = JSON.parse(out).mcpServers.holdfast as { readonly args: readonly string[] };
    const elsewhere = temporaryFolder(t);
    for (const other of [
      { HOLDFAST_HOME: elsewhere, HOLDFAST_PORT: '1', HOLDFAST_HOST: '127.0.0.9' },
      { HOLDFAST_HOME: elsewhere, HOLDFAST_SOCKET: join(elsewhere, 'no.sock'), HOLDFAST_TOKEN: SECRETS.operator },
    ]) {
      const client = await connect(t, args, false, { cwd: elsewhere, env: other });
      const placed = await client.callTool({ name: 'place_order', arguments: PLACE_ORDER });
      assert.equal((placed.structuredContent as { decision: string }).decision, 'ALLOW', JSON.stringify(placed));
    }
  });

test('what is pasted keeps the socket, whatever folder and variables the host has', async (t) => {
  const home = temporaryFolder(t);
  const path = join(home, 'gate.sock');
  await startServer(t, { listen: { socketPath: path } });
  const settings = { HOLDFAST_HOME: home, HOLDFAST_SOCKET: relative(process.cwd(), path) };
  const { out, err } = await holdfast(['mcp', 'config', 'claude', '--token-file', tokenFile(t)], settings);
  assert.equal(err, '');
  const { args } = JSON.parse(out).mcpServers.holdfast as { readonly args: readonly string[] };
  const other = { HOLDFAST_PORT: '1', HOLDFAST_HOST: '127.0.0.9' };
  const client = await connect(t, args, false, { cwd: temporaryFolder(t), env: other });
  const placed = await client.callTool({ name: 'place_order', arguments: PLACE_ORDER });
  assert.equal((placed.structuredContent as { decision: string }).decision, 'ALLOW', JSON.stringify(placed));
});

test('a port that changes with each start is no port to paste', async (t) => {
  const options = ['--token-file', tokenFile(t)];
  const { code, err } = await holdfast(['mcp', 'config', 'claude', ...options], { HOLDFAST_PORT: '0' });
  assert.equal(code, 2);
  assert.match(err, /HOLDFAST_PORT is 0/);
});

test('without a token file the configuration says how to get one', async () => {
  const { code, err } = await holdfast('mcp config claude', { HOLDFAST_HOME: '/nowhere' });
  assert.equal(code, 2);
  assert.match(err, /holdfast token create/);
});

/** The two lines under the one table that is printed: TOML's strings and lists are JSON's. */
function readToml(text: string): unknown {
  const [head, ...lines] = text.trim().split('\n');
  assert.equal(head, '[mcp_servers.holdfast]');
  return Object.fromEntries(
    lines.map((line) => {
      const [key = '', value = ''] = line.split(/ = (.*)/s);
      return [key, JSON.parse(value)];
    }),
  );
}
