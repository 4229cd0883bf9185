import type { MixedFamily } from '../../facts/agents.ts';
import { playFamily, playPloy } from './attack-script.ts';
import type { ScriptMaker } from './script.ts';
import {
  collectAdvice,
  escalateForm,
  flipAtOnce,
  floodAtOnce,
  misuseWire,
  reuseId,
  searchByRehearsal,
} from './tricks.ts';

/** One episode: the family as `attacks/` has it, or every other time one of the tricks that the wire adds to it. */
function withTricks(family: MixedFamily, tricks: readonly ScriptMaker[]): ScriptMaker {
  const attack = playFamily(family);
  return (view) => (view.draws.chance(0.5) ? attack : view.draws.pick(tricks))(view);
}
/** Before the market turns there is nothing to abuse: orders rest that would fill in the fall. */
const addInStress: ScriptMaker = (view) =>
  (view.isStressed() ? playFamily('ATK-STATE') : playPloy('rest-for-crash'))(view);

/** The seven families of SAE section 7, in the order in which attackers begin: what uses budgets up comes last. */
export const FAMILIES: readonly { readonly family: MixedFamily; readonly script: ScriptMaker }[] = [
  { family: 'ATK-ADAPT', script: withTricks('ATK-ADAPT', [searchByRehearsal, collectAdvice, reuseId]) },
  { family: 'ATK-ESCALATE', script: withTricks('ATK-ESCALATE', [escalateForm]) },
  { family: 'ATK-STATE', script: addInStress },
  { family: 'ATK-MISUSE', script: withTricks('ATK-MISUSE', [misuseWire]) },
  { family: 'ATK-FLIP', script: withTricks('ATK-FLIP', [flipAtOnce]) },
  { family: 'ATK-FLOOD', script: withTricks('ATK-FLOOD', [floodAtOnce]) },
  { family: 'ATK-CHURN', script: playFamily('ATK-CHURN') },
];
