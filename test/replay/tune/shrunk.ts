import type { IntendedPolicySpec, RegimeRow } from '../../../daemon/core/policy.ts';
import type { Variant } from '../../../daemon/evaluation/setup/variants.ts';
import { hashPolicy } from '../../../daemon/policy/parse.ts';

/** The same policy with one factor on notional in every regime: the cheapest way to look safe. */
export function shrinkEverything({ spec }: Variant, notional: number): Variant {
  const shrink = (row: RegimeRow): RegimeRow => ({ ...row, notional });
  const { calm, volatile, extreme } = spec.market.regimes;
  const regimes = { calm: shrink(calm), volatile: shrink(volatile), extreme: shrink(extreme) };
  const small: IntendedPolicySpec = { ...spec, name: 'Shrunk', market: { ...spec.market, regimes } };
  return { name: small.name, spec: small, hash: hashPolicy(small) };
}
