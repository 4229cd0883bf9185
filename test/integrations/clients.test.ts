import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Holdfast, HoldfastError, UnreachableError } from '../../integrations/typescript/holdfast.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../daemon/policy-edits.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { type FakeProviders, startFakeProviders } from './fake-providers.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PYTHON = spawnSync('python3', ['-c', 'import http.client, dataclasses']).status === 0 ? 'python3' : null;
const WITH_PYTHON = { skip: PYTHON === null ? 'python3 is not installed' : false };
const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 181.5,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'clients',
} as const;

/** Runs a program to its end without holding up this process, which serves it. */
function run(command: string, args: readonly string[], env: Record<string, string>): Promise<SpawnSyncReturns<string>> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { cwd: ROOT, env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (status) => resolve({ status, stdout, stderr } as SpawnSyncReturns<string>));
  });
}

describe('clients and examples, against a daemon on paper', () => {
  let world: DaemonWorld;
  let proxy: CuttingProxy;
  let model: FakeProviders;
  let tokenPath: string;
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    HOLDFAST_URL: proxy.url,
    HOLDFAST_TOKEN: world.token('agent'),
    PYTHONPATH: join(ROOT, 'integrations', 'python'),
    PYTHONDONTWRITEBYTECODE: '1',
    ...more,
  });
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      isPatient: true,
      policy: { 'temporal.duplicate_exempt': ['BTCUSDT'], ...WITHOUT_COOLDOWNS },
    });
    proxy = await startCuttingProxy(world.daemon.url, [world.token('agent')]);
    model = await startFakeProviders([{ tool: 'place_order', args: ORDER }]);
    tokenPath = join(world.home, 'client.token');
    writeFileSync(tokenPath, world.token('agent'), { mode: 0o600 });
  });
  after(async () => {
    await proxy?.close();
    await model?.close();
    await world?.close();
  });

  it('TypeScript: an order whose answer is lost three times goes out once, and is answered', async () => {
    const client = new Holdfast({ url: proxy.url, token: world.token('agent') });
    const sent = await orders();
    proxy.loseAnswers(3);
    const answer = await client.settle(await client.placeOrder(ORDER));
    assert.equal(answer.decision, 'ALLOW');
    assert.equal(answer.execution.state, 'filled');
    assert.equal(await orders(), sent + 1);
  });
  it('TypeScript: refusals are values, errors have codes, and silence has the id to ask again under', async () => {
    const client = new Holdfast({ url: proxy.url, token: world.token('agent') });
    const blocked = await client.placeOrder({ ...ORDER, symbol: 'DOGEUSDT' });
    assert.deepEqual([blocked.decision, blocked.reasons?.[0]?.code], ['BLOCK', 'SCOPE_SYMBOL']);
    const limited = await client.placeOrder({ ...ORDER, symbol: 'ETHUSDT', requested_notional: 900_000 });
    assert.equal(limited.decision, 'LIMIT');
    assert.ok((limited.order?.notional_usdt ?? 0) <= 1000);
    const { requested_notional: _, ...unsized } = ORDER;
    const coins = await client.placeOrder({ ...unsized, symbol: 'DOGEUSDT', quantity: 1_000 });
    assert.deepEqual([coins.decision, coins.reasons?.[0]?.code], ['BLOCK', 'SCOPE_SYMBOL']);
    await assert.rejects(
      client.placeOrder({ ...ORDER, quantity: 1_000 } as never),
      (error) => error instanceof HoldfastError && /exactly one of/.test(JSON.stringify(error.details)),
    );
    await assert.rejects(
      client.placeOrder({ ...ORDER, side: 'up' as 'buy' }),
      (error) => error instanceof HoldfastError && error.code === 'INVALID_INPUT',
    );
    const seen = (await client.call('place_order', { ...ORDER, side: 'up' })) as { error: { code: string } };
    assert.equal(seen.error.code, 'INVALID_INPUT', 'a model is shown what was wrong');
    const nowhere = new Holdfast({ url: 'http://127.0.0.1:9', token: 'x' });
    await assert.rejects(
      nowhere.placeOrder({ ...ORDER, request_id: 'mine' }),
      (error) => error instanceof UnreachableError && error.requestId === 'mine',
    );
    const silence = await nowhere.call('place_order', ORDER, 'mine');
    assert.match(JSON.stringify(silence), /"UNREACHABLE".*this very request_id.*"request_id":"mine"/);
    assert.match(JSON.stringify(await nowhere.call('get_account', {})), /"UNREACHABLE".*no daemon/);
  });
  it('Python: the same, with an answer lost twice', WITH_PYTHON, async () => {
    const sent = await orders();
    proxy.loseAnswers(2);
    const program = `
import os
from holdfast import Holdfast, HoldfastError, Unreachable
gate = Holdfast(os.environ["HOLDFAST_URL"])
answer = gate.settle(gate.place_order(symbol="BTCUSDT", side="buy", usdt=181.5, strategy_id="clients"))
print(answer.decision, answer.state, answer.is_pending, answer.enforced)
print(gate.place_order(symbol="DOGEUSDT", side="buy", usdt=181.5, strategy_id="clients").reasons[0]["code"])
print(gate.place_order(symbol="DOGEUSDT", side="buy", quantity=1000, strategy_id="clients").reasons[0]["code"])
try:
    gate.place_order(symbol="BTCUSDT", side="buy", strategy_id="clients")
except ValueError as error:
    print(error)
try:
    gate.place_order(symbol="BTCUSDT", side="up", usdt=181.5, strategy_id="clients")
except HoldfastError as error:
    print(error.code, error.details["violations"][0]["path"])
print(gate.call("place_order", {"symbol": "BTCUSDT"})["error"]["code"])
print(gate.close_position("BTCUSDT").decision, gate.read("get_account")["equity_usdt"] > 0)
try:
    Holdfast("http://127.0.0.1:9", token="x").cancel_all(request_id="mine")
except Unreachable as error:
    print(error.request_id)
silence = Holdfast("http://127.0.0.1:9", token="x").call("place_order", {"symbol": "BTCUSDT"}, request_id="mine")["error"]
print(silence["code"], silence["request_id"], "this very request_id" in silence["message"])
`;
    const { status, stdout, stderr } = await run(PYTHON ?? '', ['-c', program], env());
    assert.equal(status, 0, stderr);
    assert.deepEqual(stdout.trim().split('\n'), [
      'ALLOW filled False True',
      'SCOPE_SYMBOL',
      'SCOPE_SYMBOL',
      'place_order needs exactly one of usdt and quantity',
      'INVALID_INPUT side',
      'INVALID_INPUT',
      'ALLOW True',
      'mine',
      'UNREACHABLE mine True',
    ]);
    assert.equal(await orders(), sent + 2, 'one order, one exit');
  });
  it('examples/agent.py: a turn of a model places one order', WITH_PYTHON, async () => {
    const sent = await orders();
    const { status, stdout, stderr } = await run(
      PYTHON ?? '',
      ['examples/agent.py'],
      env({ OPENAI_BASE_URL: model.url }),
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Seen: \{"decision": "(ALLOW|LIMIT)"/);
    assert.equal(await orders(), sent + 1);
    assert.equal(model.requests.at(-1)?.body.tools.length, 13);
  });
  it('examples/mcp-host.ts: lists the tools and places an order over standard input and output', async () => {
    const sent = await orders();
    const args = ['examples/mcp-host.ts', '--url', proxy.url, '--token-file', tokenPath];
    const { status, stdout, stderr } = await run(process.execPath, args, env());
    assert.equal(status, 0, stderr);
    assert.match(stdout, /place_order close_position/);
    assert.match(stdout, /"decision": "(ALLOW|LIMIT)"/);
    assert.equal(await orders(), sent + 1);
  });
});
