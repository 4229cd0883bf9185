import fc from 'fast-check';
import { factorValue } from '../../daemon/core/compiled-policy.ts';
import type { Direction } from '../../daemon/core/keys/key-row.ts';
import { POLICY_KEYS, POLICY_PATHS } from '../../daemon/core/keys/policy-keys.ts';
import type { Factor, IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { changed, DEFAULT_POLICY, valueAt } from './documents.ts';

/** Keys of the default policy whose value is a number. */
export const SCALARS = POLICY_PATHS.filter(
  (path) => typeof valueAt(DEFAULT_POLICY, path) === 'number' && path !== 'version',
);

export function isLooserMove(direction: Direction, up: boolean): boolean {
  switch (direction) {
    case 'larger':
    case 'larger_by_regime':
    case 'factor':
      return up;
    case 'smaller':
    case 'smaller_by_regime':
      return !up;
    case 'any_change':
      return true;
    default:
      throw new Error(`no scalar has the direction ${String(direction)}`);
  }
}

export type Step = (spec: IntendedPolicySpec) => IntendedPolicySpec;
/** One key moved in its tighter direction. Values need not be legal: `isAtMost` compares, it does not judge. */
export function tightening(): fc.Arbitrary<Step> {
  const moves = SCALARS.filter(
    (path) => POLICY_KEYS[path].direction !== 'any_change' && !path.startsWith('market.regimes.'),
  );
  const scalar: fc.Arbitrary<Step> = fc
    .tuple(fc.constantFrom(...moves), fc.double({ min: 0.5, max: 0.999, noNaN: true }))
    .map(([path, by]) => (spec) => {
      const now = factorValue(valueAt(spec, path) as Factor);
      return changed({ [path]: isLooserMove(POLICY_KEYS[path].direction, true) ? now * by : now / by }, spec);
    });
  const tier: fc.Arbitrary<Step> = fc
    .tuple(
      fc.constantFrom('drawdown', 'daily_loss', 'margin_ratio'),
      fc.integer({ min: 1, max: 99 }),
      fc.integer({ min: 1, max: 9 }),
    )
    .map(([key, at, tenths]) => (spec) => {
      const path = `account.${key}.tiers`;
      const tiers = [...(valueAt(spec, path) as object[]), { at: at / 100, multiplier: `${tenths}/10` }];
      return changed({ [path]: tiers }, spec);
    });
  const switches: fc.Arbitrary<Step> = fc
    .constantFrom(
      'market.regimes.extreme.reduce_only',
      'trader_state.enforce_block',
      'protection.required',
      'trust.signals.narrative.reduce_only',
    )
    .map((path) => (spec) => changed({ [path]: true }, spec));
  const agent: fc.Arbitrary<Step> = fc
    .tuple(fc.constantFrom('alice', 'bob'), fc.integer({ min: 1, max: 5 }))
    .map(([name, dollars]) => (spec) => {
      const own = spec.agents[name]?.budgets?.fees_usdt_per_day ?? Number.POSITIVE_INFINITY;
      const cap = 0.9 * Math.min(own, spec.budgets.fees_usdt_per_day, dollars);
      return changed({ [`agents.${name}`]: { budgets: { fees_usdt_per_day: cap } } }, spec);
    });
  return fc.oneof({ weight: 5, arbitrary: scalar }, tier, switches, agent);
}
