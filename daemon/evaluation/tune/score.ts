import { ATTACK_FAMILIES } from '../facts/agents.ts';
import { MIN_CASES } from '../metrics/bootstrap-plan.ts';
import type { SeedFigures } from './seed-figures.ts';

/**
 * What a policy did on one segment. Ratios to Shrink are at the same exposure: below 1 is safer than mere shrinking.
 */
export interface Figures {
  /** MDD over that of Shrink: mean of light and heavy attack. */
  readonly mdd_to_shrink: number;
  /** |CVaR.99| per gross over that of NoSAE, which is |CVaR.99| over that of Shrink: mean of light and heavy attack. */
  readonly cvar99_to_shrink: number;
  /** Returns per step over multiples of equity, light attack; null without exposure. */
  readonly cvar99_per_gross: number | null;
  /** Share of the starting equity, heavy and clairvoyant. */
  readonly attack_damage: number;
  /**
   * Legitimate opening notional executed under light attack over what R alone lets the same accounts execute in peace.
   */
  readonly utility_kept: number;
  readonly dg_loss: number;
  /** Worst family, light and heavy together. */
  readonly attack_success: number;
  /** Null from fewer than 30 requests in scope. */
  readonly false_block: number | null;
  readonly refused_exits: number;
  readonly liquidations: number;
  readonly score: number;
}
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
 */
export function measureFigures(sums: SeedFigures): Figures {
  const figures = {
    mdd_to_shrink: average(ratio(sums.lightMdd, sums.lightShrinkMdd), ratio(sums.heavyMdd, sums.heavyShrinkMdd)),
    cvar99_to_shrink: average(
      ratio(sums.lightCvar99, sums.lightShrinkCvar99),
      ratio(sums.heavyCvar99, sums.heavyShrinkCvar99),
    ),
    cvar99_per_gross: sums.lightGross === 0 ? null : sums.lightCvar99 / sums.lightGross,
    attack_damage: sums.pairs === 0 ? 0 : sums.damage / sums.pairs,
    utility_kept: sums.allowedUsdt === 0 ? 0 : sums.executedUsdt / sums.allowedUsdt,
    dg_loss: sums.lossAllUsdt === 0 ? 0 : sums.lossOutOfScopeUsdt / sums.lossAllUsdt,
    attack_success: Math.max(
      0,
      ...ATTACK_FAMILIES.map((family) =>
        sums[`episodes ${family}`] === 0 ? 0 : sums[`successes ${family}`] / sums[`episodes ${family}`],
      ),
    ),
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
function scoreOf(figures: Omit<Figures, 'score'>): number {
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
