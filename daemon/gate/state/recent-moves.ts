import { keeps } from './keep.ts';
import type { Redate } from './redate.ts';

/** A reading of the account counts at most so long after it was requested. */
const READING_MS = 600_000;
/** By so much the instants of a reading may differ from the venue's. */
const CLOCKS_APART_MS = 100;

/** Money that came into the wallet from anywhere else, or left it, USDT. */
export interface Move {
  atMs: number;
  readonly usdt: number;
}

/** Transfers that a reading of the account which comes in now may not contain. */
export class RecentMoves {
  #moves: Move[] = [];

  static {
    keeps(
      RecentMoves,
      (view) => ({ moves: view.#moves }),
      (kept) => {
        const made = new RecentMoves();
        made.#moves = kept.moves;
        return made;
      },
    );
  }

  /** Another list once there is a further one. */
  get list(): readonly Move[] {
    return this.#moves;
  }

  add(usdt: number, atMs: number): void {
    this.#moves = this.#moves.filter((move) => move.atMs > atMs - READING_MS);
    this.#moves.push({ atMs, usdt });
  }

  /** What a reading that was requested then does not contain, USDT. It must be clear of them: {@link isUnclear}. */
  since(atMs: number): number {
    let usdt = 0;
    for (const move of this.#moves) if (move.atMs > atMs) usdt += move.usdt;
    return usdt;
  }

  /**
   * Whether a transfer that was not known when the account was requested was made while it was read: nobody can tell
   * whether the reading contains it. The clocks of both sides are not quite the same.
   *
   * @param known the {@link list} when the account was requested
   */
  isUnclear(known: readonly Move[], requestedAtMs: number, observedAtMs: number): boolean {
    const isNear = ({ atMs }: Move): boolean =>
      atMs >= requestedAtMs - CLOCKS_APART_MS && atMs <= observedAtMs + CLOCKS_APART_MS;
    return this.#moves.some((move) => !known.includes(move) && isNear(move));
  }

  /** The clock was set back: what lies in the future has happened by now. */
  redate(redate: Redate): void {
    for (const move of this.#moves) move.atMs = redate(move.atMs);
  }
}
