import {
  ceilTicks,
  floorUnits,
  formatPrice,
  formatQuantity,
  lotsToQuantity,
  type RulesView,
  ticksToPrice,
  writtenLots,
} from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { type ExecutionContext, exitEndsAtMs } from '../context.ts';
import type { ExecutionDecision, SizedAction } from '../decision.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import { type AskedSize, askedQuantity, askedUsdt, checkRounding, writeAskedSize } from '../rules/asked-size.ts';
import { boundExit, limitExitTicks, nearestPrice, restsAtItsPrice } from '../rules/price.ts';
import type { Trace } from '../rules/trace.ts';

/**
 * A verified exit: side opposite to the position and at most its size, whatever intent or flag was sent. It goes out
 * reduceOnly, which the venue enforces, so it cannot cross zero in any interleaving (DESIGN "Verified exit").
 */
export interface ExitSize {
  readonly side: Side;
  /** Lots of the position on the side that this order would close. */
  readonly positionLots: number;
  /** What this caller may close: an operator the position, its holder and the gate what the holder holds of it. */
  readonly permittedLots: number;
  /**
   * What a part is taken of: of that, what is proven, where anything is. A reading may lag behind what was closed
   * since.
   */
  readonly provenLots: number;
}

/** The exit that the request amounts to, or null when nothing on the other side exists to be closed. */
export function findExit(request: ExecutionRequest, context: ExecutionContext): ExitSize | null {
  const { long_lots: long, short_lots: short } = context.exposure;
  const side = request.side ?? (long >= short ? 'sell' : 'buy');
  const positionLots = side === 'sell' ? long : short;
  if (positionLots <= 0) return null;
  const own = Math.max(0, side === 'sell' ? context.agent.share_lots : -context.agent.share_lots);
  const permittedLots = mayCloseAll(request, context) ? positionLots : Math.min(positionLots, own);
  const { position_lots: position } = context.exposure;
  const proven = side === 'sell' ? position : -position;
  return {
    side,
    positionLots,
    permittedLots,
    provenLots: proven > 0 ? Math.min(proven, permittedLots) : permittedLots,
  };
}

/**
 * An operator may close everything, and so may a protective stop (the gate's, with a size from the start), which the
 * venue binds to the whole position. What else the gate closes, and an agent's exit, is what the holder holds.
 */
function mayCloseAll({ origin }: ExecutionRequest, { phase, slice_lots }: ExecutionContext): boolean {
  return origin === 'operator' || (origin === 'gate' && phase === 'parent' && slice_lots !== null);
}

/** Price at which an exit is valued: our mark, else the book, else what was last recorded; null: nothing is known. */
function valuePrice({ exposure, market }: ExecutionContext): number | null {
  const { mark, bid, ask } = market;
  if (mark !== null && mark > 0) return mark;
  if (bid !== null && ask !== null && bid > 0) return (bid + ask) / 2;
  return exposure.recorded_price;
}

/** At which a notional is made of lots, and told: the limit where there is one, whatever the mark. */
function sizePrice(
  { limit_price: limit, order_type: type }: ExecutionRequest,
  context: ExecutionContext,
): number | null {
  return type === 'limit' && limit !== null ? limit : valuePrice(context);
}

/** What an exit is to close in all: its own lots, or more where the venue's largest order is smaller. */
export function wholeExitLots(decision: Pick<ExecutionDecision, 'reasons'>, lots: number): number {
  const cut = decision.reasons.find((reason) => reason.code === 'ABOVE_MAXIMUM');
  return cut !== undefined && typeof cut.observed === 'number' ? Math.max(lots, cut.observed) : lots;
}

/**
 * Lots requested: a share of the position or a quantity, which need no price, or a notional; without any price, the whole
 * of it.
 */
export function requestedExitLots(
  request: ExecutionRequest,
  context: ExecutionContext,
  rules: RulesView,
  exit: ExitSize,
): number {
  if (context.slice_lots !== null) return context.slice_lots;
  if (request.fraction !== null) {
    const lots = request.fraction < 1 ? exit.provenLots : exit.permittedLots;
    return Math.floor(request.fraction * lots + 1e-9);
  }
  if (request.quantity !== null) return writtenLots(request.quantity, rules);
  const price = sizePrice(request, context);
  if (request.requested_notional === null || price === null) return exit.permittedLots;
  return Math.floor(floorUnits(request.requested_notional, rules) / Math.max(1, ceilTicks(price, rules)));
}

