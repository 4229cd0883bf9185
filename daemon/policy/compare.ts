import { POLICY_PATHS } from '../core/keys/policy-keys.ts';
import { isAtMost } from '../core/looser/is-at-most.ts';
import type { IntendedPolicySpec, LooserKey } from '../core/policy.ts';
import { type PolicyPath, valueAt } from '../core/policy-paths.ts';

/** What a change of policy does, by key. Every key of the policy is in one of the three. */
export interface PolicyComparison {
  /** As for an operator who must accept it: in one respect or more, or where no direction is safe. */
  readonly looser: readonly LooserKey[];
  /** In nothing looser. */
  readonly tighter: readonly Pick<LooserKey, 'path' | 'from' | 'to'>[];
  readonly equal: readonly PolicyPath[];
}

/** Both must be valid. A section of an agent counts as `agents.NAME.KEY`. */
export function comparePolicies(from: IntendedPolicySpec, to: IntendedPolicySpec): PolicyComparison {
  const looser = isAtMost(to, from);
  const isLooser = new Set(looser.map(({ path }) => path));
  const tighter = isAtMost(from, to)
    .filter(({ path }) => !isLooser.has(path))
    .map((back) => turned(back, from, to));
  const changed = [...looser, ...tighter].map(({ path }) => path);
  const equal = POLICY_PATHS.filter((key) => !changed.some((path) => path === key || path.startsWith(`${key}.`)));
  return { looser, tighter, equal };
}

/** A step of a table is looser at a level, and says nothing of the way back: the whole of both tables does. */
function turned(
  back: LooserKey,
  from: IntendedPolicySpec,
  to: IntendedPolicySpec,
): PolicyComparison['tighter'][number] {
  const path = POLICY_PATHS.find((key) => key === back.path);
  if (path === undefined) return { path: back.path, from: back.to, to: back.from };
  return { path, from: valueAt(from, path) ?? null, to: valueAt(to, path) ?? null };
}
