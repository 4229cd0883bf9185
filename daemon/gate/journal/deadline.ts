import type { GateCore } from './journal.ts';

/** Domain time that has passed since it was made, as the wall tells it: no jump of the clock adds to it, or takes from it. */
export class Elapsed {
  readonly #core: GateCore;
  readonly #beganMs: number;
  readonly #beganWallMs: number;

  constructor(core: GateCore) {
    this.#core = core;
    this.#beganMs = core.nowMs();
    this.#beganWallMs = core.ports.time.monotonicMs();
  }

  /** Milliseconds of domain time; at scale 0 it moves in steps, and alone counts. */
  ms(): number {
    const { clock, time } = this.#core.ports;
    return clock.scale > 0
      ? (time.monotonicMs() - this.#beganWallMs) * clock.scale
      : this.#core.nowMs() - this.#beganMs;
  }
}

/**
 * The end of a span of domain time from now on. Domain time decides, since it may run fast or stand still; but a span that
 * began under a wrong reading of the clock is over, too, once it has passed on the wall. `scale` 0: domain time moves in
 * steps, and alone counts.
 */
export class Deadline {
  readonly #core: GateCore;
  readonly #spanMs: number;
  readonly #untilMs: number;
  readonly #beganWallMs: number;

  constructor(core: GateCore, spanMs: number) {
    this.#core = core;
    this.#spanMs = spanMs;
    this.#untilMs = core.nowMs() + spanMs;
    this.#beganWallMs = core.ports.time.monotonicMs();
  }

  isOver(): boolean {
    if (this.#core.nowMs() >= this.#untilMs) return true;
    const { clock, time } = this.#core.ports;
    return clock.scale > 0 && (time.monotonicMs() - this.#beganWallMs) * clock.scale >= this.#spanMs;
  }
}
