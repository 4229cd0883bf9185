import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import type { RunSummary } from '../metrics/summary.ts';

/** Plain sums over the accounts of one seed: figures are ratios of them, over all seeds or over resampled ones. */
const PLAIN_SUMS = [
  'lightMdd',
  'lightShrinkMdd',
  'lightCvar99',
  'lightShrinkCvar99',
  'lightGross',
  'heavyMdd',
  'heavyShrinkMdd',
  'heavyCvar99',
  'heavyShrinkCvar99',
  'damage',
  'pairs',
  'executedUsdt',
  'allowedUsdt',
  'lossOutOfScopeUsdt',
  'lossAllUsdt',
  'blocked',
  'inScope',
  'refusedExits',
  'liquidations',
] as const;
export type SumName = (typeof PLAIN_SUMS)[number] | `episodes ${AttackFamily}` | `successes ${AttackFamily}`;
export const SUM_NAMES: readonly SumName[] = [
  ...PLAIN_SUMS,
  ...ATTACK_FAMILIES.flatMap((family): SumName[] => [`episodes ${family}`, `successes ${family}`]),
];
export type SeedFigures = Record<SumName, number>;

/** One account of one seed under a policy: without attacks, light with random sides, heavy and clairvoyant. */
export interface AccountRuns {
  readonly calm: RunSummary;
  readonly light: RunSummary;
  readonly heavy: RunSummary;
  /** Legitimate opening notional of the same account without attacks when nothing but R binds, USDT. */
  readonly allowedUsdt: number;
}

/** Adds up the accounts of one seed, in the order given. */
export function sumAccounts(accounts: readonly AccountRuns[]): SeedFigures {
  const sums = Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as SeedFigures;
  for (const { calm, light, heavy, allowedUsdt } of accounts) {
    addCurve(sums, 'light', light);
    addCurve(sums, 'heavy', heavy);
    sums.lightGross += light.path.gross.point;
    sums.damage += calm.finalEquity - heavy.finalEquity;
    sums.pairs += 1;
    sums.executedUsdt += light.totals.openExecutedUsdt;
    sums.allowedUsdt += allowedUsdt;
    for (const { totals } of [light, heavy]) {
      sums.lossOutOfScopeUsdt += totals.lossOutOfScopeUsdt;
      sums.lossAllUsdt += totals.lossAllUsdt;
    }
    for (const { totals, families } of [calm, light, heavy]) {
      sums.blocked += totals.blockedTightened;
      sums.inScope += totals.inTightened;
      sums.refusedExits += totals.refusedExits;
      sums.liquidations += totals.liquidations;
      for (const family of ATTACK_FAMILIES) {
        sums[`episodes ${family}`] += families[family].episodes;
        sums[`successes ${family}`] += families[family].outOfScope;
      }
    }
  }
  return sums;
}

function addCurve(sums: SeedFigures, attack: 'light' | 'heavy', { path, shrink }: RunSummary): void {
  // An account that holds nothing without a gate either has no control, and nothing to compare.
  if (shrink === null) return;
  sums[`${attack}Mdd`] += path.mdd.point;
  sums[`${attack}ShrinkMdd`] += shrink.metrics.mdd.point;
  sums[`${attack}Cvar99`] += path.cvar99.point;
  sums[`${attack}ShrinkCvar99`] += shrink.metrics.cvar99.point;
}

/** Sum over seeds, in their order; seed s counts `weights[s]` times. */
export function addSeeds(bySeed: readonly SeedFigures[], weights: ArrayLike<number> | null = null): SeedFigures {
  const total = Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as SeedFigures;
  for (const [s, sums] of bySeed.entries()) {
    const weight = weights === null ? 1 : weights[s]!;
    for (const name of SUM_NAMES) total[name] += weight * sums[name];
  }
  return total;
}
