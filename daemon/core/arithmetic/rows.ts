import type { CompiledPolicy, Factors } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import { boundingOfDay } from '../keys/budgets.ts';
import type { Budgets } from '../policy.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Side } from '../request.ts';
import { type BudgetFinding, lossFactors, recentTradesFactors, strictest } from '../rules/budgets.ts';
import {
  buildFeasibleSet,
  type FeasibleSet,
  feasibleLeverage,
  marginBound,
  slippageCapOf,
} from '../rules/projection.ts';
import { listLossRows } from '../rules/tightening.ts';
import { ceilTicks, lotsFor, type RulesView, ticksToPrice, unitsToUsdt } from './quantities.ts';

/** What each cause leaves of the base: cap = base x all of them (SAE-BUDGET), but for whole numbers, rounded down. */
export interface RowFactors {
  readonly account: number;
  /** Of the agent's own loss. */
  readonly loss: number;
  readonly market: number;
  /** Of the agent's recent trades. */
  readonly trader: number;
  readonly trust: number;
}
/** One budget that can cut or refuse an opening order, in the figures that the decision rests on. */
export interface ArithmeticRow {
  /** B_0 as the policy says, in `unit`. */
  readonly base: number;
  readonly cap: number;
  readonly code: ReasonCode;
  readonly factors: RowFactors;
  /** In words: a code may stand for several budgets. */
  readonly label: string;
  /** cap - used - reserved, not below 0. */
  readonly left: number;
  /**
   * Whole lots that fit into what is left, at `price`; null where the budget is not one of size, or no price is known.
   */
  readonly lots: number | null;
  /** What a lot is valued at: the worse of mark and limit. USDT. */
  readonly price: number | null;
  /** What may still fill, other than this order; of other symbols, what is planned and not sent yet. */
  readonly reserved: number;
  readonly unit: 'USDT' | 'x' | 'bps' | 'lots' | 'orders' | 'positions';
  /** Held, traded or taken; of other symbols, the worst case of what was sent. */
  readonly used: number;
}
const NONE: RowFactors = { account: 1, loss: 1, market: 1, trader: 1, trust: 1 };

/** The order that the rows are for. `valueTicks` null: without a price there are no lots. */
export interface RowInputs {
  readonly context: ExecutionContext;
  readonly policy: CompiledPolicy;
  readonly found: BudgetFinding;
  readonly rules: RulesView;
  readonly side: Side;
  /** That is charged, and at which the bracket and the margin count. */
  readonly leverage: number;
  readonly slippageBps: number;
  readonly valueTicks: number | null;
  readonly set: FeasibleSet;
}

/** As {@link RowInputs}, from what is requested. `slippageBps` and `leverage` as they were cut. */
export function prepareRows(ask: Omit<RowInputs, 'set'>): RowInputs {
  const { context, policy, found, rules, side, leverage, slippageBps } = ask;
  const { budget } = found;
  const leverageCap = feasibleLeverage(policy, rules, side, budget);
  const set = buildFeasibleSet(context, policy, rules, { budget, leverage, leverageCap, side, slippageBps });
  return { ...ask, set };
}

type Described = Omit<ArithmeticRow, 'lots' | 'price' | 'left' | 'code'>;

/** Every budget, in the order in which the rules look at them: those of size first, the feasible set's own bounds. */
export function listRows(inputs: RowInputs): readonly ArithmeticRow[] {
  const { rules, set, valueTicks } = inputs;
  const price = valueTicks === null ? null : ticksToPrice(valueTicks, rules);
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  const described = describeBounds(inputs);
  const rows: ArithmeticRow[] = [];
  for (let i = 0; i < codes.length; i += 1) {
    const capUsdt = capsUsdt[i] ?? Number.NaN;
    const row = described[i];
    // Switched off: no order is that large.
    if (row === undefined || capUsdt >= Number.MAX_SAFE_INTEGER) continue;
    const roomUsdt = Math.max(0, capUsdt - (basesUsdt[i] ?? Number.NaN));
    const left = row.unit === 'USDT' && row.cap === capUsdt ? roomUsdt : Math.max(0, row.cap - row.used - row.reserved);
    const lots = valueTicks === null ? null : lotsFor(roomUsdt, valueTicks, rules);
    rows.push({ ...row, code: codes[i] as ReasonCode, left, lots, price });
  }
  rows.push(marginRow(inputs, price), maximumRow(rules, price), ...restOfRows(inputs));
  // A figure that is not a number, or that an older record does not have, adds up to nothing.
  return rows.filter(({ base, cap, left, reserved, used }) => Number.isFinite(base + cap + left + reserved + used));
}

