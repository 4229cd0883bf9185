import type { EquityHistoryBody } from '../api/reads.ts';
import type { GateCore } from '../journal/journal.ts';

const MOST_POINTS = 720;

/** Margin balance of the last two days, with the deposits and withdrawals that are known by now. */
export function describeEquityHistory({ state: { equity } }: GateCore): EquityHistoryBody {
  return {
    points: equity.thinned(MOST_POINTS).map(({ atMs, equity: net }) => ({
      at_ms: atMs,
      equity_usdt: net + equity.transfersUsdt,
    })),
  };
}
