import { keeps } from './keep.ts';
import { MinuteMaxima, minuteOf } from './minute-maxima.ts';
import { RecentMoves } from './recent-moves.ts';
import type { Redate } from './redate.ts';

/**
 * Equity over time, net of transfers: the maximum of the drawdown window and the reference of the day (SAE-DD).
 * A rebase restarts the maximum; it is recorded and lifts no other layer.
 */
const DAY_MS = 86_400_000;
export class EquityHistory {
  #maxima = new MinuteMaxima();
  /** Every sample of the last two days, for the day's reference. */
  #recent = new EquitySamples();
  readonly #atMidnight = createCursor();
  readonly #dayAgo = createCursor();
  #transfers = 0;
  #moves = new RecentMoves();
  #rebasedAtMs = Number.NEGATIVE_INFINITY;

  static {
    keeps(
      EquityHistory,
      (view) => ({
        maxima: view.#maxima,
        recent: view.#recent,
        transfers: view.#transfers,
        moves: view.#moves,
        rebasedAtMs: view.#rebasedAtMs,
      }),
      (kept) => {
        const made = new EquityHistory();
        made.#maxima = kept.maxima;
        made.#recent = kept.recent;
        made.#transfers = kept.transfers;
        made.#moves = kept.moves;
        made.#rebasedAtMs = kept.rebasedAtMs;
        return made;
      },
    );
  }

  get transfersUsdt(): number {
    return this.#transfers;
  }

