import type { IntendedPolicySpec } from '../core/policy.ts';
import type { LiveSettings } from '../engine/flow/core.ts';
import type { LedgerRecord } from '../engine/flow/ports.ts';
import { type GateHooks, LOOK_AGAIN_MS, NO_HOOKS, RecordingCore } from '../engine/flow/recording-core.ts';
import {
  type Answer,
  type Effect,
  Engine,
  type Flow,
  type Input,
  type Request,
  type Started,
} from '../engine/flow/step.ts';
import type { VenueCalls } from '../engine/flow/venue-calls.ts';
import type { DecisionEvent } from '../engine/records/decisions.ts';
import type { GateState } from '../engine/state/gate-state.ts';
import type { TimePort, Timer } from '../time/time-port.ts';
import type { GatePorts, VenuePort } from './ports.ts';

interface DriverPorts {
  readonly venue: VenuePort;
  readonly time: TimePort;
  /** Resolves when everything recorded so far is on disk. */
  readonly onDisk: () => Promise<void>;
  readonly isStopping: () => boolean;
  /** A flow has failed, and nobody waits for it. */
  readonly onUnheard: (error: unknown) => void;
}

type Calls = { readonly [K in keyof VenueCalls]: (...args: readonly unknown[]) => Promise<Answer> };

/** How long answers may wait for what has not ended once the daemon stops, wall ms; then they tell what is known. */
const ANSWER_WHEN_STOPPING_MS = 400;

/**
 * Drives the engine: does what it asks for, and tells it what came of it. The only asynchronous code on an order's way from
 * its decision to the venue and back; it decides nothing, and answers each request once.
 */
export class Driver {
  readonly #engine: Engine;
  readonly #ports: DriverPorts;
  /** Ends each wait of an answer. */
  readonly #waits = new Set<() => void>();
  #waitsNoMore = false;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    this.#engine = new Engine({
      onRequests: () => this.#performAll(this.#engine.take()),
      onUnheard: ports.onUnheard,
    });
  }

  begin<R>(flow: Flow<R>): Started<R> {
    const started = this.#engine.begin(flow);
    this.#performAll(this.#engine.take());
    return started;
  }

  /** The daemon stops: from soon on no answer waits. */
  stopWaiting(): void {
    const end = (): void => {
      this.#waitsNoMore = true;
      for (const each of this.#waits) each();
    };
    this.#ports.time.after(ANSWER_WHEN_STOPPING_MS, end, { unref: true });
  }

  #performAll(requests: readonly Request[]): void {
    for (const { effect, id } of requests) this.#perform(effect, id);
  }

  #perform(effect: Effect, id: number): void {
    // What throws at once is answered like what fails later.
    (async () => this.#answer(effect))().then(
      (answer) => this.#step({ in: 'answered', id, answer }),
      (error: unknown) => this.#step({ in: 'failed', id, error }),
    );
  }
  #step(input: Input): void {
    this.#performAll(this.#engine.step(input));
  }

  #answer(effect: Effect): Promise<Answer> {
    const { onDisk, time, venue } = this.#ports;
    switch (effect.fx) {
      case 'disk':
        return onDisk() as Promise<undefined>;
      case 'submit':
        return venue.submit(effect.order, effect.withinMs);
      case 'submitStop':
        return venue.submitStop(effect.order);
      case 'amend':
        return venue.amend(effect.order, effect.withinMs);
      case 'cancel':
        return venue.cancel(effect.key.symbol, effect.key.clientOrderId, effect.key.kind);
      case 'lookUp':
        return venue.lookupOrder(effect.key.symbol, effect.key.clientOrderId, effect.key.kind);
      case 'setLeverage':
        return venue.setLeverage(effect.symbol, effect.leverage);
      case 'call':
        // Its arguments are those of the call by the type of whoever yields it.
        return (venue as unknown as Calls)[effect.call](...effect.args);
      case 'nextTurn':
        return new Promise((resolve) => time.nextTurn(() => resolve(undefined)));
      case 'wait':
        return this.#wait(effect.ms);
      case 'waitFor':
        return this.#waitsNoMore && effect.atStop === 'soon' ? Promise.resolve(undefined) : this.#waitFor(effect);
    }
  }

  #waitFor({ atStop, ms, started }: Effect & { readonly fx: 'waitFor' }): Promise<undefined> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#waits.delete(end);
        resolve(undefined);
      };
      const isNoMore = (): boolean => atStop === undefined && this.#ports.isStopping();
      const timer = this.#ports.time.after(ms, () => isNoMore() || end(), { unref: true });
      if (atStop === 'soon') this.#waits.add(end);
      started.onEnd(end);
    });
  }

  /** Holds up no process that stops; what waits then goes on no more. */
  #wait(ms: number): Promise<undefined> {
    const { isStopping, time } = this.#ports;
    return new Promise((resolve) => {
      time.after(ms, () => isStopping() || resolve(undefined), { unref: true });
    });
  }
}

/** A flow's end as a promise. */
export function ended<R>(started: Started<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    started.onEnd((end) => (end.kind === 'done' ? resolve(end.result) : reject(end.error)));
  });
}
/** What it comes to; undefined once the signal aborts: a flow that waits goes on no more then. */
export function untilStop<R>(running: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
    running.then(resolve, reject);
  });
}

/** What every part shares, with the driver that does what flows ask for, and the commits of the ledger. */
export class GateCore extends RecordingCore<GatePorts> {
  readonly #driver: Driver;
  /** Decisions that are not on disk yet, in their order. */
  readonly #unwritten: DecisionEvent[] = [];
  #lastCommit: Promise<void> = Promise.resolve();

  constructor(
    ports: GatePorts,
    settings: LiveSettings,
    policy: { readonly spec: IntendedPolicySpec; readonly hash: string },
    { hooks = NO_HOOKS, state }: { readonly hooks?: GateHooks; readonly state?: GateState } = {},
  ) {
    super(ports, settings, policy, { hooks, ...(state === undefined ? {} : { state }) });
    this.#driver = new Driver({
      venue: ports.venue,
      time: ports.time,
      onDisk: () => this.settled(),
      isStopping: hooks.isStopping,
      onUnheard: (error) => {
        if (!ports.ledger.isFailed && !hooks.isStopping())
          this.alertRarely('EXECUTION_FAILED', `what goes on by itself: ${String(error)}`);
      },
    });
  }

  begin<R>(flow: Flow<R>): Started<R> {
    return this.#driver.begin(flow);
  }
  /** The daemon stops: from soon on no answer waits. */
  stopWaiting(): void {
    this.#driver.stopWaiting();
  }
  /** Resolves with what it comes to. */
  run<R>(flow: Flow<R>): Promise<R> {
    return ended(this.begin(flow));
  }

  protected take(record: LedgerRecord): number {
    const {
      committed,
      seqs: [seq],
    } = this.ports.ledger.appendNow([record]);
    if (seq === undefined) throw new Error('the ledger took no record');
    this.#lastCommit = committed;
    // A failed commit is handled by whoever awaits it and by the ledger's own failure callback.
    let forget = (): unknown => undefined;
    if (record.kind === 'decision') {
      this.#unwritten.push(record.payload as DecisionEvent);
      // Commits end in their order.
      forget = () => this.#unwritten.shift();
    }
    committed.then(forget, forget);
    return seq;
  }
  override findDecision(id: string): DecisionEvent | null {
    return this.#unwritten.find(({ decision }) => decision.decision_id === id) ?? super.findDecision(id);
  }

  /** Resolves when everything appended so far is on disk. */
  settled(): Promise<void> {
    return this.#lastCommit;
  }
}

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
