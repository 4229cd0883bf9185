/** What may be read of orders, positions, account, market and alerts. */

import type { AlertsBodySchema } from '../bodies/alerts.ts';
import type {
  AccountBodySchema,
  CandlesBodySchema,
  EquityHistorySchema,
  FillBodySchema,
  FillsBodySchema,
  MarketBodySchema,
  OrderBodySchema,
  OrderBookBodySchema,
  PositionBodySchema,
} from '../bodies/reads.ts';
import type { held } from '../bodies/shared.ts';
import type { EQUITY_SPANS } from '../commands.ts';
import type { Body } from '../schema/agreement.ts';
import type { Since } from '../schema/since.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export type OrderBody = Body<typeof OrderBodySchema>;
/** One fill as the venue tells it. */
export type FillBody = Body<typeof FillBodySchema>;
export type FillsBody = Body<typeof FillsBodySchema>;
/** Whose a symbol is, without a name. */
export type Held = Body<typeof held>;
export type PositionBody = Body<typeof PositionBodySchema>;
export type AccountBody = Body<typeof AccountBodySchema>;
/** Margin balance over the last two days, oldest first, thinned out. */
export type EquityHistoryBody = Body<typeof EquityHistorySchema>;
/** Until the last reading; `all`: since the first one. */
export type EquitySpan = (typeof EQUITY_SPANS)[number];
export type MarketBody = Body<typeof MarketBodySchema>;
export type CandlesBody = Body<typeof CandlesBodySchema>;
export type OrderBookBody = Body<typeof OrderBookBodySchema>;
export type AlertsBody = Body<typeof AlertsBodySchema>;
export type AlertBody = AlertsBody['alerts'][number];
/** Which decisions are wanted; absent: whatever it is. */
export interface DecisionFilter {
  readonly agent?: string;
  readonly symbol?: string;
  readonly outcome?: 'ALLOW' | 'LIMIT' | 'BLOCK';
  readonly since?: Since;
}
