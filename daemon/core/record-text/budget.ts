import { ONE } from '../compiled-policy.ts';
import type { BudgetComponents, BudgetFactors, BudgetRecord, Constraints, StagedSlice } from '../decision.ts';
import { keepNewest } from './kept-text.ts';
import { listText, type Names, numberText } from './scalars.ts';

/** `canonicalJson` of the budgets of SAE-DEC. Each throws CanonicalJsonError when a figure is not finite. */
export const writeBudget: (record: BudgetRecord) => string = keepNewest(composeBudget, isSameBudget);
export const writeConstraints: (constraints: Constraints) => string = keepNewest(composeConstraints, isSameConstraints);

function composeConstraints(constraints: Constraints): string {
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
function isSameConstraints(a: Constraints, b: Constraints): boolean {
  return (
    a.cooldown_ms === b.cooldown_ms &&
    a.leverage_cap === b.leverage_cap &&
    a.notional_cap === b.notional_cap &&
    a.order_rate_cap === b.order_rate_cap &&
    a.slippage_cap_bps === b.slippage_cap_bps &&
    isSamePlan(a.staging_plan, b.staging_plan)
  );
}
function isSamePlan(a: readonly StagedSlice[], b: readonly StagedSlice[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((slice, i) => {
    const other = b[i];
    return slice.delay_ms === other?.delay_ms && slice.quantity === other.quantity && slice.slice === other.slice;
  });
}

function composeBudget(record: BudgetRecord): string {
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
function isSameBudget(a: BudgetRecord, b: BudgetRecord): boolean {
  return (
    isSameFactors(a.account, b.account) &&
    isSameComponents(a.budget, b.budget) &&
    isSameFactors(a.market, b.market) &&
    a.regime === b.regime &&
    isSameFactors(a.trader, b.trader) &&
    isSameFactors(a.trust, b.trust)
  );
}
function isSameFactors(a: BudgetFactors, b: BudgetFactors): boolean {
  if (a === b) return true;
  return (
    a.leverage === b.leverage && a.notional === b.notional && a.order_rate === b.order_rate && a.slippage === b.slippage
  );
}
function isSameComponents(a: BudgetComponents, b: BudgetComponents): boolean {
  return (
    a.gross_notional_usdt === b.gross_notional_usdt &&
    a.leverage === b.leverage &&
    a.order_notional_usdt === b.order_notional_usdt &&
    a.order_rate === b.order_rate &&
    a.slippage_bps === b.slippage_bps &&
    a.symbol_notional_usdt === b.symbol_notional_usdt
  );
}

export const BUDGET_PARTS_ARE_WHOLE: readonly [
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
] = [true, true, true, true, true];
