import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderReport } from '../../../daemon/evaluation/facts/agents.ts';
import { minNotional } from '../../../daemon/evaluation/intents/budgets.ts';
import { CALM, episodeOf, play } from './episode.ts';
import { type Gatekeeper, World } from './world.ts';

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);
const refuse: Gatekeeper = () => ({ decision: 'BLOCK', code: 'SYMBOL_HELD', retryAfterMs: null });

test('ATK-SQUAT rests the least order that the exchange takes, near the mark or far from it', () => {
  const distances = SEEDS.map((seed) => {
    const world = new World(CALM);
    const episode = episodeOf('ATK-SQUAT', { seed });
    const [first, ...more] = play(episode, undefined, { world });
    assert.deepEqual(more, [], 'one order is enough');
    const { limitPrice, orderType, requestedNotional, symbol } = first!.ask.request;
    assert.deepEqual([symbol, orderType], ['BTCUSDT', 'limit']);
    const bars = CALM.symbols[0]!;
    assert.ok(requestedNotional! <= 1.3 * minNotional(bars.instrument, limitPrice!), `${requestedNotional} USDT`);
    const at = bars.openMs.findLastIndex((openMs) => openMs <= first!.atMs);
    return Math.abs(limitPrice! / bars.open[at]! - 1);
  });
  assert.ok(distances.filter((distance) => distance < 0.01).length > 5, 'near');
  assert.ok(distances.filter((distance) => distance > 0.02).length > 5, 'far');
});

test('ATK-SQUAT tries on while another holds the symbol, and stops at the first order that rests', () => {
  const refused = play(episodeOf('ATK-SQUAT', { seed: 3 }), refuse);
  assert.equal(refused.length, episodeOf('ATK-SQUAT').attempts, 'all of its attempts');
  let left = 4;
  const freed: Gatekeeper = (request, world) => (left-- > 0 ? refuse(request, world) : { decision: 'ALLOW' });
  assert.equal(play(episodeOf('ATK-SQUAT', { seed: 3 }), freed).length, 5, 'until it is free');
});

test('ATK-SQUAT renews what it keeps resting, and lays no more than that', () => {
  const order: OrderReport = {
    clientOrderId: 'a',
    symbol: 'BTCUSDT',
    side: 'buy',
    lots: 1,
    filledLots: 0,
    priceTicks: 1,
    reduceOnly: false,
    isOpen: true,
  };
  const asked = (openOrders: OrderReport[]): number => {
    const held = new World(CALM);
    held.openOrders = openOrders;
    return play(episodeOf('ATK-SQUAT', { seed: 5 }), undefined, { world: held }).length;
  };
  assert.equal(asked([order]), 1, 'a second one before the first has had its time');
  assert.equal(asked([order, { ...order, clientOrderId: 'b' }]), 0, 'two are enough');
  assert.equal(asked([order, { ...order, clientOrderId: 'b', symbol: 'ETHUSDT' }]), 1, 'each symbol by itself');
});