/**
 * All that there is was asked for. What takes a rest along, for the least quantity, is a part.
 *
 * @param amendedLots what is left of an order that an amend asks for
 */
export function isFullClose(
  request: ExecutionRequest,
  context: ExecutionContext,
  amendedLots: number | null = null,
): boolean {
  const exit = findExit(request, context);
  const { rules } = context.market;
  if (exit === null || rules === null) return false;
  if (request.fraction !== null) return request.fraction >= 1;
  return (amendedLots ?? requestedExitLots(request, context, rules, exit)) >= exit.permittedLots;
}

/**
 * q_x = min(q, permitted); at least the least quantity, and a rest below it is taken along. Holdings below it close by an
 * order of the least quantity where they are all of the position. Of the minimum notional
 * reduceOnly orders are exempt (BINANCE.md part B, 2.1): a rest of one lot can be closed later.
 */
export function exitLots(requested: number, exit: ExitSize, rules: RulesView): number {
  const least = Math.max(1, rules.min_lots);
  // Nobody else's lots stand beside them: reduceOnly keeps the least order inside the position.
  if (exit.permittedLots < least && exit.permittedLots === exit.positionLots) return least;
  const lots = Math.min(Math.max(requested, least), exit.permittedLots);
  return exit.permittedLots - lots < least ? exit.permittedLots : lots;
}

/** Most exits of one agent that rest, where the policy does not say. */
const MAX_RESTING = 50;
/** Of all agents in one symbol: half of the orders that the venue takes of an account there (MAX_NUM_ORDERS, 200). */
const MAX_RESTING_IN_SYMBOL = 100;
/**
 * Rule 6 for exits: only those that rest at their own price may be refused, for their number; never one that closes.
 */
export function checkResting(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  effective: SizedAction,
): void {
  if (request.origin !== 'agent' || context.phase !== 'parent') return;
  const most = policy.spec.exits.resting ?? MAX_RESTING;
  const { resting_exits: own, symbol_resting_exits: all } = context.agent;
  if (own < most && all < MAX_RESTING_IN_SYMBOL) return;
  if (!restsAtItsPrice(effective, context, policy)) return;
  if (own >= most) trace.deny(6, 'EXITS_RESTING', own, most, 'orders');
  else trace.deny(6, 'EXITS_RESTING', all, MAX_RESTING_IN_SYMBOL, 'orders');
}

/** Most exits of one agent in a symbol that close a part now and are not over. */
const MAX_PARTS_OPEN = 10;
/**
 * A full close is always taken, in place of its agent's older exits; one more part of many is not, also where an amend makes
 * it one.
 *
 * @param amendedLots what is left of an order that an amend asks for
 */
export function checkParts(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  effective: SizedAction,
  amendedLots: number | null = null,
): void {
  if (request.origin !== 'agent' || context.phase !== 'parent') return;
  const { holding, now_ms: now } = context;
  if (holding === undefined || holding.open_exits < MAX_PARTS_OPEN) return;
  const isWhole = isFullClose({ ...request, side: effective.side }, context, amendedLots);
  if (isWhole || restsAtItsPrice(effective, context, policy)) return;
  const exit = holding.exit_decision ?? holding.open_exits;
  trace.denyFor(6, 'EXIT_IN_PROGRESS', exitEndsAtMs(holding, now) - now, exit, MAX_PARTS_OPEN, 'exits');
}

/** The largest order of this form that the venue takes; what is more goes out behind it, as further rungs. */
function largestExitLots(lots: number, rules: RulesView, isMarket: boolean): number {
  const most = isMarket ? Math.min(rules.max_lots, rules.max_market_lots) : rules.max_lots;
  return most >= 1 && lots > most ? most : lots;
}

