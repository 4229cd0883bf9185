import { bisect } from '../kept/collections.ts';
import { type DatedEquity, EquityCourse } from './equity-course.ts';
import { isNear, READING_MS, type ReadSpan, RecentMoves, spanOf } from './recent-moves.ts';

interface EquitySample extends DatedEquity {
  /** As much of it as the reading before shows as well: what a maximum takes in. */
  readonly peak: number;
}
/** With when it was read. */
type ReadSample = EquitySample & ReadSpan;

/** From one sample to the next: they come every few seconds. */
const LONG_GAP_MS = 3_600_000;

/** Samples of equity, oldest first, and the equity as it was known at an instant in O(log n). */
class EquitySamples {
  /** Columns: an object for each of the samples of two days would take five times as much. */
  private readonly atMs: number[] = [];
  private readonly equity: number[] = [];
  private readonly peak: number[] = [];
  private readonly fromMs: number[] = [];
  private readonly toMs: number[] = [];
  /** Samples before it are dropped; the arrays are cut now and then, not at every sample. */
  private head = 0;
  get oldestMs(): number | undefined {
    return this.atMs[this.head];
  }

  *[Symbol.iterator](): Generator<EquitySample> {
    for (let i = this.head; i < this.atMs.length; i += 1)
      yield { atMs: this.atMs[i]!, equity: this.equity[i]!, peak: this.peak[i]! };
  }

  add({ atMs, equity, fromMs, peak, toMs }: ReadSample): void {
    this.atMs.push(atMs);
    this.equity.push(equity);
    this.peak.push(peak);
    this.fromMs.push(fromMs);
    this.toMs.push(toMs);
  }

  /** Drops what is not after `untilMs`, but for the last of it: it is what equity was then. */
  dropUntil(untilMs: number): void {
    while (this.head + 1 < this.atMs.length && this.atMs[this.head + 1]! <= untilMs) this.head += 1;
    if (this.head < 1024 || this.head * 2 < this.atMs.length) return;
    for (const column of this.#columns()) column.splice(0, this.head);
    this.head = 0;
  }

  #columns(): readonly number[][] {
    return [this.atMs, this.equity, this.peak, this.fromMs, this.toMs];
  }

  /** Drops what was read while something was moved; the earliest instant of it; null: there is none. */
  dropReadAt(movedMs: number): number | null {
    let earliestMs: number | null = null;
    for (let i = this.atMs.length - 1; i >= this.head && this.atMs[i]! > movedMs - READING_MS; i -= 1) {
      if (!isNear(movedMs, { fromMs: this.fromMs[i]!, toMs: this.toMs[i]! })) continue;
      earliestMs = Math.min(earliestMs ?? Number.POSITIVE_INFINITY, this.atMs[i]!);
      for (const column of this.#columns()) column.splice(i, 1);
    }
    return earliestMs;
  }

  /** Adds to the equity of the newest samples, back to the first one that is not after `atMs`. */
  correctAfter(atMs: number, amountUsdt: number): void {
    for (let i = this.atMs.length - 1; i >= this.head && this.atMs[i]! > atMs; i -= 1) {
      this.equity[i]! += amountUsdt;
      this.peak[i]! += amountUsdt;
    }
  }

  /**
   * Equity as it was known at an instant: the last sample not after it, else the first one after; null: none. RISK: where
   * none was taken for long, as the daemon was down, it may have been either: the larger counts, so that no loss since is
   * hidden.
   */
  at(instantMs: number): number | null {
    const after = this.head + bisect(this.atMs.length - this.head, (i) => this.atMs[this.head + i]! > instantMs);
    const before = Math.max(this.head, after - 1);
    const equity = this.equity[before];
    if (equity === undefined) return null;
    const isGap = after > before && this.atMs[after]! - this.atMs[before]! > LONG_GAP_MS;
    return isGap ? Math.max(equity, this.equity[after]!) : equity;
  }
}

/** Bucket of one maximum: by so much longer than the window, at most, a peak may count. */
const MINUTE_MS = 60_000;
/** The longest drawdown window that a policy may have. */
const YEAR_MS = 366 * 86_400_000;
/** Entries from which on those older than that window are dropped: some 527,000 are a year. */
const MAX_ENTRIES = 600_000;

function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS);
}

