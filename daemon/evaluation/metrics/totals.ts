import { ATTACK_FAMILIES, type AttackFamily, SQUATTER } from '../facts/agents.ts';
import type { LegitResult, RunResult } from '../facts/runs.ts';

/** As they stand in the result of a run, and in what it says of legitimate requests. */
const OF_RUN = [
  'liquidations',
  'refusedExits',
  'fills',
  'outOfScopeFills',
  'lossOutOfScopeUsdt',
  'lossAllUsdt',
  'feesUsdt',
  'turnoverUsdt',
] as const satisfies readonly (keyof RunResult)[];
const OF_LEGIT = [
  'requests',
  'heldTightened',
  'reservedTightened',
  'reservedHeld',
  'inTightened',
  'blockedTightened',
  'cutTightened',
  'inHard',
  'blockedHard',
  'cutHard',
  'hardOpenAskedUsdt',
  'hardOpenExecutedUsdt',
  'openExecutedUsdt',
] as const satisfies readonly (keyof LegitResult)[];

/** Plain figures of one run that are only ever added up. Amounts in USDT, times as a fraction of the judged span. */
export const TOTALS = [
  ...OF_RUN,
  ...OF_LEGIT,
  'openAtEnd',
  'askedTightened',
  'othersOpenExecutedUsdt',
  'ownOpenExecutedUsdt',
  'calmOpenExecutedUsdt',
  'overCapShare',
  'reduceOnlyShare',
  'attackOpenedUsdt',
  'spanDays',
  'grossUsdt',
] as const;
type TotalName = (typeof TOTALS)[number];
export type RunTotals = Readonly<Record<TotalName, number>>;

/** Episodes of one family in one run. The squares are over episodes: attempts within one are alike (design effect). */
export const FAMILY_COUNTS = [
  'episodes',
  'outOfScope',
  'executed',
  'attempts',
  'outOfScopeAttempts',
  'attemptsSquared',
  'outOfScopeSquared',
  'attemptsTimesOutOfScope',
  'openedUsdt',
] as const;
export type FamilyCount = (typeof FAMILY_COUNTS)[number];
type FamilyCounts = Readonly<Record<FamilyCount, number>>;
export type CountsByFamily = Readonly<Record<AttackFamily, FamilyCounts>>;

const DAY_MS = 86_400_000;

/** `calm`: the same run without attacks; null: it was without. */
export function buildTotals(result: RunResult, calm: RunResult | null): RunTotals {
  const { legit, gross } = result;
  const share = (ms: number) => (result.spanMs > 0 ? ms / result.spanMs : 0);
  return {
    ...pick(result, OF_RUN),
    ...pick(legit, OF_LEGIT),
    openAtEnd: result.openAtEnd ? 1 : 0,
    askedTightened: legit.inTightened + legit.heldTightened,
    othersOpenExecutedUsdt: legit.openExecutedUsdt - (legit.openExecutedUsdtBy[SQUATTER] ?? 0),
    ...measureOwn(result, calm),
    overCapShare: share(result.overCapMs),
    reduceOnlyShare: share(result.reduceOnlyMs),
    attackOpenedUsdt: result.episodes.reduce((sum, episode) => sum + episode.openedUsdt, 0),
    spanDays: result.spanMs / DAY_MS,
    grossUsdt: gross.length === 0 ? 0 : gross.reduce((sum, value) => sum + value, 0) / gross.length,
  };
}

function pick<Name extends string>(from: Readonly<Record<Name, number>>, names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Record<Name, number>;
}

/**
 * Legitimate opening notional without what attackers have caused: of a day, symbol and side at most what is executed there
 * without attacks. An agent that closes what an attacker has opened, and opens its own anew, executes more than it would.
 */
function measureOwn({ legit, barOpenMs }: RunResult, calm: RunResult | null) {
  if (calm === null)
    return { ownOpenExecutedUsdt: legit.openExecutedUsdt, calmOpenExecutedUsdt: legit.openExecutedUsdt };
  // Some attacks are run for a part of the span.
  const lastDay = Math.floor((barOpenMs.at(-1) ?? 0) / DAY_MS);
  let ownOpenExecutedUsdt = 0;
  let calmOpenExecutedUsdt = 0;
  for (const [on, usdt] of Object.entries(calm.legit.openExecutedUsdtOn)) {
    if (Number.parseInt(on, 10) > lastDay) continue;
    calmOpenExecutedUsdt += usdt;
    ownOpenExecutedUsdt += Math.min(usdt, legit.openExecutedUsdtOn[on] ?? 0);
  }
  return { ownOpenExecutedUsdt, calmOpenExecutedUsdt };
}

/** An episode succeeds when anything of it was executed out of scope (SAE section 9). */
export function countFamilies(result: RunResult): CountsByFamily {
  const counts = {} as Record<AttackFamily, Record<FamilyCount, number>>;
  for (const family of ATTACK_FAMILIES)
    counts[family] = Object.fromEntries(FAMILY_COUNTS.map((name) => [name, 0])) as Record<FamilyCount, number>;
  for (const { family, attempts, executedAttempts, outOfScopeAttempts, openedUsdt } of result.episodes) {
    const count = counts[family];
    count.episodes += 1;
    count.outOfScope += outOfScopeAttempts > 0 ? 1 : 0;
    count.executed += executedAttempts > 0 ? 1 : 0;
    count.attempts += attempts;
    count.outOfScopeAttempts += outOfScopeAttempts;
    count.attemptsSquared += attempts * attempts;
    count.outOfScopeSquared += outOfScopeAttempts * outOfScopeAttempts;
    count.attemptsTimesOutOfScope += attempts * outOfScopeAttempts;
    count.openedUsdt += openedUsdt;
  }
  return counts;
}
