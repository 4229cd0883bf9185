import {
  ceilTicks,
  formatPrice,
  formatQuantity,
  hasUnits,
  lotsToQuantity,
  lotsWithin,
  minimumLots,
  type RulesView,
  readDecimal,
  ticksToPrice,
} from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { BudgetComponents, SizedAction, StagedSlice } from '../decision.ts';
import { dayBudgetOf } from '../keys/budgets.ts';
import type { ReasonCode } from '../reasons.ts';
import {
  checkRounding,
  lotsOfAsk,
  type OpeningAsk,
  sizeOfAsk,
  statedLots,
  usdtOfAsk,
  writeAskedSize,
} from './asked-size.ts';
import type { Deciding } from './budgets.ts';
import type { PriceBound } from './price.ts';
import { buildFeasibleSet, type FeasibleSet, feasibleLeverage, marginBound, project } from './projection.ts';
import type { Trace } from './trace.ts';

/** An order between what was asked for and what fits. */
interface Fitting {
  readonly ask: OpeningAsk;
  readonly price: PriceBound;
  readonly rules: RulesView;
  readonly set: FeasibleSet;
  /** Leverage at the venue that must stay. */
  readonly locked: number | null;
  readonly requestedLots: number;
}

/** Rules 12 to 14: project onto F(B), quantise against the requester, check again in integers, split into slices. */
export function fitOrder(
  deciding: Deciding,
  ask: OpeningAsk,
  price: PriceBound,
  rules: RulesView,
  action: SizedAction['action'],
): { readonly effective: SizedAction | null; readonly plan: readonly StagedSlice[] } {
  const { trace, context, policy } = deciding;
  const { budget } = deciding.found;
  const { slippageBps } = price;
  const requestedLots = lotsOfAsk(ask, price.sizeTicks, rules);
  const cap = feasibleLeverage(policy, rules, ask.side, budget);
  const leverage = Math.max(1, Math.min(ask.leverage, cap));
  const set = buildFeasibleSet(context, policy, rules, {
    budget,
    leverage,
    leverageCap: cap,
    side: ask.side,
    slippageBps,
  });
  const locked = checkLeverage(trace, context, ask.leverage, cap);
  const fitting: Fitting = { ask, price, rules, set, locked, requestedLots };
  const asked = valueOfAsk(ask, price, rules);
  const projected = project(set, { leverage, notional: asked }, locked);
  const lots = checkBounds(deciding, fitting, projected.leverage, asked);
  const sendLots = Math.min(lots, rules.max_lots);
  if (sendLots < lots) trace.tighten(12, 'ABOVE_MAXIMUM', lots, rules.max_lots, 'lots');
  const minLots = smallestLots(context, rules, price.priceTicks);
  if (sendLots < minLots) denyTooSmall(trace, fitting, projected.binding, sendLots, minLots);
  if (trace.denied) {
    trace.skipRules(13, 14);
    return { effective: null, plan: [] };
  }
  const effective = writeOrder(deciding, fitting, action, sendLots, projected.leverage);
  recheck(trace, context, fitting, effective);
  const plan = stage(deciding, sendLots, minLots);
  return {
    effective: trace.denied ? null : effective,
    plan:
      plan.length === 1
        ? [{ delay_ms: 0, quantity: effective.quantity, slice: 0 }]
        : describePlan(plan, rules, policy.spec.staging.spacing_ms),
  };
}

/** The order as it is sent, with the reason for what became of a size that is not made of lots. */
function writeOrder(
  { trace, request, context }: Deciding,
  { ask, price, rules }: Fitting,
  action: SizedAction['action'],
  lots: number,
  leverage: number,
): SizedAction {
  const isLimit = request.order_type === 'limit';
  const sentPrice = ticksToPrice(price.priceTicks, rules);
  // What the answer says that it is worth, and what was asked for, at one price: ticks make an order smaller as lots do.
  const worth = isLimit ? ticksToPrice(price.sizeTicks, rules) : Math.max(context.market.mark ?? 0, sentPrice);
  const size = sizeOfAsk(ask, worth, rules);
  // What budgets or an approval cut has its own reason.
  if (ask.lots === null && lots === statedLots(ask, price.sizeTicks, rules)) checkRounding(trace, size, lots);
  return {
    action,
    leverage,
    limit_price: formatPrice(price.priceTicks, rules),
    lots,
    max_slippage_bps: price.slippageBps,
    notional: lotsToQuantity(lots, rules) * worth,
    order_type: 'limit',
    price_ticks: price.priceTicks,
    quantity: formatQuantity(lots, rules),
    reduce_only: false,
    requested_quantity: writeAskedSize(size, rules),
    side: ask.side,
    time_in_force: isLimit ? 'GTC' : 'IOC',
  };
}