function factorsOf({ context, found, policy }: RowInputs, key: keyof Factors, market: Factors): RowFactors {
  const { account, trust } = found.record;
  return {
    account: account[key],
    loss: lossFactors(context, policy)[key],
    market: market[key],
    trader: recentTradesFactors(context, policy)[key],
    trust: trust[key],
  };
}
/** g of the strictest symbol with exposure: of all symbols together, and of the order rate. */
function portfolioOf({ found, policy }: RowInputs): Factors {
  return strictest(found.record.market, policy.regimes[found.regime.portfolio].factors);
}

/** In the order of `buildFeasibleSet`, whose bounds they are. */
function describeBounds(inputs: RowInputs): readonly Described[] {
  const { context, policy, found, rules, side, set } = inputs;
  const { exposure, pacing, account } = context;
  const { budgets } = policy;
  const caps = set.bounds.capsUsdt;
  const units = side === 'buy' ? exposure.long_units : exposure.short_units;
  const here = splitUnits(units, side === 'buy' ? exposure.long_lots : exposure.short_lots, context, rules);
  const usdt = (label: string, base: number, cap: number, factors: RowFactors, used: number, reserved: number) =>
    ({ base, cap, factors, label, reserved, unit: 'USDT', used }) as const;
  const plain = (label: string, cap: number, used: number, reserved: number) =>
    usdt(label, cap, cap, NONE, used, reserved);
  const heldOther = exposure.gross_other_sent_usdt;
  const gross = [heldOther + here.used, exposure.gross_other_usdt - heldOther + here.reserved] as const;
  const ofMarket = factorsOf(inputs, 'notional', found.record.market);
  const equity = account === null ? 0 : account.equity_usdt;
  const described: Described[] = [
    usdt('order cap', budgets.order_notional_usdt, caps[0] ?? 0, ofMarket, 0, 0),
    usdt('symbol cap', budgets.symbol_notional_usdt, caps[1] ?? 0, ofMarket, here.used, here.reserved),
    usdt(
      'gross cap',
      budgets.gross_notional_usdt,
      caps[2] ?? 0,
      factorsOf(inputs, 'notional', portfolioOf(inputs)),
      ...gross,
    ),
    usdt(
      'account leverage cap',
      budgets.leverage * equity,
      caps[3] ?? 0,
      factorsOf(inputs, 'leverage', found.record.market),
      ...gross,
    ),
    plain('concentration cap', caps[4] ?? 0, here.used, here.reserved),
    plain(`bracket of the venue at ${inputs.leverage}x`, caps[5] ?? 0, here.used, here.reserved),
  ];
  for (const { key, label, pendingUsdt, usedUsdt } of boundingOfDay(context, rules.taker_fee))
    described.push(plain(label, budgets[key], usedUsdt(pacing), pendingUsdt(pacing)));
  if (policy.agentBudgets !== null) described.push(...describeOwn(inputs, policy.agentBudgets, plain));
  return described;
}

function describeOwn(
  { context, rules, side }: RowInputs,
  own: Budgets,
  plain: (label: string, cap: number, used: number, reserved: number) => Described,
): readonly Described[] {
  const { agent } = context;
  const units = side === 'buy' ? agent.long_units : agent.short_units;
  const share = side === 'buy' ? agent.share_lots : -agent.share_lots;
  const here = splitUnits(units, Math.max(0, share), context, rules);
  return [
    ...boundingOfDay(context, rules.taker_fee).map(({ key, ownLabel, pendingUsdt, usedUsdt }) =>
      plain(ownLabel, own[key], usedUsdt(agent), pendingUsdt(agent)),
    ),
    plain("agent's order cap", own.order_notional_usdt, 0, 0),
    plain("agent's symbol cap", own.symbol_notional_usdt, here.used, here.reserved),
    plain("agent's gross cap", own.gross_notional_usdt, agent.gross_other_usdt + here.used, here.reserved),
  ];
}

/** The worst case of one side: what is held, at the mark, and what may still fill. */
function splitUnits(
  units: number,
  heldLots: number,
  { market }: ExecutionContext,
  rules: RulesView,
): { readonly used: number; readonly reserved: number } {
  const heldUnits =
    market.mark === null ? units : Math.min(units, heldLots * Math.max(1, ceilTicks(market.mark, rules)));
  return { used: unitsToUsdt(heldUnits, rules), reserved: unitsToUsdt(units - heldUnits, rules) };
}

