import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Reporter } from '../../integrations/monitors/reporter.ts';
import { Holdfast, UnreachableError } from '../../integrations/typescript/holdfast.ts';
import { PYTHON } from '../doors/doors.ts';
import { findFreePort } from '../free-port.ts';
import { CURL, FakeHost, folder, forgetAll, ORDER, verdictOf } from './openclaw-host.ts';
import { keyIdOf, listen, type Running, startProvingServer } from './proving-server.ts';
import { provenTo, SQUATTERS, type Squatter } from './squatters.ts';

const LIBRARY = fileURLToPath(new URL('../../integrations/python', import.meta.url));
/** Of a question, besides its body; `accept-encoding` is Python's. */
const HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-type',
  'content-length',
  'connection',
  'accept-encoding',
]);
const PERMITTED = 'ALLOW';

/** A client that lives through it all. Resolves to PERMITTED, or to what it says instead. */
interface Client {
  readonly name: string;
  readonly token: string;
  ask(): Promise<string>;
}
interface Connection {
  readonly socket: Socket;
  received: string;
}

const daemon: RequestListener = ({ url = '' }, response) => {
  const bodies: Readonly<Record<string, object>> = {
    '/v1/intercept': { decision: { decision: 'ALLOW' } },
    '/v1/signals': { signal_id: 's', expires_at_ms: 1 },
  };
  const answered = { decision: 'ALLOW', decision_id: 'd', execution: { state: 'filled' } };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(bodies[url] ?? (url.startsWith('/v1/tools?') ? { tools: [] } : answered)));
};

function openPlugin(t: TestContext, url: string): readonly Client[] {
  const ask = (token: string, use: (host: FakeHost) => Promise<string>): (() => Promise<string>) => {
    const tokenFile = join(folder(t), 'agent.token');
    writeFileSync(tokenFile, token);
    const host = new FakeHost({ url, tokenFile });
    t.after(() => host.stop());
    return () => use(host);
  };
  const orders = ask('hf_agent_plugin', async (host) => {
    const { decision, error } = verdictOf(await host.call('place_order', ORDER));
    if (error !== undefined) assert.equal(error.code, 'UNREACHABLE');
    return decision ?? error.message;
  });
  const questions = ask('hf_agent_hook', async (host) => (await host.call('exec', CURL)).blocked ?? PERMITTED);
  return [
    { name: 'OpenClaw plugin: an order', token: 'hf_agent_plugin', ask: orders },
    { name: 'OpenClaw plugin: a question', token: 'hf_agent_hook', ask: questions },
  ];
}

function openTypeScript(url: string): readonly Client[] {
  const clients = ['hf_agent_order', 'hf_agent_tools', 'hf_monitor'].map((token) => new Holdfast({ url, token }));
  const [trader, lister, monitor] = clients as [Holdfast, Holdfast, Holdfast];
  const silence = (error: unknown): string => {
    assert.ok(error instanceof UnreachableError, String(error));
    return error.message;
  };
  let said = '';
  const reporter = new Reporter({
    client: monitor,
    ttlMs: 2,
    everyMs: 1,
    nowMs: performance.now.bind(performance),
    log: (line) => {
      said = line;
    },
  });
  const seen = { kind: 'anomaly', scope: {}, severity: 1, evidence: 'secret' } as const;
  return [
    {
      name: 'TypeScript: an order',
      token: 'hf_agent_order',
      ask: () => trader.placeOrder(ORDER).then(({ decision }) => decision, silence),
    },
    {
      name: 'TypeScript: the catalogue',
      token: 'hf_agent_tools',
      ask: () => lister.tools('openai').then(() => PERMITTED, silence),
    },
    {
      name: 'monitor',
      token: 'hf_monitor',
      ask: async () => ((await reporter.report(seen)) === 'sent' ? PERMITTED : said),
    },
  ];
}

