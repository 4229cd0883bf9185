export interface Turns {
  /** Resolves in a turn of the event loop of its own: what takes long is asked for one piece a turn. */
  next(): Promise<void>;
}

/**
 * Reads of the ledger and of all orders run synchronously. However many are asked for at once, each waits for its turn, in
 * the order of their coming, and whatever else has arrived (exits, cancels, a halt, answers of the venue) runs in between.
 */
export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    next() {
      last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
      return last;
    },
  };
}
