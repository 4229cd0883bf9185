import { UNBOUND_DAY } from '../../core/keys/budgets.ts';
import type { IntendedPolicySpec, RegimeRow } from '../../core/policy.ts';
import { hashPolicy } from '../../policy/parse.ts';
import { cutBars } from '../facts/cut-bars.ts';
import type { MarketData } from '../facts/markets.ts';
import { TuneError } from '../facts/out-folder.ts';
import type { RunResult } from '../facts/runs.ts';
import { readScope } from '../judge/scope.ts';
import { DAY_MS, MIN_DAYS } from '../metrics/bootstrap-plan.ts';
import { type BootstrapPlan, createBootstrapPlan, type RunSummary, summarizeRun } from '../metrics/summary.ts';
import type { Scenario } from '../setup/scenarios.ts';
import type { Variant } from '../setup/variants.ts';
import { Workbench } from '../setup/workbench.ts';
import { type AccountRuns, type SeedFigures, sumAccounts } from './score.ts';

export const SEGMENTS = ['tuning', 'out_of_sample'] as const;
export type SegmentName = (typeof SEGMENTS)[number];

/**
 * First instant of the out-of-sample segment: the bar that opens the UTC day after `share` of the judged window, so
 * that no day belongs to both.
 *
 * @throws TuneError when one of the two would be shorter than the days from which a curve says anything
 */
export function findSplit(market: MarketData, share: number): number {
  const { startMs, endMs, barMs } = market;
  const day = Math.floor((startMs + share * (endMs - startMs)) / DAY_MS) * DAY_MS;
  const splitMs = startMs + Math.max(0, Math.ceil((day - startMs) / barMs)) * barMs;
  const tuningDays = (splitMs - startMs) / DAY_MS;
  const outDays = (endMs - splitMs) / DAY_MS;
  if (tuningDays >= MIN_DAYS && outDays >= MIN_DAYS) return splitMs;
  throw new TuneError(
    `a split at ${share} leaves ${tuningDays.toFixed(1)} days to tune on and ${outDays.toFixed(1)} out of sample: ` +
      `each needs ${MIN_DAYS}. Give more data, or another --split.`,
  );
}

/**
 * One of the two segments as a market of its own. The tuning segment has nothing after the split, neither bars nor
 * funding; to the other, all that lies before is history. Both start with a fresh account.
 *
 * @throws TuneError when a symbol has no bar to judge in it
 */
export function cutSegment(market: MarketData, splitMs: number, segment: SegmentName): MarketData {
  const isTuning = segment === 'tuning';
  const cut: MarketData = isTuning
    ? {
        ...market,
        endMs: splitMs,
        symbols: market.symbols.map((bars) => cutBars(bars, Number.NEGATIVE_INFINITY, splitMs)),
      }
    : { ...market, startMs: splitMs };
  for (const { openMs, instrument } of cut.symbols) {
    if (openMs.some((at) => at >= cut.startMs)) continue;
    const side = isTuning ? 'before' : 'after';
    throw new TuneError(`${instrument.symbol} has no bars ${side} the split at ${new Date(splitMs).toISOString()}`);
  }
  return cut;
}

const CALM: Scenario = { attack: 'none', sides: 'random', capsScale: 1 };
const LIGHT: Scenario = { attack: 'light', sides: 'random', capsScale: 1 };
const HEAVY: Scenario = { attack: 'heavy', sides: 'clairvoyant', capsScale: 1 };

/** A workbench keeps the tracks of every policy it has seen, some megabytes each: after so many it is replaced. */
const MAX_POLICIES = 8;
/** What depends on seed and agent alone is kept for so many accounts. */
const MAX_ACCOUNTS = 100;

export interface EvaluatorSettings {
  readonly market: MarketData;
  /** Accounts of every seed (names of `listAgents`). */
  readonly agents: readonly string[];
  /** Pass-through variant: what Shrink and the schedules of attacks are made from. */
  readonly reference: Variant;
  /** Variant in which R alone binds. */
  readonly unbound: Variant;
}
/** What every policy is compared with, for one account of one seed. */
interface AccountReference {
  readonly legitRequests: number;
  readonly allowedUsdt: number;
  readonly light: RunResult;
  readonly heavy: RunResult;
}

