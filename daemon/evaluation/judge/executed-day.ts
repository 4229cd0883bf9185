const DAY_MS = 86_400_000;

/** Notional and fees of the executions of the last 24 hours, (t - 24 h, t], USDT. Instants never go back. */
export class ExecutedDay {
  #atMs: number[] = [];
  #usdt: number[] = [];
  #feeUsdt: number[] = [];
  #first = 0;
  #turnover = 0;
  #fees = 0;

  push(atMs: number, notionalUsdt: number, feeUsdt: number): void {
    this.#atMs.push(atMs);
    this.#usdt.push(notionalUsdt);
    this.#feeUsdt.push(feeUsdt);
    this.#turnover += notionalUsdt;
    this.#fees += feeUsdt;
  }

  turnoverUsdt(atMs: number): number {
    this.#forget(atMs);
    return this.#turnover;
  }
  feesUsdt(atMs: number): number {
    this.#forget(atMs);
    return this.#fees;
  }

  #forget(atMs: number): void {
    const startMs = atMs - DAY_MS;
    if (this.#first === this.#atMs.length || this.#atMs[this.#first]! > startMs) return;
    while (this.#first < this.#atMs.length && this.#atMs[this.#first]! <= startMs) {
      this.#turnover -= this.#usdt[this.#first]!;
      this.#fees -= this.#feeUsdt[this.#first]!;
      this.#first += 1;
    }
    if (this.#first < 1024 && this.#first < this.#atMs.length) return;
    this.#atMs = this.#atMs.slice(this.#first);
    this.#usdt = this.#usdt.slice(this.#first);
    this.#feeUsdt = this.#feeUsdt.slice(this.#first);
    this.#first = 0;
    // Summed again, so that rounding of what has left does not stay.
    this.#turnover = this.#usdt.reduce((sum, value) => sum + value, 0);
    this.#fees = this.#feeUsdt.reduce((sum, value) => sum + value, 0);
  }
}
