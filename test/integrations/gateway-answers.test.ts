import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AgentLink } from '../../daemon/cli/client/agent-link.ts';
import { createClient } from '../../daemon/cli/client/client.ts';
import { createDaemonPort } from '../../daemon/cli/client/mcp-port.ts';
import { Holdfast } from '../../integrations/typescript/holdfast.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../daemon/policy-edits.ts';
import { PYTHON } from '../doors/doors.ts';
import { type CuttingProxy, gatewayAnswer, startCuttingProxy } from './cutting-proxy.ts';
import { FakeHost } from './openclaw-host.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 60.5,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'gateway',
} as const;
/** None is the daemon's word, but for the last, which says nothing of what was decided. */
const ANSWERS = [
  gatewayAnswer('504 Gateway Timeout', 'text/html', '<html><h1>504</h1></html>'),
  gatewayAnswer('502 Bad Gateway', 'application/json', '{"message":"upstream went away"}'),
  gatewayAnswer('429 Too Many Requests', 'application/json', '{"error":"slow down"}'),
  gatewayAnswer('200 OK', 'text/html', '<html>sign in</html>'),
  gatewayAnswer('500 Error', 'application/json', '{"error":{"code":"INTERNAL","message":"Something failed."}}'),
];

interface Shown {
  readonly decision?: string;
  readonly error?: { readonly code?: string; readonly request_id?: string };
}
/** A client as a model's program uses it: what is shown, and the id under which to ask again. */
interface Door {
  readonly name: string;
  place(order: object): Promise<Shown>;
}

/** Between client and daemon a proxy with TLS may stand, which answers for a daemon that took too long. */
describe('where a gateway answers for the daemon', () => {
  let world: DaemonWorld;
  let proxy: CuttingProxy;
  let doors: readonly Door[];
  const closers: (() => unknown)[] = [];
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      isPatient: true,
      policy: {
        'temporal.duplicate_exempt': ['BTCUSDT'],
        'temporal.breaker.repeats': 100,
        'budgets.order_rate.max': 100,
        ...WITHOUT_COOLDOWNS,
      },
    });
    proxy = await startCuttingProxy(world.daemon.url, [world.token('agent')]);
    doors = await openDoors();
  });
  after(async () => {
    for (const close of closers) await close();
    await proxy?.close();
    await world?.close();
  });

  async function openDoors(): Promise<readonly Door[]> {
    const token = world.token('agent');
    const tokenFile = join(world.home, 'model.token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const io = {
      env: { HOLDFAST_HOME: world.home },
      out: () => undefined,
      err: () => undefined,
      exit: () => undefined,
    };
    const link = new AgentLink(() => createClient(io, { url: proxy.url, tokenFile }, 'agent'));
    await link.reach();
    const host = new FakeHost({ url: proxy.url, tokenFile });
    closers.push(
      () => link.close(),
      () => host.stop(),
    );
    const typescript = new Holdfast({ url: proxy.url, token });
    const shown = (error: unknown): Shown => ({
      error: { request_id: (error as { requestId?: string }).requestId ?? '' },
    });
    const doors: Door[] = [
      {
        name: 'MCP over standard input and output',
        place: async (order) => (await createDaemonPort(link, '1').callTool('place_order', order)).body as Shown,
      },
      {
        name: 'OpenClaw plugin',
        place: async (order) => (await host.call('place_order', order)).result?.details.verdict as Shown,
      },
      { name: 'TypeScript client', place: (order) => typescript.placeOrder(order as typeof ORDER).catch(shown) },
    ];
    const python = PYTHON;
    if (python !== null) doors.push({ name: 'Python client', place: (order) => runPython(python, order) });
    return doors;
  }

  async function runPython(python: string, order: object): Promise<Shown> {
    const program = `
import json, sys
from holdfast import Holdfast, Unreachable
try:
    print(json.dumps({"decision": Holdfast(sys.argv[1], sys.argv[2])._trade("place_order", json.loads(sys.argv[3]), json.loads(sys.argv[3]).get("request_id")).decision}))
except Unreachable as error:
    print(json.dumps({"error": {"request_id": error.request_id}}))
`;
    const child = spawn(python, ['-c', program, proxy.url, world.token('agent'), JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONPATH: join(ROOT, 'integrations', 'python'), PYTHONDONTWRITEBYTECODE: '1' },
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.notEqual(out, '', err);
    return JSON.parse(out) as Shown;
  }

  it('an order goes out once, through every client, and is answered', async () => {
    for (const { name, place } of doors)
      for (const answer of ANSWERS) {
        const what = `${name}: ${answer.split('\r\n', 1)[0]}`;
        const sent = await orders();
        // The plugin also asks for its catalogue.
        proxy.loseAnswers(2, answer);
        const shown = await place(ORDER);
        assert.equal(shown.decision, 'ALLOW', `${what}: ${JSON.stringify(shown)}`);
        assert.equal(await orders(), sent + 1, what);
        await world.tool('close_position', { symbol: 'BTCUSDT' });
      }
  });

  const turnedAway = (status: string, code: string): string =>
    gatewayAnswer(status, 'application/json', JSON.stringify({ error: { code, message: 'not now' } }));
  // The plugin also asks for its catalogue: two answers are lost before the one that stays.
  for (const [what, places] of [
    ['what the daemon never answers', [ANSWERS.at(1) ?? '']],
    ['a repeat that is turned away', ['before it', 'before it', turnedAway('503 Service Unavailable', 'NOT_READY')]],
    ['a repeat that came too slowly', ['before it', 'before it', turnedAway('408 Timeout', 'REQUEST_TIMEOUT')]],
  ] as const)
    it(`${what} has the id under which asking again sends nothing twice`, async () => {
      for (const { name, place } of doors) {
        const sent = await orders();
        proxy.loseAnswers(99, ...places);
        const lost = await place(ORDER);
        proxy.loseAnswers(0);
        const { request_id } = lost.error ?? {};
        assert.ok(request_id, `${name}: ${JSON.stringify(lost)}`);
        const again = await place({ ...ORDER, request_id });
        assert.equal(again.decision, 'ALLOW', `${name}: ${JSON.stringify(again)}`);
        assert.equal(await orders(), sent + 1, name);
      }
    });
});
