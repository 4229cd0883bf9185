/**
 * What the engine wants done by whoever drives it, and what it is told of it. A {@link Flow} is what follows from one input,
 * step by step: it yields what it wants done, and goes on with the answer. The driver decides nothing: it does what it is
 * asked, in that order, and answers each request once. Instants and spans are wall ms of the process.
 */
import type {
  Approved,
  CancelOutcome,
  LookupOutcome,
  OrderInstruction,
  OrderKind,
  StopInstruction,
  SubmitOutcome,
} from '../records/venue.ts';
import type { VenueCalls } from './venue-calls.ts';

const nothing = (): void => undefined;

/** Which order at the venue is meant. */
export interface VenueKey {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly kind: OrderKind;
}

export type AtStop = 'soon' | 'inTime';

export type Effect =
  /** Answered when all that is recorded so far is on disk; failed where it cannot be written. */
  | { readonly fx: 'disk' }
  /** An order that is not handed to the network within so many ms is `rejected`; one that may have been is `unknown`. */
  | { readonly fx: 'submit'; readonly order: Approved<OrderInstruction>; readonly withinMs: number }
  | { readonly fx: 'submitStop'; readonly order: Approved<StopInstruction> }
  | { readonly fx: 'amend'; readonly order: Approved<OrderInstruction>; readonly withinMs: number }
  | { readonly fx: 'cancel'; readonly key: VenueKey }
  | { readonly fx: 'lookUp'; readonly key: VenueKey }
  | { readonly fx: 'setLeverage'; readonly symbol: string; readonly leverage: number }
  | { readonly fx: 'call'; readonly call: keyof VenueCalls; readonly args: readonly unknown[] }
  /** Answered after so many ms, at the earliest. */
  | { readonly fx: 'wait'; readonly ms: number }
  /**
   * Answered when that is over, or after so many ms, whichever comes first. Where the daemon stops, only when it is over;
   * `soon`: much sooner, as an answer waits for it; `inTime`: it has all its time.
   */
  | { readonly fx: 'waitFor'; readonly started: Started<unknown>; readonly ms: number; readonly atStop?: AtStop }
  /** Answered when what this turn has begun was sent. */
  | { readonly fx: 'nextTurn' };

/** What each request is answered with. */
export interface Answers {
  readonly disk: undefined;
  readonly submit: SubmitOutcome;
  readonly submitStop: SubmitOutcome;
  readonly amend: SubmitOutcome;
  readonly cancel: CancelOutcome;
  readonly lookUp: LookupOutcome;
  readonly setLeverage: SubmitOutcome;
  readonly call: ReturnType<VenueCalls[keyof VenueCalls]>;
  readonly wait: undefined;
  readonly waitFor: undefined;
  readonly nextTurn: undefined;
}
export type Answer = Answers[Effect['fx']];

/** How a flow has ended. */
export type End<R> =
  | { readonly kind: 'done'; readonly result: R }
  | { readonly kind: 'failed'; readonly error: unknown };

/** A flow that was begun. It goes on whether or not anybody waits for it. */
export interface Started<R> {
  readonly isOver: boolean;
  /** At once, if it is over already. */
  onEnd(tell: (end: End<R>) => void): Started<R>;
}

/** What ends once, and tells those who wait for it: a flow's own, or whatever a part lets others wait for. */
export class Pending<R> implements Started<R> {
  #end: End<R> | null = null;
  /** Somebody waits, or has waited, for it. */
  isHeard = false;
  #waiting: ((end: End<R>) => void)[] = [];

  static done(): Started<void> {
    const pending = new Pending<void>();
    pending.close({ kind: 'done', result: undefined });
    return pending;
  }
  static failed(error: unknown): Started<never> {
    const pending = new Pending<never>();
    pending.close({ kind: 'failed', error });
    return pending;
  }

  get isOver(): boolean {
    return this.#end !== null;
  }
  /** What it has failed with; undefined: it has not. */
  get error(): unknown {
    return this.#end?.kind === 'failed' ? this.#end.error : undefined;
  }
  onEnd(tell: (end: End<R>) => void): this {
    this.isHeard = true;
    if (this.#end === null) this.#waiting.push(tell);
    else tell(this.#end);
    return this;
  }
  close(end: End<R>): void {
    this.#end = end;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell(end);
  }
}

/** Another flow that is waited for; the engine itself answers it. */
export interface Join {
  readonly fx: 'join';
  readonly started: Started<unknown>;
}
export type Flow<R> = Generator<Effect | Join, R, unknown>;

/** What follows one effect: the answer to it has its type. */
export function* ask<K extends Effect['fx']>(effect: Extract<Effect, { fx: K }>): Flow<Answers[K]> {
  return (yield effect) as Answers[K];
}
/** The venue is asked for something else: the answer to that call. */
export function* call<K extends keyof VenueCalls>(
  name: K,
  ...args: Parameters<VenueCalls[K]>
): Flow<ReturnType<VenueCalls[K]>> {
  return (yield { fx: 'call', call: name, args }) as ReturnType<VenueCalls[K]>;
}
/** Goes on after so many wall ms; where the driver stops meanwhile, no more. */
export function* wait(ms: number): Flow<void> {
  yield { fx: 'wait', ms };
}
export function* onDisk(): Flow<void> {
  yield { fx: 'disk' };
}
/** Goes on when all of them have ended. @throws what one of them has failed with */
export function* joined(flows: Iterable<Started<unknown>>): Flow<void> {
  yield* resultsOf(flows);
}
/** The same: what they come to. */
export function* resultsOf<R>(flows: Iterable<Started<R>>): Flow<readonly R[]> {
  const all = [...flows];
  // Each of them is waited for from now on, whichever fails first.
  for (const started of all) started.onEnd(nothing);
  const results: R[] = [];
  for (const started of all) results.push(yield* resultOf(started));
  return results;
}
/** Waits for nothing. */
export function* nowKnown<R>(result: R): Flow<R> {
  yield* allOver([]);
  return result;
}
/** Goes on when all of them are over; what one of them has failed with is told elsewhere. */
export function* allOver(flows: Iterable<Started<unknown>>): Flow<void> {
  for (const started of [...flows].map((each) => each.onEnd(nothing))) {
    try {
      yield* resultOf(started);
    } catch {}
  }
}
/** What it comes to within so many ms; null: later, and it goes on. @throws what it has failed with by then */
export function* within<R>(ms: number, started: Started<R>, atStop?: AtStop): Flow<R | null> {
  if (!started.isOver) yield { fx: 'waitFor', started, ms, ...(atStop === undefined ? {} : { atStop }) };
  return started.isOver ? yield* resultOf(started) : null;
}
/** The same for an answer that a caller waits for: in a daemon that stops, it goes on at once with what is known. */
export function endedWithin<R>(ms: number, started: Started<R>): Flow<R | null> {
  return within(ms, started, 'soon');
}
/** What another flow comes to. @throws what it has failed with */
export function* resultOf<R>(started: Started<R>): Flow<R> {
  return (yield { fx: 'join', started }) as R;
}
