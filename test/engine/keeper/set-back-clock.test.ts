import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ExitPace } from '../../../daemon/engine/claims/exit-pace.ts';
import { accountEvent } from '../../../daemon/engine/feeds/account-reading.ts';
import type { Flow } from '../../../daemon/engine/flow/step.ts';
import { Protection } from '../../../daemon/engine/guard/protection.ts';
import { ClockSync } from '../../../daemon/engine/keeper/clock-sync.ts';
import type { AccountSnapshot, VenuePosition } from '../../../daemon/engine/records/venue.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { DomainClock } from '../../../daemon/venue/wire/clock.ts';
import { inLots, LOT_E8, T0 } from '../fold-fixture.ts';
import { NOT_FOUND, ProofWorld, shown } from '../proof-fixture.ts';

const HOURS_MS = 2 * 3_600_000;
const SELL = { side: 'sell', reduceOnly: true } as const;

const worlds: ProofWorld[] = [];
/** Its clock is two hours ahead. */
function startAhead(): ProofWorld {
  const world = new ProofWorld();
  world.skewMs = HOURS_MS;
  worlds.push(world);
  return world;
}
function setBack(world: ProofWorld): void {
  world.skewMs = 0;
  world.core.appendBoot('the venue clock jumped');
}
function runningBack(world: ProofWorld): ProofWorld {
  setBack(world);
  return world;
}
/** The daemon was down while the clock was set back. */
function restartedBack(world: ProofWorld): ProofWorld {
  world.skewMs = 0;
  const next = world.restart();
  worlds.push(next);
  next.core.appendBoot('starting');
  return next;
}
/** An operator gives the symbol to an agent. */
function adopt(world: ProofWorld, agent: string, lots: number): void {
  world.core.append('holder', {
    action: 'adopted',
    passkey_id: null,
    reason: '',
    agent,
    quantity_e8: lots,
    set_by: 'ops',
    symbol: 'BTCUSDT',
  });
}
afterEach(() => {
  for (const world of worlds.splice(0)) {
    const folded = new GateState();
    for (const event of world.events) folded.apply(event);
    assert.deepEqual([...folded.positions], [...world.core.state.positions], 'a restart sees the same');
    assert.deepEqual([...folded.orders.all], [...world.core.state.orders.all]);
    assert.deepEqual(folded.account, world.core.state.account);
    assert.deepEqual([...folded.layers], [...world.core.state.layers]);
    world.stop();
  }
});

function account(world: ProofWorld, lots: number, walletUsdt = 1_000): AccountSnapshot {
  const nowMs = world.core.nowMs();
  const position: VenuePosition = {
    symbol: 'BTCUSDT',
    quantityE8: lots * LOT_E8,
    entryPrice: 60_000,
    markPrice: 60_000,
    liquidationPrice: null,
    leverage: null,
    isolatedMarginUsdt: null,
    maintenanceMarginUsdt: 0,
    unrealisedPnlUsdt: 0,
    updatedAtMs: nowMs,
  };
  return {
    requestedAtMs: nowMs,
    observedAtMs: nowMs,
    walletUsdt,
    marginBalanceUsdt: walletUsdt,
    availableUsdt: walletUsdt,
    maintenanceMarginUsdt: 0,
    initialMarginUsdt: 0,
    positions: lots === 0 ? [] : [position],
    leverage: {},
    isolated: {},
    unreadable: [],
  };
}
async function read(world: ProofWorld, lots: number): Promise<boolean> {
  world.script.account = () => account(world, lots);
  return world.core.run(world.feed.pollAccount());
}
const held = (world: ProofWorld): number => inLots(world.core.state.position('BTCUSDT').quantityE8);