/** PRICE_FILTER: an exit is not refused for its price, it goes out at the nearest one that the venue takes. */
function limitTicks(
  trace: Trace,
  { limit_price: limit }: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
): number {
  const asked = limitExitTicks(context, policy, rules, side, limit ?? 0);
  const nearest = nearestPrice(asked, rules);
  if (side === 'sell' ? nearest < asked : nearest > asked)
    trace.tighten(11, 'PRICE_OUT_OF_RANGE', ticksToPrice(asked, rules), ticksToPrice(nearest, rules), 'USDT');
  return nearest;
}

/**
 * The bound of the rung that it is at; null: MARKET. The ladder of an operator or of the gate ends in MARKET reduceOnly,
 * unless it has a bound; an agent's ends at its last rung.
 */
function rungTicks(
  trace: Trace,
  { max_slippage_bps: callerBps, origin }: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
): number | null {
  const { ladder_bps: ladder } = policy.spec.exits;
  if (context.exit_rung >= ladder.length && origin !== 'agent' && callerBps === null) return null;
  const rungBps = ladder[Math.min(context.exit_rung, ladder.length - 1)] ?? 0;
  const bound = boundExit(context, policy, rules, side, rungBps, callerBps);
  if (bound?.quoteBps != null) trace.tighten(11, 'BOUND_INSIDE_SPREAD', bound.quoteBps, callerBps, 'bps');
  return bound?.priceTicks ?? null;
}

/** Rule 13 for an exit: what there is to close cuts it first, with a reason of its own. */
export function checkExitRounding(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  rules: RulesView,
  exit: ExitSize,
): void {
  const requested = requestedExitLots(request, context, rules, exit);
  const lots = exitLots(requested, exit, rules);
  const asked = askedOfExit(request, context, rules, exit);
  if (asked !== null && requested <= lots) checkRounding(trace, asked, lots);
}

/** Null: lots that the gate has counted itself, or all that there is. */
function askedOfExit(
  request: ExecutionRequest,
  context: ExecutionContext,
  rules: RulesView,
  { provenLots }: ExitSize,
): AskedSize | null {
  const { fraction, quantity, requested_notional: usdt } = request;
  if (context.slice_lots !== null) return null;
  if (fraction !== null)
    return fraction < 1 ? askedQuantity(fraction * lotsToQuantity(provenLots, rules), rules) : null;
  if (quantity !== null) return askedQuantity(quantity, rules);
  const price = sizePrice(request, context);
  return usdt === null || price === null ? null : askedUsdt(usdt, price, rules);
}

/** Builds the exit and records what was cut. Precondition: `exit.permittedLots > 0`. */
export function buildExit(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  exit: ExitSize,
): SizedAction {
  const requested = requestedExitLots(request, context, rules, exit);
  const price = sizePrice(request, context);
  const whole = exitLots(requested, exit, rules);
  if (requested > whole) {
    trace.tighten(12, 'EXIT_CLIPPED', requested, whole, 'lots');
  } else if (price === null && request.requested_notional !== null && context.slice_lots === null) {
    // Without any price the notional says nothing about lots: the exit passes whole, and says so.
    trace.tighten(12, 'EXIT_CLIPPED', request.requested_notional, whole, 'lots');
  } else trace.pass(12, 'EXIT', requested, whole, 'lots');
  const isLimit = request.order_type === 'limit' && request.limit_price !== null;
  const priceTicks = isLimit
    ? limitTicks(trace, request, context, policy, rules, exit.side)
    : rungTicks(trace, request, context, policy, rules, exit.side);
  const lots = largestExitLots(whole, rules, priceTicks === null);
  if (lots < whole) trace.tighten(12, 'ABOVE_MAXIMUM', whole, lots, 'lots');
  const asked = askedOfExit(request, context, rules, exit);
  return {
    action: 'exit',
    leverage: request.requested_leverage,
    limit_price: priceTicks === null ? null : formatPrice(priceTicks, rules),
    lots,
    max_slippage_bps: request.max_slippage_bps,
    notional: price === null ? 0 : lotsToQuantity(lots, rules) * price,
    order_type: priceTicks === null ? 'market' : 'limit',
    price_ticks: priceTicks,
    quantity: formatQuantity(lots, rules),
    reduce_only: true,
    requested_quantity: asked === null ? formatQuantity(requested, rules) : writeAskedSize(asked, rules),
    side: exit.side,
    time_in_force: priceTicks === null ? null : isLimit ? 'GTC' : 'IOC',
  };
}
