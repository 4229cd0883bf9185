import { existsSync } from 'node:fs';
import { findPolicy, requirePolicy } from '../../../boot/policy/policy.ts';
import type { LimitsBody } from '../../../contract/types/limits.ts';
import type { ReadinessBody } from '../../../contract/types/operator.ts';
import type { PolicyBody } from '../../../contract/types/policy.ts';
import type { AccountBody, MarketBody } from '../../../contract/types/reads.ts';
import { profileOf } from '../../../core/venues.ts';
import { absent, type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';
import type { VenueSide } from './venue-side.ts';

interface Freshness {
  readonly account_ms: number;
  readonly clock_skew_ms: number;
  readonly filters_ms: number;
  readonly mark_ms: number;
  readonly quote_ms: number;
}

/** Whether what decides is current: the policy, the clock, the filters, the readings. */
export function freshnessChecks(examined: Examined, side: VenueSide): readonly Check[] {
  const { config, operator, policy } = examined;
  const { market } = policy.policy as { readonly market: { readonly freshness: Freshness } };
  const { freshness } = market;
  const readiness = async (): Promise<ReadinessBody> => (await operator.ask('/readyz')).body as ReadinessBody;
  const waiting = async (): Promise<readonly string[]> => (await readiness()).waiting_for;
  return [
    {
      id: 'policy_in_force',
      claim: 'the policy in force is the file on disk',
      run: async () => {
        if (!existsSync(config.policyPath)) return absent(config.policyPath, ': the policy in force is of the ledger');
        const file = requirePolicy(await findPolicy(config));
        if (file.hash === policy.hash) return proven(`${policy.name} ${policy.hash.slice(0, 12)}`);
        const state = policy.pending === null ? 'it was not taken over' : 'it is looser, and waits for an operator';
        return refuted(
          `in force is ${policy.hash.slice(0, 12)}, ${config.policyPath} is ${file.hash.slice(0, 12)}: ${state}`,
        );
      },
    },
    {
      id: 'alert_routes',
      claim: 'the alert routes in force are the file on disk',
      run: async () => {
        const { alert_routes_error: error, pending_alert_routes: pending } = await readiness();
        if (error !== null) return refuted(error);
        if (pending !== null) return refuted('the file is looser, and waits for an operator');
        if (!existsSync(config.alertsPath)) return absent(config.alertsPath, ': no alert leaves this machine');
        return proven(config.alertsPath);
      },
    },
    ...(profileOf(config.venue).needsArming
      ? [{ id: 'armed', claim: 'live trading is armed', run: () => judgeArming(policy) }]
      : []),
    {
      id: 'clock',
      claim: "the daemon's clock is the venue's",
      run: async () => {
        if ((await waiting()).includes('the clock')) return refuted('the daemon itself does not trust its clock');
        return side.compareClock(
          () => operator.get<LimitsBody>('/v1/limits').then(({ at_ms }) => at_ms),
          freshness.clock_skew_ms,
        );
      },
    },
    {
      id: 'filters',
      claim: 'the filters of every symbol are current',
      run: async () => {
        const late = (await waiting()).filter((what) => what.startsWith('the filters of') || what.includes('filters'));
        if (late.length > 0) return refuted(`too old, or not read: ${late.join(', ')}`);
        return proven(`read within ${describe(freshness.filters_ms)}`);
      },
    },
    {
      id: 'polls',
      claim: 'account, marks and books are current',
      run: () => judgeAges(operator, freshness),
    },
  ];
}

export function judgeArming({ arming }: Pick<PolicyBody, 'arming'>): Finding {
  if (arming === undefined) return unknown('the daemon has not reached the venue yet');
  const { expires_at_ms, policy_hash, problem } = arming;
  if (problem !== null) return refuted(`nothing opens: ${problem}`);
  return proven(`for the policy ${policy_hash.slice(0, 12)}, until ${new Date(expires_at_ms).toISOString()}`);
}

async function judgeAges(operator: Examined['operator'], freshness: Freshness): Promise<Finding> {
  const [account, { markets }, limits] = await Promise.all([
    operator.get<AccountBody>('/v1/account'),
    operator.get<{ readonly markets: readonly MarketBody[] }>('/v1/market'),
    operator.get<LimitsBody>('/v1/limits'),
  ]);
  if (markets.length === 0) return unknown('the daemon names no market');
  const ages = [
    { what: 'account', atMs: account.observed_at_ms, maxMs: freshness.account_ms },
    ...markets.flatMap(({ symbol, mark_at_ms, quote_at_ms }) => [
      { what: `mark of ${symbol}`, atMs: mark_at_ms, maxMs: freshness.mark_ms },
      { what: `book of ${symbol}`, atMs: quote_at_ms, maxMs: freshness.quote_ms },
    ]),
  ].map(({ atMs, maxMs, what }) => ({ what, ageMs: atMs === null ? null : limits.at_ms - atMs, maxMs }));
  const late = ages.filter(({ ageMs, maxMs }) => ageMs === null || ageMs > maxMs);
  if (late.length > 0)
    return refuted(late.map(({ ageMs, what }) => `${what}: ${ageMs === null ? 'never' : describe(ageMs)}`).join(', '));
  return proven(`the oldest is of ${describe(Math.max(0, ...ages.map(({ ageMs }) => ageMs ?? 0)))} ago`);
}

const describe = (ms: number): string =>
  ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
