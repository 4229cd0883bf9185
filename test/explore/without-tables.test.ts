import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertEvent } from '../../daemon/engine/records/house-events.ts';
import { placeOrder } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { PLAIN_SETUP } from '../../scripts/explore/plan.ts';
import { OPERATOR } from '../../scripts/explore/records.ts';
import { World } from '../../scripts/explore/world.ts';

const OUT_WITHIN_MS = 2_000;
/** Older rules than the gate opens by: a start cannot do with what is recorded. */
const DOWN_MS = 4_000_000;
/** A start that may ask for the rules, and one that waits for its answers in vain. */
const FAULTS = [{ kind: 'status', status: 500 }, { kind: 'stall-body' }] as const;
const TABLES = ['exchangeInfo', 'leverageBracket', 'commissionRate'] as const;
const UNREAD: Readonly<Record<(typeof TABLES)[number], RegExp>> = {
  exchangeInfo: /not read yet: the exchange filters/,
  leverageBracket: /not read yet: the leverage brackets/,
  commissionRate: /not read yet: the commission rate of BTCUSDT/,
};

/** A position in each symbol and a resting order of beta, before the daemon is away for long. */
async function restartWithout(tables: readonly string[], fault: object): Promise<World> {
  const world = new World(1, PLAIN_SETUP);
  world.start();
  assert.ok(await world.untilReady(3_000));
  for (const symbol of ['BTCUSDT', 'ETHUSDT'] as const) place(world, 'alpha', symbol, { order_type: 'market' });
  const limit_price = Math.round(world.venue.mark('ETHUSDT') * 0.98);
  place(world, 'beta', 'ETHUSDT', { order_type: 'limit', limit_price, request_id: 'resting' });
  await world.time.advance(1_000);
  assert.deepEqual([world.venue.heldE8('BTCUSDT') > 0, world.venue.heldE8('ETHUSDT') > 0], [true, true]);
  for (const table of tables)
    world.venue.control('faults', { ...fault, count: 100_000, match: { path: `/fapi/v1/${table}` } });
  world.die(DOWN_MS);
  await world.time.advance(DOWN_MS + 1_000);
  return world;
}
function place(world: World, agent: 'alpha' | 'beta', symbol: string, change: object) {
  return world.call(0, agent, 'place_order', {
    symbol,
    intent: 'open',
    side: 'buy',
    requested_notional: 600,
    requested_leverage: 1,
    max_slippage_bps: 20,
    strategy_id: 'test',
    ...change,
  });
}
function alertsOf(world: World, code: string): number {
  const alerts = [...world.ledger.iterateEvents({ kind: 'alert' })].map((event) => event.payload as AlertEvent);
  return alerts.filter((alert) => alert.code === code).length;
}
/** Somebody else, with the account's own key. */
function buyForSomebody(world: World, symbol: string): void {
  const order = { symbol, side: 'BUY', type: 'MARKET', timeInForce: 'GTC', quantity: 10_000_000n, price: 0n } as const;
  placeOrder(world.exchange.world.state, { ...order, reduceOnly: false, clientOrderId: 'by-hand', origin: 'client' });
  assert.ok(world.venue.heldE8(symbol) > 0);
}
function isResting(world: World): boolean {
  const { orders } = world.exchange.world.state;
  return [...orders.values()].some((order) => order.symbol === 'ETHUSDT' && order.status === 'NEW');
}

describe('BY-51 after a restart without the tables that exits do not need', () => {
  for (const fault of FAULTS) {
    for (const table of TABLES) {
      it(`${table} (${fault.kind}): a close and a cancel go out, and an opening is refused with the reason`, async () => {
        const world = await restartWithout([table], fault);
        try {
          world.call(1, 'alpha', 'close_position', { symbol: 'BTCUSDT' });
          world.call(1, 'beta', 'cancel_all', {});
          await world.time.advance(OUT_WITHIN_MS);
          assert.equal(world.venue.heldE8('BTCUSDT'), 0);
          assert.equal(isResting(world), false);
          await world.time.advance(12_000);
          const refused = place(world, 'alpha', 'BTCUSDT', { order_type: 'market' });
          await world.time.advance(500);
          assert.equal(world.venue.heldE8('BTCUSDT'), 0, 'as strict as ever for what opens');
          const reasons = refused.answer?.decision.reasons ?? [];
          assert.deepEqual(
            reasons.map(({ code }) => code),
            ['STATE_REDUCING', 'STALE_FILTERS'],
          );
          assert.match(String(reasons[0]?.limit), UNREAD[table]);
          assert.ok(world.gate?.readiness().waiting_for.some((what) => UNREAD[table].test(`not read yet: ${what}`)));
        } finally {
          world.close();
        }
      });
    }

    it(`all of them (${fault.kind}): a flatten ends flat, and the search for an unknown order says so at most once`, async () => {
      const world = await restartWithout(TABLES, fault);
      try {
        world.operate(1, 'flatten', {}, (gate) => gate.flatten(OPERATOR, null, 'test'));
        await world.time.advance(5_000);
        assert.deepEqual(
          [world.venue.heldE8('BTCUSDT'), world.venue.heldE8('ETHUSDT'), isResting(world)],
          [0, 0, false],
        );
        assert.ok(alertsOf(world, 'RESOLVE_FAILED') <= 1);
        world.quieten();
        assert.ok(await world.untilReady(15_000), 'ready once they answer');
      } finally {
        world.close();
      }
    });
  }

  it('an unknown order is resolved while none of them answers, and no search fails', async () => {
    const world = new World(1, PLAIN_SETUP);
    try {
      world.start();
      assert.ok(await world.untilReady(3_000));
      world.wire.addFault({ kind: 'late_answer', path: '/fapi/v1/order', count: 1, ms: 5_000 });
      place(world, 'alpha', 'BTCUSDT', { order_type: 'market' });
      await world.time.advance(500);
      for (const table of TABLES)
        world.venue.control('faults', {
          kind: 'status',
          status: 500,
          count: 1_000,
          match: { path: `/fapi/v1/${table}` },
        });
      world.die(DOWN_MS);
      await world.time.advance(DOWN_MS + 1_000);
      world.call(1, 'alpha', 'close_position', { symbol: 'BTCUSDT' });
      await world.time.advance(OUT_WITHIN_MS);
      assert.equal(world.venue.heldE8('BTCUSDT'), 0);
      await world.time.advance(60_000);
      assert.equal(alertsOf(world, 'RESOLVE_FAILED'), 0);
    } finally {
      world.close();
    }
  });

  it('on a first start what somebody else holds is closed once the filters answer, without brackets and fees', async () => {
    const world = new World(1, PLAIN_SETUP);
    try {
      for (const table of ['leverageBracket', 'commissionRate'])
        world.venue.control('faults', {
          kind: 'status',
          status: 500,
          count: 1_000,
          match: { path: `/fapi/v1/${table}` },
        });
      buyForSomebody(world, 'BTCUSDT');
      world.start();
      await world.time.advance(1_000);
      world.operate(1, 'flatten', {}, (gate) => gate.flatten(OPERATOR, null, 'test'));
      await world.time.advance(5_000);
      assert.equal(world.venue.heldE8('BTCUSDT'), 0);
    } finally {
      world.close();
    }
  });
});
