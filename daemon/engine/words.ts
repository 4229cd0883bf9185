/**
 * The words of the engine, and the way through its rooms. Read this page first, then `flow/step.ts`.
 *
 * **From a call to the venue.** `calls/` reads a call and answers it. `snapshot/` reduces state and readings to what
 * `core/decide` sees. `decide/` takes the decision and records it, with its orders and what they reserve, in the same
 * turn. Nothing leaves before that record is on disk. `guard/executor.ts` carries the decision out, at once or in
 * slices. `sending/sender.ts` hands each order to the venue and records the answer. An order without an answer is
 * unproven: `sending/resolver.ts` looks it up until the venue proves what became of it, and `sending/absent-orders.ts`
 * proves that it never arrived. `state/` folds each record into the views as it is written, and again at a start;
 * nothing else changes them.
 *
 * **Who decides what**, beside the rules of `core`:
 * - What an order's status means, what a refusal means, which exit goes first: `tables/`.
 * - How many lots are held, and whose a fill made them: `positions/`. Which agent holds a symbol: `orders/holding.ts`.
 * - Until when, and on whose word, an opening may go out and rest: `openings/authority.ts`. What has lost its authority
 *   is canceled by `guard/authorities.ts`.
 * - A *claim* is a right to have held lots closed: whose, how many, now or at a price. What each claim should have at
 *   the venue now: `claims/exit-sizes.ts`. When it is over, and on which rung of its price ladder its next order goes
 *   out: `claims/claim-ends.ts`; at what price: `core/rules/price.ts`. How often exits may go out: `claims/exit-pace.ts`.
 *   Which of all goes out next: `claims/exit-pump.ts`. Which openings end because an exit was decided:
 *   `decide/openings-to-end.ts`. Everything closed at once: `exits/flatten.ts`.
 * - Where a stop stands, and what it covers: `protect/stops.ts`. It is placed and moved by `guard/stop-orders.ts`;
 *   cuts are `guard/protection.ts`. What is looked after all the time, in a replay as in the daemon:
 *   `keeper/upkeep.ts`.
 * - Which resting openings a tightened policy no longer permits: `plan/judge-resting.ts`; they are canceled by
 *   `guard/resting-openings.ts`. When the venue itself cancels what rests, since nobody calls it any more:
 *   `protect/countdowns.ts`.
 * - When account, orders and market are read: `keeper/`. What is read, and recorded of it: `feeds/`, `trades/`. The
 *   latest of it: `readings/`. What came of it in money: `accounts/`.
 * - Halts, policies, tokens, holders, lost orders, as people say: `operator/`. How restricted trading is:
 *   `callers/layers.ts`.
 * - After a restart: `sending/recover-orders.ts` for orders that were sent and slices that were not, `exits/resume.ts`
 *   for claims. Before an orderly stop: `live/leave-venue.ts`.
 * - What a record says: `records/`. How views are kept, and restored: `kept/`. Whether a recorded decision follows from
 *   its record: `audit/`.
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