/** What rests is at the venue, also where fills have left less of it than the venue would take of a new order. */
export function smallestLots({ phase }: ExecutionContext, rules: RulesView, priceTicks: number): number {
  return phase === 'standing' ? 1 : minimumLots(rules, priceTicks);
}

/** What is requested, as budgets count it: lots below the mark at the mark. USDT. */
export function valueOfAsk(ask: OpeningAsk, { sizeTicks, valueTicks }: PriceBound, rules: RulesView): number {
  if (ask.lots !== null || ask.quantity !== null) return usdtOfAsk(ask, valueTicks, rules);
  const notional = ask.notional ?? 0;
  return sizeTicks === valueTicks ? notional : (notional * valueTicks) / sizeTicks;
}

/** Leverage is a symbol setting at the venue that must stay while a position or order exists (-4161, BY-39). */
function checkLeverage(trace: Trace, context: ExecutionContext, asked: number, cap: number): number | null {
  if (asked > Math.max(1, cap)) trace.tighten(12, 'BUDGET_LEVERAGE', asked, cap, 'x');
  else trace.pass(12, 'BUDGET_LEVERAGE', asked, cap, 'x');
  const locked = lockedLeverage(context, cap);
  if (!locked.isRefused) return locked.setting;
  trace.deny(12, 'LEVERAGE_LOCKED', locked.setting, cap, 'x');
  return null;
}

/**
 * The venue's setting where it must stay, else null; `isRefused`: it is above what is permitted now, or not known. RISK: it
 * is the setting that a position opened now is liquidated by, whatever leverage was asked for. `cap`: of
 * {@link feasibleLeverage}.
 */
export function lockedLeverage(
  { market }: ExecutionContext,
  cap: number,
): { readonly setting: number | null; readonly isRefused: boolean } {
  if (!market.leverage_locked) return { setting: null, isRefused: false };
  const { leverage_setting: setting } = market;
  return { setting, isRefused: setting === null || setting > cap };
}

/** Every bound of F in lots; those that cut are reasons. Returns the least, at most what is requested. */
function checkBounds(
  { trace, context, policy }: Deciding,
  { set, locked, requestedLots, price, rules }: Fitting,
  leverage: number,
  asked: number,
): number {
  const { pacing } = context;
  const requestedUnits = requestedLots * price.valueTicks;
  let least = requestedLots;
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] as ReasonCode;
    const cap = capsUsdt[i] as number;
    const base = basesUsdt[i] as number;
    const lots = lotsWithin(cap - base, price.valueTicks, rules, requestedLots, requestedUnits);
    // The bound may be the turnover that the fees pay for; the reason names the fees.
    const day = dayBudgetOf(code);
    const observed =
      day === undefined
        ? base + asked
        : day.usedUsdt(pacing) + day.pendingUsdt(pacing) + asked * day.perUsdt(rules.taker_fee);
    const limit = day === undefined ? cap : policy.budgets[day.key];
    if (lots < requestedLots) trace.tighten(12, code, observed, limit, 'USDT');
    else trace.pass(12, code, observed, limit, 'USDT');
    if (lots < least) least = lots;
  }
  const charged = locked === null ? leverage : Math.min(leverage, locked);
  const margin = marginBound(set.marginUsdt, charged, set.phi);
  const marginLots = lotsWithin(margin, price.valueTicks, rules, requestedLots, requestedUnits);
  if (marginLots < requestedLots) trace.tighten(12, 'BUDGET_MARGIN', asked, Math.max(0, margin), 'USDT');
  else trace.pass(12, 'BUDGET_MARGIN', asked, Math.max(0, margin), 'USDT');
  return Math.min(least, marginLots);
}

