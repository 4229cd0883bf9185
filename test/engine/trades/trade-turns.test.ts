import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VenuePort } from '../../../daemon/driver/ports.ts';
import type { VenueTrade } from '../../../daemon/engine/records/venue.ts';
import { TradeFeed } from '../../../daemon/engine/trades/trade-feed.ts';
import { asListed, inLots, LOT_E8 } from '../fold-fixture.ts';
import { ProofWorld } from '../proof-fixture.ts';

const ROUND_MS = 50;
const TURN = 20;

async function run(world: ProofWorld, rows: readonly VenueTrade[], ms: number): Promise<void> {
  const feed = new TradeFeed(world.core, world.proof);
  const venue = world.core.ports.venue as { -readonly [K in keyof VenuePort]: VenuePort[K] };
  venue.fetchTrades = async () => ({ kind: 'ok', value: { rows, unreadable: [] } });
  venue.lookupByVenueId = async () => ({ kind: 'not_found' });
  feed.add('BTCUSDT');
  for (let i = 0; i < ms / ROUND_MS; i += 1) {
    feed.start();
    await world.time.advance(ROUND_MS);
  }
}

test('an order that only its trades prove is proven, also where the process dies in the middle of a long list', async () => {
  const world = new ProofWorld();
  const { core } = world;
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
  world.decide({ id: 'd-o', orders: [{ client_order_id: 'o', lots: 40, side: 'buy' }] });
  const told = { average_price: null, detail: null, foreign: null, retryable: false, venue_at_ms: core.nowMs() + 1 };
  core.append('order', {
    ...told,
    client_order_id: 'o',
    executed_e8: 40 * LOT_E8,
    status: 'filled',
    venue_order_id: '8999',
  });
  // An exit that ended by what the venue showed, and did fill all the same, in twenty trades.
  world.decide({
    id: 'd-a',
    orders: [{ client_order_id: 'a', lots: TURN, reduce_only: true, side: 'sell', time_in_force: 'IOC' }],
  });
  core.append('order', { ...told, client_order_id: 'a', executed_e8: 0, status: 'expired', venue_order_id: '9000' });
  // And one of somebody else behind it.
  core.append('order', {
    ...told,
    client_order_id: 'f',
    executed_e8: LOT_E8,
    status: 'filled',
    venue_order_id: '9001',
    foreign: asListed(1, 600_000),
  });
  const rows: VenueTrade[] = Array.from({ length: TURN + 1 }, (_, at) => ({
    tradeId: String(at + 1),
    symbol: 'BTCUSDT',
    venueOrderId: at < TURN ? '9000' : '9001',
    side: at < TURN ? 'sell' : 'buy',
    quantityE8: LOT_E8,
    price: 60_000,
    feeUsdt: 0.01,
    realisedPnlUsdt: 0,
    isMaker: false,
    atMs: core.nowMs() + 10 + at,
  }));
  // The process dies where a turn ends.
  world.time.nextTurn = () => ({ cancel: () => undefined }) as never;
  await run(world, rows, 1_000);
  const next = world.restart(1_000);
  await run(next, rows, 1_000);
  assert.equal(inLots(next.order('a').tradedE8), TURN);
  assert.equal(inLots(next.order('a').executedE8), TURN);
  next.stop();
});
