import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { VenuePort } from '../../../daemon/driver/ports.ts';
import type { LookupOutcome, VenueTrade } from '../../../daemon/engine/records/venue.ts';
import { TradeFeed } from '../../../daemon/engine/trades/trade-feed.ts';
import { asListed, inLots, LOT_E8 } from '../fold-fixture.ts';
import { found, ProofWorld } from '../proof-fixture.ts';

const ROUND_MS = 50;
/** An answer takes longer than a round of the feeds. */
const ANSWER_MS = 120;

const worlds: ProofWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

/** A running feed of trades, on an account whose accounts have begun. */
class Feed {
  readonly world = new ProofWorld();
  readonly feed = new TradeFeed(this.world.core, this.world.proof);
  reads = 0;
  lookups = 0;
  waited = 0;

  constructor(trades: () => readonly VenueTrade[], lookup: (asked: number) => LookupOutcome) {
    const { time, core } = this.world;
    worlds.push(this.world);
    const venue = core.ports.venue as { -readonly [K in keyof VenuePort]: VenuePort[K] };
    venue.fetchTrades = async (_symbol, from) => {
      this.reads += 1;
      await time.delay(ANSWER_MS);
      const rows = trades().filter(({ tradeId }) => Number(tradeId) >= Number(from ?? 0));
      return { kind: 'ok', value: { rows, unreadable: [] } };
    };
    venue.lookupByVenueId = async (_symbol, _id, canWait) => {
      this.lookups += 1;
      if (canWait === true) this.waited += 1;
      return lookup(this.lookups);
    };
    this.readAccount();
  }
  /** It shows that nothing is held. */
  readAccount(): void {
    const { core } = this.world;
    core.append('account', {
      available_usdt: 0,
      initial_margin_usdt: 0,
      leverage: {},
      maintenance_margin_usdt: 0,
      margin_balance_usdt: 0,
      margin_ratio: 0,
      positions: [],
      requested_at_ms: core.nowMs(),
      wallet_usdt: 0,
    });
  }
  async run(ms: number): Promise<void> {
    for (let i = 0; i < ms / ROUND_MS; i += 1) {
      this.feed.start();
      await this.world.time.advance(ROUND_MS);
    }
  }
  get recorded(): readonly string[] {
    return this.world.events.flatMap((event) => (event.kind === 'trade' ? [event.payload.trade_id] : []));
  }
}

/** Trades of as many orders of somebody else. */
function strangers(count: number, atMs: number): readonly VenueTrade[] {
  return Array.from({ length: count }, (_, at) => ({
    tradeId: String(at + 1),
    symbol: 'BTCUSDT',
    venueOrderId: String(9_000 + at),
    side: at % 2 === 0 ? 'buy' : 'sell',
    quantityE8: LOT_E8,
    price: 60_000,
    feeUsdt: 0.01,
    realisedPnlUsdt: 0,
    isMaker: false,
    atMs: atMs + at + 1,
  }));
}

/** The venue shows an order that has executed its lot. */
function filled(id: string, venueOrderId: string) {
  return {
    average_price: null,
    client_order_id: id,
    detail: null,
    executed_e8: LOT_E8,
    foreign: null,
    retryable: false,
    status: 'filled',
    venue_at_ms: 1,
    venue_order_id: venueOrderId,
  } as const;
}

