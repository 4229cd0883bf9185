/**
 * How many requests of agents start in one turn of the event loop: about 10 ms of work. If everything that many
 * connections have sent ran in one turn, an operator's halt, an exit and the venue's answers would wait behind all of
 * it.
 */
export const STARTS_A_TURN = 32;

export interface Pace {
  /** Calls `start` at once while this turn has room, else in a later turn, each token in turn. */
  begin(tokenId: string, start: () => void): void;
  /** Requests that wait for a turn. */
  readonly waiting: number;
}

export function createPace(limit: number = STARTS_A_TURN): Pace {
  /** By token, in the order in which they are served. */
  const queues = new Map<string, (() => void)[]>();
  let waiting = 0;
  let begun = 0;
  let isTurning = false;

  function next(): (() => void) | undefined {
    const [first] = queues;
    if (first === undefined) return undefined;
    const [tokenId, queue] = first;
    const start = queue.shift();
    queues.delete(tokenId);
    if (queue.length > 0) queues.set(tokenId, queue);
    waiting -= 1;
    return start;
  }

  function turn(): void {
    begun = 0;
    isTurning = waiting > 0;
    if (isTurning) setImmediate(turn);
    while (begun < limit && waiting > 0) {
      begun += 1;
      next()?.();
    }
  }

  return {
    begin(tokenId, start) {
      if (!isTurning) {
        isTurning = true;
        setImmediate(turn);
      }
      if (waiting === 0 && begun < limit) {
        begun += 1;
        start();
        return;
      }
      const queue = queues.get(tokenId) ?? [];
      if (queue.length === 0) queues.set(tokenId, queue);
      queue.push(start);
      waiting += 1;
    },
    get waiting() {
      return waiting;
    },
  };
}
