import type { Side } from '../../core/request.ts';
import type { Rejection } from '../../engine/records/venue.ts';

/** An order at the exchange. Lots and ticks of the symbol at `symbol`. */
export interface ReplayOrder {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  lots: number;
  filled: number;
  priceTicks: number;
  readonly reduceOnly: boolean;
  readonly leverage: number;
}
/** One closePosition stop on the mark. */
export interface ReplayStop {
  readonly id: string;
  readonly symbol: number;
  readonly side: Side;
  readonly triggerTicks: number;
}
/** A reduce-only order without a price. */
export type MarketClose = Pick<ReplayOrder, 'id' | 'symbol' | 'side' | 'lots'>;
export interface Fill {
  readonly lots: number;
  /** Average, USDT. */
  readonly price: number;
  readonly feeUsdt: number;
  readonly isMaker: boolean;
}
export type Placement =
  | { readonly kind: 'done'; readonly fill: Fill | null; readonly rests: boolean }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };
export interface Amendment {
  /** Null: it was taken; else why the order stays as it was. */
  readonly rejection: Rejection | null;
  /** What crossed the book at the new price. */
  readonly fill: Fill | null;
}

/**
 * The exchange of a replay, as the engine needs it. It answers at once: nothing is ever unknown. The account behind it is
 * the engine's own, and moves with every fill.
 */
export interface ReplayVenue {
  readonly resting: ReadonlyMap<string, ReplayOrder>;
  /** By id; at most one on a side of a symbol, as at the exchange. */
  readonly stops: ReadonlyMap<string, ReplayStop>;
  /** What resting orders and stops do as the mark moves. */
  onFill: (order: ReplayOrder, fill: Fill, isEnded: boolean) => void;
  onExpired: (order: ReplayOrder) => void;
  onStop: (stop: ReplayStop, fill: Fill | null) => void;
  /** A limit order, IOC or GTC. */
  place(order: ReplayOrder, isIoc: boolean): Placement;
  close(order: MarketClose): Placement;
  /** Null: it was placed. */
  placeStop(stop: ReplayStop): Rejection | null;
  cancelStop(id: string): boolean;
  /** False: there is none. */
  cancel(id: string): boolean;
  /** In place. */
  amend(id: string, lots: number, priceTicks: number): Amendment;
  /** False: the setting was refused. */
  setLeverage(symbol: number, leverage: number): boolean;
  cancelAll(): void;
  /** Whether a resting order or a stop of the symbol would act somewhere between two marks. */
  isTriggered(symbol: number, fromTicks: number, toTicks: number): boolean;
  /** What the present marks do to resting orders and stops. */
  settle(): void;
}