/** Never rounded up: what is permitted is below the venue's minimum, or nothing is left of the binding budget. */
function denyTooSmall(
  trace: Trace,
  { ask, price, rules, requestedLots }: Fitting,
  binding: string | null,
  lots: number,
  minLots: number,
): void {
  const lotUsdt = lotsToQuantity(1, rules) * ticksToPrice(price.sizeTicks, rules);
  const asked = usdtOfAsk(ask, price.sizeTicks, rules);
  if (lots === 0 && requestedLots >= minLots && trace.reasons.some((reason) => reason.code === binding)) {
    // The reason that names the binding budget stands already; the order is denied on it.
    trace.note(12, 'PROJECTION', 'deny', 0, minLots, 'lots');
    trace.denied = true;
    return;
  }
  trace.deny(12, 'BELOW_MINIMUM', asked, minLots * lotUsdt, 'USDT');
}

/**
 * Rule 13: every cap once more in integers (lots x ticks), on the strings that will be sent, independent of how they
 * came about. INVARIANT: nothing leaves the gate that fails here.
 */
function recheck(
  trace: Trace,
  context: ExecutionContext,
  { set, locked, requestedLots, rules }: Fitting,
  effective: SizedAction,
): void {
  const lots = readDecimal(effective.quantity, rules.lot_scale) / rules.lot_mantissa;
  const ticks = readDecimal(effective.limit_price ?? '', rules.tick_scale) / rules.tick_mantissa;
  const units = lots * Math.max(ceilTicks(context.market.mark ?? Number.NaN, rules), ticks);
  const leverage = effective.leverage ?? 1;
  const charged = locked === null ? leverage : Math.min(leverage, locked);
  let worst = '';
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  for (let i = 0; i < codes.length; i += 1) {
    // A bound without its figures would be NaN here, and so not met.
    const room = (capsUsdt[i] ?? Number.NaN) - (basesUsdt[i] ?? Number.NaN);
    if (!hasUnits(room, rules, units)) worst = codes[i] ?? 'FORM';
  }
  if (!hasUnits(marginBound(set.marginUsdt, charged, set.phi), rules, units)) worst = 'BUDGET_MARGIN';
  if (!(leverage <= set.leverageCap)) worst = 'BUDGET_LEVERAGE';
  if (!(lots >= 1 && lots <= requestedLots && lots === effective.lots && ticks === effective.price_ticks && ticks > 0))
    worst = 'FORM';
  if (!Number.isSafeInteger(units)) worst = 'RANGE';
  if (worst === '') trace.pass(13, 'RECHECK', units, null, 'units');
  else trace.deny(13, 'INTERNAL_RECHECK', worst, units, 'units');
}

/** Rule 14: slices by regime, bounded by the order tokens left; a later slice is never split again. */
function stage({ trace, context, policy, found }: Deciding, lots: number, minLots: number): readonly number[] {
  if (context.phase !== 'parent') {
    trace.pass(14, 'STAGING', 1, 1, 'slices');
    return [lots];
  }
  const regimeSlices = policy.regimes[found.regime.regime].slices;
  const plan = planSlices(lots, minLots, regimeSlices, rateTokensLeft(context, policy, found.budget));
  trace.pass(14, 'STAGING', plan.length, regimeSlices, 'slices');
  return plan;
}

/** Order tokens left for opening orders now: the account's window and the agent's own (SAE-M4). */
function rateTokensLeft(context: ExecutionContext, policy: CompiledPolicy, budget: BudgetComponents): number {
  const account = budget.order_rate - context.pacing.account_sends;
  if (policy.agentBudgets === null) return account;
  return Math.min(account, policy.agentBudgets.order_rate.max - context.pacing.agent_sends);
}

/** k = max(1, min(regime slices, floor(q / q_min), order tokens left)) parts of at least q_min each (SAE-M5). */
export function planSlices(lots: number, minLots: number, regimeSlices: number, tokensLeft: number): readonly number[] {
  const count = Math.max(1, Math.min(regimeSlices, Math.floor(lots / minLots), tokensLeft));
  if (count === 1) return [lots];
  const each = Math.floor(lots / count);
  const extra = lots - each * count;
  const plan: number[] = [];
  for (let slice = 0; slice < count; slice += 1) plan.push(slice < extra ? each + 1 : each);
  return plan;
}

export function describePlan(plan: readonly number[], rules: RulesView, spacingMs: number): readonly StagedSlice[] {
  return plan.map((lots, slice) => ({ delay_ms: slice * spacingMs, quantity: formatQuantity(lots, rules), slice }));
}
