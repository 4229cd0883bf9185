import type { TimePort, Timer } from '../../daemon/time/time-port.ts';

interface Waiting {
  readonly atMs: number;
  readonly nr: number;
  readonly fn: () => void;
}

/** What follows from what was called, through any number of promises. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that stands until it is set; whoever sets it sees what falls due when. Milliseconds since the world began. */
export class InstantTime implements TimePort {
  readonly #hostMs: number;
  #nowMs = 0;
  #nr = 0;
  #waiting: Waiting[] = [];
  #turns: { fn: (() => void) | null }[] = [];

  constructor(hostMs: number) {
    this.#hostMs = hostMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }
  hostMs(): number {
    return this.#hostMs + this.#nowMs;
  }
  /** Nothing here is broken off. */
  delay(ms: number): Promise<void> {
    return ms <= 0 ? settle() : new Promise((resolve) => this.after(ms, resolve));
  }
  after(ms: number, fn: () => void): Timer {
    this.#nr += 1;
    const entry = { atMs: this.#nowMs + Math.max(1, Math.ceil(ms)), nr: this.#nr, fn };
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.atMs > entry.atMs) at -= 1;
    this.#waiting.splice(at, 0, entry);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      },
    };
  }
  every(): Timer {
    throw new Error('nothing of the gate repeats by a timer while its loop does not run');
  }
  nextTurn(fn: () => void): Timer {
    const turn: { fn: (() => void) | null } = { fn };
    this.#turns.push(turn);
    return {
      cancel: () => {
        turn.fn = null;
      },
    };
  }

  /** When the next timer falls due. */
  get nextAtMs(): number {
    return this.#waiting[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }
  /** Runs what has fallen due, and all that follows from it at this instant. `isHeld`: no timer fires yet. */
  async run(isHeld = false): Promise<void> {
    await settle();
    for (;;) {
      const turn = this.#turns.shift();
      if (turn !== undefined) turn.fn?.();
      else if (!isHeld && this.nextAtMs <= this.#nowMs) this.#waiting.shift()?.fn();
      else return;
      await settle();
    }
  }
}
