import type { TimePort, Timer } from '../../daemon/time/time-port.ts';

/** A call that is to come: of a timer, or of the next turn. */
interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
  isCanceled: boolean;
}

export interface SimTimeOptions {
  /** UTC milliseconds at the start. */
  readonly hostMs: number;
  /** Milliseconds by which the event loop is late when it comes to the next timer; 0 for none. Whole numbers. */
  readonly latenessMs: () => number;
}

const REAL_TURN = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the real loop without anything due in virtual time, after which a promise counts as one that never settles. */
const IDLE_TURNS = 50;

/**
 * Time as an event loop sees it, without any of the process's own: timers fire in the order of their instants (of equal
 * ones, in the order in which they were set), `nextTurn` after the current turn, and after each call everything that
 * promises hold ready runs to its end. Time moves only in `advance` and `drive`.
 */
export class SimTime {
  #nowMs = 0;
  #order = 0;
  readonly #timers = new TimerHeap();
  #turns: Entry[] = [];
  readonly #hostMs: number;
  readonly #latenessMs: () => number;

  constructor({ hostMs, latenessMs }: SimTimeOptions) {
    this.#hostMs = hostMs;
    this.#latenessMs = latenessMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Clocks and timers for one consumer. `end` drops every timer that it has set and refuses new ones: what it waits for
   * never comes, as for a process that died.
   */
  open(): TimePort & { end(): void } {
    let isEnded = false;
    const mine = new Set<Entry>();
    const set = (ms: number, fn: () => void): Entry => {
      const entry: Entry = this.#set(ms, () => {
        mine.delete(entry);
        fn();
      });
      mine.add(entry);
      return entry;
    };
    const drop = (entry: Entry): void => {
      entry.isCanceled = true;
      mine.delete(entry);
    };
    return {
      monotonicMs: () => this.#nowMs,
      hostMs: () => this.#hostMs + this.#nowMs,
      delay: (ms, signal) =>
        new Promise((resolve) => {
          if (isEnded) return;
          if (signal?.aborted === true) {
            this.#turn(resolve, () => isEnded);
            return;
          }
          const end = (): void => {
            drop(entry);
            signal?.removeEventListener('abort', end);
            resolve();
          };
          const entry = set(ms, end);
          signal?.addEventListener('abort', end, { once: true });
        }),
      after: (ms, fn) => {
        if (isEnded) return NO_TIMER;
        const entry = set(ms, fn);
        return { cancel: () => drop(entry) };
      },
      every: (ms, fn) => {
        if (isEnded) return NO_TIMER;
        let entry = set(ms, function again() {
          entry = set(ms, again);
          fn();
        });
        return { cancel: () => drop(entry) };
      },
      nextTurn: (fn) => {
        if (isEnded) return NO_TIMER;
        const entry = this.#turn(fn, () => isEnded);
        return {
          cancel: () => {
            entry.isCanceled = true;
          },
        };
      },
      end: () => {
        isEnded = true;
        for (const entry of mine) entry.isCanceled = true;
        mine.clear();
      },
    };
  }

  #set(ms: number, fn: () => void): Entry {
    // Node knows no timer of less than a millisecond.
    const entry = {
      atMs: this.#nowMs + Math.max(1, Math.ceil(Number.isFinite(ms) ? ms : 1)),
      order: this.#order++,
      fn,
      isCanceled: false,
    };
    this.#timers.push(entry);
    return entry;
  }

  #turn(fn: () => void, isEnded: () => boolean): Entry {
    const run = (): void => {
      if (!isEnded()) fn();
    };
    const entry = { atMs: this.#nowMs, order: this.#order++, fn: run, isCanceled: false };
    this.#turns.push(entry);
    return entry;
  }

  /** Lets `ms` pass, with everything that falls due, and ends in a quiet turn. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#settle();
    for (;;) {
      const next = this.#timers.peek();
      if (next === undefined || next.atMs > untilMs) break;
      await this.#runDue(next, untilMs);
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets time pass until the promise settles, `withinMs` at most; whether it did. */
  async drive(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
    let isSettled = false;
    promise.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    const untilMs = this.#nowMs + withinMs;
    for (let idle = 0; idle < IDLE_TURNS; ) {
      await this.#settle();
      if (isSettled) return true;
      const next = this.#timers.peek();
      if (next === undefined) idle += 1;
      else if (next.atMs > untilMs) break;
      else await this.#runDue(next, untilMs);
    }
    return false;
  }

  /** Runs what is ready, then what falls due next, whenever that is; false when nothing is set. */
  async step(): Promise<boolean> {
    await this.#settle();
    const next = this.#timers.peek();
    if (next === undefined) return false;
    await this.#runDue(next, next.atMs);
    return true;
  }

  /** Of the timers that are due together, each in a turn of its own, as Node runs them. */
  async #runDue(next: Entry, untilMs: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, next.atMs + this.#latenessMs()));
    this.#timers.pop();
    next.fn();
    await this.#settle();
  }

  /** Runs what promises hold ready, then the next turns, until there is none. */
  async #settle(): Promise<void> {
    await REAL_TURN();
    while (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (const entry of turns) {
        if (entry.isCanceled) continue;
        entry.fn();
        await REAL_TURN();
      }
    }
  }
}

const NO_TIMER: Timer = { cancel: () => undefined };

/** A binary heap by instant, then by order; canceled entries are dropped when they come up. */
class TimerHeap {
  readonly #heap: Entry[] = [];

  push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  peek(): Entry | undefined {
    while (this.#heap[0]?.isCanceled === true) this.pop();
    return this.#heap[0];
  }

  pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Entry, heap[child] as Entry)) child = right;
      const below = heap[child] as Entry;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