  /**
   * The account shows a transfer before the list of transfers does. Samples requested after `atMs` (venue time) already
   * contain it and are corrected. Otherwise a deposit would remain as a peak that was never earned.
   */
  addTransfer(amountUsdt: number, atMs: number): void {
    this.#transfers += amountUsdt;
    this.#moves.add(amountUsdt, atMs);
    this.#recent.correctAfter(atMs, -amountUsdt);
    const firstMinute = minuteOf(atMs);
    const { oldestMs } = this.#recent;
    // Minutes that the samples no longer cover keep their values.
    if (oldestMs === undefined || minuteOf(oldestMs) > firstMinute) return;
    this.#maxima.forgetFrom(firstMinute);
    for (const { atMs: sampledMs, peak } of this.#recent)
      if (minuteOf(sampledMs) >= firstMinute && sampledMs >= this.#rebasedAtMs) this.#maxima.raise(sampledMs, peak);
  }

  /** Transfers of the last minutes. */
  get moves(): RecentMoves {
    return this.#moves;
  }

  /**
   * `atMs`: when the account was requested, so that it contains everything before, and nothing that was moved later: a
   * transfer may be told while the answer is on its way. RISK: a balance that only one
   * reading shows was never real; as a maximum it would tighten for a month. `peakUsdt`: the part that the maximum
   * takes in.
   */
  add(atMs: number, marginBalanceUsdt: number, peakUsdt = marginBalanceUsdt): void {
    const contained = this.#transfers - this.#moves.since(atMs);
    const equity = marginBalanceUsdt - contained;
    const peak = peakUsdt - contained;
    this.#maxima.raise(atMs, peak);
    this.#recent.add(atMs, equity, peak);
    this.#recent.dropUntil(atMs - 2 * DAY_MS);
  }

  /** At most `most` of the samples of the last two days, each the last one of its span, oldest first. */
  thinned(most: number): readonly DatedEquity[] {
    const [oldest] = this.#recent;
    if (oldest === undefined) return [];
    const stepMs = (2 * DAY_MS) / (most - 1);
    const thin: DatedEquity[] = [];
    let span = -1;
    for (const sample of this.#recent) {
      const at = Math.floor(sample.atMs / stepMs);
      if (at === span) thin[thin.length - 1] = sample;
      // An answer may be older than the one before it.
      else if (at > span) thin.push(sample);
      span = Math.max(span, at);
    }
    return thin.slice(-most);
  }

  /** The clock was moved. */
  redate(redate: Redate): void {
    this.#recent.redate(redate);
    this.#maxima.redate(redate);
    this.#moves.redate(redate);
    this.#rebasedAtMs = redate(this.#rebasedAtMs);
  }

  rebase(atMs: number, marginBalanceUsdt: number): void {
    this.#rebasedAtMs = atMs;
    this.#maxima.clear();
    this.add(atMs, marginBalanceUsdt);
  }

  /** 1 - E/E_max over the window, not below 0; 1 when nothing is left. O(log n). */
  drawdown(nowMs: number, marginBalanceUsdt: number, windowMs: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    return fractionLost(equity, Math.max(equity, this.#maxima.highestSince(nowMs - windowMs)));
  }

  /** 1 - E/E_ref, not below 0. `reference`: of this instant and these samples. O(log n), O(1) with it. */
  dailyLoss(nowMs: number, marginBalanceUsdt: number, reference = this.dailyReference(nowMs)): number {
    const equity = marginBalanceUsdt - this.#transfers;
    return fractionLost(equity, Math.max(reference ?? equity, 0));
  }
  /** E_ref = max(equity at 00:00 UTC, equity 24 h ago); null: there is no sample. */
  dailyReference(nowMs: number): number | null {
    const midnight = this.#recent.at(Math.floor(nowMs / DAY_MS) * DAY_MS, this.#atMidnight);
    const dayAgo = this.#recent.at(nowMs - DAY_MS, this.#dayAgo);
    return midnight === null || dayAgo === null ? null : Math.max(midnight, dayAgo);
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}

/** Equity net of transfers at an instant. */
export interface DatedEquity {
  readonly atMs: number;
  /** USDT. */
  readonly equity: number;
}
export interface EquitySample extends DatedEquity {
  /** As much of it as the reading before shows as well: what a maximum takes in. */
  readonly peak: number;
}

/** From one sample to the next: they come every few seconds. */
export const LONG_GAP_MS = 3_600_000;

/** Where a question that is asked again and again, of ever later instants, was answered last. */
export interface SampleCursor {
  instantMs: number;
  /** First sample that had reached beyond that instant. */
  after: number;
  /** What the samples were then: with others the place says nothing. */
  version: number;
}
export function createCursor(): SampleCursor {
  return { instantMs: Number.POSITIVE_INFINITY, after: 0, version: -1 };
}

/**
 * Samples of equity in the order in which they became known, and the equity as it was known at an instant in O(log n).
 * An answer may be older than a rebase before it, so that instants alone do not order them: the latest instant reached
 * so far does.
 */
export class EquitySamples {
  /** Columns: an object for each of the samples of two days would take five times as much. */
  #atMs: number[] = [];
  #equity: number[] = [];
  #peak: number[] = [];
  /** Latest instant among the samples kept up to this one. */
  #reachedMs: number[] = [];
  /** Samples before it are dropped; the arrays are cut now and then, not at every sample. */
  #head = 0;
  /** Rises when samples move or what they reached changes; not when one is added at the end. */
  #version = 0;

  static {
    keeps(
      EquitySamples,
      (view) => ({
        atMs: view.#atMs,
        equity: view.#equity,
        peak: view.#peak,
        reachedMs: view.#reachedMs,
        head: view.#head,
        version: view.#version,
      }),
      (kept) => {
        const made = new EquitySamples();
        made.#atMs = kept.atMs;
        made.#equity = kept.equity;
        made.#peak = kept.peak;
        made.#reachedMs = kept.reachedMs;
        made.#head = kept.head;
        made.#version = kept.version;
        return made;
      },
    );
  }

  get oldestMs(): number | undefined {
    return this.#atMs[this.#head];
  }

  *[Symbol.iterator](): Generator<EquitySample> {
    for (let i = this.#head; i < this.#atMs.length; i += 1)
      yield { atMs: this.#atMs[i]!, equity: this.#equity[i]!, peak: this.#peak[i]! };
  }

  /** `peak`: {@link EquitySample.peak} */
  add(atMs: number, equity: number, peak: number): void {
    const { length } = this.#reachedMs;
    this.#atMs.push(atMs);
    this.#equity.push(equity);
    this.#peak.push(peak);
    this.#reachedMs.push(length === 0 ? atMs : Math.max(this.#reachedMs[length - 1]!, atMs));
  }

  /** Drops what is not after `untilMs`, but for the last of it: it is what equity was then. */
  dropUntil(untilMs: number): void {
    const before = this.#head;
    while (this.#head + 1 < this.#atMs.length && this.#atMs[this.#head + 1]! <= untilMs) this.#head += 1;
    if (this.#head === before) return;
    this.#reachFromHead();
    if (this.#head < 1024 || this.#head * 2 < this.#atMs.length) return;
    this.#version += 1;
    for (const column of [this.#atMs, this.#equity, this.#peak, this.#reachedMs]) column.splice(0, this.#head);
    this.#head = 0;
  }

  /** What a dropped sample had reached no longer counts. */
  #reachFromHead(): void {
    let reached = Number.NEGATIVE_INFINITY;
    for (let i = this.#head; i < this.#atMs.length; i += 1) {
      reached = Math.max(reached, this.#atMs[i]!);
      if (this.#reachedMs[i] === reached) return;
      this.#version += 1;
      this.#reachedMs[i] = reached;
    }
  }

  /** The clock was moved. */
  redate(redate: Redate): void {
    this.#version += 1;
    for (let i = this.#head; i < this.#atMs.length; i += 1) {
      this.#atMs[i] = redate(this.#atMs[i]!);
      this.#reachedMs[i] = redate(this.#reachedMs[i]!);
    }
  }

  /** Adds to the equity of the newest samples, back to the first one that is not after `atMs`. */
  correctAfter(atMs: number, amountUsdt: number): void {
    for (let i = this.#atMs.length - 1; i >= this.#head && this.#atMs[i]! > atMs; i -= 1) {
      this.#equity[i]! += amountUsdt;
      this.#peak[i]! += amountUsdt;
    }
  }

  /**
   * Equity as it was known at an instant: the last sample not after it, else the first one after; null: none. RISK: where
   * none was taken for long, as the daemon was down, it may have been either: the larger counts, so that no loss since is
   * hidden.
   */
  at(instantMs: number, cursor: SampleCursor): number | null {
    const isLater = cursor.version === this.#version && instantMs >= cursor.instantMs;
    const after = isLater ? this.#goOn(cursor.after, instantMs) : this.#search(instantMs);
    cursor.version = this.#version;
    cursor.instantMs = instantMs;
    cursor.after = after;
    const before = Math.max(this.#head, after - 1);
    const equity = this.#equity[before];
    if (equity === undefined) return null;
    const isGap = after > before && this.#atMs[after]! - this.#atMs[before]! > LONG_GAP_MS;
    return isGap ? Math.max(equity, this.#equity[after]!) : equity;
  }

  /** The same place as the search finds: what was not beyond an earlier instant is not beyond this one. */
  #goOn(from: number, instantMs: number): number {
    let after = Math.max(this.#head, from);
    while (after < this.#reachedMs.length && this.#reachedMs[after]! <= instantMs) after += 1;
    return after;
  }

  #search(instantMs: number): number {
    let after = this.#head;
    let end = this.#atMs.length;
    while (after < end) {
      const middle = (after + end) >>> 1;
      if (this.#reachedMs[middle]! > instantMs) end = middle;
      else after = middle + 1;
    }
    return after;
  }
}
