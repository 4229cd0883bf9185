import { factorValue } from '../../core/compiled-policy.ts';
import type { Factor, IntendedPolicySpec, Regime } from '../../core/policy.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { remembered } from '../facts/remembered.ts';
import type { Variant } from '../setup/variants.ts';
import { type Dimension, LEVERAGE_CAPS, type Point, readPoint, setValueAt, valueAt } from './space.ts';

/** A policy of the search: what its file says, and where it lies in the space. */
export interface Candidate {
  readonly variant: Variant;
  readonly parameters: Point;
}

const REGIMES = ['calm', 'volatile', 'extreme'] as const;
const COMPONENTS = ['leverage', 'notional', 'order_rate', 'slippage'] as const;
const PACES = ['cooldown_ms', 'slices'] as const;

/** The start policy as a candidate: itself, unchanged. */
export function startCandidate(start: Variant, space: readonly Dimension[]): Candidate {
  return { variant: start, parameters: readPoint(space, start.spec) };
}

/**
 * The start policy with the values of `point`, orderings mended, as it comes back from its own text. Null when that is
 * no valid policy, allows a regime more leverage than LEVERAGE_CAPS, or is warned of where the start policy is not.
 */
export function buildCandidate(start: Variant, space: readonly Dimension[], point: Point): Candidate | null {
  const spec = applyPoint(start.spec, space, point);
  const parsed = parsePolicy(JSON.stringify(spec), 'candidate');
  if (!parsed.ok || !keepsLeverageCaps(parsed.policy.spec)) return null;
  const known = warningsOf(start.spec);
  if (parsed.warnings.some(({ path, message }) => !known.has(`${path} ${message}`))) return null;
  const { spec: read, hash } = parsed.policy;
  return { variant: { name: read.name, spec: read, hash }, parameters: readPoint(space, read) };
}

const knownWarnings = new WeakMap<IntendedPolicySpec, ReadonlySet<string>>();

/** Warnings of the start policy, read once. */
function warningsOf(spec: IntendedPolicySpec): ReadonlySet<string> {
  return remembered(knownWarnings, spec, () => {
    const { warnings } = parsePolicy(JSON.stringify(spec), 'start');
    return new Set(warnings.map(({ path, message }) => `${path} ${message}`));
  });
}

export function keepsLeverageCaps({ budgets, market }: IntendedPolicySpec): boolean {
  return REGIMES.every((regime) => {
    const cap = factorValue(market.regimes[regime].leverage) * budgets.leverage;
    // A product such as 2/3 x 3 may miss its whole number by the last bit.
    return cap <= LEVERAGE_CAPS[regime] + 1e-9;
  });
}

/** Name of a policy that tuning made. */
export function tunedName(name: string): string {
  return name.endsWith('-tuned') ? name : `${name.slice(0, 58)}-tuned`;
}

function applyPoint(start: IntendedPolicySpec, space: readonly Dimension[], point: Point): IntendedPolicySpec {
  const spec = structuredClone(start);
  const before = readPoint(space, start);
  setValueAt(spec, 'name', tunedName(start.name));
  for (const { path, written } of space) {
    const value = point[path];
    // Untouched values keep the form in which the operator wrote them.
    if (value === undefined || value === before[path]) continue;
    setValueAt(spec, path, written === 'leverage_cap' ? writeLeverage(value, spec) : value);
  }
  mendRegimes(spec);
  mendTiers(spec);
  mendThresholds(spec);
  return spec;
}

function writeLeverage(cap: number, { budgets }: IntendedPolicySpec): Factor {
  return cap >= budgets.leverage ? 1 : `${cap}/${budgets.leverage}`;
}

/**
 * A higher regime allows no more than the one below it, no regime more leverage than its cap, none more slices than
 * tokens.
 */
function mendRegimes(spec: IntendedPolicySpec): void {
  const at = (regime: Regime, key: string) => `market.regimes.${regime}.${key}`;
  const factorAt = (path: string) => factorValue(valueAt(spec, path) as Factor);
  for (const regime of REGIMES) {
    if (factorAt(at(regime, 'leverage')) * spec.budgets.leverage > LEVERAGE_CAPS[regime] + 1e-9)
      setValueAt(spec, at(regime, 'leverage'), writeLeverage(LEVERAGE_CAPS[regime], spec));
  }
  for (const [higher, lower] of [
    ['volatile', 'calm'],
    ['extreme', 'volatile'],
  ] as const) {
    for (const key of COMPONENTS)
      if (factorAt(at(higher, key)) > factorAt(at(lower, key)))
        setValueAt(spec, at(higher, key), valueAt(spec, at(lower, key)));
    for (const key of PACES)
      if (factorAt(at(higher, key)) < factorAt(at(lower, key)))
        setValueAt(spec, at(higher, key), valueAt(spec, at(lower, key)));
  }
}

/** Tiers rise: one that a lower tier has passed moves up behind it. */
function mendTiers(spec: IntendedPolicySpec): void {
  for (const key of ['drawdown', 'daily_loss'] as const) {
    for (let i = 1; i < spec.account[key].tiers.length; i++) {
      const { at: before } = spec.account[key].tiers[i - 1]!;
      const path = `account.${key}.tiers.${i}.at`;
      if (spec.account[key].tiers[i]!.at <= before) setValueAt(spec, path, Math.round(before * 1250) / 1000);
    }
  }
}

/** What a schema cannot say: an upper threshold lies at or above the lower one. */
function mendThresholds(spec: IntendedPolicySpec): void {
  for (const [lower, upper] of [
    ['market.volatility.volatile', 'market.volatility.extreme'],
    ['market.volatility.absolute.volatile', 'market.volatility.absolute.extreme'],
    ['trader_state.limit_at', 'trader_state.block_at'],
  ] as const) {
    const least = valueAt(spec, lower) as number;
    if ((valueAt(spec, upper) as number) < least) setValueAt(spec, upper, least);
  }
}
