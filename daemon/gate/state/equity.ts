import { createCursor, type DatedEquity, EquitySamples } from './dated-equity.ts';
import { keeps } from './keep.ts';
import { MinuteMaxima, minuteOf } from './minute-maxima.ts';

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
    const { oldest } = this.#recent;
    // Minutes that the samples no longer cover keep their values.
    if (oldest === undefined || minuteOf(oldest.atMs) > firstMinute) return;
    this.#maxima.forgetFrom(firstMinute);
    for (const sample of this.#recent)
      if (minuteOf(sample.atMs) >= firstMinute && sample.atMs >= this.#rebasedAtMs)
        this.#maxima.raise({ atMs: sample.atMs, equity: sample.peak ?? sample.equity });
  }

  /**
   * `atMs`: when the account was requested, so that it contains everything before. RISK: a balance that only one
   * reading shows was never real; as a maximum it would tighten for a month. `peakUsdt`: the part that the maximum
   * takes in.
   */
  add(atMs: number, marginBalanceUsdt: number, peakUsdt = marginBalanceUsdt): void {
    const equity = marginBalanceUsdt - this.#transfers;
    const peak = peakUsdt - this.#transfers;
    this.#maxima.raise({ atMs, equity: peak });
    this.#recent.add(peak === equity ? { atMs, equity } : { atMs, equity, peak });
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

  /** 1 - E/E_ref, E_ref = max(equity at 00:00 UTC, equity 24 h ago), not below 0. O(log n). */
  dailyLoss(nowMs: number, marginBalanceUsdt: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const reference = Math.max(
      this.#recent.at(midnight, this.#atMidnight) ?? equity,
      this.#recent.at(nowMs - DAY_MS, this.#dayAgo) ?? equity,
    );
    return fractionLost(equity, Math.max(reference, 0));
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}
