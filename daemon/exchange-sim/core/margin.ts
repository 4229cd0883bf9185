import type { Bracket } from './brackets.ts';
import { absolute, divideRounded, type E8, multiply, ONE } from './fixed.ts';

/** The tier of a notional in USDT: the last one whose floor is not above it. */
export function findBracket(brackets: readonly Bracket[], notional: E8): Bracket {
  let found = brackets[0];
  for (const bracket of brackets) if (notional >= bracket.notionalFloor) found = bracket;
  if (found === undefined) throw new RangeError('a bracket table needs at least one tier');
  return found;
}

/**
 * Maintenance margin in USDT = notional * ratio - cum of the tier of that notional (Binance FAQ "How to Calculate
 * Liquidation Price of USD-M Futures Contracts"). Continuous at every tier border.
 */
export function maintenanceMargin(brackets: readonly Bracket[], notional: E8): E8 {
  const tier = findBracket(brackets, notional);
  return multiply(notional, tier.maintMarginRatio) - tier.cum;
}

/** Initial margin in USDT of a notional at an integer leverage. */
export function initialMargin(notional: E8, leverage: number): E8 {
  return divideRounded(notional, BigInt(leverage));
}

/** The highest notional in USDT that the table allows at a leverage (0 when no tier allows it). */
export function notionalCapAt(brackets: readonly Bracket[], leverage: number): E8 {
  let cap = 0n;
  for (const bracket of brackets) if (bracket.initialLeverage >= leverage) cap = bracket.notionalCap;
  return cap;
}

/** Unrealised profit in USDT of a signed quantity whose signed cost (quantity * price, summed) is given. */
export function unrealisedProfit(quantity: E8, cost: E8, mark: E8): E8 {
  return multiply(quantity, mark) - cost;
}

/**
 * Commission in USDT of a trade: notional * rate, rounded half away from zero at 1e-8.
 */
export function commission(notional: E8, rate: E8): E8 {
  return multiply(absolute(notional), rate);
}

/**
 * What a funding settlement credits to the account in USDT: -(signed quantity * mark * rate). A positive rate debits
 * longs and credits shorts.
 */
export function fundingPayment(quantity: E8, mark: E8, rate: E8): E8 {
  return -multiply(multiply(quantity, mark), rate);
}

/** What a liquidation price depends on; `cost` is the signed sum of quantity * entry price. */
export interface LiquidationInput {
  readonly brackets: readonly Bracket[];
  /** Signed, not zero. */
  readonly quantity: E8;
  readonly cost: E8;
  /** Isolated wallet of the position, or the cross wallet balance. */
  readonly walletBalance: E8;
  /** Cross only: maintenance margin and unrealised profit of the other cross positions, at their marks. */
  readonly otherMaintenanceMargin?: E8;
  readonly otherUnrealisedProfit?: E8;
}

/**
 * The mark price at which margin balance = maintenance margin, in USDT rounded at 1e-8:
 * LP = (WB - TMM + UPNL + cum - cost) / (|q| * ratio - q), solved for every tier; the one whose own notional range
 * holds |q| * LP is the answer. Margin balance minus maintenance margin is monotone in the price, so it is unique.
 * Null when no positive price liquidates. Source: the Binance FAQ named above.
 */
export function liquidationPrice(input: LiquidationInput): E8 | null {
  const { brackets, quantity, cost, walletBalance } = input;
  const size = absolute(quantity);
  const base = walletBalance - (input.otherMaintenanceMargin ?? 0n) + (input.otherUnrealisedProfit ?? 0n) - cost;
  for (const [index, tier] of brackets.entries()) {
    const numerator = (base + tier.cum) * ONE;
    const denominator = size * tier.maintMarginRatio - quantity * ONE;
    // Price = numerator / denominator in units of one; scale both sides once more to get 1e-8.
    const price = divideRounded(numerator * ONE, denominator);
    if (price <= 0n) continue;
    const notional = (size * price) / ONE;
    const isLast = index === brackets.length - 1;
    if (notional >= tier.notionalFloor && (notional <= tier.notionalCap || isLast)) return price;
  }
  return null;
}
