/** What may be read of orders, positions, account, market and alerts. */
import type { Body } from '../agreement.ts';
import type * as body from '../bodies.ts';
import type { EQUITY_SPANS } from '../commands.ts';
import type { Since } from '../since.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export type OrderBody = Body<typeof body.OrderBodySchema>;
/** One fill as the venue tells it. */
export type FillBody = Body<typeof body.FillBodySchema>;
export type FillsBody = Body<typeof body.FillsBodySchema>;
/** Whose a symbol is, without a name. */
export type Held = Body<typeof body.held>;
export type PositionBody = Body<typeof body.PositionBodySchema>;
export type AccountBody = Body<typeof body.AccountBodySchema>;
/** Margin balance over the last two days, oldest first, thinned out. */
export type EquityHistoryBody = Body<typeof body.EquityHistorySchema>;
/** Until the last reading; `all`: since the first one. */
export type EquitySpan = (typeof EQUITY_SPANS)[number];
export type MarketBody = Body<typeof body.MarketBodySchema>;
export type CandlesBody = Body<typeof body.CandlesBodySchema>;
export type OrderBookBody = Body<typeof body.OrderBookBodySchema>;
export type AlertsBody = Body<typeof body.AlertsBodySchema>;
export type AlertBody = AlertsBody['alerts'][number];
/** Which decisions are wanted; absent: whatever it is. */
export interface DecisionFilter {
  readonly agent?: string;
  readonly symbol?: string;
  readonly outcome?: 'ALLOW' | 'LIMIT' | 'BLOCK';
  readonly since?: Since;
}
