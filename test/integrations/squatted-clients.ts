import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AgentLink } from '../../daemon/cli/client/agent-link.ts';
import { createClient } from '../../daemon/cli/client/client.ts';
import { createDaemonPort } from '../../daemon/cli/client/mcp-port.ts';
import { Reporter } from '../../integrations/monitors/reporter.ts';
import { Holdfast, UnreachableError } from '../../integrations/typescript/holdfast.ts';
import { holdfast } from '../cli/run.ts';
import { PYTHON } from '../doors/doors.ts';
import { CURL, FakeHost, folder, ORDER, verdictOf } from './openclaw-host.ts';

const LIBRARY = fileURLToPath(new URL('../../integrations/python', import.meta.url));
export const PERMITTED = 'ALLOW';

/** A client that lives on while daemon and squatter come and go. Resolves to PERMITTED, or to what it says instead. */
export interface SquattedClient {
  readonly name: string;
  readonly token: string;
  ask(): Promise<string>;
}
/** `use`: a word for what the token is used for. */
export type TokenOf = (role: 'agent' | 'monitor' | 'operator', use: string) => string;

export function openClients(t: TestContext, url: string, tokenOf: TokenOf): readonly SquattedClient[] {
  return [
    ...openPlugin(t, url, tokenOf),
    ...openTypeScript(url, tokenOf),
    ...openPython(t, url, tokenOf),
    ...openCommandLine(t, url, tokenOf),
  ];
}

/** Verbs of an agent and of an operator, and the bridge of a host, which lives on. */
function openCommandLine(t: TestContext, url: string, tokenOf: TokenOf): readonly SquattedClient[] {
  const home = folder(t);
  const env = (token: string) => ({ HOME: home, HOLDFAST_PORT: new URL(url).port, HOLDFAST_TOKEN: token });
  const verb = (name: string, role: 'agent' | 'operator', line: string): SquattedClient => {
    const token = tokenOf(role, name);
    const ask = async (): Promise<string> => {
      const { code, err, out } = await holdfast([...line.split(' '), '--json'], env(token));
      return code === 0 ? permission(JSON.parse(out)) : `${err} ${out}`.toLowerCase();
    };
    return { name: `command line: ${name}`, token, ask };
  };
  const token = tokenOf('agent', 'bridge');
  const io = { env: env(token), out: () => {}, err: () => {}, exit: () => {} };
  const link = new AgentLink(() => createClient(io, {}, 'agent'));
  t.after(() => link.close());
  const port = createDaemonPort(link, '0');
  const bridge = async (): Promise<string> => {
    const { body, isError } = await port.callTool('place_order', ORDER);
    return isError ? JSON.stringify(body).toLowerCase() : permission(body as Body);
  };
  return [
    verb('order', 'agent', 'order BTCUSDT buy 181.5 --dry-run'),
    verb('signals', 'operator', 'signals --tcp'),
    { name: 'MCP bridge: order', token, ask: bridge },
  ];
}

/** In full or in brief; of what decides nothing, that it came. */
interface Body {
  readonly decision?: string | { readonly decision: string };
}
function permission({ decision = PERMITTED }: Body): string {
  return typeof decision === 'string' ? decision : decision.decision;
}

function openPlugin(t: TestContext, url: string, tokenOf: TokenOf): readonly SquattedClient[] {
  const open = (name: string, use: (host: FakeHost) => Promise<string>): SquattedClient => {
    const token = tokenOf('agent', name);
    const tokenFile = join(folder(t), 'agent.token');
    writeFileSync(tokenFile, token);
    const host = new FakeHost({ url, tokenFile });
    t.after(() => host.stop());
    return { name: `OpenClaw plugin: ${name}`, token, ask: () => use(host) };
  };
  return [
    open('order', async (host) => {
      const { decision, error } = verdictOf(await host.call('place_order', ORDER));
      if (error !== undefined) assert.equal(error.code, 'UNREACHABLE');
      return decision ?? error.message;
    }),
    open('question', async (host) => (await host.call('exec', CURL)).blocked ?? PERMITTED),
  ];
}

function openTypeScript(url: string, tokenOf: TokenOf): readonly SquattedClient[] {
  const open = (name: string, role: 'agent' | 'monitor', use: (gate: Holdfast) => Promise<string>): SquattedClient => {
    const token = tokenOf(role, name);
    const gate = new Holdfast({ url, token });
    return { name: `TypeScript: ${name}`, token, ask: () => use(gate) };
  };
  const silence = (error: unknown): string => {
    assert.ok(error instanceof UnreachableError, String(error));
    return error.message;
  };
  const report = async (client: Holdfast): Promise<string> => {
    let said = '';
    const log = (line: string): void => {
      said = line;
    };
    const reporter = new Reporter({ client, ttlMs: 2, everyMs: 1, log });
    const seen = { kind: 'anomaly', scope: { symbol: 'ETHUSDT' }, severity: 1, evidence: 'seen' } as const;
    return (await reporter.report(seen)) === 'sent' ? PERMITTED : said;
  };
  return [
    open('trade', 'agent', (gate) => gate.placeOrder(ORDER).then(({ decision }) => decision, silence)),
    open('catalogue', 'agent', (gate) => gate.tools('openai').then(() => PERMITTED, silence)),
    open('report', 'monitor', report),
  ];
}

const PROGRAM = `
import sys
from holdfast import Holdfast, Unreachable
gate = Holdfast(sys.argv[1], sys.argv[2])
for line in sys.stdin:
    try:
        print(gate.place_order(symbol="BTCUSDT", side="buy", usdt=181.5, strategy_id="python").decision, flush=True)
    except Unreachable as error:
        print(error, flush=True)
`;
function openPython(t: TestContext, url: string, tokenOf: TokenOf): readonly SquattedClient[] {
  if (PYTHON === null) return [];
  const token = tokenOf('agent', 'python');
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
  return [{ name: 'Python: order', token, ask }];
}
