import { figureText, keepNewest, listText, numberOrNull, numberText, quoted, wordOrNull } from '../canonical-json.ts';
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

/**
 * `canonicalJson` of the parts of SAE-DEC, as a caller is answered. Written by `npm run generate` from the schemas of
 * contract/decision.ts. Each writer throws CanonicalJsonError when a figure is not finite.
 */

function writeFactors(of: BudgetFactors): string {
  if (of === ONE) return '{"leverage":1,"notional":1,"order_rate":1,"slippage":1}';
  return (
    `{"leverage":${numberText(of.leverage)},"notional":${numberText(of.notional)}` +
    `,"order_rate":${numberText(of.order_rate)},"slippage":${numberText(of.slippage)}}`
  );
}

function isSameFactors(a: BudgetFactors, b: BudgetFactors | undefined): boolean {
  return (
    a === b ||
    (b !== undefined &&
      a.leverage === b.leverage &&
      a.notional === b.notional &&
      a.order_rate === b.order_rate &&
      a.slippage === b.slippage)
  );
}

function writeComponents(of: BudgetComponents): string {
  return (
    `{"gross_notional_usdt":${numberText(of.gross_notional_usdt)},"leverage":${numberText(of.leverage)}` +
    `,"order_notional_usdt":${numberText(of.order_notional_usdt)}` +
    `,"order_rate":${numberText(of.order_rate)},"slippage_bps":${numberText(of.slippage_bps)}` +
    `,"symbol_notional_usdt":${numberText(of.symbol_notional_usdt)}}`
  );
}

function isSameComponents(a: BudgetComponents, b: BudgetComponents | undefined): boolean {
  return (
    a === b ||
    (b !== undefined &&
      a.leverage === b.leverage &&
      a.order_notional_usdt === b.order_notional_usdt &&
      a.symbol_notional_usdt === b.symbol_notional_usdt &&
      a.gross_notional_usdt === b.gross_notional_usdt &&
      a.order_rate === b.order_rate &&
      a.slippage_bps === b.slippage_bps)
  );
}

export const writeBudget: (of: BudgetRecord) => string = keepNewest(
  (of: BudgetRecord): string =>
    `{"account":${writeFactors(of.account)},"budget":${writeComponents(of.budget)}` +
    `,"market":${writeFactors(of.market)},"regime":"${of.regime}","trader":${writeFactors(of.trader)}` +
    `,"trust":${writeFactors(of.trust)}}`,
  (a, b) =>
    isSameFactors(a.market, b.market) &&
    isSameFactors(a.account, b.account) &&
    isSameFactors(a.trust, b.trust) &&
    isSameFactors(a.trader, b.trader) &&
    a.regime === b.regime &&
    isSameComponents(a.budget, b.budget),
);

function writeSlice(of: StagedSlice): string {
  return `{"delay_ms":${numberText(of.delay_ms)},"quantity":"${of.quantity}","slice":${numberText(of.slice)}}`;
}

function isSameSlice(a: StagedSlice, b: StagedSlice | undefined): boolean {
  return a === b || (b !== undefined && a.slice === b.slice && a.quantity === b.quantity && a.delay_ms === b.delay_ms);
}

export const writeConstraints: (of: Constraints) => string = keepNewest(
  (of: Constraints): string =>
    `{"cooldown_ms":${numberText(of.cooldown_ms)},"leverage_cap":${numberText(of.leverage_cap)}` +
    `,"notional_cap":${numberText(of.notional_cap)},"order_rate_cap":${numberText(of.order_rate_cap)}` +
    `,"slippage_cap_bps":${numberText(of.slippage_cap_bps)}` +
    `,"staging_plan":${listText(of.staging_plan, writeSlice)}}`,
  (a, b) =>
    a.leverage_cap === b.leverage_cap &&
    a.notional_cap === b.notional_cap &&
    a.order_rate_cap === b.order_rate_cap &&
    a.slippage_cap_bps === b.slippage_cap_bps &&
    a.cooldown_ms === b.cooldown_ms &&
    a.staging_plan.length === b.staging_plan.length &&
    a.staging_plan.every((item, i) => isSameSlice(item, b.staging_plan[i])),
);

export const writeEffective: (of: EffectiveAction) => string = keepNewest(
  (of: EffectiveAction): string =>
    `{"action":"${of.action}","leverage":${numberOrNull(of.leverage)}` +
    `,"limit_price":${wordOrNull(of.limit_price)},"lots":${numberOrNull(of.lots)}` +
    `,"max_slippage_bps":${numberOrNull(of.max_slippage_bps)},"notional":${numberText(of.notional)}` +
    `,"order_type":"${of.order_type}","price_ticks":${numberOrNull(of.price_ticks)}` +
    `,"quantity":${wordOrNull(of.quantity)},"reduce_only":${of.reduce_only}` +
    `,"requested_quantity":${wordOrNull(of.requested_quantity)},"side":"${of.side}"` +
    `,"time_in_force":${wordOrNull(of.time_in_force)}}`,
  (a, b) =>
    a.action === b.action &&
    a.quantity === b.quantity &&
    a.requested_quantity === b.requested_quantity &&
    a.lots === b.lots &&
    a.side === b.side &&
    a.notional === b.notional &&
    a.leverage === b.leverage &&
    a.order_type === b.order_type &&
    a.time_in_force === b.time_in_force &&
    a.limit_price === b.limit_price &&
    a.max_slippage_bps === b.max_slippage_bps &&
    a.reduce_only === b.reduce_only &&
    a.price_ticks === b.price_ticks,
);

export function writeReason(of: Reason): string {
  return (
    `{"code":"${of.code}","hint":${quoted(of.hint)},"limit":${figureText(of.limit)}` +
    `,"message":${quoted(of.message)},"observed":${figureText(of.observed)},"unit":${wordOrNull(of.unit)}}`
  );
}

export function writeVerdict(of: RuleVerdict): string {
  return (
    `{"code":"${of.code}"` +
    (of.limit === undefined ? '' : `,"limit":${figureText(of.limit)}`) +
    (of.observed === undefined ? '' : `,"observed":${figureText(of.observed)}`) +
    `,"outcome":"${of.outcome}","rule":${numberText(of.rule)}` +
    (of.unit === undefined ? '' : `,"unit":${wordOrNull(of.unit)}`) +
    '}'
  );
}

export function isSameVerdict(a: RuleVerdict, b: RuleVerdict | undefined): boolean {
  return (
    a === b ||
    (b !== undefined &&
      a.rule === b.rule &&
      a.code === b.code &&
      a.outcome === b.outcome &&
      a.observed === b.observed &&
      a.limit === b.limit &&
      a.unit === b.unit)
  );
}
