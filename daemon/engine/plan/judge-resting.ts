/**
 * Rule 15 without its shell: which resting orders and positions a tightened policy no longer permits. Pure functions of
 * folded state, live inputs and policy, so that the daemon and a replay review alike (SAE-SAME-CODE). Amounts in USDT,
 * quantities and prices in units of 1e-8, instants in UTC milliseconds.
 */

import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import { findAccountBudget } from '../../core/rules/budgets.ts';
import { isOwnOpening, isPlanned, newestFirst, type OrderState } from '../orders/orders.ts';
import { surelyHeldE8 } from '../positions/positions.ts';
import type { Ask, AskDraft, LiveInputs } from '../readings/inputs.ts';
import { ceilLots, ceilTicks, fromE8, lotE8, tickE8, toE8 } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import { markInTicks, unitsInUsdt } from '../snapshot/exposure.ts';
import { buildAccountContext } from '../snapshot/snapshot.ts';
import type { GateViews } from '../state/views.ts';
import { type Breach, bareRequest, GATE_AGENT, parentAsk, type ReviewPlace } from './orders.ts';

/** Share of a position that may lie above a cap before the gate cuts it back. */
const BREACH_TOLERANCE = 0.01;

/** `unclear`: only stale inputs speak against the order, which proves nothing about it. */
export type StandingVerdict = 'fits' | 'gone' | 'unclear';
/** As what a resting order is decided again. */
export interface StandingForm {
  readonly quantityE8: number;
  readonly priceE8: number;
}

/**
 * What may rest of an order: one form, or two while an amend is not proven, both in the larger size (DESIGN "Modify").
 * Which price is the worse depends on the cap: the higher one is worth more, and of a sell the lower one is the more
 * aggressive. So both are judged. Empty: the order names no price.
 */
export function standingForms(order: OrderState): readonly StandingForm[] {
  const { amend, quantityE8, priceE8 } = order;
  if (priceE8 === null) return [];
  if (amend === null) return [{ quantityE8, priceE8 }];
  const most = Math.max(quantityE8, amend.quantityE8);
  const old = { quantityE8: most, priceE8 };
  return amend.priceE8 === priceE8 ? [old] : [old, { quantityE8: most, priceE8: amend.priceE8 }];
}

/** One form that no longer fits is enough: it may be the one that rests. */
export function judgeForms(order: OrderState, judge: (form: StandingForm) => StandingVerdict): StandingVerdict {
  const forms = standingForms(order);
  let verdict: StandingVerdict = forms.length === 0 ? 'unclear' : 'fits';
  for (const form of forms) {
    const found = judge(form);
    if (found === 'gone') return 'gone';
    if (found === 'unclear') verdict = 'unclear';
  }
  return verdict;
}

/**
 * A form of a resting opening order as the request that it would be now. What lies between two steps counts as the
 * larger.
 */
export function standingRequest(
  place: ReviewPlace,
  { form, order }: { readonly order: OrderState; readonly form: StandingForm },
  rules: SymbolRules,
  nowMs: number,
): ExecutionRequest {
  const request = copyRequest(bareRequest(place, order.symbol, nowMs));
  request.agent = order.agent ?? GATE_AGENT;
  request.limit_price = fromE8(toE8(ceilTicks(form.priceE8, rules), tickE8(rules)));
  request.max_slippage_bps = order.slippageBps;
  request.requested_leverage = order.leverage;
  request.side = order.side;
  request.skill_sha256 = order.claimedSkillSha256;
  return request;
}

/** The ask of a review that concerns no order: budgets and regimes. */
export function bareAsk(place: ReviewPlace): AskDraft {
  const ask = parentAsk(place);
  ask.phase = 'standing';
  return ask;
}
/** The ask for what is left of a resting order; `leaving`: orders that this very review cancels already. */
export function standingAsk(
  place: ReviewPlace,
  order: OrderState,
  form: StandingForm,
  leaving: ReadonlySet<OrderState>,
): Ask {
  const ask = bareAsk(place);
  ask.tokenSkillSha256 = order.tokenSkillSha256;
  ask.own = order;
  ask.leaving = leaving;
  ask.sliceE8 = form.quantityE8 - order.executedE8;
  return ask;
}

