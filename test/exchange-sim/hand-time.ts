import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort, Timer } from '../../daemon/time/time-port.ts';
import { ManualTime } from '../engine/manual-time.ts';

/** Time by hand for an exchange that is reached by sockets: only the turns of the process, and its date, are real. */
export class HandTime extends ManualTime {
  override hostMs(): number {
    return SYSTEM_TIME.hostMs();
  }
  override nextTurn(fn: () => void): Timer {
    return SYSTEM_TIME.nextTurn(fn);
  }
}

/** The time of this process, but for what waits once, such as a deadline or the delay of a fault: until `release`. */
export class HeldDelays implements TimePort {
  readonly monotonicMs = SYSTEM_TIME.monotonicMs;
  readonly hostMs = SYSTEM_TIME.hostMs;
  readonly delay = SYSTEM_TIME.delay;
  readonly every = SYSTEM_TIME.every;
  readonly nextTurn = SYSTEM_TIME.nextTurn;
  readonly #held = new Set<{ readonly ms: number; readonly fn: () => void }>();

  get held(): number {
    return this.#held.size;
  }
  after(ms: number, fn: () => void): Timer {
    const wait = { ms, fn };
    this.#held.add(wait);
    return { cancel: () => void this.#held.delete(wait) };
  }
  /** Ends what waits now, or those waits that are no longer than that. */
  release(longestMs = Number.POSITIVE_INFINITY): void {
    for (const wait of [...this.#held]) {
      if (wait.ms > longestMs || !this.#held.delete(wait)) continue;
      wait.fn();
    }
  }
}
