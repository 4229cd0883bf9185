import { createCursor, type DatedEquity, EquitySamples } from './dated-equity.ts';
import { keeps } from './keep.ts';
import { bisect } from './rolling-windows.ts';

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
  #rebasedAtMs = Number.NEGATIVE_INFINITY;

  static {
    keeps(
      EquityHistory,
      (view) => ({
        maxima: view.#maxima,
        recent: view.#recent,
        transfers: view.#transfers,
        rebasedAtMs: view.#rebasedAtMs,
      }),
      (kept) => {
        const made = new EquityHistory();
        made.#maxima = kept.maxima;
        made.#recent = kept.recent;
        made.#transfers = kept.transfers;
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
    this.#recent.correctAfter(atMs, -amountUsdt);
    const firstMinute = minuteOf(atMs);
    const { oldestMs } = this.#recent;
    // Minutes that the samples no longer cover keep their values.
    if (oldestMs === undefined || minuteOf(oldestMs) > firstMinute) return;
    this.#maxima.forgetFrom(firstMinute);
    for (const { atMs: sampledMs, peak } of this.#recent)
      if (minuteOf(sampledMs) >= firstMinute && sampledMs >= this.#rebasedAtMs) this.#maxima.raise(sampledMs, peak);
  }

  /**
   * `atMs`: when the account was requested, so that it contains everything before. RISK: a balance that only one
   * reading shows was never real; as a maximum it would tighten for a month. `peakUsdt`: the part that the maximum
   * takes in.
   */
  add(atMs: number, marginBalanceUsdt: number, peakUsdt = marginBalanceUsdt): void {
    const equity = marginBalanceUsdt - this.#transfers;
    const peak = peakUsdt - this.#transfers;
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

  /** The clock was set back: the maximum of a later minute counts until that has left the window. */
  setBack(nowMs: number): void {
    this.#recent.setBack(nowMs);
    this.#rebasedAtMs = Math.min(this.#rebasedAtMs, nowMs);
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

/** Bucket of one maximum: by so much longer than the window, at most, a peak may count. */
const MINUTE_MS = 60_000;
/** The longest drawdown window that a policy may have. */
const YEAR_MS = 366 * 86_400_000;
/** Entries from which on those older than that window are dropped: some 527,000 are a year. */
const MOST_ENTRIES = 600_000;

function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS);
}

/**
 * The highest equity of each minute, and the highest since any instant in O(log n) (SAE-DD): two stacks of indices keep
 * what a scan from the newest minute backwards would find. INVARIANT: a peak never counts for less than the window: a
 * minute counts until all of it has left.
 */
export class MinuteMaxima {
  /** Entries, as columns: a year has half a million. */
  #atMs: number[] = [];
  #equity: number[] = [];
  /** Entries that exceed everything after them: equities fall along the stack. */
  #tops: number[] = [];
  /** Entries that are older than everything after them: where a scan backwards may end; instants rise along the stack. */
  #ends: number[] = [];
  /**
   * The last answer of {@link highestSince}: the entry that it found, and from which start of a minute on. While no
   * higher entry comes it is the answer for every later start up to its own instant, as instants then rise.
   */
  #found = -1;
  #foundFromMs = Number.POSITIVE_INFINITY;
  /** False while an entry belongs to an earlier minute than the one before it (an answer from before a rebase). */
  #isOrdered = true;

  static {
    keeps(
      MinuteMaxima,
      (view) => ({
        atMs: view.#atMs,
        equity: view.#equity,
        tops: view.#tops,
        ends: view.#ends,
        isOrdered: view.#isOrdered,
      }),
      (kept) => {
        const made = new MinuteMaxima();
        made.#atMs = kept.atMs;
        made.#equity = kept.equity;
        made.#tops = kept.tops;
        made.#ends = kept.ends;
        made.#isOrdered = kept.isOrdered;
        return made;
      },
    );
  }

  get newestMinute(): number {
    const { length } = this.#atMs;
    return length === 0 ? Number.NEGATIVE_INFINITY : minuteOf(this.#atMs[length - 1]!);
  }

  /** The maximum of the sample's minute takes it in; a minute that is not the newest one starts again. */
  raise(atMs: number, equity: number): void {
    const last = this.#atMs.length - 1;
    const lastMinute = this.newestMinute;
    const minute = minuteOf(atMs);
    if (last >= 0 && lastMinute === minute) {
      if (equity <= this.#equity[last]!) return;
      this.#forgetFoundBelow(equity);
      this.#atMs[last] = atMs;
      this.#equity[last] = equity;
      // Later than what it replaces, it may no longer hide an older end.
      if (this.#isOrdered) this.#restackLast();
      else this.#restack();
      return;
    }
    if (last >= 0 && lastMinute > minute) this.#isOrdered = false;
    this.#forgetFoundBelow(equity);
    this.#atMs.push(atMs);
    this.#equity.push(equity);
    this.#stack(last + 1);
    if (this.#atMs.length > MOST_ENTRIES && this.#isOrdered) this.#dropUntil(atMs - YEAR_MS);
  }

  #dropUntil(untilMs: number): void {
    const gone = bisect(this.#atMs.length, (i) => this.#atMs[i]! > untilMs);
    this.#atMs.splice(0, gone);
    this.#equity.splice(0, gone);
    this.#restack();
  }

  /** Drops the newest entries down to the first one of an earlier minute. */
  forgetFrom(minute: number): void {
    while (this.#atMs.length > 0 && this.newestMinute >= minute) {
      this.#atMs.pop();
      this.#equity.pop();
    }
    this.#restack();
  }

  clear(): void {
    this.#atMs.length = 0;
    this.#equity.length = 0;
    this.#restack();
  }

  /** Highest equity of the minutes from that of `sinceMs` on; -Infinity when there is none. */
  highestSince(sinceMs: number): number {
    const minuteStartMs = minuteOf(sinceMs) * MINUTE_MS;
    if (minuteStartMs >= this.#foundFromMs && minuteStartMs <= this.#atMs[this.#found]!)
      return this.#equity[this.#found]!;
    const ended = this.#endsBefore(minuteStartMs) - 1;
    const first = ended < 0 ? 0 : this.#ends[ended]! + 1;
    const top = this.#tops[this.#topFrom(first)];
    if (top === undefined) return Number.NEGATIVE_INFINITY;
    if (this.#isOrdered) {
      this.#found = top;
      this.#foundFromMs = minuteStartMs;
    }
    return this.#equity[top]!;
  }

  /** Only a higher entry, or one out of order, hides what was found. */
  #forgetFoundBelow(equity: number): void {
    if (this.#found < 0 || (this.#isOrdered && equity < this.#equity[this.#found]!)) return;
    this.#found = -1;
    this.#foundFromMs = Number.POSITIVE_INFINITY;
  }

  /** Ends before an instant; written out like the next one, for both are asked at every look at the account. */
  #endsBefore(instantMs: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#atMs[this.#ends[middle]!]! >= instantMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  /** Place of the first top that is not before an entry. */
  #topFrom(entry: number): number {
    let low = 0;
    let high = this.#tops.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#tops[middle]! >= entry) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #stack(index: number): void {
    const atMs = this.#atMs[index]!;
    const equity = this.#equity[index]!;
    const tops = this.#tops;
    const ends = this.#ends;
    while (tops.length > 0 && this.#equity[tops[tops.length - 1]!]! <= equity) tops.pop();
    while (ends.length > 0 && this.#atMs[ends[ends.length - 1]!]! >= atMs) ends.pop();
    tops.push(index);
    ends.push(index);
  }
  #restackLast(): void {
    this.#tops.pop();
    this.#ends.pop();
    this.#stack(this.#atMs.length - 1);
  }
  #restack(): void {
    this.#tops.length = 0;
    this.#ends.length = 0;
    this.#isOrdered = true;
    this.#found = -1;
    this.#foundFromMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#atMs.length; index += 1) {
      if (index > 0 && minuteOf(this.#atMs[index - 1]!) > minuteOf(this.#atMs[index]!)) this.#isOrdered = false;
      this.#stack(index);
    }
  }
}
