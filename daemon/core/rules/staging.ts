import type { RulesView } from '../context.ts';
import type { StagedSlice } from '../decision.ts';
import { ceilSnap, floorUnits, formatQuantity, hasUnits } from '../quantities.ts';

/** q_min: least lots with q >= minQty and q p >= MIN_NOTIONAL at the price that is sent. */
export function minimumLots(rules: RulesView, priceTicks: number): number {
  const notionalUnits = ceilSnap(
    (rules.min_notional_usdt * (rules.lot_scale * rules.tick_scale)) / (rules.lot_mantissa * rules.tick_mantissa),
  );
  return Math.max(rules.min_lots, Math.ceil(notionalUnits / priceTicks), 1);
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

/** Lots of a notional at a value per lot, never upwards. */
export function lotsFor(notionalUsdt: number, valueTicks: number, rules: RulesView): number {
  if (!(notionalUsdt > 0)) return 0;
  return Math.floor(floorUnits(notionalUsdt, rules) / valueTicks);
}

/**
 * {@link lotsFor}, but not above `wanted` lots, whose units are `wantedUnits`. Most budgets have room to spare, and
 * there nothing need be rounded: units that reach an integer reach it rounded down as well.
 */
export function lotsWithin(
  notionalUsdt: number,
  valueTicks: number,
  rules: RulesView,
  wanted: number,
  wantedUnits: number,
): number {
  if (hasUnits(notionalUsdt, rules, wantedUnits) && Number.isSafeInteger(wantedUnits)) return wanted;
  return Math.min(lotsFor(notionalUsdt, valueTicks, rules), wanted);
}