describe('BY-22 a clock that is set back by hours', () => {
  for (const [how, back] of [
    ['while it was down', restartedBack],
    ['while the daemon runs', runningBack],
  ] as const)
    it(`hides no reading of the account (${how})`, async () => {
      let world = startAhead();
      await read(world, 10);
      assert.equal(held(world), 10);
      world = back(world);
      await world.time.advance(1_000);
      assert.equal(await read(world, 4), true);
      assert.equal(held(world), 4);
      assert.equal(world.core.market.account?.observedAtMs, world.core.nowMs());
    });

  it('and one that was asked for before it is not taken for news', async () => {
    const world = startAhead();
    const old = account(world, 10);
    setBack(world);
    world.script.account = () => old;
    assert.equal(await world.core.run(world.feed.pollAccount()), false, 'to be read again');
    assert.equal(held(world), 0);
    await read(world, 4);
    assert.equal(held(world), 4);
  });

  it('lets a position be known that somebody closed after our own fill', async () => {
    const world = startAhead();
    world.script.submit = () => ({
      kind: 'accepted',
      order: shown('o-1', { status: 'filled', executedLots: 10, updatedAtMs: world.core.nowMs() }),
    });
    const decided = world.decide({ id: 'd-1', orders: [{ client_order_id: 'o-1' }] });
    await world.core.run(world.sender.sendOpening(world.order('o-1'), decided));
    assert.equal(held(world), 10);
    setBack(world);
    for (let i = 0; i < 8; i += 1) {
      await world.time.advance(2_000);
      await read(world, 0);
    }
    assert.equal(held(world), 0);
  });

  it('holds up no exit for its rate', () => {
    const world = startAhead();
    const { max } = world.core.policySpec.exits.rate;
    for (let i = 0; i < max; i += 1)
      world.decide({
        id: `d-${i}`,
        effective: { action: 'exit' },
        orders: [{ client_order_id: `o-${i}`, reduce_only: true, side: 'sell' }],
      });
    const { planClock: clock, policySpec, sends, state } = world.core;
    const pace = new ExitPace({ state, sends, clock, exits: () => policySpec.exits });
    assert.ok(pace.waitMs('agent', 'alice', true, false) > 0);
    setBack(world);
    const waitMs = pace.waitMs('agent', 'alice', true, false);
    assert.ok(waitMs > 0 && waitMs <= world.core.policySpec.exits.rate.window_ms, `${waitMs} ms`);
  });

  it('holds up no cut for the last one', async () => {
    const world = startAhead();
    let cuts = 0;
    const exits = {
      // biome-ignore lint/correctness/useYield: it is on disk at once
      *runGateExit(): Flow<void> {
        cuts += 1;
      },
      isGateExiting: () => false,
    };
    const protection = new Protection(world.core, world.sender, world.canceler, exits);
    const breach = { symbol: 'BTCUSDT', quantityE8: 2 * LOT_E8, cause: 'symbol notional' };
    await read(world, 10);
    adopt(world, 'alice', 10);
    await world.core.run(protection.cutBack(breach));
    await world.core.run(protection.cutBack(breach));
    assert.equal(cuts, 1);
    setBack(world);
    await world.time.advance(6_000);
    await read(world, 10);
    await world.core.run(protection.cutBack(breach));
    assert.equal(cuts, 2);
  });

  it('ends what it was set for as late as it would have ended', () => {
    const world = startAhead();
    const state = { clears_when: '', layer: 'breaker', reason: '', scope: 'agent', set_by: 'daemon' } as const;
    const clearsAtMs = world.core.nowMs() + 60_000;
    world.core.append('state', { ...state, clears_at_ms: clearsAtMs, name: 'alice', state: 'reducing' });
    setBack(world);
    const endsMs = world.core.passedMs() + 60_000;
    assert.equal(world.core.state.layers.get('breaker|agent|alice')?.clearsAtMs, endsMs);
    assert.equal(world.core.state.pacing.breakers.get('alice')?.untilMs, endsMs);
  });

  it('proves the absence of an order no sooner, and no later', async () => {
    for (const jumpMs of [HOURS_MS, -HOURS_MS]) {
      const world = startAhead();
      world.script.list = () => [shown('web_1', SELL)];
      await world.core.run(world.feed.pollOrders());
      world.script.list = () => [];
      world.script.lookup = () => NOT_FOUND;
      await world.core.run(world.feed.pollOrders());
      world.skewMs += jumpMs;
      if (jumpMs < 0) world.core.appendBoot('jumped');
      await world.time.advance(1_000);
      for (let i = 0; i < 2; i += 1) await world.core.run(world.feed.pollOrders());
      assert.equal(world.order('web_1').status, 'working', `${jumpMs}`);
      await world.time.advance(6_000);
      await world.core.run(world.feed.pollOrders());
      assert.equal(world.order('web_1').status, 'canceled', `${jumpMs}`);
    }
  });

  it('drops bars that have not closed, and reads quotes and the account anew', async () => {
    const world = startAhead();
    const { market } = world.core;
    const { barMs } = market;
    const bar = (openTimeMs: number, close: number) => ({
      openTimeMs,
      open: close,
      high: close,
      low: close,
      close,
      volume: 1,
    });
    const first = Math.floor(T0 / barMs) * barMs - 100 * barMs;
    const bars = Array.from({ length: 107 }, (_, i) => bar(first + i * barMs, 60_000 + i));
    market.applyBars('BTCUSDT', bars);
    assert.ok((market.lastBarOpenMs('BTCUSDT') ?? 0) > T0);
    await read(world, 10);
    setBack(world);
    assert.equal(market.lastBarOpenMs('BTCUSDT'), T0 - barMs);
    assert.deepEqual([market.account, market.symbol('BTCUSDT')], [null, null]);
    assert.ok((market.hold('BTCUSDT')?.bars_as_of_ms ?? 0) <= T0);
    assert.equal(market.applyBars('BTCUSDT', [bar(T0, 60_000)]).applied, 1, 'the bar as it closes then');
    await read(world, 10);
  });

  it('is told apart from one wrong answer of the venue, which changes nothing', async () => {
    const world = startAhead();
    world.skewMs = 0;
    const times: number[] = [];
    const ports = world.core.ports as unknown as { clock: DomainClock; venue: { fetchServerTime: unknown } };
    let monotonicMs = 0;
    world.time.hostMs = () => T0 + monotonicMs;
    world.time.monotonicMs = () => monotonicMs;
    ports.clock = new DomainClock({ monotonicMs: () => monotonicMs, hostMs: () => T0 + monotonicMs });
    ports.venue.fetchServerTime = async () => ({ kind: 'ok', value: T0 + monotonicMs + (times.shift() ?? 0) });
    let jumps = 0;
    const sync = new ClockSync(world.core, () => (jumps += 1));
    const readOnce = async (...answers: number[]): Promise<[boolean, number, number]> => {
      times.splice(0, times.length, ...answers);
      monotonicMs += 30_000;
      const isKnown = await world.core.run(sync.sync());
      return [isKnown, ports.clock.nowMs() - T0 - monotonicMs, jumps];
    };
    assert.deepEqual(await readOnce(HOURS_MS, 0), [true, 0, 0], 'at a start');
    assert.deepEqual(await readOnce(HOURS_MS, 0), [true, 0, 0], 'and later');
    assert.deepEqual(await readOnce(HOURS_MS, -HOURS_MS), [false, 0, 0], 'two that contradict each other');
    assert.equal(world.core.market.clockSkewMs, null);
    assert.deepEqual(await readOnce(HOURS_MS, HOURS_MS, HOURS_MS), [true, HOURS_MS, 1], 'two that agree');
  });

  it('takes an order for ours that was placed before the clock went ahead', async () => {
    const world = new ProofWorld();
    worlds.push(world);
    world.decide({ id: 'd-1', orders: [{ client_order_id: 'o-1' }] });
    const placedAtMs = world.core.nowMs();
    await world.time.advance(1_000);
    world.skewMs = HOURS_MS;
    world.core.appendBoot('the venue clock jumped', { aheadMs: HOURS_MS });
    world.script.list = () => [shown('o-1', { placedAtMs })];
    await world.core.run(world.feed.pollOrders());
    assert.equal(world.order('o-1').status, 'working');
    assert.deepEqual(
      world.events.flatMap(({ kind, payload }) => (kind === 'alert' ? [payload.code] : [])),
      [],
    );
  });

  it('an older ledger folds as it did', () => {
    const state = new GateState();
    const world = startAhead();
    const first = accountEvent(account(world, 10));
    for (const requestedAtMs of [T0, T0 - HOURS_MS])
      state.apply({
        at_ms: requestedAtMs,
        kind: 'account',
        payload: { ...first, requested_at_ms: requestedAtMs },
        seq: 1,
      });
    assert.equal(state.account?.requested_at_ms, T0);
  });
});
