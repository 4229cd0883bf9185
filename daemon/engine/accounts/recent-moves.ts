/** A reading of the account counts at most so long after it was requested. */
export const READING_MS = 600_000;
/** By so much the instants of a reading may differ from the venue's. */
export const CLOCKS_APART_MS = 100;

/** Money that came into the wallet from anywhere else, or left it, USDT. */
export interface Move {
  /** By `t`, as all here. */
  readonly atMs: number;
  readonly reportedAtMs: number;
  readonly usdt: number;
}

/** When the venue may have read the account, by its own clock. */
export interface ReadSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param errorMs by so much the gate's clock may have been off, beyond what clocks always are apart */
export function spanOf(requestedAtMs: number, observedAtMs: number, errorMs: number): ReadSpan {
  return { fromMs: requestedAtMs - errorMs, toMs: observedAtMs + errorMs };
}

/** Whether it was moved while the account was read, as far as the clocks of both sides tell. */
export function isNear(movedMs: number, { fromMs, toMs }: ReadSpan): boolean {
  return movedMs >= fromMs - CLOCKS_APART_MS && movedMs <= toMs + CLOCKS_APART_MS;
}

/** Transfers that a reading of the account which comes in now may not contain. */
export class RecentMoves {
  /** Another one once there is a further move. */
  list: readonly Move[] = [];

  add(usdt: number, atMs: number, reportedAtMs: number): void {
    this.list = [...this.list.filter((move) => move.atMs > atMs - READING_MS), { atMs, reportedAtMs, usdt }];
  }

  /**
   * What a reading that was requested then does not contain, USDT. It must be clear of them: {@link isUnclear}. What was
   * known by then it contains, also where the gate's clock is behind.
   */
  since(atMs: number): number {
    let usdt = 0;
    for (const move of this.list) if (move.atMs > atMs && move.reportedAtMs > atMs) usdt += move.usdt;
    return usdt;
  }

  /**
   * Whether a transfer that was not known when the account was requested was made while it was read: nobody can tell
   * whether the reading contains it. The clocks of both sides are not quite the same.
   *
   * @param known the {@link list} when the account was requested
   */
  isUnclear(known: readonly Move[], span: ReadSpan): boolean {
    return this.list.some((move) => !known.includes(move) && isNear(move.atMs, span));
  }
}
