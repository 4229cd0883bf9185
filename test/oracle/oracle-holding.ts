import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';

/**
 * DESIGN 12.1 for whatever opens risk: whose the symbol is, and what there has to end first. An order that rests already
 * was let in: of it only the policy is asked again, and a policy keeps a symbol for one agent.
 */
export function checkHolding(
  request: ExecutionRequest,
  side: Side,
  { exposure, holding, phase }: ExecutionContext,
  policy: IntendedPolicySpec,
  deny: Set<ReasonCode>,
): void {
  const isAgent = request.origin === 'agent';
  const keepers = Object.keys(policy.agents).filter((name) =>
    (policy.agents[name]?.reserve ?? []).some((symbol) => symbol === request.symbol),
  );
  if (keepers.some((name) => request.origin === 'operator' || name !== request.agent)) deny.add('SYMBOL_HELD');
  if (phase === 'standing') return;
  if (holding !== undefined && holding.held_by !== null) deny.add('SYMBOL_HELD');
  // Lots of nobody are the operator's: they hinder agents alone.
  if (isAgent && holding?.is_unowned === true) deny.add('SYMBOL_UNOWNED');
  if ((side === 'buy' ? exposure.short_lots : exposure.long_lots) > 0) deny.add('AGAINST_POSITION');
  if (holding === undefined) return;
  if (holding.unproven_order !== null) deny.add('ORDER_UNPROVEN');
  if (holding.exit_decision !== null) deny.add('EXIT_IN_PROGRESS');
}

/** Openings of an agent in one symbol, where a policy names no number. */
const MAX_OPENINGS = 20;
/** DESIGN 12.4: one more opening than its agent may have there, or than half of what the venue takes, of all. */
export function isOneOpeningTooMany({ openings }: ExecutionContext, { standing }: IntendedPolicySpec): boolean {
  if (openings === undefined) return false;
  const half = BigInt(openings.venue_limit) / 2n;
  return openings.own >= (standing.resting ?? MAX_OPENINGS) || BigInt(openings.all) >= (half > 1n ? half : 1n);
}

/** Most exits of an agent in one symbol that close a part now. */
const MAX_PARTS = 10;
/** DESIGN 12.2: one more part that closes now, of an agent that has as many as it may. A full close is always taken. */
export function isOnePartTooMany(
  { origin }: ExecutionRequest,
  { holding, phase }: ExecutionContext,
  exit: { readonly isWhole: boolean; readonly isResting: boolean },
): boolean {
  if (origin !== 'agent' || phase !== 'parent' || exit.isWhole || exit.isResting) return false;
  return (holding?.open_exits ?? 0) >= MAX_PARTS;
}
