import type { TimePort, Timer } from '../time/time-port.ts';

/** A read that was refused because too many wait already: the caller's next poll replaces it. */
export class ReadQueueFullError extends Error {
  override readonly name = 'ReadQueueFullError';
}
export interface ReadLimits {
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** The exchange's request weight this process may use per wall minute; null: the venue has no such limit. */
  readonly weightPerMinute: number | null;
}
interface Waiting {
  readonly weight: number;
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

/** Part of the bucket, and of what may be in flight, that reads which can wait leave to the others. */
const RESERVED_SHARE = 0.5;

/**
 * First come, first served, those that can wait behind the others; bounded in flight, in waiting, and in weight per
 * minute (a bucket of a quarter minute).
 */
export class ReadLimiter {
  readonly #limits: ReadLimits;
  readonly #time: TimePort;
  readonly #queue: Waiting[] = [];
  /** What can wait: it starts only with half of the bucket left, so that prices and positions never stand behind it. */
  readonly #later: Waiting[] = [];
  #inFlight = 0;
  #tokens: number;
  #refilledAtMs: number;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(limits: ReadLimits, time: TimePort) {
    this.#limits = limits;
    this.#time = time;
    this.#tokens = this.#capacity();
    this.#refilledAtMs = time.monotonicMs();
  }
  run<T>(weight: number, task: () => Promise<T>): Promise<T> {
    return this.#run(this.#queue, weight, task);
  }
  runLater<T>(weight: number, task: () => Promise<T>): Promise<T> {
    return this.#run(this.#later, weight, task);
  }
  /** Of a request that waits for nothing. */
  spend(weight: number): void {
    this.#refill();
    this.#tokens -= weight;
  }
  async #run<T>(queue: Waiting[], weight: number, task: () => Promise<T>): Promise<T> {
    await this.#enter(queue, weight);
    try {
      return await task();
    } finally {
      this.#inFlight -= 1;
      this.#advance();
    }
  }
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const waiting of [...this.#queue.splice(0), ...this.#later.splice(0)])
      waiting.refuse(new ReadQueueFullError('the venue is closing'));
  }
  #enter(queue: Waiting[], weight: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || queue.length >= this.#limits.maxQueued) {
        reject(new ReadQueueFullError('too many reads are waiting'));
        return;
      }
      queue.push({ weight, start: resolve, refuse: reject });
      this.#advance();
    });
  }
  #capacity(): number {
    return (this.#limits.weightPerMinute ?? Number.POSITIVE_INFINITY) / 4;
  }
  #advance(): void {
    this.#refill();
    const { maxInFlight } = this.#limits;
    if (this.#startFrom(this.#queue, maxInFlight, 0))
      this.#startFrom(this.#later, Math.ceil(maxInFlight * RESERVED_SHARE), this.#capacity() * RESERVED_SHARE);
  }
  /** Starts what may go; true: nothing is left waiting. */
  #startFrom(queue: Waiting[], maxInFlight: number, reserve: number): boolean {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      if (this.#inFlight >= maxInFlight) return false;
      // A single read heavier than the bucket goes when the bucket is full, and leaves a debt.
      const needed = Math.min(next.weight + reserve, this.#capacity());
      if (this.#tokens < needed) {
        this.#wake(needed);
        return false;
      }
      this.#tokens -= next.weight;
      this.#inFlight += 1;
      queue.shift();
      next.start();
    }
    return true;
  }
  #refill(): void {
    if (this.#limits.weightPerMinute === null) return;
    const nowMs = this.#time.monotonicMs();
    const earned = ((nowMs - this.#refilledAtMs) * this.#limits.weightPerMinute) / 60_000;
    this.#tokens = Math.min(this.#capacity(), this.#tokens + earned);
    this.#refilledAtMs = nowMs;
  }
  #wake(needed: number): void {
    const rate = (this.#limits.weightPerMinute ?? 1) / 60_000;
    this.#timer?.cancel();
    const waitMs = Math.ceil((needed - this.#tokens) / rate);
    this.#timer = this.#time.after(waitMs, () => this.#advance(), { unref: true });
  }
}
