import type { TradeRecord } from '../../../daemon/core/features/round-trips.ts';

const MINUTE_MS = 60_000;
export const START_MS = 1_760_000_000_000;

export interface Script {
  /** One trade each: `w` wins, `l` loses, `o` is still open. */
  readonly outcomes: string;
  /** Size of trade i, given how many losses in a row lie before it. */
  readonly size?: (losses: number, i: number) => number;
  readonly side?: (i: number) => TradeRecord['side'];
  /** Minutes from one opening to the next. */
  readonly gap?: (i: number) => number;
}

/** Trades one after the other, each closed before the next opens. */
export function scriptTrades({
  outcomes,
  size = () => 100,
  side = () => 'long',
  gap = () => 30,
}: Script): TradeRecord[] {
  const trades: TradeRecord[] = [];
  let opened = START_MS;
  let losses = 0;
  [...outcomes].forEach((outcome, i) => {
    const minutes = gap(i);
    const isOpen = outcome === 'o';
    trades.push({
      symbol: 'BTCUSDT',
      side: side(i),
      opened_at_ms: opened,
      closed_at_ms: isOpen ? null : opened + (minutes * MINUTE_MS) / 2,
      notional_usdt: size(losses, i),
      pnl_usdt: isOpen ? null : outcome === 'w' ? 1 : -1,
    });
    losses = outcome === 'l' ? losses + 1 : 0;
    opened += minutes * MINUTE_MS;
  });
  return trades;
}

export function endOf(trades: readonly TradeRecord[]): number {
  return Math.max(START_MS, ...trades.map((trade) => trade.closed_at_ms ?? trade.opened_at_ms));
}
