import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision } from '../records.ts';
import { sectionOf } from './budgets.ts';
import { type Fraction, fraction, isAbove, show, times } from './exact.ts';
import { opens, type Raw, rawOf, type Spec } from './raw.ts';

/** What an agent asks an order of its own to become, by the words of the call and the record of the order alone. */
export interface Change {
  readonly decision: Decision;
  readonly order: NonNullable<Decision['event']['context']['order']>;
  readonly rules: NonNullable<Decision['event']['context']['market']['rules']>;
  /** Before it, and as the call names it; a call that names none leaves it. */
  readonly oldPrice: Fraction;
  readonly price: Fraction;
  /** Of the whole order, in whole lots. */
  readonly lots: bigint;
}

/** Those whose order is known to rest at a price, and whose call names a size or a price that it has not. */
export function changesOf({ decisions }: Raw): readonly Change[] {
  return decisions.flatMap((decision) => {
    const { context, decision: decided, request } = decision.event;
    const { rules } = context.market;
    const { order } = context;
    if (decided.kind !== 'tool' || request.intent !== 'modify' || rules === null || !order?.is_open) return [];
    if (order.price_ticks === null || order.is_protective || order.agent !== decision.agent) return [];
    const tick: Fraction = { n: BigInt(rules.tick_mantissa), d: BigInt(rules.tick_scale) };
    const oldPrice = times(tick, { n: BigInt(order.price_ticks), d: 1n });
    const price = request.limit_price === null ? oldPrice : onGrid(fraction(request.limit_price), tick, order.side);
    if (price.n <= 0n) return [];
    const lot: Fraction = { n: BigInt(rules.lot_mantissa), d: BigInt(rules.lot_scale) };
    const total = request.requested_notional;
    const lots = total === null ? BigInt(order.lots) : wholeIn(fraction(total), times(lot, price));
    return [{ decision, order, rules, oldPrice, price, lots }];
  });
}

function wholeIn(of: Fraction, part: Fraction): bigint {
  return (of.n * part.d) / (of.d * part.n);
}
/** The nearest price of the exchange's that is no more aggressive than the one that was asked for. */
function onGrid(price: Fraction, tick: Fraction, side: 'buy' | 'sell'): Fraction {
  const below = wholeIn(price, tick);
  const isOn = !isAbove(price, times(tick, { n: below, d: 1n }));
  return times(tick, { n: side === 'buy' || isOn ? below : below + 1n, d: 1n });
}

/** Codes of what holds for orders that open alone. */
const OF_OPENINGS =
  /^(STATE_REDUCING|AGENT_SCHEDULE|STALE_(MARK|QUOTE|BARS|ACCOUNT|FUNDING)|DUPLICATE_INTENT|COOLDOWN|FLIP|TURNOVER|FEES|REGIME_.*|ACCOUNT_.*|TRUST_.*|TRADER_STATE_.*|AGENT_LOSS|PRICE_DISLOCATED|SYMBOL_.*|AGAINST_POSITION|ORDER_UNPROVEN|EXIT_IN_PROGRESS|OPENINGS_RESTING|LEVERAGE_LOCKED|BUDGET_.*|APPROVAL_.*)$/;

/**
 * A permitted change makes of an order the price and the total that its call names, in whole lots and ticks; what the call
 * does not name stays, and a total that is filled already cancels the rest [TF-15] [TF-16] [TF-17] [TF-18]. What it makes
 * is an order that the exchange takes; less of it at no better a price is held to nothing that holds for openings alone
 * [TD-10].
 */
export function findChangedOtherwise(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return changesOf(raw).flatMap((change) => {
    const wrong = change.decision.event.decision.decision === 'BLOCK' ? refusedFor(change) : becomes(change);
    if (wrong === null) return [];
    const { atMs, event, id } = change.decision;
    const detail = `${id} about ${event.request.client_order_id} at ${at(atMs)}: ${wrong}`;
    return [{ code: 'second/changed', detail }];
  });
}

function becomes({ decision, lots, order, price, rules }: Change): string | null {
  const { effective } = decision.event.decision;
  const isFilled = lots <= BigInt(order.filled_lots);
  if (effective === null) return 'nothing says what it becomes';
  if (isFilled || effective.action === 'cancel')
    return isFilled && effective.action === 'cancel' ? null : `${lots} lots, ${order.filled_lots} of them filled`;
  if (effective.side !== order.side) return `it is a ${effective.side}`;
  if (BigInt(effective.lots ?? -1) !== lots) return `it becomes ${effective.lots} lots, and not ${lots}`;
  const named = fraction(effective.limit_price ?? 0);
  if (isAbove(named, price) || isAbove(price, named)) return `it goes to ${show(named)}, and not to ${show(price)}`;
  if (lots > BigInt(rules.max_lots) || lots < BigInt(Math.max(1, rules.min_lots)))
    return `it becomes ${lots} lots, of ${rules.min_lots} to ${rules.max_lots}`;
  return null;
}

/** It asks for no more than the order has, and for no price that is better for whoever takes it. */
function refusedFor({ decision, lots, oldPrice, order, price }: Change): string | null {
  const isSame = !isAbove(price, oldPrice) && !isAbove(oldPrice, price);
  const isCheaper = order.side === 'buy' && isAbove(oldPrice, price);
  if (!isSame && !isCheaper) return null;
  if (lots > BigInt(order.lots) || lots <= BigInt(order.filled_lots) || order.reduce_only) return null;
  const { decision: decided, context } = decision.event;
  // A breaker of the account refuses any change.
  if (context.state.layer === 'breaker') return null;
  const opening = decided.reasons.find(({ code }) => OF_OPENINGS.test(code));
  return opening === undefined ? null : `${lots} of ${order.lots} lots are refused for ${opening.code}`;
}

interface Rate {
  readonly max: number;
  readonly window_ms: number;
}

/**
 * An agent's change of an order counts as one of the orders of `budgets.order_rate`, of the account and of an agent with a
 * rate of its own: beyond that it is refused [PK-10].
 */
export function findChangesBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const counted = raw.decisions.filter(({ event: { decision }, origin }) => {
    if (decision.kind !== 'tool' || decision.decision === 'BLOCK') return false;
    return decision.effective?.action === 'open' || (decision.effective?.action === 'amend' && origin === 'agent');
  });
  return counted.flatMap((decision, index) => {
    const { agent, atMs, event, id, origin, seq } = decision;
    const spec = raw.policyAt(seq);
    if (event.decision.effective?.action !== 'amend' || origin !== 'agent' || spec === null) return [];
    return ratesOf(spec, agent).flatMap(({ of, rate: { max, window_ms: windowMs } }) => {
      let used = 0;
      for (const before of counted.slice(0, index)) {
        const isLate = Math.min(before.atMs - atMs, before.event.decision.at_ms - event.decision.at_ms) > -windowMs;
        if (isLate && (of === null || before.agent === of)) used += opens(before) ? before.event.orders.length : 1;
      }
      if (used < max) return [];
      const detail = `${id} of ${agent} at ${at(atMs)} changes an order after ${used} of ${of ?? 'all'} within ${windowMs} ms, the most are ${max}`;
      return [{ code: 'second/change-rate', detail }];
    });
  });
}

function ratesOf(spec: Spec, agent: string): readonly { readonly of: string | null; readonly rate: Rate }[] {
  const own = (sectionOf(spec, agent).budgets as { readonly order_rate?: Rate } | undefined)?.order_rate;
  const all = { of: null, rate: spec.budgets.order_rate };
  return own === undefined ? [all] : [all, { of: agent, rate: own }];
}
