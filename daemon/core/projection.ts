import type { CompiledPolicy } from './compiled-policy.ts';
import type { ExecutionContext, RulesView } from './context.ts';
import type { BudgetComponents } from './decision.ts';
import { floorSnap, unitsToUsdt } from './quantities.ts';
import type { ReasonCode } from './reasons.ts';
import type { Side } from './request.ts';

/**
 * The feasible set F(B_t) of one opening order as upper bounds (SAE-PROJ, DESIGN "Arithmetic"). Each notional bound is
 * `cap - base`: the cap as a whole and what is already counted against it, both USDT.
 */
export interface NotionalBound {
  readonly code: ReasonCode;
  readonly capUsdt: number;
  readonly baseUsdt: number;
}
export interface FeasibleSet {
  /** 1 <= l <= leverageCap, a whole number. */
  readonly leverageCap: number;
  readonly bounds: readonly NotionalBound[];
  /** M: free margin, USDT. */
  readonly marginUsdt: number;
  /** phi: cost per unit of notional beside the initial margin (both fees and the slippage bound). */
  readonly phi: number;
}

/** Smallest leverage distance rule: at leverage l an isolated position opened now is this far from liquidation. */
export function leverageForDistance(side: Side, distance: number, maintenanceRate: number): number {
  const inverse =
    side === 'buy' ? 1 - (1 - distance) * (1 - maintenanceRate) : (1 + distance) * (1 + maintenanceRate) - 1;
  return inverse > 0 ? 1 / inverse : Number.MAX_SAFE_INTEGER;
}

export function buildFeasibleSet(
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  budget: BudgetComponents,
  leverage: number,
  slippageBps: number,
): FeasibleSet {
  const { exposure, account, pacing, agent } = context;
  const equity = account === null ? 0 : account.equity_usdt;
  const base = unitsToUsdt(side === 'buy' ? exposure.long_units : exposure.short_units, rules);
  const grossOther = exposure.gross_other_usdt;
  const { share, floor_usdt: floor } = policy.spec.account.concentration;
  // share = 1 switches concentration off: c/(1-c) has no finite value there.
  const concentration = share >= 1 ? Number.MAX_SAFE_INTEGER : Math.max(floor, (share / (1 - share)) * grossOther);
  // The venue applies its own setting, which stays while a position or order exists; what no bracket names is closed.
  const { leverage_locked: locked, leverage_setting: setting } = context.market;
  const atVenue = locked && setting !== null ? Math.max(leverage, setting) : leverage;
  const bracket = rules.bracket_caps[atVenue - 1] ?? 0;
  const bounds: NotionalBound[] = [
    { code: 'BUDGET_NOTIONAL', capUsdt: budget.order_notional_usdt, baseUsdt: 0 },
    { code: 'BUDGET_SYMBOL', capUsdt: budget.symbol_notional_usdt, baseUsdt: base },
    { code: 'BUDGET_GROSS', capUsdt: budget.gross_notional_usdt, baseUsdt: grossOther + base },
    { code: 'BUDGET_ACCOUNT_LEVERAGE', capUsdt: leverageCapOf(budget) * equity, baseUsdt: grossOther + base },
    { code: 'BUDGET_CONCENTRATION', capUsdt: concentration, baseUsdt: base },
    { code: 'BUDGET_BRACKET', capUsdt: bracket, baseUsdt: base },
  ];
  if (context.phase === 'parent') {
    const { turnover_usdt_per_day: turnover, fees_usdt_per_day: fees } = policy.budgets;
    bounds.push({
      code: 'BUDGET_TURNOVER',
      capUsdt: turnover,
      baseUsdt: pacing.turnover_usdt + pacing.pending_turnover_usdt,
    });
    if (rules.taker_fee > 0) {
      bounds.push({
        code: 'BUDGET_TURNOVER',
        capUsdt: fees / rules.taker_fee,
        baseUsdt: pacing.fees_usdt / rules.taker_fee + pacing.pending_turnover_usdt,
      });
    }
  }
  const own = policy.agentBudgets;
  if (own !== null) {
    const ownBase = unitsToUsdt(side === 'buy' ? agent.long_units : agent.short_units, rules);
    if (context.phase === 'parent') {
      bounds.push({ code: 'BUDGET_AGENT', capUsdt: own.turnover_usdt_per_day, baseUsdt: agent.turnover_usdt });
      if (rules.taker_fee > 0) {
        bounds.push({
          code: 'BUDGET_AGENT',
          capUsdt: own.fees_usdt_per_day / rules.taker_fee,
          baseUsdt: agent.fees_usdt / rules.taker_fee,
        });
      }
    }
    bounds.push({ code: 'BUDGET_AGENT', capUsdt: own.order_notional_usdt, baseUsdt: 0 });
    bounds.push({ code: 'BUDGET_AGENT', capUsdt: own.symbol_notional_usdt, baseUsdt: ownBase });
    bounds.push({ code: 'BUDGET_AGENT', capUsdt: own.gross_notional_usdt, baseUsdt: agent.gross_other_usdt + ownBase });
  }
  const marginUsdt =
    account === null
      ? 0
      : account.available_usdt - account.reserved_margin_usdt - policy.spec.account.margin_buffer_usdt;
  return {
    leverageCap: feasibleLeverage(policy, rules, side, budget),
    bounds,
    marginUsdt,
    phi: 2 * rules.taker_fee + slippageBps / 1e4,
  };
}

