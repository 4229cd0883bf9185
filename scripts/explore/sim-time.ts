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

/** A turn of the real loop: what was read, and rejections that nobody has caught, come in. */
const REAL_TURN = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const READY = Promise.resolve();

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
  /** Of these, so many were run. */
  readonly #turns: Entry[] = [];
  #turnsDone = 0;
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
   * Clocks and timers for one consumer, whose host clock is `jumpedMs` off. `end` drops every timer that it has set and refuses new ones: what it waits for
   * never comes, as for a process that died.
   */
  open(jumpedMs: () => number = () => 0): TimePort & { end(): void } {
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
    // One listener for all that a signal ends: one for each delay costs more than the delay itself.
    const waiting = new Map<AbortSignal, Set<() => void>>();
    const endedBy = (signal: AbortSignal): Set<() => void> => {
      const known = waiting.get(signal);
      if (known !== undefined) return known;
      const ends = new Set<() => void>();
      waiting.set(signal, ends);
      const endAll = (): void => {
        for (const end of [...ends]) end();
      };
      signal.addEventListener('abort', endAll, { once: true });
      return ends;
    };
    return {
      monotonicMs: () => this.#nowMs,
      hostMs: () => this.#hostMs + this.#nowMs + jumpedMs(),
      delay: (ms, signal) =>
        new Promise((resolve) => {
          if (isEnded) return;
          if (signal?.aborted === true) {
            this.#turn(resolve, () => isEnded);
            return;
          }
          const ends = signal === undefined ? null : endedBy(signal);
          const end = (): void => {
            drop(entry);
            ends?.delete(end);
            resolve();
          };
          const entry = set(ms, end);
          ends?.add(end);
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
    await REAL_TURN();
    await this.#run(untilMs, () => false);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets time pass until the promise settles, `withinMs` at most; whether it did. */
  async drive(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    const untilMs = this.#nowMs + withinMs;
    for (let idle = 0; idle < IDLE_TURNS; idle += 1) {
      await REAL_TURN();
      await this.#run(untilMs, () => isSettled);
      if (isSettled) return true;
      if (this.#timers.peek() !== undefined) return false;
    }
    return false;
  }

  /** Runs what is ready, then what falls due next, whenever that is; false when nothing is set. */
  async step(): Promise<boolean> {
    await REAL_TURN();
    let hasRun = false;
    await this.#run(Number.POSITIVE_INFINITY, () => {
      const isOver = hasRun;
      hasRun ||= this.#timers.peek() !== undefined;
      return isOver;
    });
    return hasRun;
  }

  /**
   * Everything that is ready, and then what falls due until an instant, each call in a turn of its own, as Node runs
   * them; ends early in a quiet turn in which `isOver`. A tick that a promise asks for comes once no promise has anything
   * left to run, and costs a fifth of a turn of the real loop, of which a world would have thousands.
   */
  #run(untilMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const whenQuiet = (): void => process.nextTick(turn);
      const turn = (): void => {
        try {
          if (this.#runTurn() || (!isOver() && this.#runDue(untilMs))) void READY.then(whenQuiet);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      void READY.then(whenQuiet);
    });
  }

  /** The next of what waits for a turn; false when nothing does. */
  #runTurn(): boolean {
    for (;;) {
      if (this.#turnsDone === this.#turns.length) {
        this.#turns.length = 0;
        this.#turnsDone = 0;
        return false;
      }
      const entry = this.#turns[this.#turnsDone];
      this.#turnsDone += 1;
      if (entry === undefined || entry.isCanceled) continue;
      entry.fn();
      return true;
    }
  }

  /** The next timer; false when none falls due in time. */
  #runDue(untilMs: number): boolean {
    const next = this.#timers.peek();
    if (next === undefined || next.atMs > untilMs) return false;
    const nextMs = next.atMs + this.#latenessMs();
    this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, nextMs));
    this.#timers.pop();
    next.fn();
    return true;
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
