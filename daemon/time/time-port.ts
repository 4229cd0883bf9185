/**
 * Time, as a port. Nothing in the gate, the ledger, the venue or the simulated exchange sets a timer or reads a clock
 * of the process itself: it is handed one of these, so that a simulation can hand in another.
 *
 * All spans are wall milliseconds (of the process, not of the venue's domain clock).
 */
export interface TimePort {
  /** Milliseconds that never go back, from an unspecified origin. */
  monotonicMs(): number;
  /** The host's settable clock: UTC milliseconds. */
  hostMs(): number;
  /**
   * Resolves after `ms`; at once when `ms` <= 0 (but in a later turn). Resolves early, without an error, when `signal`
   * aborts: whoever waits looks at the signal.
   */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`. `unref`: the process need not stay for it. */
  after(ms: number, fn: () => void, options?: TimerOptions): Timer;
  /** Calls `fn` every `ms`, the first time after `ms`. */
  every(ms: number, fn: () => void, options?: TimerOptions): Timer;
  /** Calls `fn` after what arrived in this turn of the event loop was handled (`setImmediate`). */
  nextTurn(fn: () => void): Timer;
}

export interface Timer {
  /** Nothing is called any more; harmless when it was called or canceled before. */
  cancel(): void;
}

export interface TimerOptions {
  readonly unref?: boolean;
}
