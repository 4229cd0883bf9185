import type { TimePort, Timer } from '../../time/time-port.ts';
import type { WeightWindow } from './weight-window.ts';

/** A read that was refused because too many wait already: the caller's next poll replaces it. */
export class ReadQueueFullError extends Error {
  override readonly name = 'ReadQueueFullError';
}
export interface ReadLimits {
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** The exchange's request weight this process may use per wall minute; null: the venue has no such limit. */
  readonly weightPerMinute: number | null;
  /** Whether no limit holds now, whatever the others say. */
  readonly isLifted?: () => boolean;
}
/** Takes the used weight that the answer to a read told, as text; undefined when there was no answer. */
export type TellUsed = (usedText: string | undefined) => void;
interface Waiting {
  readonly weight: number;
  readonly start: (tell: TellUsed) => void;
  readonly refuse: (error: Error) => void;
}

/** Part of the bucket, and of what may be in flight, that reads which can wait leave to the others. */
const RESERVED_SHARE = 0.5;

/**
 * Weight of the venue's minute that reads leave: to look-ups, cancels and whatever else runs at the address; those that
 * can wait leave more. A start may use more of it, since nothing else of this process runs yet.
 */
const LEFT_FREE = { running: { read: 200, later: 500 }, starting: { read: 100, later: 180 } } as const;

/**
 * First come, first served, those that can wait behind the others; bounded in flight, in waiting, in weight per minute
 * (a bucket of a quarter minute), and by what the venue says that it has counted already ({@link WeightWindow}).
 */
export class ReadLimiter {
  readonly #limits: ReadLimits;
  readonly #time: TimePort;
  readonly #window: WeightWindow | null;
  /** A start reads what it needs. */
  isStarting = false;
  readonly #queue: Waiting[] = [];
  /** What can wait: it starts only with half of the bucket left, so that prices and positions never stand behind it. */
  readonly #later: Waiting[] = [];
  #inFlight = 0;
  #tokens: number;
  #refilledAtMs: number;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(limits: ReadLimits, time: TimePort, window: WeightWindow | null = null) {
    this.#limits = limits;
    this.#time = time;
    this.#window = limits.weightPerMinute === null ? null : window;
    this.#tokens = this.#capacity();
    this.#refilledAtMs = time.monotonicMs();
  }
  run<T>(weight: number, task: (tell: TellUsed) => Promise<T>): Promise<T> {
    return this.#run(this.#queue, weight, task);
  }
  runLater<T>(weight: number, task: (tell: TellUsed) => Promise<T>): Promise<T> {
    return this.#run(this.#later, weight, task);
  }
  /** A request that waits for nothing. */
  async runNow<T>(weight: number, task: (tell: TellUsed) => Promise<T>): Promise<T> {
    this.#refill();
    this.#tokens -= weight;
    return this.#carry(task, this.#window?.begin(weight));
  }
  /** Weight that the venue leaves to reads in this minute; null: no limit is known. */
  get weightLeft(): number | null {
    return this.#window === null || this.#isLifted ? null : this.#window.left - this.#leftFree.read;
  }
  get #leftFree(): { readonly read: number; readonly later: number } {
    return LEFT_FREE[this.isStarting ? 'starting' : 'running'];
  }
  get #isLifted(): boolean {
    return this.#limits.weightPerMinute === null || this.#limits.isLifted?.() === true;
  }
  async #run<T>(queue: Waiting[], weight: number, task: (tell: TellUsed) => Promise<T>): Promise<T> {
    const tell = await this.#enter(queue, weight);
    try {
      return await this.#carry(task, tell);
    } finally {
      this.#inFlight -= 1;
      this.#advance();
    }
  }
  /** The end of a request counts in the window, whatever it was. */
  async #carry<T>(task: (tell: TellUsed) => Promise<T>, tell: TellUsed = () => undefined): Promise<T> {
    let isReported = false;
    const tellOnce: TellUsed = (usedText) => {
      if (!isReported) tell(usedText);
      isReported = true;
    };
    try {
      return await task(tellOnce);
    } finally {
      tellOnce(undefined);
    }
  }
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const waiting of [...this.#queue.splice(0), ...this.#later.splice(0)])
      waiting.refuse(new ReadQueueFullError('the venue is closing'));
  }
  #enter(queue: Waiting[], weight: number): Promise<TellUsed> {
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
    if (this.#startFrom(this.#queue, maxInFlight, 0, this.#leftFree.read)) {
      const reserve = this.#capacity() * RESERVED_SHARE;
      this.#startFrom(this.#later, Math.ceil(maxInFlight * RESERVED_SHARE), reserve, this.#leftFree.later);
    }
  }
  /** Starts what may go; true: nothing is left waiting. */
  #startFrom(queue: Waiting[], maxInFlight: number, reserve: number, leftFree: number): boolean {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      if (this.#inFlight >= maxInFlight) return false;
      // A single read heavier than the bucket goes when the bucket is full, and leaves a debt.
      const needed = Math.min(next.weight + reserve, this.#capacity());
      if (this.#tokens < needed && !this.#isLifted) {
        this.#wake(needed);
        return false;
      }
      if (this.#window !== null && !this.#isLifted && this.#window.left - next.weight < leftFree) {
        this.#wakeIn(this.#window.untilNextMs);
        return false;
      }
      this.#tokens -= next.weight;
      this.#inFlight += 1;
      queue.shift();
      next.start(this.#window?.begin(next.weight) ?? (() => undefined));
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
    this.#wakeIn(Math.ceil((needed - this.#tokens) / rate));
  }
  #wakeIn(waitMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#time.after(waitMs, () => this.#advance(), { unref: true });
  }
}
