import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Flatten } from '../../../daemon/engine/exits/flatten.ts';
import { type Flow, onDisk, Pending, resultOf } from '../../../daemon/engine/flow/step.ts';
import type { AccountSnapshot, SubmitOutcome, VenueOrder } from '../../../daemon/engine/records/venue.ts';
import { inLots, LOT_E8, TICK_E8 } from '../fold-fixture.ts';
import { FAILED, found, HORIZON_MS, NOT_FOUND, ProofWorld, shown } from '../proof-fixture.ts';

const worlds: ProofWorld[] = [];
function start(): ProofWorld {
  const world = new ProofWorld();
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});
const SELL = { side: 'sell', reduceOnly: true } as const;

describe('a search that is under way when an amend is added to it', () => {
  /** It rested, lists and lookups no longer show it; then it is amended, and the answer is lost. */
  const searching = async (seconds: number): Promise<ProofWorld> => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    world.script.list = () => [];
    world.script.lookup = () => NOT_FOUND;
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.equal(world.resolver.pending, 1, 'it is being looked for');
    world.script.lookup = () => FAILED;
    await world.time.advance(seconds * 1_000);
    const decided = world.decide({
      id: 'd-2',
      request: { client_order_id: 'o-1', intent: 'modify' },
      effective: { action: 'amend', lots: 16, price_ticks: 610_000, leverage: null },
      orders: [],
    });
    await world.core.run(world.sender.sendAmend(world.order('o-1'), decided));
    assert.notEqual(world.order('o-1').amendSentByMs, null, 'what became of the amend is not known');
    return world;
  };

  it('waits out the horizon of the amend: until then its old form says nothing', async () => {
    for (const seconds of [1, 20]) {
      const world = await searching(seconds);
      world.script.lookup = () => found('o-1', SELL);
      await world.time.advance(HORIZON_MS - 100);
      assert.deepEqual(
        world.order('o-1').amend,
        { quantityE8: 16 * LOT_E8, priceE8: 610_000 * TICK_E8 },
        `searched for ${seconds} s`,
      );
      await world.time.advance(3_000);
      assert.equal(world.order('o-1').amend, null, 'three answers past it do');
    }
  });

  it('and answers without the order that came before it are not counted', async () => {
    const world = await searching(20);
    world.script.lookup = () => NOT_FOUND;
    await world.time.advance(HORIZON_MS - 100);
    assert.deepEqual([world.order('o-1').status, inLots(world.order('o-1').amend?.quantityE8)], ['working', 16]);
    await world.time.advance(5_000);
    assert.deepEqual([world.order('o-1').status, world.order('o-1').amend], ['canceled', null]);
  });
});

describe('an order whose sending throws', () => {
  const thrown = (): SubmitOutcome => {
    throw new Error('a defect');
  };

  it('at the venue may have arrived: it is unknown, and is looked for', async () => {
    const world = start();
    world.script.submit = thrown;
    const { order, sent } = world.place('o-1');
    assert.equal((await sent).kind, 'unknown');
    assert.deepEqual([order.status, world.isReducing(), world.alerts('SEND_FAILED')], ['unknown', true, 1]);
    world.script.lookup = () => NOT_FOUND;
    await world.time.advance(HORIZON_MS + 5_000);
    assert.deepEqual([order.status, world.isReducing()], ['not_placed', false]);
  });

  it('so may an amend and a stop', async () => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    world.script.amend = thrown;
    const decided = world.decide({
      id: 'd-2',
      request: { client_order_id: 'o-1', intent: 'modify' },
      effective: { action: 'amend', lots: 6, price_ticks: 610_000, leverage: null },
      orders: [],
    });
    assert.equal((await world.core.run(world.sender.sendAmend(world.order('o-1'), decided))).kind, 'unknown');
    assert.notEqual(world.order('o-1').amendSentByMs, null);
  });

  it('before it was sent has not: it is canceled, and says so', async () => {
    const world = start();
    world.script.leverage = () => {
      throw new Error('a defect');
    };
    const decided = world.decide({ id: 'd-o-1', orders: [{ client_order_id: 'o-1' }] });
    const order = world.order('o-1');
    const outcome = await world.core.run(world.sender.sendOpening(order, decided));
    assert.equal(outcome.kind, 'rejected');
    assert.deepEqual([order.status, world.isReducing()], ['canceled', false]);
    assert.match(order.detail ?? '', /not sent: .*a defect/);
  });
});

describe('the exit of a flatten that never comes to an end', () => {
  it('does not stand for the exit of the next one, once it closes nothing', async () => {
    const world = start();
    world.script.account = () => accountOf(world, 10);
    await world.core.run(world.feed.pollAccount());
    let exits = 0;
    const flatten = buildFlatten(world, function* () {
      exits += 1;
      yield* resultOf(new Pending<void>());
    });
    for (const calls of [1, 2]) {
      const called = world.core.run(flatten.run(OPERATOR, null, 'a test'));
      await world.time.advance(30_000);
      assert.equal((await called).positions_left.length, 1);
      assert.equal(exits, calls);
    }
  });

  it('is not done while the venue lists an opening, whatever the views know of it', async () => {
    const world = start();
    world.script.account = () => accountOf(world, 0);
    await world.core.run(world.feed.pollAccount());
    const flatten = buildFlatten(world, function* () {});
    const isFlattening = () => world.core.state.layers.get('operator|account|')?.isFlattening;
    // It ended by the views, and they do not take it back.
    world.script.list = () => [shown('o-9')];
    world.feed.listOrders = function* () {
      yield* onDisk();
      return world.script.list() as readonly VenueOrder[];
    };
    const called = world.core.run(flatten.run(OPERATOR, null, 'a test'));
    await world.time.advance(30_000);
    await called;
    await world.core.run(world.feed.pollAccount());
    for (let second = 0; second < 60; second += 1) {
      flatten.tick();
      await world.time.advance(1_000);
    }
    assert.equal(isFlattening(), true, 'it is listed still');
    world.script.list = () => [];
    for (let second = 0; second < 120; second += 1) {
      flatten.tick();
      await world.time.advance(1_000);
    }
    assert.equal(isFlattening(), false);
  });
});

const OPERATOR = { role: 'operator', agent: 'operator', tokenId: 't', skillSha256: null } as const;
function buildFlatten(world: ProofWorld, exit: () => Flow<void>): Flatten {
  return new Flatten({
    core: world.core,
    canceler: world.canceler,
    account: world.feed,
    exit,
    isQuiet: () => false,
    cancelClaims: () => undefined,
  });
}
function accountOf(world: ProofWorld, lots: number): AccountSnapshot {
  const nowMs = world.core.nowMs();
  const position = {
    symbol: 'BTCUSDT',
    quantityE8: lots * LOT_E8,
    entryPrice: 60_000,
    markPrice: 60_000,
    unrealisedPnlUsdt: 0,
    liquidationPrice: null,
    leverage: null,
    isolatedMarginUsdt: null,
    maintenanceMarginUsdt: 0,
    updatedAtMs: nowMs,
  };
  return {
    requestedAtMs: nowMs,
    observedAtMs: nowMs,
    walletUsdt: 1_000,
    marginBalanceUsdt: 1_000,
    availableUsdt: 1_000,
    maintenanceMarginUsdt: 0,
    initialMarginUsdt: 0,
    positions: lots === 0 ? [] : [position],
    leverage: {},
    isolated: {},
    unreadable: [],
  };
}
