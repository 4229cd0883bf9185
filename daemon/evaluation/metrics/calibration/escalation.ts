import type { TradeRecord } from '../../../core/features/round-trips.ts';

/** Trades after the observation in which the outcome is looked for. */
export const HORIZON_TRADES = 20;
/** Of them, how many must open right after a loss at `ESCALATED_SIZE` times the agent's own median size. */
export const ESCALATED_TRADES = 3;
export const ESCALATED_SIZE = 2;
/** The median is of so many trades up to the observation: as many as the score looks at. */
export const MEDIAN_TRADES = 200;

/**
 * *Risk escalation* as docs/trader-state.md defines it and the shipped score was fitted to it: of the agent's next 20
 * trades at least three open right after a loss at no less than twice the agent's own median size up to now. A trade
 * opens right after a loss when the last trade that the agent closed before it, in any symbol, was a losing one. The
 * size of a trade is the sum of its opening fills.
 *
 * Null where fewer than 20 trades were opened after `atMs`: the outcome is not known, also not where three were found
 * already, since to keep only those would make escalation look more frequent than it is.
 *
 * @param trades every round trip of one agent, in any order, also those after `atMs`
 * @param atMs instant of the observation: trades opened by then are the past
 */
export function labelEscalation(trades: readonly TradeRecord[], atMs: number): 0 | 1 | null {
  return labelAll(trades, [atMs])[0] ?? null;
}

/** {@link labelEscalation} at many instants of one agent, which sorts its trades once. */
export function labelAll(trades: readonly TradeRecord[], instants: readonly number[]): readonly (0 | 1 | null)[] {
  const byOpening = [...trades].sort((a, b) => a.opened_at_ms - b.opened_at_ms);
  const afterLoss = markAfterLoss(byOpening);
  return instants.map((atMs) => {
    const found = byOpening.findIndex((trade) => trade.opened_at_ms > atMs);
    const count = found === -1 ? byOpening.length : found;
    if (count === 0 || byOpening.length - count < HORIZON_TRADES) return null;
    const past = byOpening.slice(Math.max(0, count - MEDIAN_TRADES), count).map((trade) => trade.notional_usdt);
    const median = past.sort((a, b) => a - b)[Math.ceil(past.length / 2) - 1] ?? Number.POSITIVE_INFINITY;
    let escalated = 0;
    for (let i = count; i < count + HORIZON_TRADES; i++)
      if (afterLoss[i] === true && byOpening[i]!.notional_usdt >= ESCALATED_SIZE * median) escalated += 1;
    return escalated >= ESCALATED_TRADES ? 1 : 0;
  });
}

/** Of each trade, in the order of opening: whether the last one that had closed by then had lost. */
function markAfterLoss(byOpening: readonly TradeRecord[]): boolean[] {
  const byClose = byOpening
    .filter((trade) => trade.closed_at_ms !== null)
    .sort((a, b) => (a.closed_at_ms ?? 0) - (b.closed_at_ms ?? 0));
  let next = 0;
  let hasLost = false;
  return byOpening.map((trade) => {
    for (; next < byClose.length && (byClose[next]!.closed_at_ms ?? 0) <= trade.opened_at_ms; next++)
      hasLost = (byClose[next]!.pnl_usdt ?? 0) < 0;
    return hasLost;
  });
}