/**
 * The highest equity of each minute, oldest first, and the highest since any instant in O(log n) (SAE-DD). INVARIANT: a peak
 * never counts for less than the window: a minute counts until all of it has left.
 */
class MinuteMaxima {
  /** Entries, as columns: a year has half a million. */
  private readonly atMs: number[] = [];
  private readonly equity: number[] = [];
  /** Entries that exceed everything after them: equities fall along the stack. */
  private readonly tops: number[] = [];

  /** The maximum of the sample's minute takes it in. */
  raise(atMs: number, equity: number): void {
    const last = this.atMs.length - 1;
    if (last >= 0 && minuteOf(this.atMs[last]!) === minuteOf(atMs)) {
      if (equity <= this.equity[last]!) return;
      this.atMs[last] = atMs;
      this.equity[last] = equity;
      this.tops.pop();
      this.#stack(last);
      return;
    }
    this.atMs.push(atMs);
    this.equity.push(equity);
    this.#stack(last + 1);
    if (this.atMs.length > MAX_ENTRIES) this.#dropUntil(atMs - YEAR_MS);
  }

  #dropUntil(untilMs: number): void {
    const gone = bisect(this.atMs.length, (i) => this.atMs[i]! > untilMs);
    this.atMs.splice(0, gone);
    this.equity.splice(0, gone);
    this.#restack();
  }

  /** Drops a minute and all after it. */
  forgetFrom(minute: number): void {
    this.atMs.length = bisect(this.atMs.length, (i) => minuteOf(this.atMs[i]!) >= minute);
    this.equity.length = this.atMs.length;
    this.#restack();
  }

  /** Highest equity of the minutes from that of `sinceMs` on; -Infinity when there is none. */
  highestSince(sinceMs: number): number {
    const minute = minuteOf(sinceMs);
    const top = this.tops[bisect(this.tops.length, (i) => minuteOf(this.atMs[this.tops[i]!]!) >= minute)];
    return top === undefined ? Number.NEGATIVE_INFINITY : this.equity[top]!;
  }

  #stack(index: number): void {
    const { equity, tops } = this;
    while (tops.length > 0 && equity[tops[tops.length - 1]!]! <= equity[index]!) tops.pop();
    tops.push(index);
  }
  #restack(): void {
    this.tops.length = 0;
    for (let index = 0; index < this.atMs.length; index += 1) this.#stack(index);
  }
}

const DAY_MS = 86_400_000;

/** The instant that a balance counts for, and when it was read. */
interface Read extends ReadSpan {
  readonly atMs: number;
}
/** How a balance was read. */
interface HowRead {
  /** When the answer was there; absent: at the same instant. */
  readonly shownAtMs?: number | undefined;
  /** The part that the maximum takes in; absent: all of it. */
  readonly peakUsdt?: number | undefined;
  /** By so much the clock may have been off; absent: by no more than clocks always are. */
  readonly clockErrorMs?: number | undefined;
}

/**
 * Equity over time, net of transfers, dated by `t`: the maximum of the drawdown window and the reference of the day (SAE-DD).
 * A rebase restarts the maximum; it is recorded and lifts no other layer.
 */
export class EquityHistory {
  private readonly maxima = new MinuteMaxima();
  /** Every sample of the last two days, for the day's reference. */
  readonly recent = new EquitySamples();
  /** Since the first sample; nothing is decided by it. */
  readonly course = new EquityCourse();
  /** Moved in, less what was moved out. */
  transfersUsdt = 0;
  /** Transfers of the last minutes. */
  readonly moves = new RecentMoves();
  private rebasedAtMs = Number.NEGATIVE_INFINITY;
  /** Instant of the last sample. */
  private latestMs = Number.NEGATIVE_INFINITY;

