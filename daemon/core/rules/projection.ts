import { floorSnap, lotsToQuantity, type RulesView, unitsToUsdt } from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { BudgetComponents } from '../decision.ts';
import { BUDGETS, boundingOfDay, type Spent } from '../keys/budgets.ts';
import type { Budgets } from '../policy.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Side } from '../request.ts';

/**
 * The feasible set F(B_t) of one opening order as upper bounds (SAE-PROJ, DESIGN "Arithmetic"). Each notional bound is
 * `cap - base`: the cap as a whole and what is already counted against it, both USDT. Three lists of equal length, by
 * position: a list of numbers is one object, a list of bounds would be one for each.
 */
export interface NotionalBounds {
  readonly codes: readonly ReasonCode[];
  readonly capsUsdt: readonly number[];
  readonly basesUsdt: readonly number[];
}
export interface FeasibleSet {
  /** 1 <= l <= leverageCap, a whole number. */
  readonly leverageCap: number;
  readonly bounds: NotionalBounds;
  /** M: free margin, USDT. */
  readonly marginUsdt: number;
  /** phi: cost per unit of notional beside the initial margin (both fees and the slippage bound). */
  readonly phi: number;
}

const LASTING_BOUNDS: readonly ReasonCode[] = [
  'BUDGET_NOTIONAL',
  'BUDGET_SYMBOL',
  'BUDGET_GROSS',
  'BUDGET_ACCOUNT_LEVERAGE',
  'BUDGET_CONCENTRATION',
  'BUDGET_BRACKET',
];

/** Smallest leverage distance rule: at leverage l an isolated position opened now is this far from liquidation. */
function leverageForDistance(side: Side, distance: number, maintenanceRate: number): number {
  const inverse =
    side === 'buy' ? 1 - (1 - distance) * (1 - maintenanceRate) : (1 + distance) * (1 + maintenanceRate) - 1;
  return inverse > 0 ? 1 / inverse : Number.MAX_SAFE_INTEGER;
}

/** What a feasible set is built for. */
interface OpeningTerms {
  readonly side: Side;
  readonly budget: BudgetComponents;
  readonly leverage: number;
  /** That of {@link feasibleLeverage}, which the caller has at hand. */
  readonly leverageCap: number;
  readonly slippageBps: number;
}

export function buildFeasibleSet(
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  { side, budget, leverage, leverageCap, slippageBps }: OpeningTerms,
): FeasibleSet {
  const { exposure, account } = context;
  const equity = account === null ? 0 : account.equity_usdt;
  const base = unitsToUsdt(side === 'buy' ? exposure.long_units : exposure.short_units, rules);
  const grossOther = exposure.gross_other_usdt;
  const { share, floor_usdt: floor } = policy.spec.account.concentration;
  // share = 1 switches concentration off: c/(1-c) has no finite value there.
  // RISK: an order may never fill: another symbol's filled lots alone are a counterweight.
  const heldOther = exposure.gross_other_sent_usdt;
  const concentration = share >= 1 ? Number.MAX_SAFE_INTEGER : Math.max(floor, (share / (1 - share)) * heldOther);
  // The venue applies its own setting, which stays while a position or order exists; what no bracket names is closed.
  const { leverage_locked: locked, leverage_setting: setting } = context.market;
  const atVenue = locked && setting !== null ? Math.max(leverage, setting) : leverage;
  const bracket = rules.bracket_caps[atVenue - 1] ?? 0;
  const gross = grossOther + base;
  const capsUsdt = [
    budget.order_notional_usdt,
    budget.symbol_notional_usdt,
    budget.gross_notional_usdt,
    leverageCapOf(budget) * equity,
    concentration,
    bracket,
  ];
  const basesUsdt = [0, base, gross, gross, base, base];
  const bounds = { codes: [...LASTING_BOUNDS], capsUsdt, basesUsdt };
  addBoundsOfDay(bounds, context, rules.taker_fee, policy.budgets, context.pacing);
  if (policy.agentBudgets !== null) addOwnBounds(bounds, policy.agentBudgets, context, rules, side);
  const marginUsdt =
    account === null
      ? 0
      : account.available_usdt - account.reserved_margin_usdt - policy.spec.account.margin_buffer_usdt;
  return {
    leverageCap,
    bounds,
    marginUsdt,
    phi: 2 * rules.taker_fee + slippageBps / 1e4,
  };
}

