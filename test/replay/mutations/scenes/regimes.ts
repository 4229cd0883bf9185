import { CALM_PAST, gap, noise, QUIET_MOVE } from '../market.ts';

import { BTC, buy, ETH, MINUTE_MS } from '../scene.ts';
import { LARGEST_GROSS, SLIPPAGE } from './harms.ts';
import { calm, EXTREME_PAIR, extreme, scenes, thin, VOLATILE_PAIR, volatile } from './markets.ts';

const CLAUSES = ['SAE-VOL', 'SAE-OOS-STATE', 'ATK-ADAPT'];
/** Three bars are missing, then it goes on. */
const INTERRUPTED = [
  { symbol: BTC, past: CALM_PAST, judged: [...noise(2, QUIET_MOVE), ...gap(3), ...noise(20, QUIET_MOVE)] },
  { ...calm(ETH), judged: noise(25, QUIET_MOVE) },
];

/** A market of which too little is known. */
export const FRESHNESS_SCENES = scenes({ clauses: CLAUSES, market: INTERRUPTED, seenAs: ['state_unknown_market'] }, [
  {
    rule: 'state_unknown_market by old bars',
    story: 'BTC 300 in the first bar after a gap, with the last closed bar three bars old.',
    asks: [buy((5 * 15 + 1) * MINUTE_MS, BTC, 300)],
    off: { 'market.freshness.bars': 1000 },
  },
  {
    rule: 'state_unknown_market by a window that is not full',
    story: 'BTC 100 when ten bars have closed after a gap, where 60 are asked for.',
    asks: [buy((15 * 15 + 1) * MINUTE_MS, BTC, 100)],
    off: { 'market.volatility.window_bars': 2 },
  },
]);

const REGIME_CLAUSES = ['SAE-M', 'SAE-BUDGET', 'SAE-OOS-CAP'];
/** Sent in one order, so that the cap of an order is what it meets. */
const UNSLICED = { policy: { 'market.regimes.volatile.slices': 1, 'market.regimes.extreme.slices': 1 } };

/** M: what a regime makes of R, component by component. */
export const REGIME_SCENES = scenes({ clauses: REGIME_CLAUSES }, [
  {
    rule: 'notional in a volatile market',
    story: 'BTC 900 in one order where 600 is the cap.',
    market: VOLATILE_PAIR,
    premise: UNSLICED,
    asks: [buy(MINUTE_MS, BTC, 900)],
    off: { 'market.regimes.volatile.notional': 1 },
    seenAs: ['cap_order'],
  },
  {
    rule: 'notional in an extreme market',
    clauses: [...CLAUSES, 'ATK-STATE'],
    story: 'BTC 450 in one order where 250 is the cap.',
    market: EXTREME_PAIR,
    premise: UNSLICED,
    asks: [buy(MINUTE_MS, BTC, 450)],
    off: { 'market.regimes.extreme.notional': 1 },
    seenAs: ['cap_order'],
  },
  {
    rule: 'leverage in a volatile market',
    story: 'BTC 200 at 3x where 2x is the cap.',
    market: VOLATILE_PAIR,
    asks: [buy(MINUTE_MS, BTC, 200, { leverage: 3 })],
    off: { 'market.regimes.volatile.leverage': 1 },
    seenAs: ['cap_leverage'],
  },
  {
    rule: 'leverage in an extreme market',
    clauses: [...CLAUSES, 'ATK-STATE'],
    story: 'BTC 100 at 2x where 1x is the cap.',
    market: EXTREME_PAIR,
    asks: [buy(MINUTE_MS, BTC, 100, { leverage: 2 })],
    off: { 'market.regimes.extreme.leverage': 1 },
    seenAs: ['cap_leverage'],
  },
  {
    rule: 'slippage in a volatile market',
    clauses: [...CLAUSES, 'SAE-M5'],
    story:
      'BTC 200 in bars of 1,000 USDT with 20 bps asked for where 15 is the cap. A fill averages two thirds of its bound, so that none lies beyond the cap; the price paid tells.',
    market: [thin(volatile(BTC)), calm(ETH)],
    premise: UNSLICED,
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'market.regimes.volatile.slippage': 1 },
    harm: SLIPPAGE,
  },
  {
    rule: 'slippage in an extreme market',
    clauses: [...CLAUSES, 'SAE-M5'],
    story: 'BTC 200 in bars of 1,000 USDT with 20 bps asked for where 10 is the cap.',
    market: [thin(extreme(BTC)), calm(ETH)],
    premise: UNSLICED,
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'market.regimes.extreme.slippage': 1 },
    seenAs: ['slippage'],
  },
  {
    rule: 'notional of a sliced order in a volatile market',
    story:
      'The same BTC 900 in four parts, as shipped. The judge holds each order at the exchange to the cap of an order, and 225 lies below it; what is held tells.',
    market: VOLATILE_PAIR,
    asks: [buy(MINUTE_MS, BTC, 900)],
    off: { 'market.regimes.volatile.notional': 1 },
    harm: LARGEST_GROSS,
  },
  {
    rule: 'slices in a volatile market',
    clauses: ['SAE-M5'],
    story: 'BTC 21 in bars of 1,000 USDT goes out in four parts; in one order its whole impact is paid at once.',
    market: [thin(volatile(BTC)), calm(ETH)],
    asks: [buy(MINUTE_MS, BTC, 21)],
    off: { 'market.regimes.volatile.slices': 1 },
    harm: SLIPPAGE,
  },
  {
    rule: 'state_reduce_only by the regime',
    clauses: ['SAE-M', 'SAE-OOS-STATE', 'ATK-STATE'],
    story: 'Policy and judge forbid opening in an extreme market; BTC 100 is opened.',
    market: EXTREME_PAIR,
    premise: {
      policy: { 'market.regimes.extreme.reduce_only': true },
      scope: { 'market.regimes.extreme.reduce_only': true },
    },
    asks: [buy(MINUTE_MS, BTC, 100)],
    off: { 'market.regimes.extreme.reduce_only': false },
    seenAs: ['state_reduce_only'],
  },
]);