/** Runs policies on one segment. The same input gives the same figures, whatever was run before. */
export class Evaluator {
  readonly #settings: EvaluatorSettings;
  /** Figures over resampled days are not needed: one replicate is the least a plan has. */
  readonly #plan: BootstrapPlan;
  #bench: Workbench;
  /** Hashes of the policies that the workbench has seen. */
  readonly #policies = new Set<string>();
  readonly #references = new Map<string, AccountReference>();

  constructor(settings: EvaluatorSettings) {
    const { market } = settings;
    this.#settings = settings;
    this.#bench = new Workbench(market, readScope());
    this.#plan = createBootstrapPlan({ seed: 1, replicates: 1, startMs: market.startMs, endMs: market.endMs });
  }

  /** Figures of each seed, in the order of `seeds`. */
  measure(variant: Variant, seeds: readonly number[]): readonly SeedFigures[] {
    if (this.#policies.size >= MAX_POLICIES && !this.#policies.has(variant.hash)) {
      this.#bench = new Workbench(this.#settings.market, readScope());
      this.#policies.clear();
    }
    this.#policies.add(variant.hash);
    return seeds.map((seed) =>
      sumAccounts(this.#settings.agents.map((agent) => this.#runAccount(variant, seed, agent))),
    );
  }

  #runAccount(variant: Variant, seed: number, agent: string): AccountRuns {
    const { legitRequests, allowedUsdt, light, heavy } = this.#reference(seed, agent);
    const run = (scenario: Scenario, noSae: RunResult | null): RunSummary => {
      const result = this.#bench.run({ variant, scenario, seed, agent, legitRequests }).run();
      return summarizeRun(result, this.#plan, noSae);
    };
    return { calm: run(CALM, null), light: run(LIGHT, light), heavy: run(HEAVY, heavy), allowedUsdt };
  }

  #reference(seed: number, agent: string): AccountReference {
    const key = `${seed}/${agent}`;
    const known = this.#references.get(key);
    if (known !== undefined) return known;
    const { reference, unbound } = this.#settings;
    const calm = this.#bench.run({ variant: reference, scenario: CALM, seed, agent, legitRequests: 0 });
    calm.run();
    const { legitRequests } = calm.tally;
    const run = (variant: Variant, scenario: Scenario): RunResult =>
      this.#bench.run({ variant, scenario, seed, agent, legitRequests }).run();
    const found: AccountReference = {
      legitRequests,
      allowedUsdt: run(unbound, CALM).legit.openExecutedUsdt,
      light: run(reference, LIGHT),
      heavy: run(reference, HEAVY),
    };
    if (this.#references.size >= MAX_ACCOUNTS) this.#references.clear();
    this.#references.set(key, found);
    return found;
  }
}

const FREE_USDT = 1_000_000_000;
const FREE_ROW: RegimeRow = { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 };

/**
 * The start policy in which nothing binds but R: regimes, tiers, trust, trader state, pauses and budgets of the day are
 * off. What its accounts execute without attacks is what utility is a share of; no candidate can move it.
 */
export function unboundVariant(start: Variant): Variant {
  const { spec } = start;
  const { min_liquidation_distance, margin_buffer_usdt } = spec.account;
  const unbound: IntendedPolicySpec = {
    ...spec,
    budgets: { ...spec.budgets, ...UNBOUND_DAY },
    market: { ...spec.market, regimes: { calm: FREE_ROW, volatile: FREE_ROW, extreme: FREE_ROW } },
    account: {
      drawdown: { ...spec.account.drawdown, tiers: [] },
      daily_loss: { tiers: [] },
      margin_ratio: { tiers: [] },
      concentration: { share: 0.99, floor_usdt: FREE_USDT },
      min_liquidation_distance,
      margin_buffer_usdt,
    },
    trust: { ...spec.trust, tiers: [] },
    trader_state: { ...spec.trader_state, limit_at: 1, block_at: 1, multiplier: 1, enforce_block: false },
    temporal: {
      ...spec.temporal,
      duplicate_window_ms: 1,
      flip_interval_ms: 1,
      breaker: { ...spec.temporal.breaker, repeats: 1_000_000 },
    },
    agents: { default: {} },
  };
  return { name: 'R alone', spec: unbound, hash: hashPolicy(unbound) };
}
