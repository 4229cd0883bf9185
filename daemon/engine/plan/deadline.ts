/** Time as a plan reads it. In a replay wall time is domain time. */
export interface PlanClock {
  /** Domain time, UTC milliseconds. */
  nowMs(): number;
  /** Wall time that never goes back, ms from an unspecified origin. */
  wallMs(): number;
  /** Domain milliseconds per wall millisecond; 0: domain time moves in steps. */
  readonly scale: number;
}

/** Domain time that has passed since it was made, as the wall tells it: no jump of the clock adds to it, or takes from it. */
export class Elapsed {
  readonly #clock: PlanClock;
  readonly #beganMs: number;
  readonly #beganWallMs: number;

  constructor(clock: PlanClock) {
    this.#clock = clock;
    this.#beganMs = clock.nowMs();
    this.#beganWallMs = clock.wallMs();
  }

  /** Milliseconds of domain time; at scale 0 it moves in steps, and alone counts. */
  ms(): number {
    const clock = this.#clock;
    return clock.scale > 0 ? (clock.wallMs() - this.#beganWallMs) * clock.scale : clock.nowMs() - this.#beganMs;
  }
}

/**
 * The end of a span of domain time from now on. Domain time decides, since it may run fast or stand still; but a span that
 * began under a wrong reading of the clock is over, too, once it has passed on the wall. `scale` 0: domain time moves in
 * steps, and alone counts.
 */
export class Deadline {
  readonly #clock: PlanClock;
  readonly #spanMs: number;
  readonly #untilMs: number;
  readonly #beganWallMs: number;

  constructor(clock: PlanClock, spanMs: number) {
    this.#clock = clock;
    this.#spanMs = spanMs;
    this.#untilMs = clock.nowMs() + spanMs;
    this.#beganWallMs = clock.wallMs();
  }

  isOver(): boolean {
    const clock = this.#clock;
    if (clock.nowMs() >= this.#untilMs) return true;
    return clock.scale > 0 && (clock.wallMs() - this.#beganWallMs) * clock.scale >= this.#spanMs;
  }
}
