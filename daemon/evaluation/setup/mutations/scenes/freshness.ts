import { CALM_PAST, gap, noise, QUIET_MOVE } from '../market.ts';
import type { Scene } from '../scene.ts';
import { BTC, buy, ETH, MINUTE_MS } from '../script.ts';
import { calm } from './markets.ts';

const CLAUSES = ['SAE-VOL', 'SAE-OOS-STATE', 'ATK-ADAPT'];
/** Three bars are missing, then it goes on. */
const INTERRUPTED = [
  { symbol: BTC, past: CALM_PAST, judged: [...noise(2, QUIET_MOVE), ...gap(3), ...noise(20, QUIET_MOVE)] },
  { ...calm(ETH), judged: noise(25, QUIET_MOVE) },
];

/** A market of which too little is known. */
export const FRESHNESS_SCENES: readonly Scene[] = [
  {
    rule: 'state_unknown_market by old bars',
    clauses: CLAUSES,
    story: 'BTC 300 in the first bar after a gap, with the last closed bar three bars old.',
    market: INTERRUPTED,
    asks: [buy((5 * 15 + 1) * MINUTE_MS, BTC, 300)],
    off: { 'market.freshness.bars': 1000 },
    seenAs: ['state_unknown_market'],
  },
  {
    rule: 'state_unknown_market by a window that is not full',
    clauses: CLAUSES,
    story: 'BTC 100 when ten bars have closed after a gap, where 60 are asked for.',
    market: INTERRUPTED,
    asks: [buy((15 * 15 + 1) * MINUTE_MS, BTC, 100)],
    off: { 'market.volatility.window_bars': 2 },
    seenAs: ['state_unknown_market'],
  },
];
