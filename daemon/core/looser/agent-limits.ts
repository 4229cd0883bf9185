import type { AgentDirection } from '../keys/key-row.ts';
import { AGENT_KEYS } from '../keys/policy-keys.ts';
import type { AgentLoss, AgentSection, LooserKey, LossTier, Tier } from '../policy.ts';
import type { AgentKey } from '../policy-paths.ts';
import { type AgentSchedule, compileSchedule, findUncovered, openInUtcWeek, WEEK_MS } from '../rules/schedule.ts';
import { findLooserTier } from './step-functions.ts';

/** The limits that only an agent's section has: what makes one looser. */
export function compareAgentLimits(candidate: AgentSection, current: AgentSection): LooserKey[] {
  return (Object.keys(AGENT_KEYS) as AgentKey[]).flatMap((key) => {
    const { direction } = AGENT_KEYS[key];
    const [to, from] = [candidate[key], current[key]];
    if (direction === 'key_by_key' || from === undefined) return [];
    const why = to === undefined ? 'without it nothing is bound' : looserBecause(direction, to, from);
    return why === null ? [] : [{ path: key, from, to: to ?? null, why }];
  });
}

function looserBecause(
  direction: Exclude<AgentDirection, 'key_by_key'>,
  to: AgentSection[AgentKey],
  from: AgentSection[AgentKey],
): string | null {
  switch (direction) {
    case 'schedule':
      return looserSchedule(to as AgentSchedule, from as AgentSchedule);
    case 'larger':
      return (to as number) > (from as number) ? 'larger allows more' : null;
    case 'loss_tiers':
      return looserLoss(to as AgentLoss, from as AgentLoss);
    case 'fewer_members':
      return looserReserve(to as readonly string[], from as readonly string[]);
  }
}

function looserReserve(to: readonly string[], from: readonly string[]): string | null {
  const free = from.find((symbol) => !to.includes(symbol));
  return free === undefined ? null : `${free} is open to other agents`;
}

/** Compared as instants: hours minute by minute of the UTC week, and every blackout whole. */
function looserSchedule(to: AgentSchedule, from: AgentSchedule): string | null {
  const [next, former] = [compileSchedule(to), compileSchedule(from)];
  const opened = findUncovered(openInUtcWeek(next), openInUtcWeek(former));
  if (opened !== null) return `open at ${describeInWeek(opened)}, which was closed`;
  const ended = (from.blackouts ?? []).find((blackout) => {
    const { blackouts } = compileSchedule({ utc_offset: from.utc_offset, blackouts: [blackout] });
    return findUncovered(blackouts, next.blackouts) !== null;
  });
  return ended === undefined ? null : `not the whole blackout from ${ended.from} to ${ended.to} any more`;
}

function looserLoss(to: AgentLoss, from: AgentLoss): string | null {
  for (const span of ['day', 'week'] as const) {
    const step = findLooserTier(levelsOf(to[span]), levelsOf(from[span]));
    if (step !== null) return `${span}: at ${step.at}, ${step.component} goes from ${step.from} to ${step.to}`;
  }
  return null;
}
/** Their levels, as those of other tiers are named. */
export function levelsOf(tiers: readonly LossTier[] | undefined): readonly Tier[] {
  return (tiers ?? []).map(({ at_usdt: at, ...effect }) => ({ at, ...effect }));
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
function describeInWeek(ms: number): string {
  const minutes = Math.floor((ms % WEEK_MS) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${DAYS[Math.floor(minutes / 1440)]} ${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)} UTC`;
}
