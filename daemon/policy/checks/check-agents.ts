import { joinPath, violationAt } from '../../contract/schema/violations.ts';
import { levelsOf } from '../../core/looser/agent-limits.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { type AgentSchedule, parseTime, parseWallTime, type Span } from '../../core/rules/schedule.ts';
import { checkTierList } from './check-limits.ts';
import type { Findings } from './findings.ts';

/** What no schema can say about the limits that only an agent's section has. */
export function checkAgentLimits(spec: IntendedPolicySpec, found: Findings): void {
  const reservedBy = new Map<string, string>();
  for (const [name, { loss, reserve, schedule }] of Object.entries(spec.agents)) {
    const path = joinPath('agents', name);
    checkReserve(name, reserve ?? [], reservedBy, found);
    if (schedule !== undefined) checkSchedule(schedule, `${path}.schedule`, found);
    if (loss === undefined) continue;
    if (loss.day === undefined && loss.week === undefined)
      found.violations.push(violationAt(`${path}.loss`, 'has neither day nor week: it binds nothing'));
    for (const span of ['day', 'week'] as const)
      checkTierList(`${path}.loss.${span}`, 'at_usdt', levelsOf(loss[span]), found);
  }
}

/** For one release; then it is an unknown key. */
export function warnOfExitScope({ agents, exits }: IntendedPolicySpec, found: Findings): void {
  const written = [
    ['exits.scope', exits.scope] as const,
    ...Object.entries(agents).map(
      ([name, own]) => [`${joinPath('agents', name)}.exits.scope`, own.exits?.scope] as const,
    ),
  ];
  for (const [path, scope] of written)
    if (scope !== undefined)
      found.warnings.push(violationAt(path, 'has no effect: an agent closes what it holds. Take it out', scope));
}

/** A symbol is kept for one agent, and `default` is none. */
function checkReserve(agent: string, symbols: readonly string[], by: Map<string, string>, found: Findings): void {
  for (const [i, symbol] of symbols.entries()) {
    const path = `${joinPath('agents', agent)}.reserve[${i}]`;
    const other = by.get(symbol);
    if (agent === 'default')
      found.violations.push(violationAt(path, 'default is no agent: name the one it is kept for'));
    else if (other !== undefined)
      found.violations.push(violationAt(path, `${symbol} is reserved for ${other} already`));
    else by.set(symbol, agent);
  }
}

function checkSchedule(schedule: AgentSchedule, path: string, found: Findings): void {
  const { hours, blackouts } = schedule;
  if (hours === undefined && blackouts === undefined)
    found.violations.push(violationAt(path, 'has neither hours nor blackouts: it binds nothing'));
  const spans: (readonly [path: string, span: Span, text: string])[] = [
    ...(hours ?? []).map(
      ({ from, to }, i) =>
        [
          `${path}.hours[${i}].to`,
          { from: parseTime(from), to: parseTime(to) },
          `after ${from}; split hours at midnight`,
        ] as const,
    ),
    ...(blackouts ?? []).map(
      ({ from, to }, i) =>
        [
          `${path}.blackouts[${i}].to`,
          { from: parseWallTime(from), to: parseWallTime(to) },
          `a day of the calendar, after ${from}`,
        ] as const,
    ),
  ];
  // Negated: a day that the calendar does not have is no number.
  for (const [place, { from, to }, allowed] of spans)
    if (!(from < to))
      found.violations.push(
        violationAt(place, 'is not later than `from`, or no day of the calendar', undefined, allowed),
      );
}
