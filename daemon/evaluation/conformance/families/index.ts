import type { AttackFamily } from '../../facts/agents.ts';
import type { ScriptMaker } from '../script.ts';
import { adapt } from './adapt.ts';
import { churn } from './churn.ts';
import { escalate } from './escalate.ts';
import { flip } from './flip.ts';
import { flood } from './flood.ts';
import { misuse } from './misuse.ts';
import { addInStress } from './state.ts';

/** The seven families of SAE section 7, in the order in which attackers begin: what uses budgets up comes last. */
export const FAMILIES: readonly { readonly family: AttackFamily; readonly script: ScriptMaker }[] = [
  { family: 'ATK-ADAPT', script: adapt },
  { family: 'ATK-ESCALATE', script: escalate },
  { family: 'ATK-STATE', script: addInStress },
  { family: 'ATK-MISUSE', script: misuse },
  { family: 'ATK-FLIP', script: flip },
  { family: 'ATK-FLOOD', script: flood },
  { family: 'ATK-CHURN', script: churn },
];
