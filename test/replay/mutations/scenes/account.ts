import { buildClose } from '../../../../daemon/evaluation/intents/requests.ts';
import { drift, noise, QUIET_MOVE, type SymbolPath } from '../market.ts';
import { BTC, buy, DAY_MS, ETH, HOUR_MS, MINUTE_MS, type ScriptedAsk } from '../scene.ts';
import { calm, scenes } from './markets.ts';

const CAP_CLAUSES = ['SAE-U', 'SAE-DD', 'SAE-OOS-CAP'];
const STATE_CLAUSES = ['SAE-U', 'SAE-DD', 'SAE-OOS-STATE', 'ATK-STATE'];
const BARS_A_DAY = 96;
/** A past whose noisy part outweighs days of quiet decline. */
const LONG_PAST = [...noise(900, 0.0012), ...noise(100, QUIET_MOVE)];

function falling(symbol: string, days: number, perDay: number): SymbolPath {
  const decline = drift(days * BARS_A_DAY, -days * perDay);
  return { symbol, past: LONG_PAST, judged: [...noise(2, QUIET_MOVE), ...decline, ...noise(8, QUIET_MOVE)] };
}
/** At caps x 5: BTC and ETH 3,700 each, held through the decline, closed, and then BTC 5,000 or what is left of it. */
function heldUntil(endMs: number): readonly ScriptedAsk[] {
  return [
    buy(MINUTE_MS, BTC, 3700),
    buy(2 * MINUTE_MS, ETH, 3700),
    { atMs: endMs, request: buildClose(BTC, 1) },
    { atMs: endMs + MINUTE_MS, request: buildClose(ETH, 1) },
    buy(endMs + 5 * MINUTE_MS, BTC, 5000),
  ];
}
const HALVED_FROM_5 = { at: 0.05, multiplier: 0.5 };
const SLOW_5 = [falling(BTC, 4, 0.0185), falling(ETH, 4, 0.0185)];
const SLOW_10 = [falling(BTC, 8, 0.0185), falling(ETH, 8, 0.0185)];
const FAST_3 = [falling(BTC, 1, 0.048), falling(ETH, 1, 0.048)];
const FAST_5 = [falling(BTC, 1, 0.075), falling(ETH, 1, 0.075)];
/** One symbol that is almost all maintenance margin, at 1x. */
const DEMANDING = {
  brackets: [{ initialLeverage: 1, notionalFloor: 0, notionalCap: 1_000_000_000, maintenanceRate: 0.9, cum: 0 }],
};

/** U: drawdown, daily loss and margin ratio, the tiers that tighten and those that end opening. */
export const ACCOUNT_SCENES = scenes({ capsScale: 5 }, [
  {
    rule: 'drawdown tier that tightens',
    clauses: CAP_CLAUSES,
    story: 'At caps x 5 a slow decline costs 5 % in four days, never 3 % in one; then, flat again, BTC 5,000.',
    market: SLOW_5,
    asks: heldUntil(4 * DAY_MS + HOUR_MS),
    off: { 'account.drawdown.tiers': [{ at: 0.1, reduce_only: true }] },
    seenAs: ['cap_order'],
  },
  {
    rule: 'state_reduce_only by drawdown',
    clauses: STATE_CLAUSES,
    story: 'The same decline over eight days costs 10 %; then BTC, with the tightening tier still there.',
    market: SLOW_10,
    asks: heldUntil(8 * DAY_MS + HOUR_MS),
    off: { 'account.drawdown.tiers': [HALVED_FROM_5] },
    seenAs: ['state_reduce_only'],
  },
  {
    rule: 'daily loss tier that tightens',
    clauses: CAP_CLAUSES,
    story: 'At caps x 5 one day costs 3.5 %, which is no drawdown tier; then, flat again, BTC 5,000.',
    market: FAST_3,
    asks: heldUntil(DAY_MS - 20 * MINUTE_MS),
    off: { 'account.daily_loss.tiers': [{ at: 0.05, reduce_only: true }] },
    seenAs: ['cap_order'],
  },
  {
    rule: 'state_reduce_only by daily loss',
    clauses: STATE_CLAUSES,
    story: 'The same at 5.5 % in a day; then BTC, with the tightening tiers still there.',
    market: FAST_5,
    asks: heldUntil(DAY_MS - 20 * MINUTE_MS),
    off: { 'account.daily_loss.tiers': [{ at: 0.03, multiplier: 0.5 }] },
    seenAs: ['state_reduce_only'],
  },
  {
    rule: 'margin ratio tier that tightens',
    clauses: ['SAE-U', 'SAE-OOS-CAP'],
    story:
      'At caps x 8 BTC 5,650 with a maintenance margin of 90 % is held, which is half of the equity; then ETH 4,300.',
    market: [calm(BTC, DEMANDING), calm(ETH)],
    capsScale: 8,
    asks: [buy(MINUTE_MS, BTC, 5650), buy(2 * MINUTE_MS, ETH, 4300)],
    off: { 'account.margin_ratio.tiers': [{ at: 0.8, reduce_only: true }] },
    seenAs: ['cap_order'],
  },
  {
    rule: 'state_reduce_only by margin ratio',
    clauses: ['SAE-U', 'SAE-OOS-STATE', 'ATK-STATE'],
    story: 'At caps x 10 BTC 8,950 of the same kind is held; then ETH 900, with the tightening tier still there.',
    market: [calm(BTC, DEMANDING), calm(ETH)],
    capsScale: 10,
    asks: [buy(MINUTE_MS, BTC, 8950), buy(2 * MINUTE_MS, ETH, 900)],
    off: { 'account.margin_ratio.tiers': [{ at: 0.5, multiplier: 0.5 }] },
    seenAs: ['state_reduce_only'],
  },
]);
