/**
 * The words of the engine: what it holds, and what that is folded from. Read this page first.
 *
 * Quantities are integers in units of 1e-8 of the base asset; lots that are held are signed, below 0 for a short
 * position. Instants are `t` in ms: venue time, as moved by the jumps of clocks on record.
 */

/** Whose lots are: an agent's; null: nobody's, which is the operator's. */
export type Owner = string | null;

/** Signed lots of one owner. */
export interface Part {
  readonly owner: Owner;
  readonly quantityE8: number;
}

/** What is held of a symbol. */
export interface Lots {
  /** One an owner; all of one sign. */
  readonly parts: readonly Part[];
  /** Signed: what reduce-only orders closed beyond the parts. The fills that opened it are told later. */
  readonly owedE8: number;
}

/** A fill as it moves lots. */
export interface LotFill {
  readonly kind: 'fill';
  readonly atMs: number;
  /** Signed. */
  readonly quantityE8: number;
  /** Whose lots it opens, and closes first; null: nobody's. */
  readonly owner: Owner;
  /** A cut, a stop or the venue itself: agents' lots go first, whoever's they are. */
  readonly agentsFirst: boolean;
  /** It is not reduce-only. */
  readonly opens: boolean;
  /** Client id of its order; null: none is known. */
  readonly order: string | null;
  /** Record of the decision with which that went out: no reading of before contains the fill. 0: it is not ours. */
  readonly seq: number;
  /**
   * The venue's number of its trade, which rise in a symbol; null: a report told of it, and `atMs` is the latest instant. 0: so
   * did a report, but its trades were read before.
   */
  readonly trade: number | null;
}

/** A reading of the account that was believed shows so much, with all fills of before. */
export interface LotReading {
  readonly kind: 'read';
  /** Until when it shows the position, by what it says itself; else since when readings have shown that. */
  readonly atMs: number;
  /** Its record. */
  readonly seq: number;
  readonly quantityE8: number;
}

/** Whatever is held has another owner from then on. */
export interface Gift {
  readonly atMs: number;
  readonly owner: Owner;
  /** Its record. */
  readonly seq: number;
}
/** One thing that happened to a position. */
export type LotEntry = LotFill | LotReading | (Gift & { readonly kind: 'given' });
