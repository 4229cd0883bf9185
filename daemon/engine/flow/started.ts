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
  #waiting: ((end: End<R>) => void)[] = [];

  static failed(error: unknown): Started<never> {
    const pending = new Pending<never>();
    pending.close({ kind: 'failed', error });
    return pending;
  }

  get isOver(): boolean {
    return this.#end !== null;
  }
  onEnd(tell: (end: End<R>) => void): this {
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
