import type { Regime } from '../../core/policy.ts';
import { findBudget } from '../../core/rules/budget-finding.ts';
import { bareAsk, bareRequest, GATE_AGENT } from '../../engine/plan/standing.ts';
import type { LiveInputs } from '../../engine/readings/inputs.ts';
import { buildContext } from '../../engine/snapshot/snapshot.ts';
import { HALF_SPREAD_BPS } from '../engine/fill-model.ts';
import type { ReplayRun } from '../engine/run.ts';
import type { AttackIntensity } from '../facts/agents.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';
import type { Scenario } from './scenarios.ts';

const PLACE = { account: SERVED_ACCOUNT, venue: SERVED_VENUE };
/** Variants of which the report shows regimes and budget factors. */
const BUDGETED_VARIANTS: readonly string[] = ['Holdfast', 'Full'];
/** Attacks from the heaviest on, each with the sides under which its curves are drawn. */
const DRAWN = [
  { attack: 'heavy', sides: 'clairvoyant' },
  { attack: 'light', sides: 'random' },
  { attack: 'none', sides: 'random' },
] as const satisfies readonly { readonly attack: AttackIntensity; readonly sides: Scenario['sides'] }[];

/** The scenario whose curves the report draws: the heaviest attack at caps x 1; null: none of these is run. */
export function findDrawnScenario(scenarios: readonly Scenario[]): Scenario | null {
  for (const { attack, sides } of DRAWN) {
    const found = scenarios.find(
      (scenario) => scenario.attack === attack && scenario.sides === sides && scenario.capsScale === 1,
    );
    if (found !== undefined) return found;
  }
  return null;
}

/** One sampled run, a value a bar: what the report's curves are drawn from. */
export interface RunSample {
  readonly variant: string;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly agent: string;
  readonly atMs: readonly number[];
  readonly equity: readonly number[];
  readonly gross: readonly number[];
  /** Regime by symbol as the gate held it. Empty, as the factors, of variants whose budgets are not shown. */
  readonly regimes: Readonly<Record<string, readonly Regime[]>>;
  /** Notional factors of the market (the strictest over the symbols) and of the account (SAE-BUDGET g and h). */
  readonly g: readonly number[];
  readonly h: readonly number[];
}

/** Collects the sample of one run as it runs. */
export class Sampler {
  readonly #variant: string;
  readonly #scenario: Scenario;
  readonly #atMs: number[] = [];
  readonly #equity: number[] = [];
  readonly #gross: number[] = [];
  readonly #regimes: Record<string, Regime[]> = {};
  readonly #g: number[] = [];
  readonly #h: number[] = [];
  #seed = 0;
  #agent = '';

  constructor(variant: string, scenario: Scenario) {
    this.#variant = variant;
    this.#scenario = scenario;
  }

  readonly onBarClose = (run: ReplayRun): void => {
    const { account, clock, setup } = run;
    this.#seed = setup.key.seed;
    this.#agent = setup.key.agent;
    this.#atMs.push(clock.nowMs);
    this.#equity.push(account.equityUsdt());
    this.#gross.push(account.grossUsdt());
    if (BUDGETED_VARIANTS.includes(this.#variant)) this.#noteBudget(run);
  };

  /** What the gate would be bound by now. As dear as a decision: only where it is shown. */
  #noteBudget(run: ReplayRun): void {
    const { core, clock } = run;
    const policy = core.policyFor(GATE_AGENT);
    const inputs = readInputs(run);
    let g = 1;
    let h = 1;
    for (const symbol of clock.market.symbols) {
      const request = bareRequest(PLACE, symbol, clock.nowMs);
      const found = findBudget(buildContext(core.state, inputs, request, policy, bareAsk(PLACE)), policy);
      this.#regimes[symbol] ??= [];
      this.#regimes[symbol].push(found.regime.regime);
      g = Math.min(g, found.record.market.notional);
      h = Math.min(h, found.record.account.notional);
    }
    this.#g.push(g);
    this.#h.push(h);
  }

  finish(): RunSample {
    return {
      variant: this.#variant,
      scenario: this.#scenario,
      seed: this.#seed,
      agent: this.#agent,
      atMs: this.#atMs,
      equity: this.#equity,
      gross: this.#gross,
      regimes: this.#regimes,
      g: this.#g,
      h: this.#h,
    };
  }
}

/**
 * What the gate would read at this bar's close. INVARIANT: a run is the same with and without a sample: the engine's own
 * reading is not requested, since it is kept until time moves on, and the next bar opens at this very instant.
 */
function readInputs({ core, clock, setup }: ReplayRun): LiveInputs {
  const { nowMs } = clock;
  const account = core.accountInputs();
  const symbols = new Map(account.symbols);
  for (const [i, symbol] of clock.market.symbols.entries()) {
    if (!clock.isLive(i)) continue;
    const mark = clock.marks[i]!;
    const halfTicks = Math.max(1, Math.round((clock.markTicks[i]! * HALF_SPREAD_BPS) / 1e4));
    symbols.set(symbol, {
      mark,
      markAtMs: nowMs,
      bid: clock.priceOf(i, clock.markTicks[i]! - halfTicks),
      ask: clock.priceOf(i, clock.markTicks[i]! + halfTicks),
      quoteAtMs: nowMs,
      fundingRate8h: setup.track.fundingRate8h(i, nowMs),
      fundingAtMs: nowMs,
      features: setup.track.live(i, clock.barIndex[i]!, mark),
      heldRegime: core.feeds.heldRegime(i),
    });
  }
  return { ...account, symbols };
}
