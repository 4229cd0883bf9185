import { createCursor, type DatedEquity, EquitySamples } from './dated-equity.ts';
import { keeps } from './keep.ts';
import { MinuteMaxima, minuteOf } from './minute-maxima.ts';

/**
 * Equity over time, net of transfers: the maximum of the drawdown window and the reference of the day (SAE-DD).
 * A rebase restarts the maximum; it is recorded and lifts no other layer.
 */
const DAY_MS = 86_400_000;
/** A reading of the account counts at most so long after it was requested. */
const READING_MS = 600_000;

interface Move {
  atMs: number;
  readonly usdt: number;
}

export class EquityHistory {
  #maxima = new MinuteMaxima();
  /** Every sample of the last two days, for the day's reference. */
  #recent = new EquitySamples();
  readonly #atMidnight = createCursor();
  readonly #dayAgo = createCursor();
  #transfers = 0;
  /** Those of which a reading that comes in now may be older. */
  #moves: Move[] = [];
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
    this.#moves = this.#moves.filter((move) => move.atMs > atMs - READING_MS);
    this.#moves.push({ atMs, usdt: amountUsdt });
    this.#recent.correctAfter(atMs, -amountUsdt);
    const firstMinute = minuteOf(atMs);
    const { oldestMs } = this.#recent;
    // Minutes that the samples no longer cover keep their values.
    if (oldestMs === undefined || minuteOf(oldestMs) > firstMinute) return;
    this.#maxima.forgetFrom(firstMinute);
    for (const { atMs: sampledMs, peak } of this.#recent)
      if (minuteOf(sampledMs) >= firstMinute && sampledMs >= this.#rebasedAtMs) this.#maxima.raise(sampledMs, peak);
  }

  /** What a reading that was requested then does not contain of the transfers so far. */
  movedSince(atMs: number): number {
    let usdt = 0;
    for (const move of this.#moves) if (move.atMs >= atMs) usdt += move.usdt;
    return usdt;
  }

  /** Whether a transfer is known that a reading between these instants may contain, or may not. */
  hasMovedWithin(fromMs: number, toMs: number): boolean {
    return this.#moves.some((move) => move.atMs >= fromMs && move.atMs <= toMs);
  }

  /**
   * `atMs`: when the account was requested, so that it contains everything before, and nothing that was moved later: a
   * transfer may be told while the answer is on its way. RISK: a balance that only one
   * reading shows was never real; as a maximum it would tighten for a month. `peakUsdt`: the part that the maximum
   * takes in.
   */
  add(atMs: number, marginBalanceUsdt: number, peakUsdt = marginBalanceUsdt): void {
    const contained = this.#transfers - this.movedSince(atMs);
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

  /** The clock was set back: the maximum of a later minute counts until that has left the window. */
  setBack(nowMs: number): void {
    this.#recent.setBack(nowMs);
    for (const move of this.#moves) move.atMs = Math.min(move.atMs, nowMs);
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