/** Whether the decision on a resting order, asked for as if it were new, leaves it as it is. */
export function judgeStanding(
  decision: ExecutionDecision,
  order: OrderState,
  form: StandingForm,
  rules: SymbolRules,
): StandingVerdict {
  const { effective } = decision;
  if (decision.decision === 'BLOCK') {
    const stale = decision.reasons.filter((reason) => reason.code.startsWith('STALE_'));
    const denied = decision.verdicts.filter((rule) => rule.outcome === 'deny').length;
    return stale.length === denied && denied > 0 ? 'unclear' : 'gone';
  }
  if (effective === null || effective.action !== 'open') return 'gone';
  const isWhole = effective.lots === ceilLots(form.quantityE8 - order.executedE8, rules);
  const isPriced = effective.price_ticks === ceilTicks(form.priceE8, rules);
  const isAsPriced = isPriced && (effective.leverage ?? 0) >= order.leverage;
  return isWhole && isAsPriced ? 'fits' : 'gone';
}

/** Resting opening orders of ours in the order of their review: the worst price of each symbol and side first. */
export function restingOpenings(state: GateViews): OrderState[] {
  const resting: OrderState[] = [];
  for (const orders of state.orders.live.values())
    for (const order of orders)
      if (isOwnOpening(order) && !isPlanned(order) && order.timeInForce === 'GTC') resting.push(order);
  return resting.length > 1 ? resting.sort(worstPriceFirst) : resting;
}
/** The price that would hurt most if it filled: buys from the top, sells from the bottom; of equal ones the youngest. */
function worstPriceFirst(a: OrderState, b: OrderState): number {
  const worse = (order: OrderState): number =>
    Math.max(...standingForms(order).map((form) => (order.side === 'buy' ? form.priceE8 : -form.priceE8)));
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  if (a.side !== b.side) return a.side < b.side ? -1 : 1;
  return worse(b) - worse(a) || newestFirst(a, b);
}

/**
 * Positions above the tightened symbol, gross or liquidation-distance cap, and what to close of each; empty unless the
 * policy says `on_breach: reduce`. Of signals those about the account and the symbol count: one that names an agent bounds
 * what it opens. `policy`: compiled for {@link GATE_AGENT}.
 */
export function findBreaches(
  state: GateViews,
  inputs: LiveInputs,
  policy: CompiledPolicy,
  place: ReviewPlace,
): readonly Breach[] {
  if (policy.spec.standing.on_breach !== 'reduce') return [];
  const held = new Map<string, { readonly quantityE8: number; readonly lotE8: number; readonly usdtPerLot: number }>();
  for (const position of state.positions.values()) {
    const rules = state.rules.get(position.symbol);
    const live = inputs.symbols.get(position.symbol);
    // RISK: what is counted twice would be closed twice. A cut takes the smaller count, as risk is counted by the larger.
    const quantityE8 = surelyHeldE8(position);
    if (quantityE8 > 0 && rules !== undefined && live !== undefined)
      held.set(position.symbol, {
        quantityE8,
        lotE8: lotE8(rules),
        usdtPerLot: unitsInUsdt(markInTicks(live.mark, rules), rules),
      });
  }
  const gross = [...held.values()].reduce((sum, entry) => sum + (entry.quantityE8 / entry.lotE8) * entry.usdtPerLot, 0);
  const ofAccount = state.activeSignals(state.time.atNow(inputs.nowMs), place.account, GATE_AGENT, null);
  const breaches: Breach[] = [];
  for (const [symbol, entry] of held) {
    const context = buildAccountContext({
      state,
      inputs,
      request: bareRequest(place, symbol, inputs.nowMs),
      policy,
      ask: bareAsk(place),
    });
    const budget = findAccountBudget(context, policy);
    // A signal about one symbol tightens no cap of the account (DESIGN 12.5): the gross one is that of the account's own.
    const grossCap = findAccountBudget(
      { ...context, trust: { ...context.trust, signals: ofAccount } },
      policy,
    ).gross_notional_usdt;
    const notional = (entry.quantityE8 / entry.lotE8) * entry.usdtPerLot;
    const distance = context.exposure.liquidation_distance;
    let excess = 0;
    let cause = '';
    if (notional > budget.symbol_notional_usdt) {
      excess = notional - budget.symbol_notional_usdt;
      cause = 'symbol notional';
    }
    // The gross excess is taken from every symbol in proportion.
    const share = gross > grossCap ? ((gross - grossCap) * notional) / gross : 0;
    if (share > excess) {
      excess = share;
      cause = 'gross notional';
    }
    if (distance !== null && distance < policy.spec.account.min_liquidation_distance) {
      excess = Math.max(excess, notional / 2);
      cause = 'liquidation distance';
    }
    const quantityE8 = Math.min(entry.quantityE8, toE8(Math.ceil(excess / entry.usdtPerLot), entry.lotE8));
    // A mark that drifts by a hair is no breach to trade on; beyond a hundredth of the position it is.
    if (excess > BREACH_TOLERANCE * notional && quantityE8 > 0) breaches.push({ symbol, quantityE8, cause });
  }
  return breaches;
}
