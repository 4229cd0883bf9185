import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CALM_PAST, drift, noise, QUIET_MOVE } from '../mutations/market.ts';
import { Stage } from '../mutations/run-scene.ts';
import { BTC, buy, ETH, MINUTE_MS, type Scene } from '../mutations/scene.ts';
import { calm } from '../mutations/scenes/markets.ts';

/** Bought at 1,000 and again two per cent above; then the price falls by six. */
const ADDED: Scene = {
  rule: 'a stop follows the entry price',
  clauses: [],
  story: 'BTC is added to at a worse price before it falls.',
  market: [
    {
      symbol: BTC,
      past: CALM_PAST,
      judged: [...noise(2, QUIET_MOVE), ...drift(40, 0.02), ...noise(4, QUIET_MOVE), ...drift(40, -0.06)],
    },
    calm(ETH),
  ],
  premise: { policy: { 'protection.required': true, 'protection.stop_bps': 300 } },
  asks: [buy(MINUTE_MS, BTC, 100), buy(43 * 15 * MINUTE_MS, BTC, 400)],
  off: {},
  seenAs: [],
};

it('the stop of a replayed position follows its entry price', () => {
  const { fills } = new Stage().run(ADDED, {});
  const openedUsdt = fills.reduce((sum, fill) => sum + fill.openedUsdt, 0);
  const closedUsdt = fills.reduce((sum, fill) => sum + fill.usdt - fill.openedUsdt, 0);
  assert.equal(fills.length, 3, 'two orders and the stop');
  // All lots that were bought are sold: at 3 % below their average, give or take the slippage.
  assert.ok(Math.abs(closedUsdt / openedUsdt - 0.97) < 0.001, `${closedUsdt} of ${openedUsdt}`);
});
