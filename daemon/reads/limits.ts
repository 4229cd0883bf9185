import type { BudgetLine, OpeningLimits, SymbolLimits } from '../contract/types/limits.ts';
import { areUsable } from '../core/arithmetic/quantities.ts';
import { listRows, prepareRows } from '../core/arithmetic/rows.ts';
import type { CompiledPolicy } from '../core/compiled-policy.ts';
import type { ExecutionContext } from '../core/context.ts';
import { decide } from '../core/decide/decide.ts';
import { BUDGETS, type CountedBudget, DAY_BUDGETS } from '../core/keys/budgets.ts';
import type { Budgets } from '../core/policy.ts';
import type { ReasonCode } from '../core/reasons.ts';
import type { ExecutionRequest, Side } from '../core/request.ts';
import { type BudgetFinding, findBudget, lossFactors, recentTradesFactors } from '../core/rules/budgets.ts';
import { feasibleLeverage, findOpeningRoom, leverageCapOf, slippageCapOf } from '../core/rules/projection.ts';
import { listLossRows } from '../core/rules/tightening.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import { liveOrders } from '../engine/orders/orders.ts';
import { bareRequest, parentAsk } from '../engine/plan/orders.ts';
import { longE8, shortE8 } from '../engine/positions/positions.ts';
import type { Caller } from '../engine/records/callers.ts';
import { ceilLots } from '../engine/records/units.ts';
import { exposedSymbols, markInTicks, unitsInUsdt, worstCase } from '../engine/snapshot/exposure.ts';
import { buildContext } from '../engine/snapshot/snapshot.ts';
import { describeHeld, seesAll } from './holders.ts';

const SIDES = ['buy', 'sell'] as const;

/**
 * B_t of one symbol with its factors, and what limits an opening order: computed by the code that decides. Who sees all
 * is shown them as they are for the symbol's holder.
 */
export function describeLimits(core: LiveCore, caller: Caller, symbol: string): SymbolLimits {
  const holder = seesAll(caller) ? core.state.positions.get(symbol)?.holder : null;
  const agent = holder ?? caller.agent;
  const policy = core.policyFor(agent);
  const now = core.nowMs();
  const request: ExecutionRequest = {
    ...bareRequest(core.settings, symbol, core.nowMs()),
    agent,
    origin: 'agent',
  };
  const context = buildContext({
    state: core.state,
    inputs: core.market.inputs(now),
    request,
    policy,
    ask: { ...parentAsk(core.settings), tokenSkillSha256: caller.skillSha256 },
  });
  const found = findBudget(context, policy);
  const cooldownMs = policy.regimes[found.regime.regime].cooldownMs;
  const last = context.pacing.last_open_parent_at_ms;
  const opening = {
    buy: describeOpening({ ...request, side: 'buy' }, context, policy, found),
    sell: describeOpening({ ...request, side: 'sell' }, context, policy, found),
  };
  const inScope = policy.symbols.has(symbol);
  const leverageCap = leverageCapFor(context, policy, found);
  const lines = listLines({ core, symbol, context, policy, found, leverageCap });
  return {
    budgets: inScope ? lines : lines.map((line) => ({ ...line, remaining: 0 })),
    cooldown_remaining_ms: last === null ? 0 : Math.max(0, last + cooldownMs - now),
    factors: {
      account: found.record.account,
      loss: lossFactors(context, policy),
      market: found.record.market,
      trader: recentTradesFactors(context, policy),
      trust: found.record.trust,
    },
    held: describeHeld(core, caller.agent, symbol),
    in_scope: inScope,
    leverage_cap: leverageCap,
    opening,
    regime: found.regime.regime,
    symbol,
    trading_state: context.state.state,
  };
}

/** Codes of a side that cannot be opened at any size: out of scope, another's, opposite to the position, or full. */
const CLOSED_SIDE: ReadonlySet<string> = new Set([
  'SCOPE_SYMBOL',
  'SYMBOL_HELD',
  'SYMBOL_UNOWNED',
  'AGAINST_POSITION',
  'OPENINGS_RESTING',
]);

