import { joinPath, type Violation, violationAt } from '../../contract/schema/violations.ts';
import { factorValue } from '../../core/compiled-policy.ts';
import { regimesAreOrdered } from '../../core/looser/is-at-most.ts';
import {
  DEADMAN_MS,
  type IntendedPolicySpec,
  MIN_FACTOR,
  REGIMES,
  SIGNAL_KINDS,
  type Tier,
} from '../../core/policy.ts';
import { profileOf } from '../../core/venues.ts';
import { type Findings, shortNumber } from './findings.ts';

const FACTOR_KEYS: readonly string[] = ['multiplier', 'leverage', 'notional', 'order_rate', 'slippage'];
const FRACTION = /^[1-9][0-9]*\/[1-9][0-9]*$/;

/** A schema cannot limit fractions written as text. Their value must be in the range of a number. */
export function checkFractions(document: object): Violation[] {
  const violations: Violation[] = [];
  const walk = (value: unknown, path: string, key: string): void => {
    if (typeof value === 'string' && FACTOR_KEYS.includes(key) && FRACTION.test(value)) {
      const quotient = factorValue(value);
      if (quotient >= MIN_FACTOR && quotient <= 1) return;
      violations.push(
        violationAt(path, `is ${shortNumber(quotient)}, outside the range of a factor`, value, `${MIN_FACTOR} to 1`),
      );
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) walk(member, joinPath(path, name), name);
    }
  };
  for (const [name, section] of Object.entries(document)) {
    if (name !== 'tools' && name !== 'intercept') walk(section, name, name);
  }
  return violations;
}

/** A plan takes one order token per slice: with fewer tokens than slices the regime could never open as configured. */
export function checkSlices(spec: IntendedPolicySpec, found: Findings): void {
  for (const regime of REGIMES) {
    const row = spec.market.regimes[regime];
    if (row.reduce_only === true) continue;
    const path = `market.regimes.${regime}.slices`;
    // The same rounding as in core/rules/budgets.ts.
    const tokens = Math.floor(spec.budgets.order_rate.max * factorValue(row.order_rate) + 1e-9);
    if (row.slices > tokens) {
      const message = `more slices than the order rate of this regime allows (${tokens} in ${spec.budgets.order_rate.window_ms} ms)`;
      found.violations.push(violationAt(path, message, row.slices, `at most ${tokens}`));
    }
  }
}

export function checkStaging(spec: IntendedPolicySpec, found: Findings): void {
  for (const regime of REGIMES) {
    const { slices } = spec.market.regimes[regime];
    const needed = (slices - 1) * spec.staging.spacing_ms;
    if (needed <= spec.staging.ttl_ms) continue;
    const message = `ends before the last of ${slices} slices of the ${regime} regime is due (${needed} ms)`;
    found.warnings.push(violationAt('staging.ttl_ms', message, spec.staging.ttl_ms));
  }
}

/** It is set again at a third of it, which has to leave time for a call that is lost. */
const SHORTEST_DEADMAN_MS = 30_000;

export function checkDeadman({ scope, standing }: IntendedPolicySpec, found: Findings): void {
  const { deadman_ms: deadmanMs = DEADMAN_MS } = standing;
  const refuse = (message: string, expected: string): void => {
    found.violations.push(violationAt('standing.deadman_ms', message, deadmanMs, expected));
  };
  const real = scope.venues.find((venue) => profileOf(venue).isRealMoney);
  if (deadmanMs === 0 && real !== undefined)
    refuse(`leaves what opens to itself when the daemon is down, beside venue ${real}`, '30000 to 600000');
  if (deadmanMs > 0 && deadmanMs < SHORTEST_DEADMAN_MS)
    refuse('is too short: one lost call would cancel what opens', `0, or at least ${SHORTEST_DEADMAN_MS}`);
}

export function checkRegimeOrder(spec: IntendedPolicySpec, found: Findings): void {
  if (regimesAreOrdered(spec)) return;
  const message =
    'a higher regime allows more than a lower one: missing history then loosens, and every change of a threshold needs an operator';
  found.warnings.push(violationAt('market.regimes', message));
}

