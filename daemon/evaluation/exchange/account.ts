import type { Bracket } from '../../exchange-sim/core/brackets.ts';
import { absolute, type E8, fromNumber, maximum, minimum, multiply, toNumber } from '../../exchange-sim/core/fixed.ts';
import { commission, fundingPayment, maintenanceMargin, unrealisedProfit } from '../../exchange-sim/core/margin.ts';
import { applyFill, entryPrice, FLAT, type Position } from '../../exchange-sim/core/position.ts';
import { LIQUIDATION_RATE } from '../../exchange-sim/core/state.ts';
import type { ReplayInstrument } from '../facts/markets.ts';

/** How near to its maintenance margin the float estimate must come before the exact comparison decides. */
const NEAR = 1.001;

interface Holding {
  readonly instrument: ReplayInstrument;
  readonly brackets: readonly Bracket[];
  readonly lotSize: number;
  position: Position;
  lots: number;
  /** Nearest floats of quantity, signed cost and average entry price, for marking to market. */
  quantity: number;
  cost: number;
  entryPrice: number;
  leverage: number;
  /** Margin that resting opening orders hold, USDT. */
  orderMargin: number;
}

/** Whoever sets the marks, by symbol, and counts how many it has set. */
export interface MarkSetter {
  readonly marks: Float64Array;
  readonly moves: number;
}

/**
 * One account at the exchange: cross margin over all symbols, with the margin, fee, funding and liquidation arithmetic
 * of the simulated exchange (exact in 1e-8). Marking to market uses floats; whether a liquidation is due is decided
 * exactly. Symbols are addressed by their index in the market.
 */
export class ReplayAccount {
  readonly #holdings: Holding[];
  readonly #marks: Float64Array;
  #wallet: E8;
  #walletUsdt: number;
  /** What the account is worth, by symbol and in all: most questions come several at a time. */
  readonly #notional: Float64Array;
  readonly #unrealised: Float64Array;
  readonly #maintenance: Float64Array;
  /** How many marks were set when it was found; below 0: something else has changed since. */
  #valuedMoves = -1;
  readonly #setter: MarkSetter;
  #gross = 0;
  #equity = 0;
  #totalMaintenance = 0;
  feesUsdt = 0;
  turnoverUsdt = 0;
  liquidations = 0;
  /** Symbols with a position. */
  held = 0;
  /** Rises with every change of a position. */
  version = 0;

