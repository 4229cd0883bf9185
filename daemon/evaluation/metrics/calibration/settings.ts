import type { IntendedPolicySpec } from '../../../core/policy.ts';
import { hashPolicy } from '../../../policy/parse.ts';

/** Thresholds of the trader state, and whether the upper one refuses. */
export interface TraderThresholds {
  readonly limit_at: number;
  readonly block_at: number;
  readonly enforce_block: boolean;
}
export interface CalibrationSetting extends TraderThresholds {
  readonly name: string;
  /** The policy with these thresholds, and nothing else changed: what the engine runs. */
  readonly spec: IntendedPolicySpec;
  /** sha256 (hex) of its canonical JSON. */
  readonly hash: string;
}

/**
 * From off to strict. Below the base rate of 0.1 every agent would be held for what no trade of it has shown; p_t
 * hardly exceeds 0.72, so the paper's 0.70 (SAE section 6) is near the end of the scale. `1, 1` is off: only a p_t that
 * could not be computed reaches it.
 */
const PAIRS = [
  [1, 1],
  [0.5, 0.7],
  [0.4, 0.6],
  [0.3, 0.5],
  [0.2, 0.35],
  [0.15, 0.2],
] as const;

/** Every pair but *off* comes twice, tightening only and refusing: the difference is what `enforce_block` does. */
export const THRESHOLDS: readonly TraderThresholds[] = PAIRS.flatMap(([limit_at, block_at]) =>
  (limit_at === 1 ? [false] : [false, true]).map((enforce_block) => ({ limit_at, block_at, enforce_block })),
);

/**
 * The sweep of SAE section 9: what FalseBlock and damage do as the thresholds move. An agent's own thresholds would
 * hide the sweep and are taken out.
 */
export function calibrationSettings(spec: IntendedPolicySpec): readonly CalibrationSetting[] {
  return THRESHOLDS.map((thresholds) => {
    const changed = withThresholds(spec, thresholds);
    return { name: nameOf(thresholds), ...thresholds, spec: changed, hash: hashPolicy(changed) };
  });
}

function withThresholds(spec: IntendedPolicySpec, thresholds: TraderThresholds): IntendedPolicySpec {
  const agents = Object.entries(spec.agents).map(([name, { trader_state: _own, ...section }]) => [name, section]);
  return { ...spec, trader_state: { ...spec.trader_state, ...thresholds }, agents: Object.fromEntries(agents) };
}

function nameOf({ limit_at, block_at, enforce_block }: TraderThresholds): string {
  if (limit_at === 1) return 'off';
  const limit = `limit at ${limit_at.toFixed(2)}`;
  return enforce_block ? `${limit}, block at ${block_at.toFixed(2)}` : limit;
}
