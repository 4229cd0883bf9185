/** Drawdown and daily loss as they are defined: whole lists, scanned anew for every question. */
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Between two samples lies a pause in which nobody knows. */
const HOUR_MS = 3_600_000;
/** So much older than the last transfer is no reading. */
const READING_MS = 600_000;
const CLOCKS_APART_MS = 100;

interface Sample {
  readonly atMs: number;
  readonly equity: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export class PlainEquityHistory {
  #maxima: Sample[] = [];
  #recent: Sample[] = [];
  #transfers = 0;
  #moves: { readonly atMs: number; readonly reportedAtMs: number; readonly usdt: number }[] = [];
  #rebasedAtMs = Number.NEGATIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;

  addTransfer(amountUsdt: number, atMs: number, reportedAtMs: number): void {
    const oldest = this.#recent[0];
    this.#transfers += amountUsdt;
    this.#moves = [
      ...this.#moves.filter((move) => move.atMs > atMs - READING_MS),
      { atMs, reportedAtMs, usdt: amountUsdt },
    ];
    // Backwards from the newest one, as far as a reading counts.
    const since = this.#recent.findLastIndex((sample) => sample.atMs <= atMs - READING_MS);
    const isUnclear = ({ fromMs, toMs }: Sample): boolean =>
      fromMs - CLOCKS_APART_MS <= atMs && atMs <= toMs + CLOCKS_APART_MS;
    const dropped = this.#recent.filter((sample, index) => index > since && isUnclear(sample));
    this.#recent = this.#recent.filter((sample) => !dropped.includes(sample));
    const untouched = this.#recent.findLastIndex((sample) => sample.atMs <= atMs);
    this.#recent = this.#recent.map((sample, index) =>
      index <= untouched ? sample : { ...sample, equity: sample.equity - amountUsdt },
    );
    const firstMinute = Math.floor(Math.min(atMs, ...dropped.map((sample) => sample.atMs)) / MINUTE_MS);
    if (oldest === undefined) return;
    if (dropped.length === 0 && Math.floor(oldest.atMs / MINUTE_MS) > firstMinute) return;
    const kept = this.#maxima.findLastIndex((sample) => Math.floor(sample.atMs / MINUTE_MS) < firstMinute);
    this.#maxima = this.#maxima.slice(0, kept + 1);
    for (const sample of this.#recent)
      if (Math.floor(sample.atMs / MINUTE_MS) >= firstMinute && sample.atMs >= this.#rebasedAtMs) this.#raise(sample);
  }

  add(
    atMs: number,
    marginBalanceUsdt: number,
    how: { readonly clockErrorMs: number; readonly shownAtMs: number },
  ): void {
    this.#add(atMs, marginBalanceUsdt, how.shownAtMs + how.clockErrorMs, atMs - how.clockErrorMs);
  }
  #add(askedMs: number, marginBalanceUsdt: number, toMs: number, fromMs: number): void {
    const later = this.#moves
      .filter((move) => move.atMs > askedMs && move.reportedAtMs > askedMs)
      .reduce((sum, { usdt }) => sum + usdt, 0);
    // What was asked for before the last sample counts as of then.
    const atMs = Math.max(askedMs, this.#latestMs);
    this.#latestMs = atMs;
    const sample = { atMs, equity: marginBalanceUsdt - (this.#transfers - later), fromMs, toMs };
    this.#raise(sample);
    this.#recent.push(sample);
    while (this.#recent.length > 1 && this.#recent[1]!.atMs <= atMs - 2 * DAY_MS) this.#recent.shift();
  }

  rebase(atMs: number, marginBalanceUsdt: number, readFromMs: number): void {
    this.#rebasedAtMs = Math.max(atMs, this.#latestMs);
    this.#maxima = [];
    this.#add(atMs, marginBalanceUsdt, atMs, readFromMs);
  }

  #raise(sample: Sample): void {
    const last = this.#maxima.at(-1);
    if (last === undefined || Math.floor(last.atMs / MINUTE_MS) !== Math.floor(sample.atMs / MINUTE_MS))
      this.#maxima.push(sample);
    else if (sample.equity > last.equity) this.#maxima.splice(-1, 1, sample);
  }

  drawdown(nowMs: number, marginBalanceUsdt: number, windowMs: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    const tooOld = this.#maxima.findLastIndex(
      (sample) => Math.floor(sample.atMs / MINUTE_MS) < Math.floor((nowMs - windowMs) / MINUTE_MS),
    );
    const inWindow = this.#maxima.slice(tooOld + 1).map((sample) => sample.equity);
    return fractionLost(equity, Math.max(equity, ...inWindow));
  }

  dailyLoss(nowMs: number, marginBalanceUsdt: number): number {
    const equity = marginBalanceUsdt - this.#transfers;
    const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const references = [midnight, nowMs - DAY_MS].map((instantMs) => this.#at(instantMs) ?? equity);
    return fractionLost(equity, Math.max(0, ...references));
  }

  #at(instantMs: number): number | null {
    const after = this.#recent.findIndex((sample) => sample.atMs > instantMs);
    if (after < 0) return this.#recent.at(-1)?.equity ?? null;
    const [before, next] = [this.#recent[Math.max(0, after - 1)]!, this.#recent[after]!];
    return next.atMs - before.atMs > HOUR_MS ? Math.max(before.equity, next.equity) : before.equity;
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}
