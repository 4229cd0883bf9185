import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { DaemonWorld, type Mutable, order, until } from '../daemon/harness.ts';
import { editPolicy, UNPACED } from '../daemon/policy-edits.ts';
import { createClient } from '../exchange-sim/signed-client.ts';
import { openOrders, orderOf, worstUsdt } from './attempts.ts';

type Spec = Mutable<IntendedPolicySpec>;

/** Orders that were rested while all was calm must not fill into a state in which they would not be permitted. */
describe('ways around a gate: orders that were rested in calm', () => {
  let shared: DaemonWorld;
  let own: DaemonWorld | null = null;
  const start = (policy: (spec: Spec) => void): Promise<DaemonWorld> =>
    DaemonWorld.start({
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        spec.account.concentration = { share: 0.99, floor_usdt: 2_000 };
        policy(spec);
      },
    });
  before(async () => {
    shared = await start(() => undefined);
  });
  afterEach(async () => {
    await own?.close();
    own = null;
  });
  after(() => shared.close());

  /** The shared world, active, flat, without orders or signals. */
  async function begin(): Promise<DaemonWorld> {
    for (const scope of [{}, { symbol: 'BTCUSDT' }, { agent: 'other' }])
      await shared.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'next test', ...scope });
    await shared.operator('POST', '/v1/tools/cancel_all', {});
    await shared.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await shared.advance(61_000);
    await shared.setMark('BTCUSDT', 60_000);
    assert.equal(openOrders(await shared.books()).length, 0);
    return shared;
  }
  /** A world for tests that leave something behind. */
  async function beginAlone(policy: (spec: Spec) => void = () => undefined): Promise<DaemonWorld> {
    own = await start(policy);
    await own.setMark('BTCUSDT', 60_000);
    return own;
  }
  async function rest(on: DaemonWorld, price: number, notional: number, more: object = {}): Promise<string> {
    const { body } = await on.place({ order_type: 'limit', limit_price: price, requested_notional: notional, ...more });
    const id = body.execution.orders[0]?.client_order_id;
    assert.ok(id !== undefined && body.execution.state === 'working', JSON.stringify(body.decision.reasons));
    return id;
  }
  const statusOf = async (on: DaemonWorld, id: string): Promise<unknown> => orderOf(await on.books(), id).status;

  it('BY-31 cancels what no longer fits when the regime turns extreme, worst price first [PK-46 PK-166]', async () => {
    const on = await beginAlone();
    const near = await rest(on, 59_000, 900);
    await rest(on, 58_000, 450);
    await on.setMark('BTCUSDT', 60_020);
    assert.equal(await statusOf(on, near), 'NEW', 'a small move changes nothing');
    await on.setMark('BTCUSDT', 62_500);
    const [market] = (
      await on.operator<{ markets: { symbol: string; regime: string }[] }>('GET', '/v1/market?symbol=BTCUSDT')
    ).body.markets;
    assert.equal(market?.regime, 'extreme');
    const books = await on.books();
    assert.equal(await statusOf(on, near), 'CANCELED');
    // A quarter of 2,000: what is left fits the tightened cap.
    assert.ok(worstUsdt(books, 'BTCUSDT') <= 500, `${worstUsdt(books, 'BTCUSDT')} USDT may still fill`);
  });

  it('holds concentration against lots alone, whatever rests far off in another symbol [PK-111]', async () => {
    const on = await beginAlone((spec) => {
      spec.account.concentration = { share: 0.8, floor_usdt: 1_000 };
    });
    await on.setMark('ETHUSDT', 3_000);
    await rest(on, 2_000, 480, { symbol: 'ETHUSDT' });
    for (const asked of [960, 960]) await on.place({ requested_notional: asked });
    const heldUsdt = worstUsdt(await on.books(), 'BTCUSDT');
    assert.ok(heldUsdt > 900 && heldUsdt <= 1_000, `${heldUsdt} USDT of a cap of 1,000`);
  });

  for (const state of ['reducing', 'halted'] as const) {
    it(`BY-31 cancels resting opening orders when trading turns ${state}, and leaves exits and stops`, async () => {
      const on = await begin();
      await on.place({ requested_notional: 600 });
      const opening = await rest(on, 58_000, 600);
      const profit = await rest(on, 64_000, 300, { intent: 'close', side: 'sell' });
      await on.operator('PUT', '/v1/trading-state', { state, reason: 'test' });
      await on.refresh();
      assert.equal(await statusOf(on, opening), 'CANCELED');
      assert.equal(await statusOf(on, profit), 'NEW', 'an exit was taken away');
    });
  }
  it('BY-31 cancels only the orders that a state concerns: one symbol, one agent', async () => {
    const on = await begin();
    const other = on.createAgent('other');
    const ours = await rest(on, 58_000, 300);
    const { body } = await on.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900 }, other);
    const theirs = body.execution.orders[0]?.client_order_id ?? '';
    await on.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'test', agent: 'other' });
    await on.refresh();
    assert.equal(await statusOf(on, theirs), 'CANCELED');
    assert.equal(await statusOf(on, ours), 'NEW');
    await on.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'test', symbol: 'BTCUSDT' });
    await on.refresh();
    assert.equal(await statusOf(on, ours), 'CANCELED');
  });
  for (const [kind, gone] of [
    ['anomaly', true],
    ['injection', true],
    ['narrative', true],
  ] as const) {
    it(`BY-31 decides resting orders again when a monitor reports ${kind} [TM-24]`, async () => {
      const on = await begin();
      const id = await rest(on, 58_000, 950);
      const small = await rest(on, 57_000, 120);
      await on.call('POST', '/v1/signals', { kind, scope: {}, severity: 1, ttl_ms: 60_000 }, on.token('monitor'));
      await on.refresh();
      assert.equal(await statusOf(on, id), gone ? 'CANCELED' : 'NEW');
      assert.equal(await statusOf(on, small), kind === 'anomaly' ? 'CANCELED' : 'NEW');
    });
  }
  it('BY-31 cancels the orders of the agent that a signal names, and of nobody else', async () => {
    const on = await begin();
    const other = on.createAgent('other');
    const ours = await rest(on, 58_000, 600);
    const { body } = await on.place(
      { symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 600 },
      other,
    );
    const theirs = body.execution.orders[0]?.client_order_id ?? '';
    const scope = { agent: 'other' };
    await on.call('POST', '/v1/signals', { kind: 'anomaly', scope, severity: 1, ttl_ms: 60_000 }, on.token('monitor'));
    await on.refresh();
    assert.equal(await statusOf(on, theirs), 'CANCELED');
    assert.equal(await statusOf(on, ours), 'NEW');
  });
  it('BY-31 cancels what no longer fits when a stricter policy is saved', async () => {
    const on = await beginAlone();
    const big = await rest(on, 58_000, 900);
    const small = await rest(on, 57_000, 150);
    const spec = parse(readFileSync(on.policyPath, 'utf8')) as Spec;
    spec.budgets.order_notional_usdt = 200;
    writeFileSync(on.policyPath, stringify(spec));
    await until('the large order is canceled', async () => (await statusOf(on, big)) === 'CANCELED');
    assert.equal(await statusOf(on, small), 'NEW');
    spec.scope.symbols = ['ETHUSDT'];
    writeFileSync(on.policyPath, stringify(spec));
    await until('the other one is out of scope', async () => (await statusOf(on, small)) === 'CANCELED');
  });
  it('BY-31 cancels resting orders when a tier of the account is reached', async () => {
    const on = await beginAlone((spec) => {
      spec.account.daily_loss.tiers = [{ at: 0.0005, reduce_only: true }];
    });
    await on.place({ requested_notional: 900 });
    const id = await rest(on, 58_000, 500);
    await on.setMark('BTCUSDT', 59_500);
    assert.equal(await statusOf(on, id), 'CANCELED');
    assert.equal(openOrders(await on.books()).length, 0);
  });
  it('BY-31 ends a resting order with its time to live [PK-45 TD-43 TF-5]', async () => {
    const on = await beginAlone((spec) => {
      spec.standing.resting_ttl_ms = 60_000;
    });
    const id = await rest(on, 58_000, 300);
    await on.advance(59_000);
    assert.equal(await statusOf(on, id), 'NEW');
    await on.advance(1_500);
    assert.equal(await statusOf(on, id), 'CANCELED');
  });
  it('BY-31 reviews resting orders after a restart into another state', async () => {
    const on = await beginAlone();
    const id = await rest(on, 58_000, 900);
    await on.daemon.close();
    assert.equal(await statusOf(on, id), 'CANCELED');
    await on.control('set-mark', { symbol: 'BTCUSDT', price: '62500' });
    await on.restart();
    await on.refresh();
    const books = await on.books();
    assert.equal(openOrders(books).length, 0);
  });
  it('BY-31 counts an order that somebody else rested, and cuts our own for it [TM-55]', async () => {
    const on = await beginAlone();
    const id = await rest(on, 58_000, 900);
    const human = createClient(on.sim);
    await human.send('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.02',
      price: '58500',
    });
    await on.refresh();
    const { body } = await on.place({ requested_notional: 900 });
    // Either our order stays and there is no room, or it went for the foreign one and what is left is the room.
    if ((await statusOf(on, id)) === 'NEW') assert.equal(body.decision.decision, 'BLOCK');
    else assert.ok(worstUsdt(await on.books(), 'BTCUSDT') <= 2_000, `${worstUsdt(await on.books(), 'BTCUSDT')} USDT`);
    const foreign = openOrders(await on.books()).filter(
      (each) => each.price === '58500.00000000' || Number(each.price) === 58_500,
    );
    assert.equal(foreign.length, 1, "somebody else's order was canceled silently");
  });
  it('leaves what rests and what is held alone with on_breach: hold, and opens nothing beyond the tightened cap [PK-46]', async () => {
    const on = await beginAlone((spec) => {
      spec.standing.on_breach = 'hold';
    });
    await on.place({ requested_notional: 600 });
    const held = await on.position('BTCUSDT');
    const rests = await rest(on, 58_000, 900);
    await on.setMark('BTCUSDT', 62_500);
    for (let i = 0; i < 3; i += 1) await on.advance(6_000);
    assert.equal(await statusOf(on, rests), 'NEW');
    assert.equal(await on.position('BTCUSDT'), held);
    assert.equal((await on.dryRun('place_order', order())).body.decision.decision, 'BLOCK');
  });
  it('BY-31 cuts a position back with on_breach: reduce, through exits alone [PK-46]', async () => {
    const on = await beginAlone((spec) => {
      spec.standing.on_breach = 'reduce';
    });
    for (const notional of [950, 940]) await on.place({ requested_notional: notional });
    assert.ok((await on.position('BTCUSDT')) * 60_000 > 1_500);
    await on.setMark('BTCUSDT', 62_500);
    await until(
      'the position fits the tightened cap',
      on.advancing(6_000, async () => (await on.position('BTCUSDT')) * 62_500 <= 500),
    );
    const books = await on.books();
    assert.ok((await on.position('BTCUSDT')) > 0, 'it was cut to the cap, not to nothing');
    assert.ok(books.orders.filter((each) => each.side === 'SELL').every((each) => each.reduce_only === true));
  });
});
