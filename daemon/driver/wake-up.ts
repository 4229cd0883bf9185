import { LOOK_AGAIN_MS } from '../engine/flow/recording-core.ts';
import type { TimePort, Timer } from '../time/time-port.ts';

/**
 * One timer for whatever comes next: the earliest instant that was requested wins, and is looked at again on the way.
 */
export class WakeUp {
  readonly #time: TimePort;
  readonly #signal: AbortSignal;
  readonly #run: () => void;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(time: TimePort, signal: AbortSignal, run: () => void) {
    this.#time = time;
    this.#signal = signal;
    this.#run = run;
  }

  /** `at`: wall ms of the process. */
  at(at: number): void {
    if (this.#signal.aborted || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    const waitMs = Math.min(LOOK_AGAIN_MS, at - this.#time.monotonicMs());
    const wake = (): void => {
      this.#timer = null;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#run();
    };
    this.#timer = waitMs <= 0 ? this.#time.nextTurn(wake) : this.#time.after(waitMs, wake, { unref: true });
  }
}