/** Bounds while they are listed. */
interface Lists {
  readonly codes: ReasonCode[];
  readonly capsUsdt: number[];
  readonly basesUsdt: number[];
}
function addBound({ codes, capsUsdt, basesUsdt }: Lists, code: ReasonCode, capUsdt: number, baseUsdt: number): void {
  codes.push(code);
  capsUsdt.push(capUsdt);
  basesUsdt.push(baseUsdt);
}

/** Fees bound as the turnover that they pay for. */
function addBoundsOfDay(
  lists: Lists,
  context: ExecutionContext,
  takerFee: number,
  budgets: Budgets,
  spent: Spent,
): void {
  for (const { key, pendingUsdt, perUsdt, usedUsdt } of boundingOfDay(context, takerFee)) {
    const per = perUsdt(takerFee);
    const code = spent === context.pacing ? BUDGETS[key].code : 'BUDGET_AGENT';
    addBound(lists, code, budgets[key] / per, (usedUsdt(spent) + pendingUsdt(spent)) / per);
  }
}

/** The caps of the agent itself, behind those of the account. */
function addOwnBounds(lists: Lists, own: Budgets, context: ExecutionContext, rules: RulesView, side: Side): void {
  const { agent } = context;
  const base = unitsToUsdt(side === 'buy' ? agent.long_units : agent.short_units, rules);
  addBoundsOfDay(lists, context, rules.taker_fee, own, agent);
  addBound(lists, 'BUDGET_AGENT', own.order_notional_usdt, 0);
  addBound(lists, 'BUDGET_AGENT', own.symbol_notional_usdt, base);
  addBound(lists, 'BUDGET_AGENT', own.gross_notional_usdt, agent.gross_other_usdt + base);
}

/** Leverage up to which a position opened now keeps the policy's distance from liquidation; 0: none does. */
function leverageByDistance(policy: CompiledPolicy, rules: RulesView, side: Side): number {
  return floorSnap(leverageForDistance(side, policy.spec.account.min_liquidation_distance, rules.maintenance_rate));
}

/** The leverage cap of the budget, of the agent's own, and of the distance that is to be kept from liquidation. */
export function feasibleLeverage(
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  budget: BudgetComponents,
): number {
  const byDistance = leverageByDistance(policy, rules, side);
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
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  for (let i = 0; i < codes.length; i += 1) {
    const room = (capsUsdt[i] ?? 0) - (basesUsdt[i] ?? 0);
    if (room < notional) {
      notional = room;
      binding = codes[i] ?? null;
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

/** Largest opening order of one side that no budget cuts. */
interface OpeningRoom {
  readonly notionalUsdt: number;
  /** The least bound; null when a price or the filters are not known, so that nothing can be opened. */
  readonly boundBy: ReasonCode | null;
}

/**
 * The least bound of F(B_t) (SAE-PROJ), from the very bounds that a decision checks. It holds for every leverage from 1
 * to the cap and for every slippage bound that is not cut: margin is least at 1, a bracket at the cap.
 */
export function findOpeningRoom(
  context: ExecutionContext,
  policy: CompiledPolicy,
  budget: BudgetComponents,
  side: Side,
): OpeningRoom {
  const { rules, mark } = context.market;
  if (rules === null || mark === null) return { notionalUsdt: 0, boundBy: null };
  const slippageBps = slippageCapOf(policy, budget);
  const cap = feasibleLeverage(policy, rules, side, budget);
  const setAt = (leverage: number): FeasibleSet =>
    buildFeasibleSet(context, policy, rules, { budget, leverage, leverageCap: cap, side, slippageBps });
  const set = setAt(1);
  let least = marginBound(set.marginUsdt, 1, set.phi);
  let boundBy: ReasonCode = 'BUDGET_MARGIN';
  const take = (usdt: number, code: ReasonCode): void => {
    if (usdt >= least) return;
    least = usdt;
    boundBy = code;
  };
  for (const { bounds } of [set, setAt(cap)])
    for (let i = 0; i < bounds.codes.length; i += 1)
      take((bounds.capsUsdt[i] as number) - (bounds.basesUsdt[i] as number), bounds.codes[i] as ReasonCode);
  take(lotsToQuantity(rules.max_lots, rules) * mark, 'ABOVE_MAXIMUM');
  return { notionalUsdt: Math.max(0, least), boundBy };
}
