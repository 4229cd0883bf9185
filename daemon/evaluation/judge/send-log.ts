/**
 * Opening orders that were sent, by the instant of their decision: a slice counts at its parent's. Sends never go back
 * in time, and no decision lies after its send.
 */
export class SendLog {
  readonly #windowMs: number;
  /** Slices are sent at most this long after their decision. */
  readonly #lagMs: number;
  #sentAtMs: number[] = [];
  #decidedAtMs: number[] = [];
  #first = 0;

  constructor(windowMs: number, lagMs: number) {
    this.#windowMs = windowMs;
    this.#lagMs = lagMs;
  }

  push(sentAtMs: number, decidedAtMs: number): void {
    this.#sentAtMs.push(sentAtMs);
    this.#decidedAtMs.push(decidedAtMs);
    const keepFromMs = sentAtMs - this.#windowMs - this.#lagMs;
    while (this.#sentAtMs[this.#first]! < keepFromMs) this.#first += 1;
    if (this.#first < 1024) return;
    this.#sentAtMs = this.#sentAtMs.slice(this.#first);
    this.#decidedAtMs = this.#decidedAtMs.slice(this.#first);
    this.#first = 0;
  }

  /** Sends decided in (t - window, t]. */
  count(atMs: number): number {
    const startMs = atMs - this.#windowMs;
    let sends = 0;
    for (let i = this.#sentAtMs.length - 1; i >= this.#first && this.#sentAtMs[i]! > startMs; i--)
      if (this.#decidedAtMs[i]! > startMs && this.#decidedAtMs[i]! <= atMs) sends += 1;
    return sends;
  }
}
