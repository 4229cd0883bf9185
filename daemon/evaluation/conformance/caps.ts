import type { Factor, IntendedPolicySpec, Multiplier, Regime } from '../../core/policy.ts';
import type { MarkSample } from './history.ts';
import type { ClosedBar } from './under-test/exchange-client.ts';

/** R as the market tightens it (SAE-R, SAE-M), read from the policy file alone. Amounts in USDT. */
export interface Caps {
  readonly leverage: number;
  readonly orderUsdt: number;
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
  readonly orderRate: number;
  readonly slippageBps: number;
  readonly cooldownMs: number;
  readonly isReduceOnly: boolean;
}
/** Far below a lot; keeps a product of fractions from falling below the whole number that it means. */
const ROUNDING = 1e-9;

function toNumber(factor: Factor): number {
  if (typeof factor === 'number') return factor;
  const [over, under] = factor.split('/').map(Number);
  if (over === undefined || under === undefined) throw new Error(`the policy has a factor "${factor}"`);
  return over / under;
}
function factorOf(multiplier: Multiplier, component: 'leverage' | 'notional' | 'order_rate' | 'slippage'): number {
  return toNumber(typeof multiplier === 'object' ? multiplier[component] : multiplier);
}

/**
 * Caps of an order of a symbol in `regime`, while `portfolio` is the strictest regime of it and of every symbol with
 * exposure. The account's tiers (U), trust and trader state are not read: these caps are never tighter than the truth.
 */
export function readCaps(spec: IntendedPolicySpec, regime: Regime, portfolio: Regime): Caps {
  const { budgets } = spec;
  const own = spec.market.regimes[regime];
  const shared = spec.market.regimes[portfolio];
  return {
    leverage: Math.max(1, Math.floor(budgets.leverage * factorOf(own, 'leverage') + ROUNDING)),
    orderUsdt: budgets.order_notional_usdt * factorOf(own, 'notional'),
    symbolUsdt: budgets.symbol_notional_usdt * factorOf(own, 'notional'),
    grossUsdt: budgets.gross_notional_usdt * factorOf(shared, 'notional'),
    orderRate: Math.floor(budgets.order_rate.max * factorOf(shared, 'order_rate') + ROUNDING),
    slippageBps: budgets.slippage_bps * factorOf(own, 'slippage'),
    cooldownMs: own.cooldown_ms,
    isReduceOnly: own.reduce_only === true,
  };
}

/** Largest notional that one symbol may have beside `heldUsdt` of lots of the other symbols (SAE-U concentration). */
export function concentrationCap({ account }: IntendedPolicySpec, heldUsdt: number): number {
  const { share, floor_usdt: floor } = account.concentration;
  return share >= 1 ? Number.POSITIVE_INFINITY : Math.max(floor, (share / (1 - share)) * heldUsdt);
}

const RANK = { calm: 0, volatile: 1, extreme: 2 } as const;
const LABELS = ['calm', 'volatile', 'extreme'] as const;
export function stricter(a: Regime, b: Regime): Regime {
  return RANK[a] >= RANK[b] ? a : b;
}

interface BarLabel {
  readonly closeMs: number;
  readonly close: number;
  /** Square root of the sum of squared log returns over the window. */
  readonly sigma: number;
  readonly baseline: number;
  readonly label: Regime;
}

/**
 * The market's regime as a reader of the exchange's bars and marks knows it (SAE section 4), written from the text and
 * sharing nothing with the gate. Two readings, because marks move between readings: `certain` is a label that every
 * honest observer had by then, `possible` the strictest that anybody may have had. Funding and liquidity are not read:
 * `certain` can only be milder for it.
 */
export class RegimeReading {
  readonly #labels: readonly BarLabel[];
  readonly #marks: readonly MarkSample[];
  readonly #spec: IntendedPolicySpec;
  readonly #graceMs: number;

  /** `graceMs`: how old a mark an honest observer may still rely on. */
  constructor(spec: IntendedPolicySpec, bars: readonly ClosedBar[], marks: readonly MarkSample[], graceMs: number) {
    this.#spec = spec;
    this.#marks = marks;
    this.#graceMs = graceMs;
    this.#labels = labelBars(spec, bars);
  }

