/**
 * Time as a port. Nothing in the gate, the ledger, the venue or the simulated exchange sets a timer or reads a clock
 * of the process directly. It receives this port, so that a simulation can pass in another.
 *
 * All spans are wall milliseconds (of the process, not of the venue's domain clock).
 */
export interface TimePort {
  /** Milliseconds that never go back, from an unspecified origin. */
  monotonicMs(): number;
  /** The host's settable clock: UTC milliseconds. */
  hostMs(): number;
  /**
   * Resolves after `ms`, or in the next turn when `ms` <= 0. Resolves early, without an error, when `signal`
   * aborts: the caller checks the signal.
   */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`. `unref`: the timer does not keep the process alive. */
  after(ms: number, fn: () => void, options?: TimerOptions): Timer;
  /** Calls `fn` every `ms`, the first time after `ms`. */
  every(ms: number, fn: () => void, options?: TimerOptions): Timer;
  /** Calls `fn` after everything that arrived in this turn of the event loop is handled (`setImmediate`). */
  nextTurn(fn: () => void): Timer;
}

export interface Timer {
  /** Prevents further calls; harmless after the call or a cancel. */
  cancel(): void;
}

export interface TimerOptions {
  readonly unref?: boolean;
}
