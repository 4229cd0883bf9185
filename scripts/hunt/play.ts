import { createStrategy, STRATEGY_NAMES } from '../../daemon/evaluation/agents/strategies/index.ts';
import type { Agent, AttackEpisode } from '../../daemon/evaluation/facts/agents.ts';
import { cutBars } from '../../daemon/evaluation/facts/cut-bars.ts';
import type { MarketData } from '../../daemon/evaluation/facts/markets.ts';
import { readBudgets } from '../../daemon/evaluation/intents/budgets.ts';
import { type JudgeScope, readScope } from '../../daemon/evaluation/judge/scope.ts';
import { START_EQUITY_USDT } from '../../daemon/evaluation/run/run.ts';
import { PLAIN } from '../../daemon/evaluation/setup/scenarios.ts';
import { forSymbols, loadVariant, type Variant } from '../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../daemon/evaluation/setup/workbench.ts';
import { PlannedAttacker } from './attacker.ts';
import type { HuntPlan } from './plan.ts';

/** What one episode has done. */
export interface Episode {
  /** Rules that executions were out of scope by, in order of their names; a run that threw is `crashed`. */
  readonly found: string;
  /** Executions out of scope, one line each; of a run that threw, its error. */
  readonly details: readonly string[];
  /** Fee, slippage and loss to the close of the bar of what was executed out of scope, USDT. */
  readonly outOfScopeUsdt: number;
  /** What the account has lost, USDT. */
  readonly lostUsdt: number;
  readonly asks: number;
  /** What its asks met, with the number of moves until then. */
  readonly seen: ReadonlyMap<string, number>;
}

const AGENT = 'agent';
const IDLE: Agent = { onBar: () => [], onAnswer: () => [] };
/** Longest memory that gate or judge have of bars: the baseline, its window, and what each begins with. */
const WARMUP_MS = 32 * 86_400_000;
/** Windows that are kept prepared. */
const MAX_BENCHES = 16;

/** Plays episodes on windows of recorded bars, with the gate, the exchange and the judge of the evaluation. */
export class Range {
  readonly #data: MarketData;
  readonly #scope: JudgeScope = readScope();
  readonly #benches = new Map<number, Workbench>();
  readonly #variants = new Map<string, Variant>();

  constructor(data: MarketData) {
    this.#data = data;
  }

  /** Starts of windows of so many bars, one each day. */
  windowsMs(bars: number): readonly number[] {
    const { barMs, endMs, startMs } = this.#data;
    const starts: number[] = [];
    for (let ms = startMs; ms + bars * barMs <= endMs; ms += 86_400_000) starts.push(ms);
    return starts;
  }

  play(plan: HuntPlan): Episode {
    const { budgets } = this.#scope;
    const bench = this.#bench(plan);
    const episode: AttackEpisode = {
      id: 'hunt',
      family: 'ATK-ADAPT',
      symbol: bench.market.symbols[0] ?? '',
      startMs: plan.windowMs,
      side: 'buy',
      seed: plan.seed,
      agent: AGENT,
    };
    const seen = new Map<string, number>();
    const attacker = new PlannedAttacker({
      moves: plan.moves,
      orderCapUsdt: budgets.order_notional_usdt,
      onSeen: (each, moves) => seen.set(each, Math.min(moves, seen.get(each) ?? moves)),
    });
    const run = bench.run(
      { variant: this.#variant(plan.variant), scenario: PLAIN, seed: plan.seed, agent: AGENT, legitRequests: 0 },
      {
        agents: [{ name: AGENT, agent: this.#createAgent(plan) }],
        episodes: [episode],
        createAttacker: () => attacker,
        bars: plan.bars,
      },
    );
    try {
      const result = run.run();
      const rules = result.disagreements.flatMap((line) => /: ([a-z_, ]+) \(/.exec(line)?.[1]?.split(', ') ?? []);
      return {
        found: [...new Set(rules)].sort().join(' '),
        details: result.disagreements,
        outOfScopeUsdt: result.lossOutOfScopeUsdt,
        lostUsdt: START_EQUITY_USDT - (result.equity.at(-1) ?? START_EQUITY_USDT),
        asks: attacker.asked,
        seen,
      };
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { found: 'crashed', details: [detail], outOfScopeUsdt: 0, lostUsdt: 0, asks: attacker.asked, seen };
    }
  }

  #createAgent({ seed, strategy }: HuntPlan): Agent {
    if (strategy === null) return IDLE;
    const name = STRATEGY_NAMES.find((known) => known === strategy);
    if (name === undefined) throw new Error(`no strategy is called ${strategy}`);
    return createStrategy(name, 'within-budget', { seed, capsScale: 1, budgets: readBudgets(this.#scope.budgets) });
  }

  #variant(name: string): Variant {
    let variant = this.#variants.get(name);
    if (variant === undefined) {
      variant = forSymbols(
        loadVariant(name),
        this.#data.symbols.map(({ instrument }) => instrument.symbol),
      );
      this.#variants.set(name, variant);
    }
    return variant;
  }

  #bench({ bars, windowMs }: HuntPlan): Workbench {
    const known = this.#benches.get(windowMs);
    if (known !== undefined) return known;
    if (this.#benches.size >= MAX_BENCHES) this.#benches.clear();
    const bench = new Workbench(cutWindow(this.#data, windowMs, bars), this.#scope);
    this.#benches.set(windowMs, bench);
    return bench;
  }
}

/** The bars of a window, with those before it as warm-up. */
function cutWindow(data: MarketData, startMs: number, bars: number): MarketData {
  const endMs = startMs + bars * data.barMs;
  const fromMs = startMs - WARMUP_MS;
  return { ...data, startMs, endMs, symbols: data.symbols.map((symbol) => cutBars(symbol, fromMs, endMs)) };
}
