import type { CompiledPolicy, CompiledTier } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';

/** How far an agent's own loss is from its next tier. USDT. */
export interface LossRow {
  readonly span: 'day' | 'week';
  readonly label: string;
  /** The tier: the next one, or the one that ended opening, or the last. */
  readonly tierUsdt: number;
  /** The loss so far; a profit is none. */
  readonly usedUsdt: number;
}

/** None where the agent's policy has no tiers on its loss. A loss that is not known is not a number. */
export function listLossRows({ agent }: ExecutionContext, { lossTiers }: CompiledPolicy): readonly LossRow[] {
  if (lossTiers === null) return [];
  const spans = [
    ['day', "agent's own loss today", lossTiers.day, agent.losses?.day_usdt],
    ['week', "agent's own loss of seven days", lossTiers.week, agent.losses?.week_usdt],
  ] as const;
  return spans.flatMap(([span, label, tiers, loss]) => {
    if (tiers.length === 0) return [];
    const usedUsdt = Math.max(0, loss ?? Number.NaN);
    return [{ span, label, tierUsdt: tierOf(tiers, usedUsdt), usedUsdt }];
  });
}

function tierOf(tiers: readonly CompiledTier[], usedUsdt: number): number {
  const ending = tiers.filter(({ at, reduceOnly }) => reduceOnly && usedUsdt >= at).map(({ at }) => at);
  if (ending.length > 0) return Math.min(...ending);
  const ahead = tiers.filter(({ at }) => usedUsdt < at).map(({ at }) => at);
  return ahead.length > 0 ? Math.min(...ahead) : Math.max(...tiers.map(({ at }) => at));
}
