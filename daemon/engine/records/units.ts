/**
 * Fixed units (DESIGN 12.4): state, records and the venue port hold quantities and prices as integers in units of 1e-8 of
 * the base asset, or of USDT. Lots and ticks are the venue's steps of the moment. They exist in the snapshot, which
 * converts for `decide`, and where an order is planned and written; all of those conversions are here.
 */
import { formatDecimal, type RulesView } from '../../core/arithmetic/quantities.ts';

/** Units of one: 1 BTC, or 1 USDT. */
export const E8 = 1e8;

/** The step of quantities. */
export interface LotRules {
  readonly lotMantissa: number;
  readonly lotScale: number;
}
/** The step of prices. */
export interface TickRules {
  readonly tickMantissa: number;
  readonly tickScale: number;
}

/** The steps of a view, or of a recorded context. */
export function rulesOf(
  rules: Pick<RulesView, 'lot_mantissa' | 'lot_scale' | 'tick_mantissa' | 'tick_scale'>,
): LotRules & TickRules {
  return {
    lotMantissa: rules.lot_mantissa,
    lotScale: rules.lot_scale,
    tickMantissa: rules.tick_mantissa,
    tickScale: rules.tick_scale,
  };
}

export function lotE8({ lotMantissa, lotScale }: LotRules): number {
  return (lotMantissa * E8) / lotScale;
}
export function tickE8({ tickMantissa, tickScale }: TickRules): number {
  return (tickMantissa * E8) / tickScale;
}

// The quotient of two integers below 2^53 lies at least 1 / divisor away from every integer that it is not. That is more
// than the double nearest to it is off, so rounding that double down or up is exact.

/** Whole lots in a quantity, towards zero: what may be closed, and what is written. */
export function floorLots(quantityE8: number, rules: LotRules): number {
  // Not -0, which no record holds.
  return Math.trunc(quantityE8 / lotE8(rules)) + 0;
}
/** Lots that cover a quantity, away from zero: exposure. */
export function ceilLots(quantityE8: number, rules: LotRules): number {
  const lots = quantityE8 / lotE8(rules);
  return quantityE8 < 0 ? Math.floor(lots) : Math.ceil(lots);
}
export function floorTicks(priceE8: number, rules: TickRules): number {
  return Math.floor(priceE8 / tickE8(rules));
}
export function ceilTicks(priceE8: number, rules: TickRules): number {
  return Math.ceil(priceE8 / tickE8(rules));
}
/** Steps of `lotE8`, or of `tickE8`. */
export function toE8(steps: number, stepE8: number): number {
  return steps * stepE8;
}
/** What whole lots hold of a quantity, towards zero, in units of 1e-8. */
export function wholeLotsE8(quantityE8: number, rules: LotRules): number {
  return toE8(floorLots(quantityE8, rules), lotE8(rules));
}

/** A quantity of the base asset, or a price in USDT. */
export function fromE8(amountE8: number): number {
  return amountE8 / E8;
}
/** USDT, or a price in it, to the nearest unit. */
export function usdtE8(usdt: number): number {
  // Not -0, which no record holds.
  return Math.round(usdt * E8) + 0;
}
/** What a quantity is worth at a price, towards zero. The product of two integers may lie beyond 2^53. */
export function worthE8(quantityE8: number, priceE8: number): number {
  return portionE8(priceE8, quantityE8, E8);
}
/** `amountE8 * part / whole`, towards zero; of nothing it is nothing. */
export function portionE8(amountE8: number, part: number, whole: number): number {
  return whole === 0 ? 0 : Number((BigInt(amountE8) * BigInt(part)) / BigInt(whole));
}
/** A decimal as somebody wrote it down, such as `0.010` or `60000.1`. */
export function readE8(text: string): number {
  return Math.round(Number(`${text}e8`));
}
/**
 * An amount with as many decimals as a step of `1 / scale` has, and with more where it lies between two of them.
 *
 * @param scale a power of ten up to 1e8; 1 where no step is known
 */
export function formatE8(amountE8: number, scale = 1): string {
  let [amount, digits] = [amountE8, E8];
  while (digits > scale && amount % 10 === 0) [amount, digits] = [amount / 10, digits / 10];
  return formatDecimal(amount, 1, digits);
}
export function formatQuantityE8(quantityE8: number, rules: LotRules | undefined): string {
  return formatE8(quantityE8, rules?.lotScale);
}
export function formatPriceE8(priceE8: number, rules: TickRules | undefined): string {
  return formatE8(priceE8, rules?.tickScale);
}
