import type { Answer, Effect, Flow, Started } from '../engine/flow/effects.ts';
import { Engine, type Input, type Request } from '../engine/flow/step.ts';
import type { VenueCalls } from '../engine/flow/venue-calls.ts';
import type { TimePort } from '../time/time-port.ts';
import type { VenuePort } from './venue-port.ts';

export interface DriverPorts {
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