export function checkVolatility(spec: IntendedPolicySpec, found: Findings): void {
  const volatility = spec.market.volatility;
  for (const [path, { volatile, extreme }] of [
    ['market.volatility.extreme', volatility],
    ['market.volatility.absolute.extreme', volatility.absolute],
  ] as const) {
    if (extreme < volatile) {
      found.violations.push(violationAt(path, 'lies below `volatile`', extreme, `at least ${volatile}`));
    }
  }
  if (volatility.min_history_bars < volatility.window_bars) {
    const message = 'below window_bars it never counts: opening is refused until then anyway';
    found.warnings.push(violationAt('market.volatility.min_history_bars', message, volatility.min_history_bars));
  }
}

export function checkTiers(
  key: 'drawdown' | 'daily_loss' | 'margin_ratio',
  spec: IntendedPolicySpec,
  found: Findings,
): void {
  checkTierList(`account.${key}.tiers`, 'at', spec.account[key].tiers, found);
}

/** Levels rise, and every tier does something. `level`: what the document calls `at`. */
export function checkTierList(list: string, level: string, tiers: readonly Tier[], found: Findings): void {
  let before = -1;
  for (const [index, tier] of tiers.entries()) {
    const path = `${list}[${index}]`;
    if (tier.at <= before) {
      found.violations.push(violationAt(`${path}.${level}`, 'tiers must rise', tier.at, `above ${before}`));
    }
    before = tier.at;
    if (tier.multiplier === undefined && tier.reduce_only !== true) {
      found.violations.push(violationAt(path, 'does nothing', undefined, 'a multiplier, or reduce_only: true'));
    }
  }
}

export function checkTrustTiers(spec: IntendedPolicySpec, found: Findings): void {
  for (const [index, tier] of spec.trust.tiers.entries()) {
    const path = `trust.tiers[${index}]`;
    if (tier.provenance_below === undefined && tier.capability_risk_above === undefined) {
      found.violations.push(violationAt(path, 'never counts', undefined, 'provenance_below or capability_risk_above'));
    }
    if (tier.multiplier === undefined && tier.reduce_only !== true) {
      found.violations.push(violationAt(path, 'does nothing', undefined, 'a multiplier, or reduce_only: true'));
    }
  }
}

export function checkSignals(spec: IntendedPolicySpec, found: Findings): void {
  for (const kind of SIGNAL_KINDS) {
    const rule = spec.trust.signals[kind];
    if (rule === undefined || rule.multiplier !== undefined || rule.reduce_only === true) continue;
    const allowed = 'a multiplier (1 for none), or reduce_only: true';
    found.violations.push(violationAt(`trust.signals.${kind}`, 'does not say what a signal does', undefined, allowed));
  }
}

export function checkSkills(spec: IntendedPolicySpec, found: Findings): void {
  const seen = new Set<string>();
  for (const [index, skill] of spec.trust.skills.entries()) {
    if (seen.has(skill.sha256)) {
      found.violations.push(
        violationAt(`trust.skills[${index}].sha256`, 'is listed twice', skill.sha256, 'each digest once'),
      );
    }
    seen.add(skill.sha256);
  }
}

export function checkTraderState(spec: IntendedPolicySpec, found: Findings): void {
  const { limit_at, block_at } = spec.trader_state;
  if (block_at >= limit_at) return;
  found.violations.push(violationAt('trader_state.block_at', 'lies below limit_at', block_at, `at least ${limit_at}`));
}

export function checkLadder(spec: IntendedPolicySpec, found: Findings): void {
  let before = 0;
  for (const [index, rung] of spec.exits.ladder_bps.entries()) {
    if (rung <= before) {
      found.violations.push(violationAt(`exits.ladder_bps[${index}]`, 'rungs must rise', rung, `above ${before}`));
    }
    before = rung;
  }
}

/** The tighter cap binds, so a wrong order is safe, but one of the figures is probably unintended. */
export function checkCapOrder(spec: IntendedPolicySpec, found: Findings): void {
  const { order_notional_usdt: order, symbol_notional_usdt: symbol, gross_notional_usdt: gross } = spec.budgets;
  if (order > symbol) {
    found.warnings.push(
      violationAt('budgets.order_notional_usdt', `never binds: one symbol may hold ${symbol} USDT`, order),
    );
  }
  if (symbol > gross) {
    found.warnings.push(
      violationAt('budgets.symbol_notional_usdt', `never binds: the account may hold ${gross} USDT`, symbol),
    );
  }
}
