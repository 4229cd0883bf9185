import type { Side } from '../../core/request.ts';
import type {
  OrderInstruction,
  Rejection,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
} from '../../engine/records/venue.ts';
import type { MarketClock } from '../market/walk/clock.ts';

/** A fill is so much older than the word on it. */
export const FILLED_BEFORE_MS = 1;

/** An order at the exchange. Lots and ticks of the symbol at `symbol`. */
export interface ReplayOrder {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  lots: number;
  filled: number;
  /** What was paid for that, USDT in units of 1e-8. */
  paidE8: number;
  /** Of a limit order; at the market there is none. */
  priceTicks: number;
  readonly reduceOnly: boolean;
  readonly leverage: number;
  /** In the form in force. */
  sent: OrderInstruction;
}
/** One closePosition stop on the mark. */
export interface ReplayStop {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  readonly triggerTicks: number;
  readonly sent: StopInstruction;
}
export interface Fill {
  readonly lots: number;
  /** Average, USDT. */
  readonly price: number;
  readonly feeUsdt: number;
  readonly isMaker: boolean;
}
/** What became of an order, or of its change: refused, or taken with what it has filled at once. */
export type Taken =
  | { readonly rejection: null; readonly fill: Fill | null }
  | { readonly rejection: Rejection; readonly fill: null };
export interface Answered {
  readonly outcome: SubmitOutcome;
  readonly fill: Fill | null;
}

/** `end`: it has ended by this; null: by what it has filled; `rests`: it has not. */
export function reportOrder(
  { grid, nowMs }: MarketClock,
  order: ReplayOrder,
  hasFilled: boolean,
  end: VenueOrder['status'] | 'rests' | null,
): VenueOrder {
  const { id, filled, paidE8, reduceOnly, sent, side, symbol } = order;
  const executedE8 = grid.quantityE8(symbol, filled);
  const resting = executedE8 > 0 ? 'partially_filled' : 'working';
  const over = executedE8 >= sent.quantityE8 ? 'filled' : 'expired';
  return {
    kind: 'regular',
    symbol: sent.symbol,
    clientOrderId: id,
    venueOrderId: id,
    side,
    type: sent.priceE8 === null ? 'MARKET' : 'LIMIT',
    quantityE8: sent.quantityE8,
    executedE8,
    priceE8: sent.priceE8,
    triggerE8: null,
    reduceOnly,
    closePosition: false,
    status: end === 'rests' ? resting : (end ?? over),
    averagePrice: executedE8 === 0 ? null : paidE8 / executedE8,
    // It was filled before that was told, and before the account is read.
    updatedAtMs: nowMs - (hasFilled ? FILLED_BEFORE_MS : 0),
  };
}

export function reportStop(
  { grid, nowMs }: MarketClock,
  { id, sent, side, symbol }: ReplayStop,
  status: VenueOrder['status'],
  fill: Fill | null,
): VenueOrder {
  return {
    kind: 'algo',
    symbol: sent.symbol,
    clientOrderId: id,
    venueOrderId: id,
    side,
    type: 'STOP_MARKET',
    quantityE8: 0,
    executedE8: fill === null ? 0 : grid.quantityE8(symbol, fill.lots),
    priceE8: null,
    triggerE8: sent.triggerE8,
    reduceOnly: true,
    closePosition: true,
    status,
    averagePrice: fill === null ? null : fill.price,
    updatedAtMs: nowMs - (fill === null ? 0 : FILLED_BEFORE_MS),
  };
}
