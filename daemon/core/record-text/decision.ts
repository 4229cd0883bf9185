import { ONE } from '../compiled-policy.ts';
import type {
  BudgetComponents,
  BudgetFactors,
  BudgetRecord,
  Constraints,
  EffectiveAction,
  Reason,
  RuleVerdict,
  StagedSlice,
} from '../decision.ts';
import {
  figureText,
  inOnePiece,
  listText,
  type Names,
  numberOrNull,
  numberText,
  quoted,
  wordOrNull,
} from './scalars.ts';

/** `canonicalJson` of the parts of SAE-DEC. Each throws CanonicalJsonError when a figure is not finite. */

/** Precondition: codes and units are words of ours, as `decide` gives them. */
export function writeVerdicts(verdicts: readonly RuleVerdict[]): string {
  return listText(verdicts, writeVerdict);
}
function writeVerdict(verdict: RuleVerdict, place: number): string {
  const last = lastVerdicts[place];
  if (last !== undefined && isSame(last.verdict, verdict)) return last.text;
  const text = composeVerdict(verdict);
  lastVerdicts[place] = { verdict, text };
  return text;
}

/**
 * The newest verdict at each place of the list, and its text: rules run in one order, and what most of them find stays
 * from one decision to the next. Bounded by the longest list of verdicts.
 */
const lastVerdicts: { readonly verdict: RuleVerdict; readonly text: string }[] = [];
function isSame(a: RuleVerdict, b: RuleVerdict): boolean {
  return (
    a.code === b.code &&
    Object.is(a.observed, b.observed) &&
    Object.is(a.limit, b.limit) &&
    a.outcome === b.outcome &&
    a.rule === b.rule &&
    a.unit === b.unit
  );
}
function composeVerdict(verdict: RuleVerdict): string {
  const { limit, observed, unit } = verdict;
  const head = `{"code":"${verdict.code}",`;
  const text =
    limit === undefined || observed === undefined || unit === undefined
      ? `${head}"outcome":"${verdict.outcome}","rule":${verdict.rule}}`
      : `${head}"limit":${figureText(limit)},"observed":${figureText(observed)}` +
        `,"outcome":"${verdict.outcome}","rule":${verdict.rule},"unit":${wordOrNull(unit)}}`;
  return inOnePiece(text);
}

export function writeReasons(reasons: readonly Reason[]): string {
  return listText(reasons, writeReason);
}
function writeReason(reason: Reason): string {
  return (
    `{"code":"${reason.code}","hint":${quoted(reason.hint)},"limit":${figureText(reason.limit)}` +
    `,"message":${quoted(reason.message)},"observed":${figureText(reason.observed)}` +
    `,"unit":${wordOrNull(reason.unit)}}`
  );
}

export function writeEffective(effective: EffectiveAction | null): string {
  if (effective === null) return 'null';
  return (
    `{"action":"${effective.action}","leverage":${numberOrNull(effective.leverage)}` +
    `,"limit_price":${wordOrNull(effective.limit_price)},"lots":${numberOrNull(effective.lots)}` +
    `,"max_slippage_bps":${numberOrNull(effective.max_slippage_bps)},"notional":${numberText(effective.notional)}` +
    `,"order_type":"${effective.order_type}","price_ticks":${numberOrNull(effective.price_ticks)}` +
    `,"quantity":${wordOrNull(effective.quantity)},"reduce_only":${effective.reduce_only}` +
    `,"requested_quantity":${wordOrNull(effective.requested_quantity)},"side":"${effective.side}"` +
    `,"time_in_force":${wordOrNull(effective.time_in_force)}}`
  );
}

export function writeConstraints(constraints: Constraints): string {
  return (
    `{"cooldown_ms":${numberText(constraints.cooldown_ms)},"leverage_cap":${numberText(constraints.leverage_cap)}` +
    `,"notional_cap":${numberText(constraints.notional_cap)},"order_rate_cap":${numberText(constraints.order_rate_cap)}` +
    `,"slippage_cap_bps":${numberText(constraints.slippage_cap_bps)}` +
    `,"staging_plan":${listText(constraints.staging_plan, writeSlice)}}`
  );
}
function writeSlice(slice: StagedSlice): string {
  return `{"delay_ms":${numberText(slice.delay_ms)},"quantity":"${slice.quantity}","slice":${numberText(slice.slice)}}`;
}

export function writeBudget(record: BudgetRecord): string {
  return (
    `{"account":${writeFactors(record.account)},"budget":${writeComponents(record.budget)}` +
    `,"market":${writeFactors(record.market)},"regime":"${record.regime}"` +
    `,"trader":${writeFactors(record.trader)},"trust":${writeFactors(record.trust)}}`
  );
}
const ONE_TEXT = '{"leverage":1,"notional":1,"order_rate":1,"slippage":1}';
function writeFactors(factors: BudgetFactors): string {
  if (factors === ONE) return ONE_TEXT;
  return (
    `{"leverage":${numberText(factors.leverage)},"notional":${numberText(factors.notional)}` +
    `,"order_rate":${numberText(factors.order_rate)},"slippage":${numberText(factors.slippage)}}`
  );
}
function writeComponents(budget: BudgetComponents): string {
  return (
    `{"gross_notional_usdt":${numberText(budget.gross_notional_usdt)},"leverage":${numberText(budget.leverage)}` +
    `,"order_notional_usdt":${numberText(budget.order_notional_usdt)},"order_rate":${numberText(budget.order_rate)}` +
    `,"slippage_bps":${numberText(budget.slippage_bps)}` +
    `,"symbol_notional_usdt":${numberText(budget.symbol_notional_usdt)}}`
  );
}

export const DECISION_IS_WHOLE: readonly [
  Names<RuleVerdict, 'code' | 'limit' | 'observed' | 'outcome' | 'rule' | 'unit'>,
  Names<Reason, 'code' | 'hint' | 'limit' | 'message' | 'observed' | 'unit'>,
  Names<
    EffectiveAction,
    | 'action'
    | 'leverage'
    | 'limit_price'
    | 'lots'
    | 'max_slippage_bps'
    | 'notional'
    | 'order_type'
    | 'price_ticks'
    | 'quantity'
    | 'reduce_only'
    | 'requested_quantity'
    | 'side'
    | 'time_in_force'
  >,
  Names<
    Constraints,
    'cooldown_ms' | 'leverage_cap' | 'notional_cap' | 'order_rate_cap' | 'slippage_cap_bps' | 'staging_plan'
  >,
  Names<StagedSlice, 'delay_ms' | 'quantity' | 'slice'>,
  Names<BudgetRecord, 'account' | 'budget' | 'market' | 'regime' | 'trader' | 'trust'>,
  Names<BudgetFactors, 'leverage' | 'notional' | 'order_rate' | 'slippage'>,
  Names<
    BudgetComponents,
    'gross_notional_usdt' | 'leverage' | 'order_notional_usdt' | 'order_rate' | 'slippage_bps' | 'symbol_notional_usdt'
  >,
] = [true, true, true, true, true, true, true, true];