function marginRow(
  { context, policy, rules, set, leverage, valueTicks }: RowInputs,
  price: number | null,
): ArithmeticRow {
  const available = context.account?.available_usdt ?? 0;
  const setting = context.market.leverage_locked ? context.market.leverage_setting : null;
  const charged = setting === null ? leverage : Math.min(leverage, setting);
  const roomUsdt = Math.max(0, marginBound(set.marginUsdt, charged, set.phi));
  return {
    base: available,
    cap: available,
    code: 'BUDGET_MARGIN',
    factors: NONE,
    label: `free margin, at ${charged}x with fees and slippage`,
    left: Math.max(0, set.marginUsdt),
    lots: valueTicks === null ? null : lotsFor(roomUsdt, valueTicks, rules),
    price,
    reserved: context.account?.reserved_margin_usdt ?? 0,
    unit: 'USDT',
    used: context.account === null ? 0 : policy.spec.account.margin_buffer_usdt,
  };
}

function maximumRow(rules: RulesView, price: number | null): ArithmeticRow {
  const lots = rules.max_lots;
  return {
    base: lots,
    cap: lots,
    code: 'ABOVE_MAXIMUM',
    factors: NONE,
    label: 'largest order of the venue',
    left: lots,
    lots: price === null ? null : lots,
    price,
    reserved: 0,
    unit: 'lots',
    used: 0,
  };
}

function row(of: Pick<ArithmeticRow, 'code' | 'label' | 'unit' | 'base' | 'cap' | 'used' | 'factors'>): ArithmeticRow {
  return { ...of, left: Math.max(0, of.cap - of.used), lots: null, price: null, reserved: 0 };
}
type Sides = Pick<ExecutionContext['agent'], 'long_units' | 'short_units'>;
const placesHere = (of: Sides): number => (of.long_units > 0 || of.short_units > 0 ? 1 : 0);

/** Budgets that are not of size. */
function restOfRows(inputs: RowInputs): readonly ArithmeticRow[] {
  const { context, policy, found, set } = inputs;
  const { budgets } = policy;
  const { agent, exposure, pacing, phase } = context;
  const rows = [
    row({
      code: 'BUDGET_LEVERAGE',
      label: 'leverage cap',
      unit: 'x',
      base: budgets.leverage,
      cap: set.leverageCap,
      factors: factorsOf(inputs, 'leverage', found.record.market),
      used: 0,
    }),
    row({
      code: 'PRICE_SLIPPAGE',
      label: 'slippage cap',
      unit: 'bps',
      base: budgets.slippage_bps,
      cap: slippageCapOf(policy, found.budget),
      factors: factorsOf(inputs, 'slippage', found.record.market),
      used: 0,
    }),
    ...listLossRows(context, policy).map(({ label, tierUsdt: tier, usedUsdt: used }) =>
      row({ code: 'AGENT_LOSS', label, unit: 'USDT', base: tier, cap: tier, factors: NONE, used }),
    ),
  ];
  // Paced and counted was a later slice with its parent, and a standing order when it was sent.
  if (phase !== 'parent') return rows;
  const whole = (max: number) => ({ base: max, cap: max, factors: NONE });
  const places = (label: string, max: number, used: number): ArithmeticRow =>
    row({ ...whole(max), code: 'ACCOUNT_POSITIONS', label, unit: 'positions', used });
  const own = policy.agentBudgets;
  return [
    ...rows,
    row({
      code: 'RATE',
      label: 'order rate',
      unit: 'orders',
      base: budgets.order_rate.max,
      cap: found.budget.order_rate,
      factors: factorsOf(inputs, 'order_rate', portfolioOf(inputs)),
      used: pacing.account_sends,
    }),
    places('positions', budgets.concurrent_positions, exposure.other_positions + placesHere(exposure)),
    // Under the codes of the account's, behind them: what has nothing left is what refuses.
    ...(own === null
      ? []
      : [
          row({
            ...whole(own.order_rate.max),
            code: 'RATE',
            label: "agent's order rate",
            unit: 'orders',
            used: pacing.agent_sends,
          }),
          places("agent's positions", own.concurrent_positions, agent.other_positions + placesHere(agent)),
        ]),
  ];
}
