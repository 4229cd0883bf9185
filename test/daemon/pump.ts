import type { SimTime } from '../../scripts/explore/sim-time.ts';

/** Turns without anything due, after which the pump looks only now and then whether something real has ended. */
const IDLE_TURNS = 100;
const REAL_LOOK_MS = 1;
/** Real time in which nobody waits for any world, after which they keep pace with it: a test waits for something else. */
const UNATTENDED_MS = 250;
const PACE_MS = 5;

/** When somebody last waited for a world of this process. */
let attendedAtMs = 0;

/**
 * Makes virtual time flow by itself. As long as somebody waits for work of the world, timer after timer runs, each when
 * everything before it has had its turn, and no real time is spent. While nobody waits, time stands still; only a test
 * that waits long for something which is not the world's (a promise of the gate itself, a timer of the process) finds
 * it going on at the pace of real time.
 */
export class Pump {
  readonly #time: SimTime;
  #waiting = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(time: SimTime) {
    this.#time = time;
    void this.#live();
  }

  /** Waits for the work, while time flows. */
  async run<T>(work: Promise<T>): Promise<T> {
    this.#waiting += 1;
    this.#wake();
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async #live(): Promise<void> {
    let idle = 0;
    attendedAtMs = performance.now();
    while (!this.#isClosed) {
      if (this.#waiting === 0) {
        await this.#pause(PACE_MS);
        if (this.#waiting === 0 && performance.now() - attendedAtMs > UNATTENDED_MS) await this.#time.advance(PACE_MS);
        continue;
      }
      // Files are read by other threads: what comes of it belongs to this instant.
      if (isReadingFiles()) await turn();
      else if (await this.#time.step()) idle = 0;
      else if (++idle > IDLE_TURNS) await this.#pause(REAL_LOOK_MS);
      attendedAtMs = performance.now();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isReadingFiles(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
