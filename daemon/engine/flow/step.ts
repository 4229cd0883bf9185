/**
 * `step(input) -> effects`: whatever the engine does goes through here. Flows are begun by calls and by what falls due; each
 * runs until it asks for something, and goes on where the answer comes. Between two questions nothing else happens: what a
 * flow has looked at still holds when it records.
 */
import { type Answer, type Effect, type End, type Flow, type Join, Pending, type Started } from './effects.ts';

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
