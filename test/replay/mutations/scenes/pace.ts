import { buildClose } from '../../../../daemon/evaluation/intents/requests.ts';
import { BTC, buy, ETH, MINUTE_MS, type ScriptedAsk, SECOND_MS, sell } from '../scene.ts';
import { FEES, TURNOVER } from './harms.ts';
import { calm, EXTREME_PAIR, scenes, VOLATILE_PAIR } from './markets.ts';

const STATE_CLAUSES = ['SAE-M4', 'SAE-OOS-STATE'];
const BLEED_CLAUSES = ['SAE-R', 'SAE-OOS-CAP', 'ATK-CHURN'];
/** Small orders in one symbol, each of another size, `everyMs` apart. */
function burst(count: number, symbol: string, usdt: number, everyMs: number): readonly ScriptedAsk[] {
  return Array.from({ length: count }, (_, i) => buy(MINUTE_MS + i * everyMs, symbol, usdt + 1.5 * i));
}
/** Opens and closes again, one round every four minutes. */
function rounds(count: number, symbol: string, usdt: number): readonly ScriptedAsk[] {
  return Array.from({ length: count }, (_, i) => [
    buy((4 * i + 1) * MINUTE_MS, symbol, usdt + i),
    { atMs: (4 * i + 3) * MINUTE_MS, request: buildClose(symbol, 1) },
  ]).flat();
}
const unpaced = (regime: 'volatile' | 'extreme') => ({
  policy: { [`market.regimes.${regime}.cooldown_ms`]: 0, [`market.regimes.${regime}.slices`]: 1 },
  scope: { [`market.regimes.${regime}.cooldown_ms`]: 0 },
});

/** Rate, timers, and what can be bled within all of them. */
export const PACE_SCENES = scenes({}, [
  {
    rule: 'rate',
    clauses: ['SAE-R', ...STATE_CLAUSES, 'ATK-FLOOD'],
    story: '21 small ETH orders within 60 s.',
    asks: burst(21, ETH, 20, 2.5 * SECOND_MS),
    off: { 'budgets.order_rate.max': 1000 },
  },
  {
    rule: 'rate in a volatile market',
    clauses: ['SAE-M', ...STATE_CLAUSES],
    story: 'No cooldown (policy and judge); 11 small orders within 60 s.',
    market: VOLATILE_PAIR,
    premise: unpaced('volatile'),
    asks: burst(11, ETH, 20, 5 * SECOND_MS),
    off: { 'market.regimes.volatile.order_rate': 1 },
    seenAs: ['rate'],
  },
  {
    rule: 'rate in an extreme market',
    clauses: ['SAE-M', ...STATE_CLAUSES],
    story: 'No cooldown (policy and judge); 9 small orders within 60 s.',
    market: EXTREME_PAIR,
    premise: unpaced('extreme'),
    asks: burst(9, ETH, 20, 5 * SECOND_MS),
    off: { 'market.regimes.extreme.order_rate': 1 },
    seenAs: ['rate'],
  },
  {
    rule: 'cooldown in a volatile market',
    clauses: ['SAE-M', ...STATE_CLAUSES, 'ATK-FLOOD'],
    story: 'Two small BTC orders, 40 s apart.',
    market: VOLATILE_PAIR,
    asks: [buy(MINUTE_MS, BTC, 100), buy(MINUTE_MS + 40 * SECOND_MS, BTC, 110)],
    off: { 'market.regimes.volatile.cooldown_ms': 0 },
    seenAs: ['cooldown'],
  },
  {
    rule: 'cooldown in an extreme market',
    clauses: ['SAE-M', ...STATE_CLAUSES, 'ATK-STATE'],
    story: 'Two small BTC orders, 100 s apart: longer than the cooldown of a volatile market.',
    market: EXTREME_PAIR,
    asks: [buy(MINUTE_MS, BTC, 100), buy(MINUTE_MS + 100 * SECOND_MS, BTC, 110)],
    off: { 'market.regimes.extreme.cooldown_ms': 60_000 },
    seenAs: ['cooldown'],
  },
  {
    rule: 'flip',
    clauses: [...STATE_CLAUSES, 'ATK-FLIP'],
    story: 'BTC is bought, closed and sold short within 60 s.',
    asks: [
      buy(10 * SECOND_MS, BTC, 300),
      { atMs: 20 * SECOND_MS, request: buildClose(BTC, 1) },
      sell(30 * SECOND_MS, BTC, 300),
    ],
    off: { 'temporal.flip_interval_ms': 1 },
  },
  {
    rule: 'turnover',
    clauses: BLEED_CLAUSES,
    story: 'A symbol almost without fees: 900 is opened and closed again fourteen times in an hour.',
    market: [calm(BTC, { takerFee: 0.00001 }), calm(ETH)],
    asks: rounds(14, BTC, 900),
    off: { 'budgets.turnover_usdt_per_day': 1_000_000_000_000 },
    harm: TURNOVER,
  },
  {
    rule: 'fees',
    clauses: BLEED_CLAUSES,
    story: '900 is opened and closed again ten times: its turnover stays below the budget, its fees of 5 bps do not.',
    asks: rounds(10, BTC, 900),
    off: { 'budgets.fees_usdt_per_day': 1_000_000_000 },
    harm: FEES,
  },
]);
