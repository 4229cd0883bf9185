import { ApiError } from '../errors.ts';

export interface Turns {
  /** Resolves in a separate turn of the event loop: long work runs one piece per turn. */
  next(): Promise<void>;
}

/**
 * Reads of the ledger and of all orders run synchronously. However many are requested at once, each waits for its turn
 * in order of arrival. Whatever else has arrived (exits, cancels, a halt, answers of the venue) runs in between.
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

/** Requests that one token may have in flight. Exits, cancels and operator routes are not counted. */
export const MAX_IN_FLIGHT = 256;
/** A page takes one place per this many entries: it stays in memory until its caller has read it. */
const ENTRIES_PER_PLACE = 100;

/**
 * One request in flight. It ends when its connection has closed *and* the work it started is done, so that
 * hanging up frees no place while the gate is still busy.
 */
export class Flight {
  readonly #leave: () => void;
  readonly #widen: (places: number) => void;
  #isClosed = false;
  #working = 0;

  constructor(leave: () => void, widen: (places: number) => void) {
    this.#leave = leave;
    this.#widen = widen;
  }
  /**
   * A page of this many entries was requested. @throws ApiError TOO_MANY_IN_FLIGHT when the token has no room for it
   */
  holdPage(entries: number): void {
    const more = Math.ceil(entries / ENTRIES_PER_PLACE) - 1;
    // A caller that hung up has left already.
    if (more > 0 && !this.#isClosed) this.#widen(more);
  }
  beginWork(): void {
    this.#working += 1;
  }
  endWork(): void {
    this.#working -= 1;
    if (this.#isClosed && this.#working === 0) this.#leave();
  }
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#working === 0) this.#leave();
  }
}

export interface FlightCounter {
  /** @throws ApiError TOO_MANY_IN_FLIGHT when `isLimited` and the token is at its limit */
  enter(tokenId: string, isLimited: boolean): Flight;
  readonly total: number;
  readonly shed: number;
}

export function createFlightCounter(): FlightCounter {
  const byToken = new Map<string, { count: number }>();
  let total = 0;
  let shed = 0;

  function placeOf(tokenId: string): { count: number } {
    let place = byToken.get(tokenId);
    if (place === undefined) {
      place = { count: 0 };
      byToken.set(tokenId, place);
    }
    return place;
  }

  function take(place: { count: number }, places: number): void {
    if (place.count + places > MAX_IN_FLIGHT) {
      shed += 1;
      throw new ApiError('TOO_MANY_IN_FLIGHT', `This token has ${MAX_IN_FLIGHT} requests in flight already.`, {
        retryAfterSeconds: 1,
      });
    }
    place.count += places;
  }

  return {
    enter(tokenId, isLimited) {
      const place = isLimited ? placeOf(tokenId) : null;
      if (place !== null) take(place, 1);
      total += 1;
      let held = 1;
      const leave = (): void => {
        total -= 1;
        if (place !== null) place.count -= held;
      };
      return new Flight(leave, (places) => {
        if (place === null) return;
        take(place, places);
        held += places;
      });
    },
    get total() {
      return total;
    },
    get shed() {
      return shed;
    },
  };
}
