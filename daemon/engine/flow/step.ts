/**
 * What the engine wants done by whoever drives it, and what it is told of it. A {@link Flow} is what follows from one input,
 * step by step: it yields what it wants done, and goes on with the answer. The driver decides nothing: it does what it is
 * asked, in that order, and answers each request once. `step(input) -> effects`: flows are begun by calls and by what falls
 * due, and between two questions nothing else happens: what a flow has looked at still holds when it records. Instants and
 * spans are wall ms of the process.
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
   * Answered when that is over, or after so many ms, whichever comes first. In a daemon that stops the time does not end the
   * wait, only its end does; `atStop` says otherwise. `soon`: it is answered at once, since a caller waits. `inTime`: as ever.
   */
  | { readonly fx: 'waitFor'; readonly started: Started<unknown>; readonly ms: number; readonly atStop?: AtStop }
  /** Answered when what this turn has begun was sent. */
  | { readonly fx: 'nextTurn' };

/** What each request is answered with. */
interface Answers {
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

/** What a task has begun: at nearly every tick nothing, since nothing is due. */
export type Begun = readonly Started<unknown>[];

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
type Join = { readonly fx: 'join'; readonly started: Started<unknown> };
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

/** The answer to a request, or that it has failed. */
export type Input =
  | { readonly in: 'answered'; readonly id: number; readonly answer: Answer }
  | { readonly in: 'failed'; readonly id: number; readonly error: unknown };

export interface Request {
  readonly id: number;
  readonly effect: Effect;
}

interface Running {
  readonly flow: Flow<unknown>;
  readonly close: (end: End<unknown>) => void;
}

/** What the engine tells its driver outside of a step. */
export interface EngineListener {
  /** Something was asked for because another part let a flow go on: {@link Engine.take} has it. */
  onRequests(): void;
  /** A flow has failed, and nobody had waited for it by the next step. */
  onUnheard(error: unknown): void;
}

export class Engine {
  readonly #listener: EngineListener;
  readonly #waiting = new Map<number, Running>();
  #requests: Request[] = [];
  #nr = 0;
  /** Flows that go on because what they joined has ended: in their order, and never in the middle of another one. */
  #ready: (() => void)[] = [];
  #depth = 0;
  #failed: Pending<unknown>[] = [];

  constructor(listener: EngineListener) {
    this.#listener = listener;
  }

  /** Runs a flow up to its first question; {@link take} has what it asks for. */
  begin<R>(flow: Flow<R>): Started<R> {
    const pending = new Pending<R>();
    const close = (end: End<unknown>): void => {
      pending.close(end as End<R>);
      if (end.kind === 'failed') this.#failed.push(pending as Pending<unknown>);
    };
    this.#run({ flow, close }, () => flow.next());
    return pending;
  }

  /** Goes on with the flow that asked. An answer that nobody waits for is none. */
  step(input: Input): readonly Request[] {
    this.#tellUnheard();
    const running = this.#waiting.get(input.id);
    if (running === undefined) return [];
    this.#waiting.delete(input.id);
    this.#run(running, () =>
      input.in === 'answered' ? running.flow.next(input.answer) : running.flow.throw(input.error),
    );
    return this.take();
  }

  /** What was asked for since it was taken last, in its order. */
  take(): readonly Request[] {
    const requests = this.#requests;
    if (requests.length > 0) this.#requests = [];
    return requests;
  }

  #tellUnheard(): void {
    const failed = this.#failed;
    if (failed.length === 0) return;
    this.#failed = [];
    for (const pending of failed) if (!pending.isHeard) this.#listener.onUnheard(pending.error);
  }

  #run(running: Running, resume: () => IteratorResult<Effect | Join, unknown>): void {
    this.#depth += 1;
    try {
      this.#advance(running, resume);
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#goOn();
  }
  #goOn(): void {
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) next();
  }

  #advance(running: Running, resume: () => IteratorResult<Effect | Join, unknown>): void {
    let next: IteratorResult<Effect | Join, unknown>;
    try {
      next = resume();
    } catch (error) {
      running.close({ kind: 'failed', error });
      return;
    }
    if (next.done === true) {
      running.close({ kind: 'done', result: next.value });
      return;
    }
    const wanted = next.value;
    if (wanted.fx === 'join') {
      wanted.started.onEnd((end) => {
        this.#ready.push(() =>
          this.#run(running, () =>
            end.kind === 'done' ? running.flow.next(end.result) : running.flow.throw(end.error),
          ),
        );
        if (this.#depth > 0) return;
        this.#goOn();
        if (this.#requests.length > 0) this.#listener.onRequests();
      });
      return;
    }
    this.#nr += 1;
    this.#waiting.set(this.#nr, running);
    this.#requests.push({ id: this.#nr, effect: wanted });
  }
}
