import type { Reason, SizedAction } from '../decision.ts';
import { formatPrice, formatQuantity, lotsToQuantity, type RulesView, ticksToPrice } from './quantities.ts';
import type { ArithmeticRow } from './rows.ts';

/** What the names of the factors in a line are: the market's is its regime. */
export interface LineTerms {
  readonly regime: string;
  readonly symbol: string | null;
  readonly rules: RulesView | null;
  readonly valueTicks: number | null;
}

/**
 * One budget as a person reads it, such as
 * `order cap 1,000 x 0.6 (volatile) x 0.5 (trust) = 300; left 119.80 -> 0.001 BTC at 60,066.3 (one lot is 60.07)`.
 */
export function writeLine(row: ArithmeticRow, terms: LineTerms): string {
  const { base, cap, factors, label, left, reserved, unit, used } = row;
  const named = [
    [factors.market, terms.regime],
    [factors.account, 'account'],
    [factors.trust, 'trust'],
    [factors.trader, 'trader'],
    [factors.loss, 'own loss'],
  ] as const;
  const causes = named.filter(([factor]) => factor !== 1);
  const figure = (value: number): string => `${grouped(value)}${SUFFIXES[unit]}`;
  let text = `${label} ${figure(base)}`;
  for (const [factor, cause] of causes) text += ` x ${Number(factor.toPrecision(4))} (${cause})`;
  // A whole number is rounded down, and the agent or the venue may hold it to less.
  const product = causes.reduce((value, [factor]) => value * factor, base);
  if (causes.length > 0 || cap !== base) text += ` ${isNear(product, cap) ? '=' : '->'} ${figure(cap)}`;
  if (used !== 0) text += `; used ${figure(used)}`;
  if (reserved !== 0) text += `; reserved ${figure(reserved)}`;
  if (used !== 0 || reserved !== 0) text += `; left ${figure(left)}`;
  return text + sizeOf(row, terms);
}

/** What was requested is below what the venue takes, whatever is left. USDT. */
export function writeTooSmall(askedUsdt: number, minimumLots: number, terms: LineTerms): string | null {
  const { rules, valueTicks } = terms;
  if (rules === null || valueTicks === null) return null;
  const minimum = lotsToQuantity(minimumLots, rules) * ticksToPrice(valueTicks, rules);
  return (
    `asked for ${grouped(askedUsdt)}; the smallest order is ${grouped(minimum)}: ` +
    `${formatQuantity(minimumLots, rules)} ${assetOf(terms)} at ${priceText(valueTicks, rules)}`
  );
}

/**
 * What whole lots leave of the size asked for, in its own unit, such as
 * `asked for 120 -> 0.001 BTC, 60.07 (one lot is 60.07, the smallest order 60.07)`.
 */
export function writeRounded(
  { limit, observed, unit }: Pick<Reason, 'limit' | 'observed' | 'unit'>,
  { lots, quantity }: Pick<SizedAction, 'lots' | 'quantity'>,
  minimumLots: number,
  symbol: string | null,
): string {
  const [asked, lot] = [Number(observed), Number(limit)];
  const asset = assetOf({ symbol });
  if (unit !== 'USDT')
    return (
      `asked for ${plain(asked)} ${asset} -> ${quantity} ${asset}` +
      ` (one lot is ${plain(lot)}, the smallest order ${plain(minimumLots * lot)})`
    );
  return (
    `asked for ${grouped(asked)} -> ${quantity} ${asset}, ${grouped(lots * lot)}` +
    ` (one lot is ${grouped(lot)}, the smallest order ${grouped(minimumLots * lot)})`
  );
}
/** Without the noise of binary fractions. */
function plain(quantity: number): string {
  return String(Number(quantity.toPrecision(12)));
}

const SUFFIXES: { readonly [Unit in ArithmeticRow['unit']]: string } = {
  USDT: '',
  x: 'x',
  bps: ' bps',
  lots: ' lots',
  orders: '',
  positions: '',
};

function sizeOf({ lots }: ArithmeticRow, terms: LineTerms): string {
  const { rules, valueTicks } = terms;
  if (lots === null || rules === null || valueTicks === null) return '';
  const lotUsdt = lotsToQuantity(1, rules) * ticksToPrice(valueTicks, rules);
  return (
    ` -> ${formatQuantity(lots, rules)} ${assetOf(terms)} at ${priceText(valueTicks, rules)}` +
    ` (one lot is ${grouped(lotUsdt)})`
  );
}

function assetOf({ symbol }: Pick<LineTerms, 'symbol'>): string {
  return symbol === null ? '' : symbol.replace(/USDT$/, '');
}
function priceText(ticks: number, rules: RulesView): string {
  const [whole = '', places] = formatPrice(ticks, rules).split('.');
  return places === undefined || /^0*$/.test(places) ? inThousands(whole) : `${inThousands(whole)}.${places}`;
}
/** Cents, or none of a whole number; what is below a cent keeps its first digits. */
function grouped(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return String(Number(value.toPrecision(2)));
  const [whole = '', places = ''] = value.toFixed(2).split('.');
  return places === '00' ? inThousands(whole) : `${inThousands(whole)}.${places}`;
}
function inThousands(whole: string): string {
  return whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
}