  constructor(instruments: readonly ReplayInstrument[], setter: MarkSetter, startUsdt: number) {
    this.#marks = setter.marks;
    this.#setter = setter;
    this.#wallet = fromNumber(startUsdt);
    this.#walletUsdt = startUsdt;
    this.#notional = new Float64Array(instruments.length);
    this.#unrealised = new Float64Array(instruments.length);
    this.#maintenance = new Float64Array(instruments.length);
    this.#holdings = instruments.map((instrument) => ({
      instrument,
      brackets: toBrackets(instrument),
      lotSize: instrument.lotMantissa / instrument.lotScale,
      position: FLAT,
      lots: 0,
      quantity: 0,
      cost: 0,
      entryPrice: 0,
      leverage: 1,
      orderMargin: 0,
    }));
  }

  get walletUsdt(): number {
    return this.#walletUsdt;
  }
  lots(symbol: number): number {
    return this.#holdings[symbol]!.lots;
  }
  entryPrice(symbol: number): number {
    return this.#holdings[symbol]!.entryPrice;
  }
  leverage(symbol: number): number {
    return this.#holdings[symbol]!.leverage;
  }
  setLeverage(symbol: number, leverage: number): void {
    this.#holdings[symbol]!.leverage = leverage;
  }
  setOrderMargin(symbol: number, usdt: number): void {
    this.#holdings[symbol]!.orderMargin = usdt;
  }
  unrealisedUsdt(symbol: number): number {
    this.#value();
    return this.#unrealised[symbol]!;
  }
  notionalUsdt(symbol: number): number {
    this.#value();
    return this.#notional[symbol]!;
  }
  grossUsdt(): number {
    this.#value();
    return this.#gross;
  }
  /** Margin balance: wallet and unrealised profit, USDT. */
  equityUsdt(): number {
    this.#value();
    return this.#equity;
  }
  maintenanceUsdt(symbol: number): number {
    this.#value();
    return this.#maintenance[symbol]!;
  }
  totalMaintenanceUsdt(): number {
    this.#value();
    return this.#totalMaintenance;
  }
  /** Initial margin of positions and of resting opening orders, USDT. */
  initialMarginUsdt(): number {
    this.#value();
    let total = 0;
    for (let i = 0; i < this.#holdings.length; i++) {
      const holding = this.#holdings[i]!;
      total += holding.orderMargin;
      if (holding.lots !== 0) total += this.#notional[i]! / holding.leverage;
    }
    return total;
  }
  availableUsdt(): number {
    return this.equityUsdt() - this.initialMarginUsdt();
  }

  /** Executes signed lots at a price; the fee is taken at the taker's or the maker's rate. Returns the fee in USDT. */
  fill(symbol: number, signedLots: number, price: number, isMaker: boolean): number {
    const holding = this.#holdings[symbol]!;
    const { instrument } = holding;
    const priceE8 = fromNumber(price);
    const signed = lotsToE8(signedLots, instrument);
    const effect = applyFill(holding.position, signed, priceE8);
    const notional = multiply(absolute(signed), priceE8);
    const fee = commission(notional, fromNumber(isMaker ? instrument.makerFee : instrument.takerFee));
    this.#credit(effect.realisedProfit - fee);
    this.#hold(holding, effect.position, holding.lots + signedLots);
    const feeUsdt = toNumber(fee);
    this.feesUsdt += feeUsdt;
    this.turnoverUsdt += toNumber(notional);
    return feeUsdt;
  }

  /** Settles funding of one symbol at its mark; `rate` per interval, a fraction. */
  settleFunding(symbol: number, rate: number): void {
    const { position } = this.#holdings[symbol]!;
    if (position.quantity === 0n) return;
    this.#credit(fundingPayment(position.quantity, fromNumber(this.#marks[symbol]!), fromNumber(rate)));
  }

  /** Margin balance <= maintenance margin (SAE.md section 8), compared exactly wherever floats could err. */
  isBelowMaintenance(): boolean {
    if (this.held === 0) return false;
    if (this.equityUsdt() > this.totalMaintenanceUsdt() * NEAR + 1) return false;
    let balance = this.#wallet;
    let maintenance = 0n;
    for (const [i, holding] of this.#holdings.entries()) {
      if (holding.lots === 0) continue;
      const mark = fromNumber(this.#marks[i]!);
      balance += unrealisedProfit(holding.position.quantity, holding.position.cost, mark);
      maintenance += maintenanceMargin(holding.brackets, absolute(multiply(holding.position.quantity, mark)));
    }
    return balance <= maintenance;
  }

  /** Takes every position over at its mark; the fee comes out of what is left, and nothing below zero remains. */
  liquidate(): void {
    this.liquidations += 1;
    for (const [i, holding] of this.#holdings.entries()) {
      holding.orderMargin = 0;
      if (holding.lots === 0) continue;
      const mark = fromNumber(this.#marks[i]!);
      const effect = applyFill(holding.position, -holding.position.quantity, mark);
      this.#credit(effect.realisedProfit);
      const wanted = multiply(multiply(absolute(holding.position.quantity), mark), LIQUIDATION_RATE);
      this.#credit(-minimum(wanted, maximum(0n, this.#wallet)));
      this.#hold(holding, effect.position, 0);
    }
    if (this.#wallet < 0n) this.#credit(-this.#wallet);
  }

  /**
   * Mark at which this symbol alone would liquidate the account, the others at their marks; null: none. The formula of
   * the exchange (LP = (WB - TMM + UPNL + cum - cost) / (|q| ratio - q), by tier) in floats: nothing is decided on its
   * last digits.
   */
  liquidationPrice(symbol: number): number | null {
    const holding = this.#holdings[symbol]!;
    if (holding.lots === 0) return null;
    this.#value();
    let base = this.#walletUsdt - holding.cost;
    for (let i = 0; i < this.#holdings.length; i++)
      if (i !== symbol && this.#holdings[i]!.lots !== 0) base += this.#unrealised[i]! - this.#maintenance[i]!;
    const { quantity } = holding;
    const size = Math.abs(quantity);
    const { brackets } = holding.instrument;
    for (let i = 0; i < brackets.length; i++) {
      const tier = brackets[i]!;
      const price = (base + tier.cum) / (size * tier.maintenanceRate - quantity);
      if (!(price > 0)) continue;
      const notional = size * price;
      if (notional >= tier.notionalFloor && (notional <= tier.notionalCap || i === brackets.length - 1)) return price;
    }
    return null;
  }

  /** Values everything again where a mark, the wallet or a position has changed. */
  #value(): void {
    const { moves } = this.#setter;
    if (this.#valuedMoves === moves) return;
    this.#valuedMoves = moves;
    let gross = 0;
    let equity = this.#walletUsdt;
    let maintenance = 0;
    for (let i = 0; i < this.#holdings.length; i++) {
      const mark = this.#marks[i]!;
      const holding = this.#holdings[i]!;
      const isHeld = holding.lots !== 0;
      const notional = isHeld ? Math.abs(holding.quantity) * mark : 0;
      const unrealised = isHeld ? holding.quantity * mark - holding.cost : 0;
      const needed = notional === 0 ? 0 : maintenanceOf(notional, holding.instrument);
      this.#notional[i] = notional;
      this.#unrealised[i] = unrealised;
      this.#maintenance[i] = needed;
      gross += notional;
      equity += unrealised;
      maintenance += needed;
    }
    this.#gross = gross;
    this.#equity = equity;
    this.#totalMaintenance = maintenance;
  }

  #credit(amount: E8): void {
    this.#wallet += amount;
    this.#walletUsdt = toNumber(this.#wallet);
    this.#valuedMoves = -1;
  }

  #hold(holding: Holding, position: Position, lots: number): void {
    if (holding.lots === 0 && lots !== 0) this.held += 1;
    else if (holding.lots !== 0 && lots === 0) this.held -= 1;
    this.version += 1;
    holding.position = position;
    holding.lots = lots;
    holding.quantity = lots * holding.lotSize;
    holding.cost = toNumber(position.cost);
    holding.entryPrice = toNumber(entryPrice(position));
    this.#valuedMoves = -1;
  }
}

/** Precondition: the floors of the brackets rise. */
function maintenanceOf(notionalUsdt: number, { brackets }: ReplayInstrument): number {
  let tier = brackets[0]!;
  for (let i = 1; i < brackets.length && notionalUsdt >= brackets[i]!.notionalFloor; i++) tier = brackets[i]!;
  return notionalUsdt * tier.maintenanceRate - tier.cum;
}

function lotsToE8(lots: number, instrument: ReplayInstrument): E8 {
  return (BigInt(lots) * BigInt(instrument.lotMantissa) * 100_000_000n) / BigInt(instrument.lotScale);
}

function toBrackets(instrument: ReplayInstrument): readonly Bracket[] {
  return instrument.brackets.map((tier, index) => ({
    bracket: index + 1,
    initialLeverage: tier.initialLeverage,
    notionalFloor: fromNumber(tier.notionalFloor),
    notionalCap: fromNumber(tier.notionalCap),
    maintMarginRatio: fromNumber(tier.maintenanceRate),
    cum: fromNumber(tier.cum),
  }));
}
