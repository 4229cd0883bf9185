import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';

/** Changes of a policy by the dotted path of a key: `'budgets.order_rate': { max: 1, window_ms: 60_000 }`. */
export type PolicyEdits = Readonly<Record<string, unknown>>;

/** @throws RangeError where a section is not there */
export function editPolicy(spec: IntendedPolicySpec, edits: PolicyEdits): void {
  for (const [path, value] of Object.entries(edits)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let section: unknown = spec;
    for (const key of keys) section = (section as Record<string, unknown> | undefined)?.[key];
    if (typeof section !== 'object' || section === null) throw new RangeError(`a policy has no ${path}`);
    (section as Record<string, unknown>)[last] = structuredClone(value);
  }
}

const PLENTY = { max: 1_000_000, window_ms: 60_000 };

/** Pacing that never binds, so that only caps do. */
export const UNPACED: PolicyEdits = {
  'budgets.order_rate': PLENTY,
  'budgets.turnover_usdt_per_day': 1_000_000_000,
  'budgets.fees_usdt_per_day': 1_000_000,
  'temporal.duplicate_exempt': ['BTCUSDT', 'ETHUSDT'],
  'temporal.flip_interval_ms': 1,
  'temporal.breaker': { repeats: 1_000_000, window_ms: 60_000, cooldown_ms: 300_000 },
  requests: { refusals: PLENTY, dry_runs: PLENTY, intercepts: PLENTY },
};

export const WITHOUT_COOLDOWNS: PolicyEdits = Object.fromEntries(
  ['calm', 'volatile', 'extreme'].map((regime) => [`market.regimes.${regime}.cooldown_ms`, 0]),
);
