import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import {
  add,
  ceil,
  compare,
  div,
  exact,
  floor,
  greatest,
  higher,
  least,
  lower,
  mul,
  type Rational,
  sub,
  UNITY,
  whole,
} from './rational.ts';

/** Rule 11 in exact fractions. Prices in whole ticks, quantities in whole lots. */
const BPS = whole(10_000);

export interface OpeningInputs {
  readonly mark: number;
  readonly bid: number;
  readonly ask: number;
  readonly rules: RulesView;
}

export interface OpeningResult {
  readonly lots: bigint;
  readonly requestedLots: bigint;
  /** Nothing but whole lots makes it smaller than what was asked for, by more than 1 %. */
  readonly isRounded: boolean;
  readonly leverage: bigint;
  readonly priceTicks: bigint;
  readonly slippageBps: Rational;
  readonly slices: bigint;
  /** How many lots the caps permit, before flooring and without regard to the request. */
  readonly permittedLots: Rational;
  readonly minimumLots: bigint;
  /** Value of one lot, USDT. */
  readonly lotValue: Rational;
  /** Of one lot at which the order is sized. */
  readonly sizeValue: Rational;
  /** Bounds that leave least: one of these refuses the order when they leave nothing. */
  readonly binding: ReadonlySet<ReasonCode>;
}

export function tickSize(rules: RulesView): Rational {
  return div(whole(rules.tick_mantissa), whole(rules.tick_scale));
}
/** Before it is made of whole lots; `lotUsdt`: a lot at the price at which a notional is sized. A quantity needs none. */
export function askedInLots(
  { quantity, requested_notional: usdt }: Pick<ExecutionRequest, 'quantity' | 'requested_notional'>,
  lotUsdt: Rational,
  rules: RulesView,
): Rational {
  return quantity === null ? div(exact(usdt ?? 0), lotUsdt) : div(exact(quantity), lotSize(rules));
}
export function lotSize(rules: RulesView): Rational {
  return div(whole(rules.lot_mantissa), whole(rules.lot_scale));
}
function middle(inputs: OpeningInputs): Rational {
  return div(add(exact(inputs.bid), exact(inputs.ask)), whole(2));
}
function after(price: Rational, bps: Rational, side: Side): Rational {
  const part = div(bps, BPS);
  return mul(price, side === 'buy' ? add(UNITY, part) : sub(UNITY, part));
}

/** |mid/mark - 1| in basis points. */
export function dislocationBps(inputs: OpeningInputs): Rational {
  const away = sub(div(middle(inputs), exact(inputs.mark)), UNITY);
  return mul(away.n < 0n ? { n: -away.n, d: away.d } : away, BPS);
}
export function isDislocated(inputs: OpeningInputs, collarBps: number): boolean {
  return compare(dislocationBps(inputs), exact(collarBps)) > 0;
}

/** Buy: floor_tick(min(limit, ref (1 + sl), mark (1 + collar))); sell mirrored. The collar binds the aggressive side. */
export function exactPrice(
  request: ExecutionRequest,
  context: ExecutionContext,
  inputs: OpeningInputs,
  slippage: Rational,
  side: Side,
  collarBps: number,
  held: bigint | null = null,
): bigint {
  const tick = tickSize(inputs.rules);
  const bounds = [after(middle(inputs), slippage, side), after(exact(inputs.mark), exact(collarBps), side)];
  if (request.order_type === 'limit' && request.limit_price !== null) bounds.push(exact(request.limit_price));
  const [first = UNITY, ...rest] = bounds;
  const ticks = side === 'buy' ? floor(div(least(first, ...rest), tick)) : ceil(div(greatest(first, ...rest), tick));
  const bounded = [ticks];
  if (context.parent_price_ticks !== null) {
    const worst = after(whole(context.parent_price_ticks), slippage, side);
    bounded.push(side === 'buy' ? floor(worst) : ceil(worst));
  }
  if (held !== null) bounded.push(held);
  return bounded.reduce(side === 'buy' ? lower : higher);
}

export function markInTicks(inputs: Pick<OpeningInputs, 'mark' | 'rules'>): bigint {
  return ceil(div(exact(inputs.mark), tickSize(inputs.rules)));
}

/** Least lots that the venue takes at this price per lot. */
export function minimumLots(rules: RulesView, lotPrice: Rational): bigint {
  if (lotPrice.n <= 0n) return 1n << 200n;
  return higher(higher(1n, BigInt(rules.min_lots)), ceil(div(exact(rules.min_notional_usdt), lotPrice)));
}
