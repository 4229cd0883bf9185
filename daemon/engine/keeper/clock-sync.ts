import { profileOf } from '../../core/venues.ts';
import type { ClockMoved, LiveCore } from '../flow/core.ts';
import { call, type Flow, wait } from '../flow/step.ts';
import type { FetchOutcome } from '../records/venue.ts';

const RETRY_MS = 1_000;
/** Time readings that differ by more than this beyond their travel time come from two clocks, ms. */
const APART_MS = 1_000;
/** An answer that took longer says too little of the time, wall ms: it is soon asked for again. */
const SLOW_MS = 2 * APART_MS;
/** Further apart, and further than before, the clocks of venue and host contradict each other, ms. */
const CONTRADICTION_MS = 300_000;
/** Time between two warnings that the venue does not answer, wall ms. */
const SILENCE_EVERY_MS = 60_000;

interface Reading {
  readonly outcome: FetchOutcome<number>;
  readonly rttMs: number;
  readonly atWallMs: number;
}

/**
 * Keeps domain time on the venue's; a jump of it puts the boot layer back. RISK: a jump ahead ends days, windows and
 * delays. How much of it has passed is what the host's clock and the monotonic one say: for the rest, nothing counts as
 * older than it is, and nothing opens until the host's clock agrees, or the venue's comes back.
 */
export class ClockSync {
  readonly #core: LiveCore;
  readonly #enterBoot: (reason: string, moved?: ClockMoved) => void;
  #problem: string | null = null;
  /** Retry-After of the last refused answer, wall ms; else 0. */
  #retryAfterMs = 0;
  /** What the time was before this process is accounted for. */
  #hasBegun = false;
  /** The last answer was slow: the time may be off by seconds. */
  isVague = false;

  constructor(core: LiveCore, enterBoot: (reason: string, moved?: ClockMoved) => void) {
    this.#core = core;
    this.#enterBoot = enterBoot;
  }

