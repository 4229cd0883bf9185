import type { Factors } from '../compiled-policy.ts';
import { compileMultiplier } from '../compiled-policy.ts';
import type { Multiplier, SkillEntry, Tier, TrustLevel, TrustSection, TrustTier } from '../policy.ts';

/** Where one step function is looser than another: the level in words, the component, and both values. */
export interface LooserStep {
  readonly at: string;
  readonly component: string;
  readonly from: number | boolean;
  readonly to: number | boolean;
}

interface Effect {
  readonly multiplier?: Multiplier | undefined;
  readonly reduce_only?: boolean;
}
export const COMPONENTS = ['leverage', 'notional', 'order_rate', 'slippage'] as const;

/** First level at which `candidate` allows more than `current`, or null. The order of tiers does not matter. */
export function findLooserTier(candidate: readonly Tier[], current: readonly Tier[]): LooserStep | null {
  const levels = [...new Set([...candidate, ...current].map((tier) => tier.at))].sort((a, b) => a - b);
  for (const level of levels) {
    const reached = (tier: Tier) => level >= tier.at;
    const looser = compareEffects(candidate.filter(reached), current.filter(reached), `${level}`);
    if (looser !== null) return looser;
  }
  return null;
}

/**
 * The same for trust. The plane of provenance and capability risk is cut into rectangles at every threshold of either
 * list. Inside a rectangle both lists are constant, so one point of each is enough.
 */
export function findLooserTrustTier(candidate: readonly TrustTier[], current: readonly TrustTier[]): LooserStep | null {
  const all = [...candidate, ...current];
  // `provenance < below` holds below a threshold, so a rectangle starts there; `risk > above` holds above, so one ends
  // there.
  const provenances = distinct([0, ...all.flatMap((tier) => tier.provenance_below ?? [])]);
  const risks = distinct([1, ...all.flatMap((tier) => tier.capability_risk_above ?? [])]);
  for (const provenance of provenances) {
    for (const risk of risks) {
      const reached = (tier: TrustTier) =>
        (tier.provenance_below !== undefined && provenance < tier.provenance_below) ||
        (tier.capability_risk_above !== undefined && risk > tier.capability_risk_above);
      const at = `provenance ${provenance}, capability risk ${risk}`;
      const looser = compareEffects(candidate.filter(reached), current.filter(reached), at);
      if (looser !== null) return looser;
    }
  }
  return null;
}

/**
 * First digest that `candidate` trusts more than `current`, or a name under which it lets another content pass unnoticed. A
 * digest in neither list is an unknown skill in both.
 */
export function findLooserSkill(candidate: TrustSection, current: TrustSection): LooserStep | null {
  return findMoreTrusted(candidate, current) ?? findUnnoticed(candidate, current);
}

function findMoreTrusted(candidate: TrustSection, current: TrustSection): LooserStep | null {
  const digests = distinct([...candidate.skills, ...current.skills].map((skill) => skill.sha256));
  for (const digest of digests) {
    const to = trustOf(candidate, digest);
    const from = trustOf(current, digest);
    if (to.provenance > from.provenance) {
      return { at: digest, component: 'provenance', from: from.provenance, to: to.provenance };
    }
    if (to.capability_risk < from.capability_risk) {
      return { at: digest, component: 'capability_risk', from: from.capability_risk, to: to.capability_risk };
    }
  }
  return null;
}

/**
 * RISK: a digest that is listed under a name raises no signal there, however little it is trusted; nor does any under a name
 * that lists none, while what it listed is trusted on under another one. Where that is trusted no more, the signal had
 * nothing left to guard: to wait with that would leave its trust in force.
 */
function findUnnoticed(candidate: TrustSection, current: TrustSection): LooserStep | null {
  const isListed = (digest: string): boolean => candidate.skills.some(({ sha256 }) => sha256 === digest);
  for (const name of distinct(current.skills.map((skill) => skill.name))) {
    const listed = ({ skills }: TrustSection): readonly string[] =>
      skills.filter((skill) => skill.name === name).map(({ sha256 }) => sha256);
    const [to, from] = [listed(candidate), listed(current)];
    const unnoticed = to.length === 0 ? from.find(isListed) : to.find((digest) => !from.includes(digest));
    if (unnoticed !== undefined)
      return { at: unnoticed, component: `the signal for another content of ${name}`, from: true, to: false };
  }
  return null;
}

function trustOf(trust: TrustSection, digest: string): TrustLevel {
  return trust.skills.findLast((skill: SkillEntry) => skill.sha256 === digest) ?? trust.unknown_skill;
}

function compareEffects(candidate: readonly Effect[], current: readonly Effect[], at: string): LooserStep | null {
  const to = product(candidate);
  const from = product(current);
  for (const component of COMPONENTS) {
    if (to[component] > from[component]) return { at, component, from: from[component], to: to[component] };
  }
  const stopped = current.some((effect) => effect.reduce_only === true);
  const stops = candidate.some((effect) => effect.reduce_only === true);
  return stopped && !stops ? { at, component: 'reduce_only', from: true, to: false } : null;
}

/** Factors are multiplied in rising order, so that equal sets give equal products to the last bit. */
function product(effects: readonly Effect[]): Factors {
  const factors = effects.map((effect) => compileMultiplier(effect.multiplier));
  const of = (component: (typeof COMPONENTS)[number]) =>
    factors
      .map((each) => each[component])
      .sort((a, b) => a - b)
      .reduce((total, each) => total * each, 1);
  return { leverage: of('leverage'), notional: of('notional'), order_rate: of('order_rate'), slippage: of('slippage') };
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
