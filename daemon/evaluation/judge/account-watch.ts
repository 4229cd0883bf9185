import type { AccountFacts } from '../facts/judging.ts';
import type { JudgeScope, ScopeTier } from './scope.ts';

/** 1 - 9,000 / 10,000 is a tenth, whatever its last bit says. */
const LAST_BIT = 1e-12;

/** U: what drawdown, daily loss and margin ratio do to the budgets, from the account as it was told. */
export class AccountWatch {
  readonly #scope: JudgeScope['account'];
  readonly #history: EquityHistory;
  #marginRatio = 0;
  maintenanceUsdt = 0;
  /** Product of the multipliers of all tiers that are reached. */
  factor = 1;
  isReduceOnly = false;

  constructor(scope: JudgeScope['account'], startEquityUsdt: number) {
    this.#scope = scope;
    this.#history = new EquityHistory(scope.drawdown.window_ms, startEquityUsdt);
  }

  get equityUsdt(): number {
    return this.#history.equityUsdt;
  }
  /** Some tier is reached: as time passes it may not be any more. */
  get isTightened(): boolean {
    return this.isReduceOnly || this.factor !== 1;
  }

  note(facts: AccountFacts): void {
    this.#history.push(facts.atMs, facts.equityUsdt);
    this.maintenanceUsdt = facts.maintenanceMarginUsdt;
    if (facts.maintenanceMarginUsdt <= 0) this.#marginRatio = 0;
    else this.#marginRatio = facts.equityUsdt > 0 ? facts.maintenanceMarginUsdt / facts.equityUsdt : 1;
    this.refresh(facts.atMs);
  }

  refresh(atMs: number): void {
    this.factor = 1;
    this.isReduceOnly = false;
    this.#reach(this.#scope.drawdown.tiers, this.#history.drawdown(atMs));
    this.#reach(this.#scope.daily_loss.tiers, this.#history.dailyLoss(atMs));
    this.#reach(this.#scope.margin_ratio.tiers, this.#marginRatio);
  }

  #reach(tiers: readonly ScopeTier[], level: number): void {
    for (let i = 0; i < tiers.length; i++) {
      const tier = tiers[i]!;
      if (level < tier.at - LAST_BIT) return;
      this.factor *= tier.multiplier;
      if (tier.reduce_only) this.isReduceOnly = true;
    }
  }
}

const DAY_MS = 86_400_000;

/**
 * The account's equity over time as it was told, a value holding until the next: drawdown against the highest of a
 * moving window (SAE-DD) and the loss of the day. Instants never go back. All questions are O(1) amortised.
 */
export class EquityHistory {
  readonly #windowMs: number;
  /** Values that may still be the highest, falling; each counts for the window's length from when it was told. */
  readonly #peaks = new SampleQueue();
  /** Values of the last 24 hours; the first is the one that held 24 hours ago. */
  readonly #day = new SampleQueue();
  #midnightMs = Number.NEGATIVE_INFINITY;
  #atMidnight: number;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #equity: number;

  /** `startUsdt` held for ever before the first value, and was last seen when that was told. */
  constructor(windowMs: number, startUsdt: number) {
    this.#windowMs = windowMs;
    this.#equity = startUsdt;
    this.#atMidnight = startUsdt;
    this.#day.push(Number.NEGATIVE_INFINITY, startUsdt);
  }

  get equityUsdt(): number {
    return this.#equity;
  }

  push(atMs: number, equityUsdt: number): void {
    if (atMs < this.#lastAtMs) throw new RangeError(`equity of ${atMs} after that of ${this.#lastAtMs}`);
    this.#passMidnight(atMs);
    if (this.#lastAtMs === Number.NEGATIVE_INFINITY) this.#peaks.push(atMs, this.#equity);
    // The last word of an instant is what held; every word counts for the highest.
    if (atMs === this.#midnightMs) this.#atMidnight = equityUsdt;
    if (atMs === this.#lastAtMs) this.#day.replaceLast(equityUsdt);
    else this.#day.push(atMs, equityUsdt);
    const peaks = this.#peaks;
    while (peaks.size > 0 && peaks.lastValue() <= equityUsdt) peaks.pop();
    peaks.push(atMs, equityUsdt);
    this.#equity = equityUsdt;
    this.#lastAtMs = atMs;
    this.#forget(atMs);
  }

  /** 1 - E / highest E of the window, a fraction >= 0. */
  drawdown(atMs: number): number {
    this.#forget(atMs);
    const highest = this.#peaks.size > 0 ? this.#peaks.firstValue() : this.#equity;
    return highest > 0 ? Math.max(0, 1 - this.#equity / highest) : 0;
  }

  /** 1 - E / max(E at 00:00 UTC, E 24 hours ago), a fraction; negative: a gain. */
  dailyLoss(atMs: number): number {
    this.#passMidnight(atMs);
    this.#forget(atMs);
    const reference = Math.max(this.#atMidnight, this.#day.firstValue());
    return reference > 0 ? 1 - this.#equity / reference : 0;
  }

  #passMidnight(atMs: number): void {
    if (atMs < this.#midnightMs + DAY_MS) return;
    this.#midnightMs = Math.floor(atMs / DAY_MS) * DAY_MS;
    this.#atMidnight = this.#equity;
  }

  #forget(atMs: number): void {
    const day = this.#day;
    while (day.size > 1 && day.secondAtMs() <= atMs - DAY_MS) day.shift();
    while (this.#peaks.size > 1 && this.#peaks.firstAtMs() <= atMs - this.#windowMs) this.#peaks.shift();
  }
}

/** A queue of (instant, value) in growing rings. */
class SampleQueue {
  #atMs: Float64Array = new Float64Array(64);
  #value: Float64Array = new Float64Array(64);
  #head = 0;
  size = 0;

  push(atMs: number, value: number): void {
    if (this.size === this.#atMs.length) this.#grow();
    const i = this.#index(this.size);
    this.#atMs[i] = atMs;
    this.#value[i] = value;
    this.size += 1;
  }
  replaceLast(value: number): void {
    this.#value[this.#index(this.size - 1)] = value;
  }
  pop(): void {
    this.size -= 1;
  }
  shift(): void {
    this.#head = (this.#head + 1) & (this.#atMs.length - 1);
    this.size -= 1;
  }
  firstValue(): number {
    return this.#value[this.#head]!;
  }
  firstAtMs(): number {
    return this.#atMs[this.#head]!;
  }
  secondAtMs(): number {
    return this.#atMs[this.#index(1)]!;
  }
  lastValue(): number {
    return this.#value[this.#index(this.size - 1)]!;
  }

  #index(offset: number): number {
    return (this.#head + offset) & (this.#atMs.length - 1);
  }
  #grow(): void {
    const { length } = this.#atMs;
    const columns = [this.#atMs, this.#value].map((old) => {
      const wider = new Float64Array(2 * length);
      for (let i = 0; i < length; i++) wider[i] = old[(this.#head + i) & (length - 1)]!;
      return wider;
    });
    [this.#atMs, this.#value] = columns as [Float64Array, Float64Array];
    this.#head = 0;
  }
}
