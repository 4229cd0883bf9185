import type { BracketTier, ReplayInstrument } from '../facts/markets.ts';
import { EXTREME, labelOf, RegimeDetector, type RegimeSettings, type RegimeTape, VOLATILE } from './regime-detector.ts';
import type { Decision } from './rules.ts';

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

/** How far inside the bounds a mark must lie to be left unexamined. */
const CLEAR = 1e-12;

/** Age of the last closed bar, in bars, up to which the market counts as known (DESIGN `freshness.bars`). */
const FRESH_BARS = 2;

/**
 * The regime of one symbol as an observer sees it now: the labels of closed bars, the running bar's move, funding, and
 * the hold. A stricter label counts at once. The label of a close stands through the bar that begins with it; a regime
 * is left at the close of the `holdBars`-th bar in a row in which it was not seen.
 */
export class SymbolRegime {
  readonly #settings: RegimeSettings;
  readonly #fundingExtreme: number;
  readonly #tape: RegimeTape | null;
  readonly #detector: RegimeDetector | null;
  #bars = 0;
  #history = 0;
  #lastOpenMs = Number.NaN;
  #close = Number.NaN;
  #isKnown = false;
  #sumSquares = Number.NaN;
  #quantile = Number.NaN;
  #illiquidSigma = Number.NaN;
  #isFundingExtreme = false;
  /** Closed bars when a label of at least this rank was last seen. */
  #volatileAt = Number.NEGATIVE_INFINITY;
  #extremeAt = Number.NEGATIVE_INFINITY;
  /** Marks strictly between these cannot raise the label. */
  #quietAbove = Number.POSITIVE_INFINITY;
  #quietBelow = Number.NEGATIVE_INFINITY;

  /** `tape`: the symbol's own bars, judged before; null: they are judged as they come. */
  constructor(settings: RegimeSettings, fundingExtreme: number, tape: RegimeTape | null) {
    this.#settings = settings;
    this.#fundingExtreme = fundingExtreme;
    this.#tape = tape;
    this.#detector = tape === null ? new RegimeDetector(settings) : null;
  }

  closeBar(openMs: number, close: number, volume: number): void {
    const label = this.#detector === null ? this.#readTape(openMs, close) : this.#detect(openMs, close, volume);
    this.#lastOpenMs = openMs;
    this.#close = close;
    this.#note(this.#isFundingExtreme ? EXTREME : label);
    this.#boundQuiet();
  }

  #readTape(openMs: number, close: number): number {
    const tape = this.#tape!;
    const i = this.#bars;
    if (tape.openMs[i] !== openMs || tape.close[i] !== close)
      throw new RangeError(`${tape.symbol}: bar ${openMs} is not bar ${i} of the regime tape`);
    this.#bars = i + 1;
    this.#history = tape.history[i]!;
    this.#isKnown = tape.isKnown[i] === 1;
    this.#sumSquares = tape.sumSquares[i]!;
    this.#quantile = tape.quantile[i]!;
    this.#illiquidSigma = tape.illiquidSigma[i]!;
    return tape.label[i]!;
  }

  #detect(openMs: number, close: number, volume: number): number {
    const detector = this.#detector!;
    detector.push(openMs, close, volume);
    this.#bars += 1;
    this.#history = detector.history;
    this.#isKnown = detector.isKnown;
    this.#sumSquares = detector.sumSquares;
    this.#quantile = detector.quantile;
    this.#illiquidSigma = detector.illiquidSigma;
    return detector.label;
  }

  setFunding(rate8h: number): void {
    this.#isFundingExtreme = Math.abs(rate8h) >= this.#fundingExtreme;
    if (this.#isFundingExtreme) this.#note(EXTREME);
  }

  /** The running bar moves; only a stricter label changes anything. */
  mark(atMs: number, price: number): void {
    if (price < this.#quietAbove && price > this.#quietBelow) return;
    // A move across a gap is not the move of a bar.
    if (this.isUnknown(atMs)) return;
    const r = Math.log(price / this.#close);
    const sigma = Math.sqrt(this.#sumSquares + r * r);
    if (sigma > this.#illiquidSigma) this.#note(VOLATILE);
    const sigmas = { sigma, quantile: this.#quantile, r, sigmaBefore: Math.sqrt(this.#sumSquares) };
    this.#note(labelOf(this.#settings, this.#history, sigmas));
  }

  /** Rank of the label in force: 0 calm, 1 volatile, 2 extreme. */
  rank(): number {
    const leftFrom = this.#bars - this.#settings.holdBars - 1;
    if (this.#extremeAt > leftFrom) return EXTREME;
    return this.#volatileAt > leftFrom || !this.#isKnown ? VOLATILE : 0;
  }

  /** Too little is known to open anything: a window is not full, or the last closed bar is too old. */
  isUnknown(atMs: number): boolean {
    return !this.#isKnown || atMs > this.#lastOpenMs + (1 + FRESH_BARS) * this.#settings.barMs;
  }

  #note(label: number): void {
    if (label >= VOLATILE) this.#volatileAt = this.#bars;
    if (label >= EXTREME) this.#extremeAt = this.#bars;
  }

  /** Moves of the running bar below the nearest boundary need no logarithm. */
  #boundQuiet(): void {
    const settings = this.#settings;
    if (!this.#isKnown) {
      this.#quietAbove = Number.POSITIVE_INFINITY;
      this.#quietBelow = Number.NEGATIVE_INFINITY;
      return;
    }
    const jump = settings.jumpShare * Math.sqrt(this.#sumSquares);
    const isVolatile = this.#volatileAt === this.#bars || this.#history < settings.minHistoryBars;
    const ratio = (isVolatile ? settings.ratioExtreme : settings.ratioVolatile) * this.#quantile;
    const floor = isVolatile ? settings.floorExtreme : settings.floorVolatile;
    const illiquid = isVolatile || !(this.#illiquidSigma >= 0) ? Number.POSITIVE_INFINITY : this.#illiquidSigma;
    const sigma = Math.min(ratio, floor, illiquid);
    const move = Math.min(jump, Math.sqrt(Math.max(0, sigma * sigma - this.#sumSquares)));
    const factor = Math.exp(move);
    this.#quietAbove = this.#close * factor * (1 - CLEAR);
    this.#quietBelow = (this.#close / factor) * (1 + CLEAR);
  }
}
