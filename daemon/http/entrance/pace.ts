/**
 * How many requests of agents start in one turn of the event loop: about 10 ms of work. If everything that many
 * connections have sent ran in one turn, an operator's halt, an exit and the venue's answers would wait behind all of
 * it.
 */
export const STARTS_A_TURN = 32;

/** `K`: whose requests take turns. */
export interface Pace<K> {
  /** Calls `start` at once while this turn has room, else in a later turn, each key in turn. */
  begin(key: K, start: () => void): void;
  /** What waits of this key never starts. */
  drop(key: K): void;
  /** Requests that wait for a turn. */
  readonly waiting: number;
}

/** `next`: calls a function when the next turn begins; by default in the next turn of the event loop. */
export function createPace<K>(limit: number = STARTS_A_TURN, next: (turn: () => void) => void = setImmediate): Pace<K> {
  /** By key, in the order in which they are served. */
  const queues = new Map<K, (() => void)[]>();
  let waiting = 0;
  let begun = 0;
  let isTurning = false;

  function take(): (() => void) | undefined {
    const [first] = queues;
    if (first === undefined) return undefined;
    const [key, queue] = first;
    const start = queue.shift();
    queues.delete(key);
    if (queue.length > 0) queues.set(key, queue);
    waiting -= 1;
    return start;
  }

  function turn(): void {
    begun = 0;
    isTurning = waiting > 0;
    if (isTurning) next(turn);
    while (begun < limit && waiting > 0) {
      begun += 1;
      take()?.();
    }
  }

  return {
    begin(key, start) {
      if (!isTurning) {
        isTurning = true;
        next(turn);
      }
      if (waiting === 0 && begun < limit) {
        begun += 1;
        start();
        return;
      }
      const queue = queues.get(key) ?? [];
      if (queue.length === 0) queues.set(key, queue);
      queue.push(start);
      waiting += 1;
    },
    drop(key) {
      waiting -= queues.get(key)?.length ?? 0;
      queues.delete(key);
    },
    get waiting() {
      return waiting;
    },
  };
}