  /**
   * The clock comes first: before domain time is known only an operator's halt can be recorded. Retries until the venue
   * answers, with a warning at once and then rarely.
   */
  *syncFirst(onVenueSilent: (reason: string) => void = () => undefined): Flow<void> {
    const { log, time } = this.#core.ports;
    let warnedAt: number | null = null;
    while (!this.#core.isStopping()) {
      const problem = yield* this.#findSyncProblem();
      if (problem === null) {
        if (warnedAt !== null) log.info({}, 'the venue answers');
        this.#noteDowntime();
        return;
      }
      if (this.#core.isStopping()) return;
      if (warnedAt === null) onVenueSilent(problem);
      if (warnedAt === null || time.monotonicMs() - warnedAt >= SILENCE_EVERY_MS) {
        log.warn({ venue: this.#core.settings.venue, problem }, 'the venue does not answer yet');
        warnedAt = time.monotonicMs();
      }
      // Requests during Retry-After make the ban longer.
      yield* wait(Math.max(RETRY_MS, this.#retryAfterMs));
    }
  }

  /** RISK: before anything is recorded by the new clock. */
  #noteDowntime(): void {
    const core = this.#core;
    const { clockAheadMs, hostOffsetMs, latestEventAtMs } = core.state;
    if (hostOffsetMs !== null) {
      const movedMs = this.#hostOffsetMs() - hostOffsetMs - clockAheadMs;
      const aheadMs = Math.min(movedMs, core.nowMs() - latestEventAtMs);
      if (aheadMs > APART_MS) {
        const reason = `while the daemon was down, the venue's clock went ahead of this machine's by ${Math.round(movedMs)} ms`;
        core.appendBoot(reason, { aheadMs });
        core.alert('CLOCK_JUMP', reason);
      }
    }
    this.#hasBegun = true;
    this.#judgeAhead();
  }

  /** Domain time minus the host's. */
  #hostOffsetMs(): number {
    return this.#core.nowMs() - this.#core.ports.time.hostMs();
  }

  /** A tape has a time of its own, which the host's says nothing about. */
  #judgeAhead(): void {
    const { market, settings, state } = this.#core;
    if (state.clockAheadMs === 0 || profileOf(settings.venue).isSimulated) return;
    const offsetMs = this.#hostOffsetMs();
    const changeMs = state.hostOffsetMs === null ? Number.POSITIVE_INFINITY : offsetMs - state.hostOffsetMs;
    if (Math.min(Math.abs(offsetMs), Math.abs(changeMs)) > CONTRADICTION_MS) market.clockSkewMs = null;
    else this.#enterBoot("this machine's clock agrees with the venue's", { agrees: true });
  }

  /** Why the venue's time is unknown; null once it is known. */
  *#findSyncProblem(): Flow<string | null> {
    try {
      this.#core.ports.clock.setScale(yield* call('fetchTimeScale'));
      return (yield* this.sync()) ? null : (this.#problem ?? 'its time could not be read');
    } catch (error) {
      return String(error);
    }
  }

  /**
   * RISK: one wrong answer, taken for a jump, would end breakers and signals and count orders in flight as lost. An
   * answer that contradicts the current clock (at a start the host's) is believed when a second answer agrees. Null:
   * the time is unknown.
   */
  *#readPlausible(): Flow<Reading | null> {
    const first = yield* this.#read();
    if (first.outcome.kind === 'failed' || this.#isExpected(first)) return first;
    const second = yield* this.#read();
    if (second.outcome.kind === 'failed' || this.#isExpected(second)) return second;
    const { scale } = this.#core.ports.clock;
    const apartMs = second.outcome.value - first.outcome.value - (second.atWallMs - first.atWallMs) * scale;
    if (Math.abs(apartMs) <= APART_MS + (first.rttMs + second.rttMs) * scale) return second;
    this.#core.market.clockSkewMs = null;
    this.#problem = 'two answers in a row tell different times';
    return null;
  }

  *#read(): Flow<Reading> {
    const { time } = this.#core.ports;
    const startedMs = time.monotonicMs();
    const outcome = yield* call('fetchServerTime');
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
  *sync(isRetry = false): Flow<boolean> {
    const { clock } = this.#core.ports;
    const reading = yield* this.#readPlausible();
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
        if (this.#hasBegun) this.#judgeAhead();
        // Put right: it is off no longer.
        return Math.abs(sync.skewMs) > APART_MS && !isRetry ? yield* this.sync(true) : true;
      case 'jumped':
        // At scale 0 the venue's time moves in steps by command, and forwards is how it moves.
        if (clock.scale === 0 && sync.byMs > 0) {
          this.#core.market.clockSkewMs = 0;
          return true;
        }
        this.#core.market.clockSkewMs = null;
        this.#noteJump(sync);
        return isRetry ? false : yield* this.sync(true);
    }
  }

  #noteJump({ byMs, hostMs, source }: { source: 'venue' | 'host'; byMs: number; hostMs: number }): void {
    const core = this.#core;
    const jump = `the ${source} clock jumped by ${Math.round(byMs)} ms`;
    const passedMs = Math.max(0, hostMs * core.ports.clock.scale);
    const isBelieved = source === 'host' || (byMs > 0 && byMs - passedMs <= APART_MS);
    const aheadMs = byMs < 0 ? -Math.min(core.state.clockAheadMs, -byMs) : byMs - passedMs;
    const unpassedMs = byMs < 0 ? byMs : aheadMs;
    this.#enterBoot(jump, isBelieved ? {} : { aheadMs, unpassedMs });
    const doubt = isBelieved || byMs < 0 ? '' : `, and this machine's clock did not: nothing opens until it agrees`;
    core.alert('CLOCK_JUMP', `${jump}${profileOf(core.settings.venue).isSimulated ? '' : doubt}`);
  }
}
