import type { GateCore } from './journal.ts';

/** Domain time since its creation, measured on the wall clock: no jump of the domain clock changes it. */
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
 * The end of a span of domain time from now on. Domain time decides, since it may run fast or stand still. But a span
 * that began under a wrong clock reading also ends once it has passed on the wall clock. `scale` 0: domain time moves
 * in steps, and only domain time counts.
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