const PROGRAM = `
import sys
from holdfast import Holdfast, Unreachable
gate = Holdfast(sys.argv[1], sys.argv[2])
for line in sys.stdin:
    try:
        print(gate.place_order(symbol="BTCUSDT", side="buy", usdt=200, strategy_id="python").decision, flush=True)
    except Unreachable as error:
        print(error, flush=True)
`;
function openPython(t: TestContext, url: string): readonly Client[] {
  if (PYTHON === null) return [];
  const token = 'hf_agent_python';
  const child = spawn(PYTHON, ['-c', PROGRAM, url, token], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: LIBRARY, PYTHONDONTWRITEBYTECODE: '1' },
  });
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<string> => {
    child.stdin.write('\n');
    return String((await lines.next()).value);
  };
  return [{ name: 'Python: an order', token, ask }];
}

/** Takes the port, and keeps what arrives. */
async function squat(port: number, listener: RequestListener): Promise<Running & { readonly seen: Connection[] }> {
  const seen: Connection[] = [];
  const server = createServer(listener);
  server.on('connection', (socket) => {
    const connection = { socket, received: '' };
    seen.push(connection);
    socket.on('data', (chunk) => {
      connection.received += chunk.toString('latin1');
    });
  });
  return { ...(await listen(server, port)), seen };
}

/** One question, and in it an id of the token and a number that is used once. */
function assertNothingGiven({ received }: Connection, tokens: readonly string[], nonces: Set<string>): void {
  // A connection that was dropped before anything was written.
  if (received === '') return;
  const [head = '', body = ''] = received.split('\r\n\r\n');
  const [line, ...fields] = head.split('\r\n');
  assert.equal(line, 'POST /v1/proof HTTP/1.1', received);
  for (const field of fields) assert.ok(HEADERS.has(field.split(':')[0]?.toLowerCase() ?? ''), field);
  assert.deepEqual(Object.keys(JSON.parse(body)), ['key_id', 'nonce']);
  const { key_id: id, nonce } = JSON.parse(body);
  assert.ok(tokens.map(keyIdOf).includes(id), id);
  assert.match(nonce, /^[A-Za-z0-9_-]{22,43}$/);
  assert.ok(!nonces.has(nonce), 'a nonce is used once');
  nonces.add(nonce);
}

describe('a squatter on the port of the daemon', { concurrency: 4 }, () => {
  let living: Running;
  let livingPort: number;
  let tokens: readonly string[] = [];
  beforeEach(forgetAll);
  before(async () => {
    livingPort = await findFreePort();
    living = await startProvingServer(livingPort, () => tokens, daemon);
  });
  after(() => living.close());

  const permit = async (clients: readonly Client[]): Promise<void> => {
    for (const { name, ask } of clients) assert.equal(await ask(), PERMITTED, name);
  };
  const refuse = async (clients: readonly Client[], { isProvenOnce }: Squatter, port: number): Promise<void> => {
    const nobody = `no daemon of this token answers at 127.0.0.1:${port}`;
    await Promise.all(
      clients.map(async ({ name, ask }) => {
        let said = await ask();
        assert.notEqual(said, PERMITTED, name);
        // A connection that the daemon had left behind takes one question with it.
        if (/the answer of .* was lost|no daemon answered/.test(said)) said = await ask();
        assert.ok(isProvenOnce ? said !== PERMITTED : said.includes(nobody), `${name}: ${said}`);
      }),
    );
  };

  for (const squatter of SQUATTERS)
    it(`that ${squatter.name} gets no token and no call, and the client works once the daemon is back`, async (t) => {
      const port = await findFreePort();
      const url = `http://127.0.0.1:${port}`;
      const clients = [...openPlugin(t, url), ...openTypeScript(url), ...openPython(t, url)];
      tokens = clients.map(({ token }) => token);
      const before = await startProvingServer(port, () => tokens, daemon);
      t.after(() => before.close());
      await permit(clients);
      await before.close();

      const held = await squat(port, squatter.listener({ port, tokens, livingPort }));
      t.after(() => held.close());
      await refuse(clients, squatter, port);
      await held.close();
      const asked = held.seen.filter(({ received }) => received !== '');
      assert.ok(asked.length >= clients.length, 'each client has asked');
      const nonces = new Set<string>();
      for (const connection of held.seen)
        if (!provenTo.has(connection.socket)) assertNothingGiven(connection, tokens, nonces);

      const again = await startProvingServer(port, () => tokens, daemon);
      t.after(() => again.close());
      await permit(clients);
    });
});
