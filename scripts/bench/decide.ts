import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { RuleVerdict } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { BENCH_CONTEXT, BENCH_REQUEST } from './world.ts';

const BATCH = 1_000;
const BATCHES = 300;

export interface DecideFigures {
  readonly p50_ns: number;
  readonly p99_ns: number;
  readonly bytes_per_op: number;
  readonly trace_ns: number;
}

/**
 * Nanoseconds an operation by batches: the clock's own cost vanishes, a pause shows in one batch. The two take turns, so
 * that a machine that is slow for a while is slow for both.
 */
function measureInTurn(runs: readonly (() => void)[]): readonly number[][] {
  for (const run of runs) for (let i = 0; i < 50 * BATCH; i += 1) run();
  const batches = runs.map((): number[] => []);
  for (let batch = 0; batch < BATCHES; batch += 1)
    for (const [index, run] of runs.entries()) batches[index]!.push(timeBatch(run));
  return batches.map((times) => times.sort((a, b) => a - b));
}
function timeBatch(run: () => void): number {
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < BATCH; i += 1) run();
  return Number(process.hrtime.bigint() - startedAt) / BATCH;
}
function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length) - 1)] ?? Number.NaN;
}

/** The yardstick: ten hand-written comparisons with a full trace, in rows like the gate's own, nothing else. */
function tenChecks(
  context: ExecutionContext,
  notional: number,
  leverage: number,
  slippage: number,
): { readonly ok: boolean; readonly trace: readonly RuleVerdict[] } {
  const trace: RuleVerdict[] = [];
  let ok = true;
  const check = (code: string, observed: number, limit: number, unit: string): void => {
    const holds = observed <= limit;
    if (!holds) ok = false;
    trace.push({ code, limit, observed, outcome: holds ? 'pass' : 'deny', rule: 12, unit });
  };
  const { account, exposure, pacing, market } = context;
  check('order', notional, 1_000, 'USDT');
  check('symbol', notional + exposure.long_units * 1e-4, 2_000, 'USDT');
  check('gross', notional + exposure.gross_other_usdt, 3_000, 'USDT');
  check('leverage', leverage, 3, 'x');
  check('slippage', slippage, 20, 'bps');
  check('rate', pacing.account_sends, 20, 'orders');
  check('drawdown', account?.drawdown ?? 1, 0.1, 'fraction');
  check('daily_loss', account?.daily_loss ?? 1, 0.05, 'fraction');
  check('margin', notional / leverage, account?.available_usdt ?? 0, 'USDT');
  check('sigma', market.sigma ?? 1, 0.06, 'fraction');
  return { ok, trace };
}

/** The newest results. Kept, so that the optimiser cannot leave out what a caller would be given. */
const kept: unknown[] = new Array(64).fill(null);
let keptCount = 0;
function keep(result: unknown): void {
  kept[keptCount & 63] = result;
  keptCount += 1;
}

export function measureDecide(spec: IntendedPolicySpec): DecideFigures {
  const policy = compilePolicy(spec, 'bench', 'agent');
  // Views that differ in identity and in one figure, as in life: one constant view would be folded into the code.
  const contexts = Array.from({ length: 64 }, (_, i) => ({ ...structuredClone(BENCH_CONTEXT), clock_skew_ms: i }));
  let turn = 0;
  const nextContext = (): ExecutionContext => {
    turn += 1;
    return contexts[turn & 63] ?? BENCH_CONTEXT;
  };
  let sink = 0;
  const runDecide = (): void => {
    const decision = decide(BENCH_REQUEST, nextContext(), policy);
    keep(decision);
    sink += decision.verdicts.length;
  };
  const runTrace = (): void => {
    const checked = tenChecks(nextContext(), 400 + (sink & 1), 1, 10);
    keep(checked);
    sink += checked.trace.length;
  };
  const [decided = [], traced = []] = measureInTurn([runDecide, runTrace]);
  if (sink === 0) throw new Error('nothing was decided');
  return {
    p50_ns: Math.round(at(decided, 0.5)),
    p99_ns: Math.round(at(decided, 0.99)),
    bytes_per_op: measureBytes(policy),
    trace_ns: Math.round(at(traced, 0.5)),
  };
}

/** Bytes allocated an operation, from the heap's growth between two collections that did not happen. */
function measureBytes(policy: ReturnType<typeof compilePolicy>): number {
  const samples: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500; i += 1) decide(BENCH_REQUEST, BENCH_CONTEXT, policy);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) samples.push(grown / 500);
  }
  samples.sort((a, b) => a - b);
  return Math.round(at(samples, 0.5));
}
