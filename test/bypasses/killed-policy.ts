import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { type IntendedPolicySpec, REGIMES } from '../../daemon/core/policy.ts';
import type { Mutable } from '../daemon/harness.ts';
import { withoutPacing } from './attempts.ts';

export const SYMBOL_CAP_USDT = 1000;
export const GROSS_CAP_USDT = 1500;

export interface KilledDaemonOptions {
  readonly seed: number;
  /** Slices of an opening order, in every regime, and the time between them. */
  readonly slices?: number;
  readonly spacingMs?: number;
  readonly cooldownMs?: number;
}

/** Caps and staging of its own, the same in every regime; no pace but the cooldown. */
export function policyText(options: KilledDaemonOptions): string {
  const spec = parse(
    readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8'),
  ) as Mutable<IntendedPolicySpec>;
  withoutPacing(spec);
  const row = { leverage: 1, notional: 1, order_rate: 1, slippage: 1 };
  for (const regime of REGIMES)
    Object.assign(spec.market.regimes[regime], row, {
      cooldown_ms: options.cooldownMs ?? 0,
      slices: options.slices ?? 1,
    });
  Object.assign(spec.staging, { spacing_ms: options.spacingMs ?? spec.staging.spacing_ms });
  Object.assign(spec.budgets, { symbol_notional_usdt: SYMBOL_CAP_USDT, gross_notional_usdt: GROSS_CAP_USDT });
  // A busy machine must not make the feeds too old to open.
  Object.assign(spec.market.freshness, { mark_ms: 20_000, quote_ms: 20_000, account_ms: 20_000 });
  return stringify(spec);
}