describe('the feed of trades', () => {
  it('reads a symbol twice a minute, not without a pause, while only income tells of a trade', async () => {
    const feed = new Feed(
      () => [],
      () => ({ kind: 'not_found' }),
    );
    const { core } = feed.world;
    const atMs = core.nowMs() + 1;
    const row = { amount_usdt: -1, at_venue_ms: atMs, income_id: '1', symbol: 'BTCUSDT', trade_id: '7' };
    core.append('income', { read_to_ms: atMs, rows: [{ ...row, type: 'COMMISSION' }] });
    await feed.run(60_000);
    assert.ok(feed.reads >= 2 && feed.reads <= 3, `${feed.reads} readings`);
  });

  it('asks for an order that cannot be read every two seconds at most, and records its trade when it can', async () => {
    let isAnswered = false;
    const feed = new Feed(
      () => strangers(1, feed.world.core.nowMs()),
      () => (isAnswered ? { kind: 'not_found' } : { kind: 'failed', detail: 'HTTP 500' }),
    );
    feed.feed.add('BTCUSDT');
    await feed.run(20_000);
    assert.ok(feed.lookups >= 5 && feed.lookups <= 11, `${feed.lookups} lookups`);
    assert.ok(feed.reads <= 11, `${feed.reads} readings`);
    assert.deepEqual(feed.recorded, []);
    isAnswered = true;
    await feed.run(5_000);
    assert.deepEqual(feed.recorded, ['1']);
  });

  it("takes in a stranger's hundred orders in order, behind all other reads, a few at a time", async () => {
    const start = { atMs: 0 };
    const feed = new Feed(
      () => strangers(100, start.atMs),
      () => ({ kind: 'not_found' }),
    );
    start.atMs = feed.world.core.nowMs();
    feed.feed.add('BTCUSDT');
    await feed.run(2_000);
    assert.ok(feed.lookups > 0 && feed.lookups <= 40, `${feed.lookups} lookups in two seconds`);
    await feed.run(20_000);
    assert.deepEqual(
      feed.recorded,
      Array.from({ length: 100 }, (_, at) => String(at + 1)),
    );
    assert.equal(feed.lookups, 100, 'each order is asked for once');
    assert.equal(feed.waited, 100, 'and none of them before other reads');
  });

  it('records a long list in turns of a few trades: what is told late is folded anew with all that followed it', async () => {
    const start = { atMs: 0 };
    const feed = new Feed(
      () => strangers(100, start.atMs).map((trade) => ({ ...trade, venueOrderId: '9000' })),
      () => ({ kind: 'not_found' }),
    );
    const { core, time } = feed.world;
    start.atMs = core.nowMs();
    core.append('order', { ...filled('a', '9000'), foreign: asListed(100, 600_000) });
    const before: number[] = [];
    const { nextTurn } = time;
    time.nextTurn = (fn) => {
      before.push(feed.recorded.length);
      return nextTurn.call(time, fn);
    };
    feed.feed.add('BTCUSDT');
    await feed.run(2_000);
    assert.deepEqual([feed.recorded.length, before], [100, [20, 40, 60, 80]]);
  });

  it('takes in no trade before one whose order has no number yet: lots move in the order of trades', async () => {
    const start = { atMs: 0 };
    const feed = new Feed(
      () => strangers(2, start.atMs),
      () => ({ kind: 'not_found' }),
    );
    const { world } = feed;
    start.atMs = world.core.nowMs();
    for (const id of ['a', 'b']) world.decide({ id: `d-${id}`, orders: [{ client_order_id: id, lots: 1 }] });
    world.core.append('order', filled('b', '9001'));
    feed.feed.add('BTCUSDT');
    await feed.run(10_000);
    assert.deepEqual(feed.recorded, [], 'the first may be the order that was not answered');
    world.core.append('order', filled('a', '9000'));
    feed.feed.add('BTCUSDT');
    await feed.run(10_000);
    assert.deepEqual(feed.recorded, ['1', '2']);
  });

  for (const side of ['buy', 'sell'] as const)
    it(`a ${side} whose order is not found at first, beside a stop that buys: ${side === 'buy' ? "the stop's" : "a stranger's"}`, async () => {
      const start = { atMs: 0 };
      const feed = new Feed(
        () => strangers(1, start.atMs).map((trade) => ({ ...trade, side })),
        (asked) => (asked <= 2 ? { kind: 'not_found' } : found('s', { kind: 'algo', venueOrderId: '9000' })),
      );
      const { world } = feed;
      start.atMs = world.core.nowMs();
      world.decide({ id: 'd-s', orders: [{ client_order_id: 's', kind: 'algo', lots: 1, reduce_only: true }] });
      world.core.append('order', { ...filled('s', '2000'), executed_e8: 0, status: 'working' });
      for (let ms = 0; ms < 3_000; ms += 1_000) {
        feed.feed.add('BTCUSDT');
        await feed.run(1_000);
      }
      const owners = world.events.flatMap(({ kind, payload }) => (kind === 'trade' ? [payload.client_order_id] : []));
      assert.deepEqual(owners, [side === 'buy' ? 's' : null]);
    });

  for (const isRead of [false, true])
    it(`a trade whose order is not found for long, of a stop that was no longer found either: ${isRead ? 'the account was read since' : 'the stop has filled'}`, async () => {
      const start = { atMs: 0 };
      const feed = new Feed(
        () => strangers(1, start.atMs),
        (asked) => (asked <= 6 ? { kind: 'not_found' } : found('s', { kind: 'algo', venueOrderId: '9000' })),
      );
      const { world } = feed;
      const { core } = world;
      start.atMs = core.nowMs();
      world.decide({ id: 'd-s', orders: [{ client_order_id: 's', kind: 'algo', lots: 1, reduce_only: true }] });
      core.append('order', { ...filled('s', '2000'), executed_e8: 0, status: 'working' });
      const absent = { asked_seq: core.state.stateSeq, kind: 'absent' } as const;
      core.append('order', { ...filled('s', '2000'), executed_e8: 0, status: 'canceled', evidence: absent });
      await world.time.advance(8_000);
      if (isRead) feed.readAccount();
      for (let ms = 0; ms < 20_000; ms += 2_000) {
        feed.feed.add('BTCUSDT');
        await feed.run(2_000);
      }
      const owners = world.events.flatMap(({ kind, payload }) => (kind === 'trade' ? [payload.client_order_id] : []));
      assert.deepEqual(owners, ['s']);
      assert.equal(inLots(core.state.orders.all.get('s')?.tradedE8), 1);
      assert.equal(inLots(core.state.orders.all.get('s')?.executedE8), isRead ? 0 : 1);
      assert.equal(inLots(core.state.position('BTCUSDT').quantityE8), isRead ? 0 : 1);
    });
});
