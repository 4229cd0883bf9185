import type { LiveCore } from '../flow/core.ts';
import { allOver, call, type Flow, joined, onDisk, Pending, type Started } from '../flow/step.ts';
import { heldIn } from '../kept/collections.ts';
import { type CountdownCalls, deadmanMs, nextCall, noCalls, shouldRun } from '../protect/countdowns.ts';
import type { CountdownEvent } from '../records/venue-events.ts';

interface Line extends CountdownCalls {
  /** Since when one has been wanted that the venue has not taken, wall ms; null: none is. */
  unsetSinceMs: number | null;
  /** The call that sets it, while it is under way. */
  setting: Started<unknown>;
  /** Until then one of which nothing is known may still arrive, wall ms. */
  arrivesUntilMs: number;
}

const NOTHING_SET = Pending.done();

/** Keeps the venue's dead-man countdowns as {@link shouldRun} says. */
export class Countdowns {
  readonly #core: LiveCore;
  readonly #isRead: () => boolean;
  readonly #lines = new Map<string, Line>();
  readonly #beganAtMs: number;
  #isClosed = false;

  /** `isRead`: orders and positions of the venue have been read: before, all that runs is of another time. */
  constructor(core: LiveCore, isRead: () => boolean) {
    this.#core = core;
    this.#isRead = isRead;
    this.#beganAtMs = core.ports.time.monotonicMs();
  }

  /** Called at every tick: the calls which it began. */
  tick(): readonly Started<void>[] {
    const { orders, countdowns } = this.#core.state;
    const begun: Started<void>[] = [];
    const symbols = [...orders.live.keys()];
    for (const symbol of countdowns.running()) if (!orders.live.has(symbol)) symbols.push(symbol);
    for (const symbol of symbols) {
      const next = this.#next(symbol);
      if (next !== null) begun.push(next === 'set' ? this.#set(symbol) : this.#core.begin(this.#end(symbol)));
    }
    return begun;
  }

  /** An orderly stop: none is left behind. */
  *close(): Flow<void> {
    this.#isClosed = true;
    const running = [...this.#core.state.countdowns.running()];
    yield* joined(running.map((symbol) => this.#core.begin(this.#endForGood(symbol))));
  }

  *#endForGood(symbol: string): Flow<void> {
    yield* this.#end(symbol);
    yield* allOver([this.#line(symbol).setting]);
    if (this.#core.state.countdowns.mayRun(symbol)) yield* this.#end(symbol);
  }

  #line(symbol: string): Line {
    const begin = () => ({
      ...noCalls(),
      unsetSinceMs: null,
      setting: NOTHING_SET,
      // RISK: the process before may have died while it set one.
      arrivesUntilMs: this.#arrivesUntilMs(this.#beganAtMs),
    });
    return heldIn(this.#lines, symbol, begin);
  }
  /** Of what was sent by then. */
  #arrivesUntilMs(sentByMs: number): number {
    const { clock, venue } = this.#core.ports;
    return sentByMs + venue.acceptanceHorizonMs / Math.max(1, clock.scale);
  }

  /** Wall ms; 0: it should not run. Where the venue's time moves in steps, nothing could keep it from running out. */
  #wantedMs(symbol: string): number {
    const { policySpec, ports, state } = this.#core;
    if (this.#isClosed || !this.#isRead() || ports.clock.scale === 0) return 0;
    const wantedMs = deadmanMs(policySpec);
    return wantedMs > 0 && shouldRun(state, symbol, ports.venue.countdown) ? wantedMs : 0;
  }

  /**
   * What a process left behind runs on until all is read, where nothing on record is against it, and is ended before it is due.
   * RISK: starts that follow one another fast would use up the weight of requests, and be banned.
   */
  #isLeft(symbol: string): boolean {
    const { ports, state } = this.#core;
    if (this.#isClosed || this.#isRead() || !shouldRun(state, symbol, ports.venue.countdown)) return false;
    return state.countdowns.runsFor(symbol, this.#core.nowMs());
  }

  #next(symbol: string): 'set' | 'end' | null {
    const line = this.#line(symbol);
    const wantedMs = this.#wantedMs(symbol);
    const wallMs = this.#core.ports.time.monotonicMs();
    this.#watch(symbol, line, wantedMs, wallMs);
    if (this.#isLeft(symbol)) return null;
    return nextCall(line, { mayRun: this.#core.state.countdowns.mayRun(symbol), wantedMs }, wallMs);
  }

  #watch(symbol: string, line: Line, wantedMs: number, wallMs: number): void {
    if (wantedMs === 0) line.unsetSinceMs = null;
    else line.unsetSinceMs ??= wallMs;
    const sinceMs = Math.max(line.setAtMs, line.unsetSinceMs ?? wallMs);
    if (wallMs - sinceMs < wantedMs || wantedMs === 0) return;
    this.#core.alertRarely(
      'COUNTDOWN_NOT_SET',
      `the venue has not taken the dead-man countdown of ${symbol} for ${Math.round((wallMs - sinceMs) / 1000)} s: it may cancel what opens there now, or leave it to its good-till-date should the daemon die`,
      symbol,
    );
  }

  #set(symbol: string): Started<void> {
    const setting = this.#core.begin(this.#setNow(symbol));
    this.#line(symbol).setting = setting;
    return setting;
  }

  *#setNow(symbol: string): Flow<void> {
    const { ports, state } = this.#core;
    const line = this.#line(symbol);
    const wantedMs = this.#wantedMs(symbol);
    // Its time is the venue's, which may run faster than ours.
    const countdownMs = Math.round(wantedMs * Math.max(1, ports.clock.scale));
    line.isSetting = true;
    line.triedAtMs = ports.time.monotonicMs();
    line.endTriedAtMs = Number.NEGATIVE_INFINITY;
    try {
      if (!state.countdowns.mayRun(symbol)) {
        this.#record('asked', symbol, countdownMs, this.#core.nowMs());
        yield* onDisk();
      }
      // RISK: a fill may have come meanwhile, and its stop.
      if (this.#wantedMs(symbol) !== wantedMs) return;
      const sentAtMs = this.#core.nowMs();
      const wallMs = ports.time.monotonicMs();
      const outcome = yield* call('setCountdown', symbol, countdownMs);
      if (outcome.kind !== 'ok') {
        line.arrivesUntilMs = this.#arrivesUntilMs(ports.time.monotonicMs());
        return;
      }
      line.setForMs = wantedMs;
      line.setAtMs = wallMs;
      this.#record('set', symbol, countdownMs, sentAtMs);
    } finally {
      line.isSetting = false;
    }
  }

  *#end(symbol: string): Flow<void> {
    const { ports } = this.#core;
    const line = this.#line(symbol);
    line.isEnding = true;
    line.endTriedAtMs = ports.time.monotonicMs();
    const isAlone = !line.isSetting && line.endTriedAtMs >= line.arrivesUntilMs;
    try {
      const sentAtMs = this.#core.nowMs();
      const outcome = yield* call('setCountdown', symbol, 0);
      // RISK: one that was on its way to be set may arrive behind it.
      if (outcome.kind !== 'ok' || !isAlone) return;
      line.setForMs = 0;
      this.#record('ended', symbol, 0, sentAtMs);
    } finally {
      line.isEnding = false;
    }
  }

  #record(action: CountdownEvent['action'], symbol: string, countdownMs: number, sentAtMs: number): void {
    const event = { action, countdown_ms: countdownMs, sent_at_ms: sentAtMs, symbol };
    this.#core.append('countdown', event);
  }
}
