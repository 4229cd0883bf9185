import { CALM_PAST, drift, noise, QUIET_MOVE, type SymbolPath } from '../market.ts';

import { BTC, buy, ETH, MINUTE_MS } from '../scene.ts';
import { calm, extreme, scenes, VOLATILE_PAIR } from './markets.ts';

const CLAUSES = ['SAE-VOL', 'SAE-M', 'SAE-OOS-CAP'];
/** Sent in one order in every regime, so that the caps of the judge's regime are met by an order. */
const UNSLICED = { policy: { 'market.regimes.volatile.slices': 1, 'market.regimes.extreme.slices': 1 } };
const OPEN_900 = [buy(31 * MINUTE_MS, BTC, 900)];
/** Above the order cap of an extreme market, below its symbol cap. */
const OPEN_450 = [buy(31 * MINUTE_MS, BTC, 450)];

function pair(past: SymbolPath['past'], judged: SymbolPath['judged']): readonly SymbolPath[] {
  return [{ symbol: BTC, past, judged }, calm(ETH)];
}

/** What makes a regime: each cause alone. */
export const DETECTOR_SCENES = scenes({ clauses: CLAUSES, premise: UNSLICED, asks: OPEN_450, seenAs: ['cap_order'] }, [
  {
    rule: 'volatile by the ratio',
    story: 'Sigma at 1.2 times its quantile, below every floor; BTC 900.',
    market: VOLATILE_PAIR,
    asks: OPEN_900,
    off: { 'market.volatility.volatile': 1000, 'market.volatility.extreme': 1000 },
  },
  {
    rule: 'extreme by the ratio',
    story: 'Sigma at 2.4 times its quantile, reached without a jump and below every floor; BTC 450.',
    market: pair(
      [...noise(600, 0.0012), ...noise(60, QUIET_MOVE), ...noise(10, 0.001), ...noise(20, 0.0018), ...noise(60, 0.003)],
      noise(6, 0.003),
    ),
    off: { 'market.volatility.extreme': 1000 },
  },
  {
    rule: 'volatile by the absolute floor',
    story:
      'A quieter stretch of a rough past: sigma 0.027 is low for that past and high by the floor of 0.025; BTC 900.',
    market: pair([...noise(600, 0.005), ...noise(100, 0.0035)], noise(6, 0.0035)),
    asks: OPEN_900,
    off: { 'market.volatility.absolute.volatile': 10, 'market.volatility.absolute.extreme': 10 },
  },
  {
    rule: 'extreme by the absolute floor',
    story: 'The same at a sigma of 0.066 with the floor at 0.06; BTC 450.',
    market: pair([...noise(600, 0.012), ...noise(100, 0.0085)], noise(6, 0.0085)),
    off: { 'market.volatility.absolute.extreme': 10 },
  },
  {
    rule: 'extreme by a jump',
    story: 'One bar of ten sigmas in a quiet market, far below ratio and floors; BTC 450 in the next bar.',
    market: pair(CALM_PAST, [...noise(1, QUIET_MOVE), ...drift(1, -0.002), ...noise(6, QUIET_MOVE)]),
    off: { 'market.volatility.jump_sigma': 1000 },
  },
  {
    rule: 'regime hold',
    story: 'The same jump; BTC 450 when three calm bars have closed after it, where the hold outlasts four.',
    market: pair(CALM_PAST, [...drift(1, -0.002), ...noise(8, QUIET_MOVE)]),
    asks: [buy(61 * MINUTE_MS, BTC, 450)],
    off: { 'market.regime_hold_bars': 1 },
  },
  {
    rule: 'extreme by funding',
    clauses: ['SAE-FUND', 'SAE-M', 'SAE-OOS-CAP'],
    story: 'A calm market whose last settled rate is 1.2 % per 8 h; BTC 450.',
    market: [extreme(BTC), calm(ETH)],
    off: { 'market.funding.extreme': 1 },
  },
  {
    rule: 'illiquidity',
    clauses: ['SAE-LIQ', 'SAE-M', 'SAE-OOS-CAP'],
    story: 'A calm market in which trading has dried up and has hardly come back since; BTC 900.',
    market: pair(
      [...noise(600, 0.0012), ...noise(60, QUIET_MOVE), ...noise(200, QUIET_MOVE, 3000), ...noise(4, QUIET_MOVE, 8000)],
      noise(6, QUIET_MOVE, 3000),
    ),
    asks: OPEN_900,
    off: { 'market.liquidity.below_quantile': 0 },
  },
  {
    rule: 'least history',
    story: '160 bars of history where 240 are asked for before a market may be called calm; BTC 900.',
    market: pair([...noise(80, 0.0012), ...noise(80, QUIET_MOVE)], noise(6, QUIET_MOVE)),
    asks: OPEN_900,
    off: { 'market.volatility.min_history_bars': 1 },
  },
]);
