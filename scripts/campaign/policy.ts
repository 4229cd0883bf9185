import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { UNBOUND_DAY } from '../../daemon/core/keys/budgets.ts';
import { type IntendedPolicySpec, REGIMES } from '../../daemon/core/policy.ts';
import type { Caps } from './cap-breaches.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

/** Both bind under load; prices stand still, so that what could be held is worth the same at every instant. */
export const CAPS: Caps = { symbolUsdt: 1_000, grossUsdt: 1_500 };
export const MARKS: Readonly<Record<string, number>> = { BTCUSDT: 60_000, ETHUSDT: 3_000 };

/** The default policy with these caps and without pace: only caps, states and freshness refuse. */
export function campaignPolicy(): string {
  const file = join(findPackageFolder(), 'policies', 'default.yaml');
  const spec = parse(readFileSync(file, 'utf8')) as Mutable<IntendedPolicySpec>;
  Object.assign(spec.budgets, {
    symbol_notional_usdt: CAPS.symbolUsdt,
    gross_notional_usdt: CAPS.grossUsdt,
    order_rate: { max: 1_000_000, window_ms: 60_000 },
    ...UNBOUND_DAY,
  });
  Object.assign(spec.exits, { rate: { max: 100_000, window_ms: 60_000 } });
  Object.assign(spec.temporal, {
    duplicate_exempt: ['BTCUSDT', 'ETHUSDT'],
    flip_interval_ms: 1,
    breaker: { repeats: 1_000_000, window_ms: 60_000, cooldown_ms: 300_000 },
  });
  // Every call is recorded, so that the judge finds each answer in the ledger.
  const many = { max: 1_000_000, window_ms: 60_000 };
  Object.assign(spec, { requests: { refusals: many, dry_runs: many, intercepts: many } });
  const row = { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 };
  for (const regime of REGIMES) Object.assign(spec.market.regimes[regime], row);
  // Two slices where it is calm: kills fall between them as well.
  Object.assign(spec.market.regimes.calm, { slices: 2 });
  Object.assign(spec.staging, { spacing_ms: 150 });
  // A busy machine must not make the feeds too old to open.
  Object.assign(spec.market.freshness, { mark_ms: 20_000, quote_ms: 20_000, account_ms: 20_000 });
  return stringify(spec);
}