  /**
   * The account shows a transfer before the list of transfers does. Samples requested after `atMs` already
   * contain it and are corrected. Otherwise a deposit would remain as a peak that was never earned. RISK: whether one that
   * was read just then contains it nobody can tell; taken wrongly, a withdrawal would be a loss for a month.
   *
   * @param reportedAtMs when it became known
   */
  addTransfer(amountUsdt: number, atMs: number, reportedAtMs: number): void {
    const { oldestMs } = this.recent;
    this.transfersUsdt += amountUsdt;
    this.moves.add(amountUsdt, atMs, reportedAtMs);
    const droppedMs = this.recent.dropReadAt(atMs);
    this.recent.correctAfter(atMs, -amountUsdt);
    const firstMs = Math.min(atMs, droppedMs ?? atMs);
    this.course.retake(firstMs, this.recent);
    const firstMinute = minuteOf(firstMs);
    // Minutes that the samples no longer cover keep their values.
    if (oldestMs === undefined || (droppedMs === null && minuteOf(oldestMs) > firstMinute)) return;
    this.maxima.forgetFrom(firstMinute);
    for (const { atMs: sampledMs, peak } of this.recent)
      if (minuteOf(sampledMs) >= firstMinute && sampledMs >= this.rebasedAtMs) this.maxima.raise(sampledMs, peak);
  }

  /**
   * `atMs`: when the account was requested, so that it contains everything before, and nothing that was moved later: a
   * transfer may be told while the answer is on its way. RISK: a balance that only one reading shows was never real; as
   * a maximum it would tighten for a month.
   */
  add(atMs: number, marginBalanceUsdt: number, how: HowRead = {}): void {
    const { clockErrorMs = 0, peakUsdt = marginBalanceUsdt, shownAtMs = atMs } = how;
    this.#add({ atMs, ...spanOf(atMs, shownAtMs, clockErrorMs) }, marginBalanceUsdt, peakUsdt);
  }

  /** An answer that was asked for before a rebase, and comes after it, counts as of then: samples are in order. */
  #add({ atMs: askedMs, fromMs, toMs }: Read, marginBalanceUsdt: number, peakUsdt: number): void {
    const contained = this.transfersUsdt - this.moves.since(askedMs);
    const atMs = Math.max(askedMs, this.latestMs);
    this.latestMs = atMs;
    const equity = marginBalanceUsdt - contained;
    const peak = peakUsdt - contained;
    this.maxima.raise(atMs, peak);
    this.recent.add({ atMs, equity, fromMs, peak, toMs });
    this.recent.dropUntil(atMs - 2 * DAY_MS);
    this.course.add({ atMs, equity });
  }

  /** @param readFromMs since when the balance may have been read */
  rebase(atMs: number, marginBalanceUsdt: number, readFromMs = atMs): void {
    this.rebasedAtMs = Math.max(atMs, this.latestMs);
    this.maxima.forgetFrom(Number.NEGATIVE_INFINITY);
    this.#add({ atMs, fromMs: readFromMs, toMs: atMs }, marginBalanceUsdt, marginBalanceUsdt);
  }

  /** 1 - E/E_max over the window, not below 0; 1 when nothing is left. O(log n). */
  drawdown(tMs: number, marginBalanceUsdt: number, windowMs: number): number {
    const equity = marginBalanceUsdt - this.transfersUsdt;
    return fractionLost(equity, Math.max(equity, this.maxima.highestSince(tMs - windowMs)));
  }

  /** 1 - E/E_ref, not below 0. `reference`: of this instant and these samples. O(log n). */
  dailyLoss(tMs: number, marginBalanceUsdt: number, reference = this.dailyReference(tMs)): number {
    const equity = marginBalanceUsdt - this.transfersUsdt;
    return fractionLost(equity, Math.max(reference ?? equity, 0));
  }
  /** E_ref = max(equity at 00:00 UTC, equity 24 h ago); null: there is no sample. `midnightMs`: by venue time, as a `t`. */
  dailyReference(tMs: number, midnightMs = Math.floor(tMs / DAY_MS) * DAY_MS): number | null {
    const midnight = this.recent.at(midnightMs);
    const dayAgo = this.recent.at(tMs - DAY_MS);
    return midnight === null || dayAgo === null ? null : Math.max(midnight, dayAgo);
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}
