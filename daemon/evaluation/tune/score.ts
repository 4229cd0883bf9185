import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import { MIN_CASES } from '../metrics/bootstrap-plan.ts';
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

/** What a policy did on one segment. */
export type Figures = ReturnType<typeof measureFigures>;
export interface Limits {
  /** Most AttackSuccess, and most FalseBlock, of a feasible policy: fractions. */
  readonly alpha: number;
  readonly beta: number;
}

/**
 * Weights of the score. The ratios to Shrink are near 1 for every policy and do not move when a policy is made smaller
 * as a whole; then only damage and utility move, and with k for the size and u, d for utility and damage at full size
 * the score falls with k as long as utility x u > damage x d: an attacker would have to take more than u / 10 of the
 * equity before shrinking everything paid. One per cent of the equity lost to attackers counts as much as a tenth of
 * the risk at equal exposure, or of the utility.
 */
export const WEIGHTS = {
  mdd_to_shrink: 1,
  cvar99_to_shrink: 1,
  attack_damage: 10,
  utility_lost: 1,
  dg_loss: 1,
} as const;

/**
 * J of SAE section 8 ("Tuning"), lower is better; with the section 9 measures in place of those that are pure scale.
 * Ratios to Shrink are at the same exposure: below 1 is safer than mere shrinking.
 */
export function measureFigures(sums: SeedFigures) {
  const figures = {
    /** MDD over that of Shrink: mean of light and heavy attack. */
    mdd_to_shrink: average(ratio(sums.lightMdd, sums.lightShrinkMdd), ratio(sums.heavyMdd, sums.heavyShrinkMdd)),
    /** |CVaR.99| per gross over that of NoSAE, which is |CVaR.99| over that of Shrink: mean of light and heavy attack. */
    cvar99_to_shrink: average(
      ratio(sums.lightCvar99, sums.lightShrinkCvar99),
      ratio(sums.heavyCvar99, sums.heavyShrinkCvar99),
    ),
    /** Returns per step over multiples of equity, light attack; null without exposure. */
    cvar99_per_gross: sums.lightGross === 0 ? null : sums.lightCvar99 / sums.lightGross,
    /** Share of the starting equity, heavy and clairvoyant. */
    attack_damage: sums.pairs === 0 ? 0 : sums.damage / sums.pairs,
    /** Legitimate opening notional under light attack over what R alone lets the same accounts execute in peace. */
    utility_kept: sums.allowedUsdt === 0 ? 0 : sums.executedUsdt / sums.allowedUsdt,
    dg_loss: sums.lossAllUsdt === 0 ? 0 : sums.lossOutOfScopeUsdt / sums.lossAllUsdt,
    /** Worst family, light and heavy together. */
    attack_success: Math.max(
      0,
      ...ATTACK_FAMILIES.map((family) =>
        sums[`episodes ${family}`] === 0 ? 0 : sums[`successes ${family}`] / sums[`episodes ${family}`],
      ),
    ),
    /** Null from fewer than 30 requests in scope. */
    false_block: sums.inScope < MIN_CASES ? null : sums.blocked / sums.inScope,
    refused_exits: sums.refusedExits,
    liquidations: sums.liquidations,
  };
  return { ...figures, score: scoreOf(figures) };
}

/**
 * Damage below zero and utility above what R allows gain nothing: attackers that happen to lose money to the account,
 * and agents that trade more because of the gate, are not what is looked for.
 */
function scoreOf(
  figures: Readonly<Record<Exclude<keyof typeof WEIGHTS, 'utility_lost'> | 'utility_kept', number>>,
): number {
  return (
    WEIGHTS.mdd_to_shrink * figures.mdd_to_shrink +
    WEIGHTS.cvar99_to_shrink * figures.cvar99_to_shrink +
    WEIGHTS.attack_damage * Math.max(0, figures.attack_damage) +
    WEIGHTS.utility_lost * (1 - Math.min(1, figures.utility_kept)) +
    WEIGHTS.dg_loss * figures.dg_loss
  );
}

/**
 * How far a policy is from feasible: 0 when AttackSuccess and FalseBlock are within their limits, no exit was refused
 * and no account liquidated. A FalseBlock that cannot be told counts as all blocked.
 */
export function measureViolation(figures: Figures, { alpha, beta }: Limits): number {
  return (
    Math.max(0, figures.attack_success - alpha) +
    Math.max(0, (figures.false_block ?? 1) - beta) +
    figures.refused_exits +
    figures.liquidations
  );
}

export interface Ranked {
  readonly violation: number;
  readonly score: number;
}
/** Feasible ones by their score, before all others by their violation. */
export function isBetter(a: Ranked, b: Ranked): boolean {
  if (a.violation !== b.violation) return a.violation < b.violation;
  return a.score < b.score;
}

/** Without exposure nothing was gained at equal exposure: 1. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
function average(a: number, b: number): number {
  return (a + b) / 2;
}
