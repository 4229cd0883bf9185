import { type Violation, violationAt } from '../contract/schema/violations.ts';
import { isAtMost } from '../core/looser/is-at-most.ts';
import type { LooserKey } from '../core/policy.ts';
import { profileOf, type VenueName } from '../core/venues.ts';
import type { LoadedPolicy } from './parse.ts';

/** What happens to a policy that a running daemon has read. */
export type ReloadDecision =
  | { readonly action: 'in_force' }
  /**
   * Looser in at least one key: waits for an operator. `not_before_ms` (domain time) is set on a live venue only: the
   * earliest time at which an operator may put it in force.
   */
  | { readonly action: 'pending'; readonly looser: readonly LooserKey[]; readonly not_before_ms?: number }
  /** Cannot run on this venue; the policy in force stays. */
  | { readonly action: 'refused'; readonly violations: readonly Violation[] };

/**
 * A candidate takes effect at once only if it is not looser than the policy in force.
 * The delay is that of the policy in force: a candidate cannot shorten its own wait. The same rule applies at start,
 * against the policy that was last in force; only a first start has none.
 *
 * @param nowMs domain time of the comparison, from which on it waits
 */
export function decideReload(
  candidate: LoadedPolicy,
  inForce: LoadedPolicy,
  venue: VenueName,
  nowMs: number,
): ReloadDecision {
  const violations = checkVenue(candidate, venue);
  if (violations.length > 0) return { action: 'refused', violations };
  if (candidate.hash === inForce.hash) return { action: 'in_force' };
  const looser = isAtMost(candidate.spec, inForce.spec);
  if (looser.length === 0) return { action: 'in_force' };
  if (!profileOf(venue).isRealMoney) return { action: 'pending', looser };
  return { action: 'pending', looser, not_before_ms: nowMs + inForce.spec.loosen_delay_ms };
}

/** Requirements of a policy to run on a venue, at start and at every reload. */
export function checkVenue(policy: LoadedPolicy, venue: VenueName): Violation[] {
  const { spec } = policy;
  const violations: Violation[] = [];
  if (!spec.scope.venues.includes(venue)) {
    violations.push(violationAt('scope.venues', `does not name the venue of this daemon, ${venue}`));
  }
  if (spec.mode === 'shadow' && !profileOf(venue).isSimulated) {
    violations.push(violationAt('mode', `shadow is refused on ${venue}`, spec.mode, '"enforce"'));
  }
  return violations;
}
