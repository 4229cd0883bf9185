import { Stage } from './run-scene.ts';
import type { Scene, SceneOutcome } from './scene.ts';
import { ACCOUNT_SCENES } from './scenes/account.ts';
import { CAP_SCENES } from './scenes/caps.ts';
import { DETECTOR_SCENES } from './scenes/detector.ts';
import { EXPOSURE_SCENES } from './scenes/exposure.ts';
import { PACE_SCENES } from './scenes/pace.ts';
import { FRESHNESS_SCENES, REGIME_SCENES } from './scenes/regimes.ts';
import { SCOPE_SCENES } from './scenes/scope.ts';
import { STANDING_SCENES } from './scenes/standing.ts';

/**
 * Every rule of the judge and every tightening of the gate that a policy can switch off and a replay can reach. Left
 * out: what no policy switches off (the operator's state, one net position against other agents, margin, brackets, the
 * recheck in integers, that resting and in-flight orders count; the last is shown through the cap that they fill); ages
 * of mark, quote, account, filters, funding, clock and request, which are never old in a replay; and the breaker for
 * repeated executions, which is tripped outside of what a replay runs.
 */
export const SCENES: readonly Scene[] = [
  ...SCOPE_SCENES,
  ...CAP_SCENES,
  ...PACE_SCENES,
  ...REGIME_SCENES,
  ...DETECTOR_SCENES,
  ...FRESHNESS_SCENES,
  ...ACCOUNT_SCENES,
  ...STANDING_SCENES,
  ...EXPOSURE_SCENES,
];

/** What the judge counted with the rule and without it, and the rule's own harm; null: the scene has none. */
interface MutationRow {
  readonly out_of_scope_with: number;
  readonly out_of_scope_without: number;
  readonly harm_with: number | null;
  readonly harm_without: number | null;
  /** Its count or the rule's own harm has to rise. */
  readonly is_seen: boolean;
}

/** A scene with the rule and without it, and the judge's rules that were named without it. */
export interface Mutation {
  readonly scene: Scene;
  readonly row: MutationRow;
  readonly rulesWithout: readonly string[];
  readonly rulesWith: readonly string[];
}

/** Plays a scene twice: under its policy, and with its rule switched off. */
export function playScene(scene: Scene, stage: Stage = new Stage()): Mutation {
  const before = stage.run(scene, {});
  const after = stage.run(scene, scene.off);
  const { harm } = scene;
  const harmWith = harm === undefined ? null : harm.measure(before);
  const harmWithout = harm === undefined ? null : harm.measure(after);
  const countWith = before.result.outOfScopeFills;
  const countWithout = after.result.outOfScopeFills;
  const isCounted = countWithout > countWith;
  const isHarmful = harmWith !== null && harmWithout !== null && harmWithout > harmWith;
  return {
    scene,
    rulesWith: namedRules(before),
    rulesWithout: namedRules(after),
    row: {
      out_of_scope_with: countWith,
      out_of_scope_without: countWithout,
      harm_with: harmWith,
      harm_without: harmWithout,
      is_seen: countWith === 0 && (isCounted || isHarmful),
    },
  };
}

function namedRules({ fills }: SceneOutcome): readonly string[] {
  return [...new Set(fills.flatMap((fill) => fill.rules))].sort();
}