function describeOpening(
  bare: ExecutionRequest & { readonly side: Side },
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
): OpeningLimits {
  const room = findOpeningRoom(context, policy, found.budget, bare.side);
  // At the bound at which a lot counts for least: what is below the venue's minimum there, is so at every other.
  const form = { max_slippage_bps: 0, order_type: 'market' } as const;
  const request = { ...bare, ...form, requested_notional: room.notionalUsdt };
  const decision = decide(request, context, policy);
  const blockedBy = decision.verdicts.filter(({ outcome }) => outcome === 'deny').map(({ code }) => code);
  const isClosed = blockedBy.some((code) => CLOSED_SIDE.has(code));
  return {
    blocked_by: [...new Set(blockedBy)],
    bound_by: room.boundBy,
    remaining_usdt: isClosed ? 0 : room.notionalUsdt,
  };
}

function leverageCapFor(context: ExecutionContext, policy: CompiledPolicy, found: BudgetFinding): number {
  const { rules } = context.market;
  if (rules === null)
    return Math.max(1, Math.min(leverageCapOf(found.budget), Math.floor(policy.agentBudgets?.leverage ?? Infinity)));
  return Math.min(...SIDES.map((side) => feasibleLeverage(policy, rules, side, found.budget)));
}

interface LineInputs {
  readonly core: LiveCore;
  readonly symbol: string;
  readonly context: ExecutionContext;
  readonly policy: CompiledPolicy;
  readonly found: BudgetFinding;
  readonly leverageCap: number;
}
type Figures = readonly [base: number, limit: number, used: number, reserved: number];

/** Budgets of the account that have no key in the policy. */
const BOUNDS = {
  account_leverage_usdt: 'BUDGET_ACCOUNT_LEVERAGE',
  concentration_usdt: 'BUDGET_CONCENTRATION',
  bracket_usdt: 'BUDGET_BRACKET',
  margin_usdt: 'BUDGET_MARGIN',
} as const satisfies {
  readonly [component in Exclude<BudgetLine['component'], CountedBudget | LossComponent>]: ReasonCode;
};
type LossComponent = `agent_loss_${'day' | 'week'}_usdt`;

function buildLine(
  component: BudgetLine['component'],
  code: ReasonCode,
  unit: string,
  [base, limit, used, reserved]: Figures,
): BudgetLine {
  return { base, code, component, limit, remaining: Math.max(0, limit - used - reserved), reserved, unit, used };
}
/** The account's cap or the agent's own, whichever has less left: of a size its own has a code of its own. */
function tighter(key: CountedBudget, account: Figures, agents: Figures | null): BudgetLine {
  const { code, unit } = BUDGETS[key];
  const line = buildLine(key, code, unit, account);
  const own = agents && buildLine(key, unit === 'USDT' ? 'BUDGET_AGENT' : code, unit, agents);
  return own === null || own.remaining >= line.remaining ? line : own;
}

/** On the side of which less is left; the rows of a decision. */
function listBounds({ context, policy, found, leverageCap }: LineInputs): readonly BudgetLine[] {
  const { rules } = context.market;
  if (rules === null || !areUsable(rules)) return [];
  const slippageBps = slippageCapOf(policy, found.budget);
  const rows = SIDES.flatMap((side) =>
    listRows(
      prepareRows({ context, policy, found, rules, side, leverage: leverageCap, slippageBps, valueTicks: null }),
    ),
  );
  return (Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]).flatMap((component) => {
    const [least] = rows.filter(({ code }) => code === BOUNDS[component]).sort((a, b) => a.left - b.left);
    if (least === undefined) return [];
    const { base, cap, code, left, reserved, unit, used } = least;
    return [{ base, code, component, limit: cap, remaining: left, reserved, unit, used }];
  });
}