  certain(atMs: number): Regime {
    const known = atMs - this.#graceMs;
    let label: Regime = LABELS[Math.min(RANK[this.#held(known)], RANK[this.#held(atMs)])] ?? 'calm';
    // A running bar's label stays until bars close below it, so it is certain from one grace after it was there to see.
    for (const { atMs: seenMs, mark } of this.#marks) {
      if (seenMs > known) break;
      if (this.#sameBars(seenMs, atMs) && this.#heldThrough(seenMs, mark))
        label = stricter(label, this.#running(seenMs, mark));
    }
    return label;
  }

  possible(atMs: number): Regime {
    let label = stricter(this.#held(atMs - this.#graceMs), this.#held(atMs));
    for (const { atMs: seenMs, mark } of this.#marks) {
      if (seenMs <= atMs + this.#graceMs) label = stricter(label, this.#running(seenMs, mark));
    }
    return label;
  }

  /** A mark that stood for the whole grace was seen by everybody, one that flickered perhaps by nobody. */
  #heldThrough(fromMs: number, mark: number): boolean {
    const wanted = RANK[this.#running(fromMs, mark)];
    return this.#marks
      .filter((sample) => sample.atMs > fromMs && sample.atMs <= fromMs + this.#graceMs)
      .every((sample) => RANK[this.#running(sample.atMs, sample.mark)] >= wanted);
  }
  #sameBars(a: number, b: number): boolean {
    return this.#lastBar(a) === this.#lastBar(b);
  }
  #lastBar(atMs: number): BarLabel | undefined {
    return this.#labels.findLast((bar) => bar.closeMs <= atMs);
  }

  /** The strictest label of the last bars: a calmer one counts only after that many. */
  #held(atMs: number): Regime {
    const last = this.#labels.findLastIndex((bar) => bar.closeMs <= atMs);
    const held = this.#labels.slice(Math.max(0, last + 1 - this.#spec.market.regime_hold_bars), last + 1);
    return held.reduce<Regime>((label, bar) => stricter(label, bar.label), 'calm');
  }

  #running(atMs: number, mark: number): Regime {
    const bar = this.#lastBar(atMs);
    if (bar === undefined) return 'calm';
    const move = Math.log(mark / bar.close);
    const jump = Math.abs(move) / (bar.sigma / Math.sqrt(this.#spec.market.volatility.window_bars));
    return classify(this.#spec, Math.sqrt(bar.sigma ** 2 + move ** 2), bar.baseline, jump);
  }
}

function classify(spec: IntendedPolicySpec, sigma: number, baseline: number, jump: number): Regime {
  const { volatile, extreme, absolute, jump_sigma: jumpSigma } = spec.market.volatility;
  const ratio = baseline > 0 ? sigma / baseline : 0;
  if (jump >= jumpSigma || ratio >= extreme || sigma >= absolute.extreme) return 'extreme';
  return ratio >= volatile || sigma >= absolute.volatile ? 'volatile' : 'calm';
}

/** Labels of the newest bars, as far back as the history allows a baseline; earlier ones are not needed. */
function labelBars(spec: IntendedPolicySpec, bars: readonly ClosedBar[]): readonly BarLabel[] {
  const { window_bars: window, baseline_bars: baselineBars, baseline_quantile: quantile } = spec.market.volatility;
  const moves = bars.slice(1).map((bar, index) => Math.log(bar.close / (bars[index]?.close ?? bar.close)));
  const sigmas: number[] = [];
  let squares = 0;
  for (const [index, move] of moves.entries()) {
    squares += move ** 2 - (index >= window ? (moves[index - window] ?? 0) ** 2 : 0);
    sigmas.push(index + 1 >= window ? Math.sqrt(Math.max(0, squares)) : Number.NaN);
  }
  const labels: BarLabel[] = [];
  const first = Math.max(window, moves.length - 2 * spec.market.regime_hold_bars - 8);
  for (let index = first; index < moves.length; index++) {
    const before = sigmas.slice(Math.max(0, index - baselineBars), index).filter((sigma) => !Number.isNaN(sigma));
    const sorted = before.sort((a, b) => a - b);
    const baseline = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
    const sigma = sigmas[index] ?? Number.NaN;
    const jump = Math.abs(moves[index] ?? 0) / ((sigmas[index - 1] ?? sigma) / Math.sqrt(window));
    const bar = bars[index + 1];
    if (bar !== undefined)
      labels.push({
        closeMs: bar.closeMs,
        close: bar.close,
        sigma,
        baseline,
        label: classify(spec, sigma, baseline, jump),
      });
  }
  return labels;
}
