import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { START_MS } from '../../scripts/explore/market.ts';
import { PLAIN_SETUP } from '../../scripts/explore/plan.ts';
import { World } from '../../scripts/explore/world.ts';

const LIVES = 60;
const LIFE_MS = 1_000;
const READY_WITHIN_MS = 3_000;
const OUT_WITHIN_MS = 2_000;

async function openWorld(): Promise<World> {
  const world = new World(1, PLAIN_SETUP, { isLimited: true });
  world.start();
  assert.ok(await world.untilReady(READY_WITHIN_MS), 'the first start is ready');
  return world;
}
/** Opens a position, and waits until it is filled. */
async function open(world: World, symbol: 'BTCUSDT' | 'ETHUSDT'): Promise<void> {
  const args = { symbol, intent: 'open', side: 'buy', requested_notional: 600, requested_leverage: 1 };
  const rest = { order_type: 'market', max_slippage_bps: 20, strategy_id: 'test' };
  const call = world.call(0, 'alpha', 'place_order', { ...args, ...rest });
  await world.time.advance(500);
  assert.equal(call.answer?.execution.state, 'filled', JSON.stringify(call));
}
/** Dies, and lives again at once; ms until it was ready, or null within this life. */
async function liveAgain(world: World): Promise<number | null> {
  world.die(1);
  const bornAtMs = world.time.nowMs;
  let readyAfterMs: number | null = null;
  while (world.time.nowMs - bornAtMs < LIFE_MS) {
    await world.time.advance(10);
    if (readyAfterMs === null && world.gate?.keeper.isReconciled === true) readyAfterMs = world.time.nowMs - bornAtMs;
  }
  return readyAfterMs;
}
function refusals({ wire }: World): readonly string[] {
  return [...wire.answered.keys()].filter((name) => name.endsWith(' 429') || name.endsWith(' 418'));
}
/** Closes, and waits; ms until the exchange took the exit. */
async function close(world: World, symbol: 'BTCUSDT' | 'ETHUSDT'): Promise<number> {
  const askedAtMs = world.time.nowMs;
  world.call(1, 'alpha', 'close_position', { symbol });
  await world.time.advance(OUT_WITHIN_MS);
  const taken = world.wire.records.find(
    ({ params, sentAtMs, status }) => sentAtMs >= askedAtMs && status === 200 && params.text('reduceOnly') === 'true',
  );
  assert.ok(taken?.servedAtMs != null, 'the exit went out');
  return taken.servedAtMs - askedAtMs;
}

