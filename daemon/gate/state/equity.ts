/**
 * Equity over time, net of transfers: the maximum of the drawdown window and the reference of the day (SAE-DD; DESIGN
 * "Account"). A rebase starts the maximum anew; it is recorded and never lifts another layer.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

interface Sample {
  readonly atMs: number;
  readonly equity: number;
}

export class EquityHistory {
  /** Maximum of each hour, oldest first. */
  readonly #hourlyMax: Sample[] = [];
  /** Every sample of the last two days, for the day's reference. */
  readonly #recent: Sample[] = [];
  #transfers = 0;
  #rebasedAtMs = Number.NEGATIVE_INFINITY;

  get transfersUsdt(): number {
    return this.#transfers;
  }

  /**
   * The account shows a transfer before the list of transfers does: samples asked for after `atMs` (venue time) contain it
   * already and are put right, else a deposit would stay behind as a peak that was never earned.
   */
  addTransfer(amountUsdt: number, atMs: number): void {
    this.#transfers += amountUsdt;
    for (let i = this.#recent.length - 1; i >= 0 && this.#recent[i]!.atMs > atMs; i -= 1) {
      const sample = this.#recent[i]!;
      this.#recent[i] = { atMs: sample.atMs, equity: sample.equity - amountUsdt };
    }
    const firstHour = Math.floor(atMs / HOUR_MS);
    const oldest = this.#recent[0];
    // Hours that the samples no longer cover keep what they have.
    if (oldest === undefined || Math.floor(oldest.atMs / HOUR_MS) > firstHour) return;
    while (Math.floor((this.#hourlyMax.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) / HOUR_MS) >= firstHour)
      this.#hourlyMax.pop();
    for (const sample of this.#recent) {
      if (Math.floor(sample.atMs / HOUR_MS) >= firstHour && sample.atMs >= this.#rebasedAtMs) this.#raise(sample);
    }
  }

  /** `atMs`: when the account was asked, so that it contains everything before. */
  add(atMs: number, marginBalanceUsdt: number): void {
    const sample = { atMs, equity: marginBalanceUsdt - this.#transfers };
    this.#raise(sample);
    this.#recent.push(sample);
    const cutoff = atMs - 2 * DAY_MS;
    let drop = 0;
    // The last sample before the cut-off stays: it is what equity was then.
    while (drop + 1 < this.#recent.length && this.#recent[drop + 1]!.atMs <= cutoff) drop += 1;
    if (drop > 0) this.#recent.splice(0, drop);
  }

  /** The maximum of the sample's hour takes it in. */
  #raise(sample: Sample): void {
    const last = this.#hourlyMax.at(-1);
    if (last !== undefined && Math.floor(last.atMs / HOUR_MS) === Math.floor(sample.atMs / HOUR_MS)) {
      if (sample.equity > last.equity) this.#hourlyMax[this.#hourlyMax.length - 1] = sample;
    } else this.#hourlyMax.push(sample);
  }

  rebase(atMs: number, marginBalanceUsdt: number): void {
    this.#rebasedAtMs = atMs;
    this.#hourlyMax.length = 0;
    this.add(atMs, marginBalanceUsdt);
  }

  /** 1 - E/E_max over the window, not below 0; 1 when nothing is left. */
  drawdown(nowMs: number, marginBalanceUsdt: number, windowMs: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    let peak = equity;
    for (let i = this.#hourlyMax.length - 1; i >= 0; i -= 1) {
      const sample = this.#hourlyMax[i]!;
      if (sample.atMs < nowMs - windowMs) break;
      if (sample.equity > peak) peak = sample.equity;
    }
    return fractionLost(equity, peak);
  }

  /** 1 - E/E_ref, E_ref = max(equity at 00:00 UTC, equity 24 h ago), not below 0. */
  dailyLoss(nowMs: number, marginBalanceUsdt: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const reference = Math.max(this.#at(midnight) ?? equity, this.#at(nowMs - DAY_MS) ?? equity);
    return fractionLost(equity, Math.max(reference, 0));
  }

  /** Equity as it was known at an instant: the last sample not after it, else the first one after. */
  #at(instantMs: number): number | null {
    let found: number | null = null;
    for (const sample of this.#recent) {
      if (sample.atMs > instantMs) return found ?? sample.equity;
      found = sample.equity;
    }
    return found;
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}
