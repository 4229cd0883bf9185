import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { lotE8, readE8, rulesOf, tickE8 } from '../../daemon/engine/records/units.ts';

type Decided = Pick<DecisionEvent, 'context' | 'decision'>;

/** Lots of a decision, which are of the rules in its own context, in units of 1e-8. */
export function decidedE8(
  {
    context: {
      market: { rules },
    },
  }: Pick<Decided, 'context'>,
  lots: number,
): number {
  return rules === null ? 0 : lots * lotE8(rulesOf(rules));
}
/** What was permitted, in units of 1e-8; 0: nothing. */
export function effectiveE8(event: Decided): number {
  return decidedE8(event, event.decision.effective?.lots ?? 0);
}
/** What was asked for, or permitted where that is more: the exchange's largest order may be less than an exit. */
export function askedE8(event: Decided): number {
  return Math.max(effectiveE8(event), readE8(event.decision.effective?.requested_quantity ?? '0'));
}
/** At what price, in units of 1e-8; null: at the market's. */
export function effectivePriceE8({
  context: {
    market: { rules },
  },
  decision,
}: Decided): number | null {
  const ticks = decision.effective?.price_ticks ?? null;
  return ticks === null || rules === null ? null : ticks * tickE8(rulesOf(rules));
}
