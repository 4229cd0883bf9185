/**
 * Requests of agents that begin in one turn of the event loop: some 10 ms of work. A loop with everything that many
 * connections have sent would keep an operator's halt, an exit and the venue's answers waiting behind all of it.
 */
export const STARTS_A_TURN = 32;

export interface Pace {
  /** Calls `start` at once while there is room in this turn; else in a later one, each token in turn. */
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
