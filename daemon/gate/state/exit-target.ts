import type { Origin, Side } from '../../core/request.ts';
import type { ExitCause, ExitEnd } from '../events.ts';
import type { Room } from './held-lots.ts';
import type { OrderState } from './order.ts';

/** How much one order should close for one target, and how much it has. */
export interface Allotment {
  readonly order: OrderState;
  lots: number;
  filledLots: number;
}

/**
 * What a permitted exit should close. Targets of one key add up: their lots are sent together, one order at a time, and
 * fills are credited to the oldest first. INVARIANT: the lots credited to an order's targets are its executed lots.
 */
export interface ExitTarget extends Room {
  readonly decisionId: string;
  /** Seq of the record that opened it. */
  readonly seq: number;
  /** The caller; of an operator's and the gate's, whoever asked. */
  readonly agent: string;
  readonly origin: Origin;
  readonly cause: ExitCause;
  readonly symbol: string;
  readonly side: Side;
  /** Targets with the same key may share an order: same share, symbol, side and price bound. */
  readonly key: string;
  /** own: limited by an agent's share; account: by the position. */
  readonly scope: 'own' | 'account';
  /** It closes everything that its caller may close, including what earlier openings still fill. */
  readonly isWhole: boolean;
  /** An operator's or the gate's exit of the whole position: `reduceOnly` limits it while nothing opens after it. */
  readonly isOfAll: boolean;
  readonly openedAtMs: number;
  /** The order that its decision planned: sent at once, or waiting. */
  readonly first: OrderState;
  /** Earlier openings that may still fill: a full exit closes what they fill too. Null: there are none. */
  openings: Set<OrderState> | null;
  /** Openings decided after it, if it is a full exit; null: there are none. */
  younger: Set<OrderState> | null;
  /** Own orders that are canceled, or being canceled, by no wish of its caller: it goes on without them. Null: none. */
  gaveWay: Set<OrderState> | null;
  /** Lots appeared that none of our orders opened. */
  hasGrown: boolean;
  allotments: Allotment[];
  askedLots: number;
  /** Lots still to close, including those in flight. */
  leftLots: number;
  /** It does not close what was opened later. */
  roomLots: number;
  disputedLots: number;
  readAtMs: number | null;
  filledLots: number;
  /** The last rung that was decided for it; -1: none. */
  rung: number;
  end: { readonly reason: ExitEnd; readonly detail: string; readonly atMs: number } | null;
}
