import { CALM_PAST, drift, noise, QUIET_MOVE, START_MS, type SymbolPath } from '../market.ts';
import { BTC, buy, DAY_MS, ETH, MINUTE_MS } from '../scene.ts';
import { LARGEST_GROSS, LOSS, OPENED, OVER_CAP } from './harms.ts';
import { calm, scenes } from './markets.ts';

/** Funding turns extreme at the second bar; the price then falls by half a percent. */
const TURNING: readonly SymbolPath[] = [
  {
    symbol: BTC,
    past: CALM_PAST,
    judged: [...noise(2, QUIET_MOVE), ...drift(5, -0.005), ...noise(4, QUIET_MOVE)],
    funding: [{ atMs: START_MS + 15 * MINUTE_MS, rate: 0.012, intervalMs: 28_800_000 }],
  },
  calm(ETH),
];
const CRASH: readonly SymbolPath[] = [
  { symbol: BTC, past: CALM_PAST, judged: [...noise(3, QUIET_MOVE), ...drift(3, -0.15), ...noise(4, QUIET_MOVE)] },
  calm(ETH),
];
const LATE: readonly SymbolPath[] = [
  { symbol: BTC, past: CALM_PAST, judged: [...noise(8, QUIET_MOVE), ...drift(5, -0.005), ...noise(4, QUIET_MOVE)] },
  calm(ETH),
];
const LONG: readonly SymbolPath[] = [BTC, ETH].map((symbol) => ({
  symbol,
  past: [...noise(900, 0.0012), ...noise(100, QUIET_MOVE)],
  judged: noise(300, QUIET_MOVE),
}));

/** What outlives its decision: the judge holds it to the instant of that decision, so that harm has to tell. */
export const STANDING_SCENES = scenes({}, [
  {
    rule: 'standing orders are reviewed',
    clauses: ['SAE-M', 'ATK-ADAPT'],
    story: 'A BTC bid of 900 rests from calm; the market turns extreme (cap 250), and then the price falls to it.',
    market: TURNING,
    premise: { policy: { 'standing.on_breach': 'cancel_opening' } },
    asks: [buy(MINUTE_MS, BTC, 900, { limitPrice: 999 })],
    off: { 'standing.on_breach': 'hold' },
    harm: OPENED,
  },
  {
    rule: 'positions are cut back',
    clauses: ['SAE-M'],
    story: 'BTC 900 is held from calm; the market turns extreme, where a symbol may hold 500.',
    market: TURNING,
    asks: [buy(MINUTE_MS, BTC, 900)],
    off: { 'standing.on_breach': 'cancel_opening' },
    harm: OVER_CAP,
  },
  {
    rule: 'life of a resting order',
    clauses: ['ATK-ADAPT'],
    story: 'A BTC bid of 900 rests, and the price falls to it after two hours, where it may rest for one.',
    market: LATE,
    asks: [buy(MINUTE_MS, BTC, 900, { limitPrice: 998 })],
    off: { 'standing.resting_ttl_ms': DAY_MS },
    harm: OPENED,
  },
  {
    rule: 'protective stop',
    clauses: ['SAE-R'],
    story: 'Every position has a stop at 3 %; BTC 400 is held into a fall of 14 %.',
    market: CRASH,
    premise: { policy: { 'protection.required': true } },
    asks: [buy(MINUTE_MS, BTC, 400)],
    off: { 'protection.required': false },
    harm: LOSS,
  },
  {
    rule: 'holding time',
    clauses: ['SAE-R'],
    story: 'BTC 300 is added to a position that is older than three days.',
    market: LONG,
    asks: [buy(MINUTE_MS, BTC, 300), buy(3 * DAY_MS + 10 * MINUTE_MS, BTC, 300)],
    off: { 'budgets.holding_time_ms': 30 * DAY_MS },
    harm: LARGEST_GROSS,
  },
]);
