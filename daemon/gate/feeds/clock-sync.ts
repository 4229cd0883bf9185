import type { GateCore } from '../journal/journal.ts';
import { pause } from '../journal/pause.ts';
import type { FetchOutcome } from '../venue-port.ts';

const RETRY_MS = 1_000;
/** Time readings that differ by more than this beyond their travel time come from two clocks, ms. */
const APART_MS = 1_000;
/** An answer that took longer says too little of the time, wall ms: it is soon asked for again. */
const SLOW_MS = 2 * APART_MS;
/** Time between two warnings that the venue does not answer, wall ms. */
const SILENCE_EVERY_MS = 60_000;

interface Reading {
  readonly outcome: FetchOutcome<number>;
  readonly rttMs: number;
  readonly atWallMs: number;
}

/** Keeps domain time on the venue's; a jump of it puts the boot layer back. */
export class ClockSync {
  readonly #core: GateCore;
  readonly #enterBoot: (reason: string) => void;
  readonly #signal: AbortSignal;
  #problem: string | null = null;
  /** Retry-After of the last refused answer, wall ms; else 0. */
  #retryAfterMs = 0;
  /** The last answer was slow: the time may be off by seconds. */
  isVague = false;

  constructor(core: GateCore, enterBoot: (reason: string) => void, signal: AbortSignal) {
    this.#core = core;
    this.#enterBoot = enterBoot;
    this.#signal = signal;
  }

  /**
   * The clock comes first: before domain time is known only an operator's halt can be recorded. Retries until the venue
   * answers, with a warning at once and then rarely.
   */
  async syncFirst(onVenueSilent: (reason: string) => void = () => undefined): Promise<void> {
    const { log, time } = this.#core.ports;
    let warnedAt: number | null = null;
    while (!this.#signal.aborted) {
      const problem = await this.#findSyncProblem();
      if (problem === null) {
        if (warnedAt !== null) log.info({}, 'the venue answers');
        return;
      }
      if (this.#signal.aborted) return;
      if (warnedAt === null) onVenueSilent(problem);
      if (warnedAt === null || time.monotonicMs() - warnedAt >= SILENCE_EVERY_MS) {
        log.warn({ venue: this.#core.settings.venue, problem }, 'the venue does not answer yet');
        warnedAt = time.monotonicMs();
      }
      // Requests during Retry-After make the ban longer.
      await pause(time, Math.max(RETRY_MS, this.#retryAfterMs), this.#signal);
    }
  }

  /** Why the venue's time is unknown; null once it is known. */
  async #findSyncProblem(): Promise<string | null> {
    try {
      this.#core.ports.clock.setScale(await this.#core.ports.venue.fetchTimeScale());
      return (await this.sync()) ? null : (this.#problem ?? 'its time could not be read');
    } catch (error) {
      return String(error);
    }
  }

  /**
   * RISK: one wrong answer, taken for a jump, would end breakers and signals and count orders in flight as lost. An
   * answer that contradicts the current clock (at a start the host's) is believed when a second answer agrees. Null:
   * the time is unknown.
   */
  async #readPlausible(): Promise<Reading | null> {
    const first = await this.#read();
    if (first.outcome.kind === 'failed' || this.#isExpected(first)) return first;
    const second = await this.#read();
    if (second.outcome.kind === 'failed' || this.#isExpected(second)) return second;
    const { scale } = this.#core.ports.clock;
    const apartMs = second.outcome.value - first.outcome.value - (second.atWallMs - first.atWallMs) * scale;
    if (Math.abs(apartMs) <= APART_MS + (first.rttMs + second.rttMs) * scale) return second;
    this.#core.market.clockSkewMs = null;
    this.#problem = 'two answers in a row tell different times';
    return null;
  }

  async #read(): Promise<Reading> {
    const { time, venue } = this.#core.ports;
    const startedMs = time.monotonicMs();
    const outcome = await venue.fetchServerTime();
    const atWallMs = time.monotonicMs();
    return { outcome, rttMs: atWallMs - startedMs, atWallMs };
  }

  #isExpected({ outcome, rttMs }: Reading): boolean {
    const { clock, time } = this.#core.ports;
    if (outcome.kind === 'failed') return false;
    const apartMs = outcome.value - (clock.isSynced ? clock.nowMs() : time.hostMs());
    if (clock.scale === 0 && apartMs > 0) return true;
    return Math.abs(apartMs) <= APART_MS + rttMs * clock.scale;
  }

  /** After a jump there is one more reading. Sources that keep contradicting each other leave the clock unknown. */
  async sync(isRetry = false): Promise<boolean> {
    const { clock } = this.#core.ports;
    const reading = await this.#readPlausible();
    if (reading === null) return false;
    const { outcome } = reading;
    this.#retryAfterMs = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) / Math.max(1, clock.scale) : 0;
    const sync = clock.sync(outcome, reading.rttMs);
    switch (sync.kind) {
      case 'failed':
        this.#problem = sync.detail;
        return false;
      case 'synced':
        this.isVague = reading.rttMs > SLOW_MS;
        this.#core.market.clockSkewMs = Math.abs(sync.skewMs);
        // Put right: it is off no longer.
        return Math.abs(sync.skewMs) > APART_MS && !isRetry ? this.sync(true) : true;
      case 'jumped':
        // At scale 0 the venue's time moves in steps by command, and forwards is how it moves.
        if (clock.scale === 0 && sync.byMs > 0) {
          this.#core.market.clockSkewMs = 0;
          return true;
        }
        this.#core.market.clockSkewMs = null;
        this.#enterBoot(`the ${sync.source} clock jumped by ${Math.round(sync.byMs)} ms`);
        this.#core.alert('CLOCK_JUMP', `the ${sync.source} clock jumped by ${Math.round(sync.byMs)} ms`);
        return isRetry ? false : this.sync(true);
    }
  }
}
