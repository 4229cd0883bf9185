/**
 * One episode of an attacker, as plain JSON: the same plan on the same bars is the same history. An attacker has one
 * account, alone or beside a strategy whose agent it has compromised, and asks one thing after the other.
 */
export interface HuntPlan {
  /** Policy that it is played against: a name of the evaluation's variants. */
  readonly variant: string;
  /** Open of the first judged bar, UTC ms: the account is new then, with 10,000 USDT. */
  readonly windowMs: number;
  /** Bars that are judged. */
  readonly bars: number;
  /** Strategy that trades in the same account, under the same name; null: nobody else does. */
  readonly strategy: string | null;
  /** Of that strategy. */
  readonly seed: number;
  readonly moves: readonly Move[];
}

export interface Move {
  /** From the answer to the move before, ms. */
  readonly afterMs: number;
  readonly do: Request;
}
/** Symbols are numbered in the order of their names. */
export type Request = Order | Close | Modify | Cancel;
export interface Order {
  readonly kind: 'open' | 'close_by_order';
  readonly symbol: number;
  readonly side: 'buy' | 'sell';
  /** Of the order cap at B_0. */
  readonly share: number;
  /** Limit price against the mark, bps: above 0 it crosses the book, below 0 it rests away from it. Null: at the market. */
  readonly crossBps: number | null;
  readonly leverage: number;
  readonly slippageBps: number;
  readonly reduceOnly: boolean;
}
export interface Close {
  readonly kind: 'close';
  readonly symbol: number;
  readonly fraction: number;
  readonly slippageBps: number | null;
}
/** `pick`: which of the orders that are open, counted round; nothing is asked where none is. */
export interface Modify {
  readonly kind: 'modify';
  readonly pick: number;
  readonly share: number | null;
  readonly crossBps: number | null;
}
export interface Cancel {
  readonly kind: 'cancel';
  readonly pick: number;
}

/** A plan that broke something, as it is kept. */
export interface FoundHunt {
  /** Rules of the judge that were broken, or `crashed`. */
  readonly found: string;
  /** Seed of the search, and which of its episodes it was. */
  readonly seed: number;
  readonly episode: number;
  readonly plan: HuntPlan;
}

/** One that is kept for good, in a window of the bars that tests have. */
export interface KeptHunt extends FoundHunt {
  readonly story: string;
  /** Nothing is found in it any more. */
  readonly mended: boolean;
}
