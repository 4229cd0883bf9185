import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import { lotsToQuantity } from '../quantities.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Side } from '../request.ts';
import type { BudgetFinding } from './budget-finding.ts';
import { buildFeasibleSet, type FeasibleSet, feasibleLeverage, marginBound, slippageCapOf } from './projection.ts';

/** Largest opening order of one side that no budget cuts. */
export interface OpeningRoom {
  readonly notionalUsdt: number;
  /** The least bound; null when a price or the filters are not known, so that nothing can be opened. */
  readonly boundBy: ReasonCode | null;
}

/**
 * The least bound of F(B_t) (SAE-PROJ), from the very bounds that a decision checks. It holds for every leverage from 1
 * to the cap and for every slippage bound that is not cut: margin is least at 1, a bracket at the cap.
 */
export function findOpeningRoom(
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  side: Side,
): OpeningRoom {
  const { rules, mark } = context.market;
  if (rules === null || mark === null) return { notionalUsdt: 0, boundBy: null };
  const slippageBps = slippageCapOf(policy, found.budget);
  const cap = feasibleLeverage(policy, rules, side, found.budget);
  const setAt = (leverage: number): FeasibleSet =>
    buildFeasibleSet(context, policy, rules, { budget: found.budget, leverage, leverageCap: cap, side, slippageBps });
  const set = setAt(1);
  let least = marginBound(set.marginUsdt, 1, set.phi);
  let boundBy: ReasonCode = 'BUDGET_MARGIN';
  const take = (usdt: number, code: ReasonCode): void => {
    if (usdt >= least) return;
    least = usdt;
    boundBy = code;
  };
  for (const { bounds } of [set, setAt(cap)])
    for (let i = 0; i < bounds.codes.length; i += 1)
      take((bounds.capsUsdt[i] as number) - (bounds.basesUsdt[i] as number), bounds.codes[i] as ReasonCode);
  take(lotsToQuantity(rules.max_lots, rules) * mark, 'ABOVE_MAXIMUM');
  return { notionalUsdt: Math.max(0, least), boundBy };
}
