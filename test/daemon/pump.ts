import type { SimTime } from '../../scripts/explore/sim-time.ts';

/** Turns without anything due, after which the pump looks only now and then whether something real has ended. */
const IDLE_TURNS = 100;
const REAL_LOOK_MS = 1;
/** While nobody waits for a world, its time goes on by at most this much at once. */
export const PACE_MS = 5;
/**
 * Pauses in which nobody waits for any world, after which they keep pace with real time: a test waits for something else.
 * Counted, since a machine that stands still for a while is no test that waits.
 */
const UNATTENDED_PAUSES = 50;

/** How often somebody has waited for a world of this process. */
let attendances = 0;

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
    let seen = attendances;
    let pauses = 0;
    while (!this.#isClosed) {
      if (this.#waiting === 0) {
        const pausedMs = performance.now();
        await this.#pause(PACE_MS);
        pauses = seen === attendances ? pauses + 1 : 0;
        seen = attendances;
        if (this.#waiting > 0 || pauses <= UNATTENDED_PAUSES) continue;
        // A timer of the process may fire a little early; of a late one no more is made up for.
        await this.#time.advance(Math.min(PACE_MS, Math.floor(performance.now() - pausedMs)));
        continue;
      }
      // Files are read by other threads: what comes of it belongs to this instant.
      if (isReadingFiles()) await turn();
      else if (await this.#time.step()) idle = 0;
      else if (++idle > IDLE_TURNS) await this.#pause(REAL_LOOK_MS);
      attendances += 1;
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

/** The close of a file that was opened as a handle has a name of its own. */
const FILE_REQUEST = /^(?:FSReq|CloseReq)/;

function isReadingFiles(): boolean {
  return process.getActiveResourcesInfo().some((name) => FILE_REQUEST.test(name));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
