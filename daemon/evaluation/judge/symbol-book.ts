import type { BracketTier, ReplayInstrument } from '../facts/markets.ts';
import type { Decision } from './decision.ts';
import type { SymbolRegime } from './symbol-regime.ts';

/** An order that may still fill. */
export interface LiveOrder {
  readonly id: string;
  readonly book: SymbolBook;
  /** 1: buy, -1: sell. */
  readonly sign: number;
  readonly leverage: number | null;
  readonly reduceOnly: boolean;
  /** Rules of T that its ask or its own face break. */
  readonly scopeBits: number;
  lots: number;
  filled: number;
  /** USDT per unit; 0: no bound. */
  price: number;
  decision: Decision;
  /** Before the last amend that opened risk: an amend that the exchange refused is taken back at the same instant. */
  before: { readonly lots: number; readonly price: number; readonly decision: Decision } | null;
}

/** Position, orders and timers of one symbol as an observer at the exchange sees them. */
export class SymbolBook {
  readonly symbol: string;
  readonly instrument: ReplayInstrument;
  readonly regime: SymbolRegime;
  readonly lotSize: number;
  readonly tickSize: number;
  /** Orders that are not over, oldest first. */
  readonly orders: LiveOrder[] = [];
  /** Signed position. */
  lots = 0;
  /** Last mark, USDT per unit; 0 before the first. */
  mark = 0;
  /** The market of the symbol trades at the instant of the last decision. */
  hasMark = false;
  heldSinceMs = Number.NaN;
  /** When the last opening parent was sent. */
  openedAtMs = Number.NEGATIVE_INFINITY;
  /** Direction and instant of the last opening fill. */
  lastOpenSign = 0;
  lastOpenFillAtMs = Number.NEGATIVE_INFINITY;

  constructor(instrument: ReplayInstrument, regime: SymbolRegime) {
    this.symbol = instrument.symbol;
    this.instrument = instrument;
    this.regime = regime;
    this.lotSize = instrument.lotMantissa / instrument.lotScale;
    this.tickSize = instrument.tickMantissa / instrument.tickScale;
  }

  /** Lots of an order on this side that would close the position. */
  closable(sign: number): number {
    return this.lots * sign < 0 ? Math.abs(this.lots) : 0;
  }
  /** Position at its mark, USDT. */
  heldUsdt(): number {
    return Math.abs(this.lots) * this.lotSize * this.mark;
  }
  priceOf(ticks: number | null): number {
    return ticks === null ? 0 : (ticks * this.instrument.tickMantissa) / this.instrument.tickScale;
  }

  /** Worst case on one side, USDT: the position if it lies there, and every opening order at max(mark, limit). */
  sideUsdt(sign: number, without: LiveOrder | null): number {
    let usdt = this.lots * sign > 0 ? this.heldUsdt() : 0;
    for (let i = 0; i < this.orders.length; i++) {
      const order = this.orders[i]!;
      if (order === without || order.reduceOnly || order.sign !== sign) continue;
      usdt += (order.lots - order.filled) * this.lotSize * Math.max(this.mark, order.price);
    }
    return usdt;
  }

  /** Maintenance margin of a notional by the exchange's brackets, USDT. */
  maintenanceUsdt(notionalUsdt: number): number {
    const { brackets } = this.instrument;
    let tier: BracketTier | undefined;
    for (const bracket of brackets) if (tier === undefined || notionalUsdt >= bracket.notionalFloor) tier = bracket;
    return tier === undefined ? 0 : Math.max(0, notionalUsdt * tier.maintenanceRate - tier.cum);
  }
}