describe('BY-52 a daemon that is started again every second', () => {
  it('is ready each time, is never refused by the venue, and its exit goes out', async () => {
    const world = await openWorld();
    try {
      await open(world, 'BTCUSDT');
      const late: string[] = [];
      for (let life = 1; life <= LIVES; life += 1) {
        const readyAfterMs = await liveAgain(world);
        if (readyAfterMs === null || readyAfterMs > READY_WITHIN_MS) late.push(`${life}: ${readyAfterMs}`);
      }
      assert.deepEqual(late, [], `starts that were not ready within their second`);
      assert.deepEqual(refusals(world), []);
      assert.ok((await close(world, 'BTCUSDT')) <= OUT_WITHIN_MS);
      await world.time.advance(70_000);
      assert.deepEqual(refusals(world), [], 'nor in the minute after');
      assert.equal(world.venue.heldE8('BTCUSDT'), 0);
    } finally {
      world.close();
    }
  });

  it('closes what it is asked to close in the last instant of a life', async () => {
    const world = await openWorld();
    try {
      for (const symbol of ['BTCUSDT', 'ETHUSDT'] as const) {
        await open(world, symbol);
        for (let life = 1; life <= 5; life += 1) await liveAgain(world);
        world.call(1, 'alpha', 'close_position', { symbol });
        await world.time.advance(1);
        await liveAgain(world);
        await liveAgain(world);
        assert.equal(world.venue.heldE8(symbol), 0, `${symbol} is closed within two lives`);
      }
      assert.deepEqual(refusals(world), []);
    } finally {
      world.close();
    }
  });

  it('asks nothing while the venue wants to be left alone, and exits go out when that is over', async () => {
    const world = await openWorld();
    try {
      await open(world, 'BTCUSDT');
      const alone = { kind: 'status', status: 429, retry_after_s: 20, count: 1 };
      world.venue.control('faults', { ...alone, match: { path: '/fapi/v1/time' } });
      world.die(1);
      world.wire.answered.clear();
      await world.time.advance(19_000);
      assert.deepEqual(
        [...world.wire.answered],
        [
          ['GET /sim/clock 200', 1],
          ['GET /fapi/v1/time 429', 1],
        ],
      );
      await world.time.advance(2_000);
      assert.ok((await close(world, 'BTCUSDT')) <= OUT_WITHIN_MS);
    } finally {
      world.close();
    }
  });

  it('waits for the next minute, and not for exits, where others have used up the weight', async () => {
    const world = await openWorld();
    try {
      await open(world, 'ETHUSDT');
      const hostMs = (): number => START_MS + world.time.nowMs;
      await world.time.advance(60_000 - (hostMs() % 60_000) + 20_000);
      const { limits } = world.exchange;
      const used = Number(limits.useWeight(hostMs(), 0)['X-MBX-USED-WEIGHT-1M']);
      limits.useWeight(hostMs(), 2_350 - used);
      await liveAgain(world);
      assert.deepEqual(refusals(world), []);
      assert.ok((await close(world, 'ETHUSDT')) <= OUT_WITHIN_MS);
      await world.time.advance(60_000);
      assert.equal(world.gate?.keeper.isReconciled, true);
      assert.deepEqual(refusals(world), []);
    } finally {
      world.close();
    }
  });
});

/** Request weight that the exchange has counted in this minute. */
function usedWeight({ exchange, time }: World): number {
  return Number(exchange.limits.useWeight(START_MS + time.nowMs, 0)['X-MBX-USED-WEIGHT-1M']);
}

describe('a start', () => {
  it('costs some 200 of weight the first time, and some 30 when another has been there a moment before', async () => {
    const world = new World(1, PLAIN_SETUP, { isLimited: true });
    try {
      world.start();
      assert.ok(await world.untilReady(READY_WITHIN_MS));
      const first = usedWeight(world);
      // 10 of it for the orders of the two symbols: of a new ledger no income needs to tell of them (BY-45).
      assert.ok(first > 150 && first <= 220, `${first}`);
      await world.time.advance(5_000);
      world.die(1);
      const before = usedWeight(world);
      while (world.gate?.keeper.isReconciled !== true) await world.time.advance(5);
      const again = usedWeight(world) - before;
      assert.ok(again > 20 && again <= 32, `${again}`);
    } finally {
      world.close();
    }
  });

  it('asks for each list once, and for what was read a moment before not again', async () => {
    const world = new World(1, PLAIN_SETUP, { isLimited: true });
    try {
      world.start();
      assert.ok(await world.untilReady(READY_WITHIN_MS));
      const first = new Map(world.wire.answered);
      for (const path of ['exchangeInfo', 'leverageBracket', 'openOrders', 'openAlgoOrders', 'income'])
        assert.equal(first.get(`GET /fapi/v1/${path} 200`), 1, path);
      assert.equal(first.get('GET /fapi/v1/accountConfig 200'), 2, 'and once more where something had to be set');
      assert.equal(first.get('GET /fapi/v1/commissionRate 200'), 2, 'of each symbol once');
      assert.equal(first.get('GET /fapi/v3/account 200'), 1);
      await world.time.advance(5_000);
      world.wire.answered.clear();
      await liveAgain(world);
      const again = [...world.wire.answered.keys()].sort();
      for (const path of ['exchangeInfo', 'leverageBracket', 'accountConfig', 'commissionRate', 'income', 'klines'])
        assert.ok(!again.includes(`GET /fapi/v1/${path} 200`), path);
    } finally {
      world.close();
    }
  });
});