/** The leverage cap of the budget, of the agent's own, and of the distance that is to be kept from liquidation. */
export function feasibleLeverage(
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  budget: BudgetComponents,
): number {
  const distance = policy.spec.account.min_liquidation_distance;
  const byDistance = floorSnap(leverageForDistance(side, distance, rules.maintenance_rate));
  const own = policy.agentBudgets === null ? Number.MAX_SAFE_INTEGER : Math.floor(policy.agentBudgets.leverage);
  return Math.max(1, Math.min(leverageCapOf(budget), own, byDistance));
}

/** The slippage cap of the budget, and of the agent's own, basis points. */
export function slippageCapOf(policy: CompiledPolicy, budget: BudgetComponents): number {
  return policy.agentBudgets === null
    ? budget.slippage_bps
    : Math.min(budget.slippage_bps, policy.agentBudgets.slippage_bps);
}

/** L = max(1, floor(B_L)): the clamp to 1 is the venue's minimum; B_L itself is recorded (SAE section 5). */
export function leverageCapOf(budget: BudgetComponents): number {
  return Math.max(1, floorSnap(budget.leverage));
}

/** Largest notional whose margin and costs fit: n (1/l + phi) <= M. */
export function marginBound(marginUsdt: number, leverage: number, phi: number): number {
  return (marginUsdt * leverage) / (1 + phi * leverage);
}

/**
 * x* = (u_L, min(u_N, M u_L / (1 + phi u_L)), u_S): the greatest element of F below the request, which is the weighted
 * l2 projection for every choice of positive weights. Pure reals; lots come after (quantise).
 */
export function project(
  set: FeasibleSet,
  request: { readonly leverage: number; readonly notional: number },
  lockedLeverage: number | null,
): { readonly leverage: number; readonly notional: number; readonly binding: ReasonCode | null } {
  const leverage = Math.max(1, Math.min(request.leverage, set.leverageCap));
  let notional = request.notional;
  let binding: ReasonCode | null = null;
  for (const bound of set.bounds) {
    const room = bound.capUsdt - bound.baseUsdt;
    if (room < notional) {
      notional = room;
      binding = bound.code;
    }
  }
  const charged = lockedLeverage === null ? leverage : Math.min(leverage, lockedLeverage);
  const margin = marginBound(set.marginUsdt, charged, set.phi);
  if (margin < notional) {
    notional = margin;
    binding = 'BUDGET_MARGIN';
  }
  return { leverage, notional: Math.max(0, notional), binding };
}
