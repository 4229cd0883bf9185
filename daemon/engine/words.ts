/**
 * The words of the engine: what it holds, and what that is folded from. Read this page first.
 *
 * Quantities are integers in units of 1e-8 of the base asset; lots that are held are signed, below 0 for a short
 * position. Instants are venue time in ms, unless a name says otherwise. A `seq` is the number of a record: which of two
 * was asked for first is said by records alone, and by no clock.
 */
import type { Side } from '../core/request.ts';

/** Whose lots are: an agent's; null: nobody's, which is the operator's. */
export type Owner = string | null;

/**
 * Who moves lots with an order. `gate`: a cut, or a stop. `venue`: a liquidation, or auto-deleveraging. `person`: somebody
 * at the venue itself, past the gate.
 */
export type By = 'agent' | 'operator' | 'gate' | 'venue' | 'person';

/** An order as far as its fills move lots. */
export interface LotOrder {
  readonly id: string;
  readonly symbol: string;
  readonly side: Side;
  readonly by: By;
  /** Whose lots it opens, or may close; null: nobody's, or anybody's. */
  readonly owner: Owner;
  /** The decision that asked for the opening, or for the claim that the order works for. */
  readonly seq: number;
  /** It is not reduce-only. */
  readonly opens: boolean;
  /** What it had filled when it was seen for the first time: a reading of the account contains that. 0 for one of ours. */
  readonly filledBefore: number;
}

/**
 * What the lot book is folded from. `ordered`: an order is planned or seen, or works for another claim from here on.
 * `reported`: what an order has executed in sum. `traded`: one trade, exactly. `adopted`: readings show a position that
 * nothing here explains. `given`: an operator gave the symbol to an agent. `disowned`: the ledger was recovered, and
 * whatever is held, and whatever was asked for before, is nobody's.
 */
export type LotRecord =
  | { readonly kind: 'ordered'; readonly order: LotOrder }
  | { readonly kind: 'reported'; readonly id: string; readonly executed: number; readonly atMs: number }
  | {
      readonly kind: 'traded';
      readonly id: string;
      readonly lots: number;
      readonly atMs: number;
      /** The venue's number: trades of a symbol rise with it. */
      readonly number: number;
    }
  | {
      readonly kind: 'adopted';
      readonly seq: number;
      readonly symbol: string;
      /** Signed; 0: the reading shows no position. */
      readonly held: number;
      /** When the position became what the reading shows; null: it does not say. */
      readonly sinceMs: number | null;
      /** When the reading was asked for. */
      readonly askedMs: number;
    }
  | { readonly kind: 'given'; readonly symbol: string; readonly owner: string; readonly atMs: number }
  | { readonly kind: 'disowned'; readonly seq: number; readonly atMs: number };

/** Lots that one opening filled and that are still held. */
export interface Batch {
  readonly owner: Owner;
  /** Of the decision that asked for the opening; of what nobody here asked for, the record that told of it. */
  readonly seq: number;
  /** Signed; all batches of a symbol have one sign. */
  readonly lots: number;
}

/** What is held of a symbol. */
export interface Lots {
  /** In the order in which they were filled. */
  readonly batches: readonly Batch[];
  /** Signed: what reduce-only orders closed beyond the batches. The fills that opened it are told later. */
  readonly owed: number;
}

/** A right to have lots closed, as far as the lot book asks. */
export interface ClaimOfLots {
  /** Whose lots; null: anybody's. */
  readonly owner: Owner;
  readonly seq: number;
}