function listLines(inputs: LineInputs): readonly BudgetLine[] {
  const { context, policy, found, leverageCap } = inputs;
  const { base, budget, own } = { base: policy.budgets, budget: found.budget, own: policy.agentBudgets };
  const flat = (key: 'leverage' | 'order_notional_usdt' | 'slippage_bps'): BudgetLine =>
    tighter(key, [base[key], budget[key], 0, 0], own && [own[key], own[key], 0, 0]);
  const leverage = flat('leverage');
  const { pacing, agent } = context;
  return [
    { ...leverage, remaining: Math.min(leverage.remaining, Math.max(1, leverageCap)) },
    flat('order_notional_usdt'),
    ...listExposure(inputs, own),
    ...listBounds(inputs),
    tighter(
      'order_rate',
      [base.order_rate.max, budget.order_rate, pacing.account_sends, 0],
      own && [own.order_rate.max, own.order_rate.max, pacing.agent_sends, 0],
    ),
    flat('slippage_bps'),
    tighter(
      'concurrent_positions',
      [base.concurrent_positions, base.concurrent_positions, ...countPositions(inputs.core)],
      own && [own.concurrent_positions, own.concurrent_positions, countOwn(context), 0],
    ),
    ...DAY_BUDGETS.map(({ key, pendingUsdt, usedUsdt }) =>
      tighter(
        key,
        [base[key], base[key], usedUsdt(pacing), pendingUsdt(pacing)],
        own && [own[key], own[key], usedUsdt(agent), pendingUsdt(agent)],
      ),
    ),
    ...listLossRows(context, policy).map(({ span, tierUsdt, usedUsdt }) =>
      // What is not known counts as all of it.
      buildLine(`agent_loss_${span}_usdt`, 'AGENT_LOSS', 'USDT', [
        tierUsdt,
        tierUsdt,
        Number.isNaN(usedUsdt) ? tierUsdt : usedUsdt,
        0,
      ]),
    ),
  ];
}

/** Symbol and gross notional: the position is used, what may still fill is reserved. */
function listExposure(inputs: LineInputs, own: Budgets | null): readonly BudgetLine[] {
  const { core, symbol, context, policy, found } = inputs;
  const rules = core.state.rules.get(symbol);
  const usdtOf = (units: number): number => (rules === undefined ? 0 : unitsInUsdt(units, rules));
  const here = exposureUsdt(core, symbol);
  let grossUsed = 0;
  for (const other of exposedSymbols(core.state)) grossUsed += exposureUsdt(core, other).used;
  // From the context, where anything that cannot be valued leaves no room.
  const gross = context.exposure.gross_other_usdt + here.worst;
  const agents = usdtOf(Math.max(context.agent.long_units, context.agent.short_units));
  const build = (
    key: 'symbol_notional_usdt' | 'gross_notional_usdt',
    used: number,
    worst: number,
    ownUsdt: number,
  ): BudgetLine =>
    tighter(
      key,
      [policy.budgets[key], found.budget[key], used, Math.max(0, worst - used)],
      own && [own[key], own[key], ownUsdt, 0],
    );
  return [
    build('symbol_notional_usdt', here.used, here.worst, agents),
    build('gross_notional_usdt', grossUsed, gross, context.agent.gross_other_usdt + agents),
  ];
}

function countPositions(core: LiveCore): readonly [open: number, reserved: number] {
  let open = 0;
  for (const position of core.state.positions.values()) if (longE8(position) + shortE8(position) > 0) open += 1;
  return [open, Math.max(0, exposedSymbols(core.state).length - open)];
}
function countOwn({ agent }: ExecutionContext): number {
  return agent.other_positions + (agent.long_units > 0 || agent.short_units > 0 ? 1 : 0);
}

/** Worst-case exposure of a symbol in USDT, for status and limits. */
function exposureUsdt(core: LiveCore, symbol: string): { readonly used: number; readonly worst: number } {
  const rules = core.state.rules.get(symbol);
  const live = core.market.symbol(symbol);
  const position = core.state.positions.get(symbol);
  if (rules === undefined || live === null) return { used: 0, worst: 0 };
  const held =
    position === undefined ? { longE8: 0, shortE8: 0 } : { longE8: longE8(position), shortE8: shortE8(position) };
  const ticks = markInTicks(live.mark, rules);
  const worst = worstCase(held, liveOrders(core.state.orders, symbol), ticks, rules);
  return {
    used: unitsInUsdt(ceilLots(Math.max(held.longE8, held.shortE8), rules) * ticks, rules),
    worst: unitsInUsdt(Math.max(worst.longUnits, worst.shortUnits), rules),
  };
}
