import type { TimeInForce } from '../../core/decision.ts';
import type { OrderType, Origin, Side } from '../../core/request.ts';
import type { OrderStatus } from '../api/decisions.ts';
import type { DecisionEvent, EvidenceKind } from '../events.ts';
import type { OrderKind } from '../venue-port.ts';

export interface OrderState {
  readonly clientOrderId: string;
  readonly decisionId: string | null;
  readonly agent: string | null;
  readonly origin: Origin | null;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: OrderType | string;
  readonly timeInForce: TimeInForce | null;
  readonly kind: OrderKind;
  readonly slice: number;
  /** Charged leverage; a later slice may be held to less than its parent was. */
  leverage: number;
  readonly reduceOnly: boolean;
  readonly protective: boolean;
  readonly foreign: boolean;
  triggerTicks: number | null;
  readonly plannedAtMs: number;
  /** When a delayed slice falls due. */
  readonly dueAtMs: number;
  /** Bound on the price that was requested; null: none was, which exits may leave out. */
  readonly slippageBps: number | null;
  /** Middle of the book that the decision saw which planned the order; null: it saw none, or there was no decision. */
  readonly midAtDecision: number | null;
  /** Skill that the caller's token names, and the one that the ask itself named: what the order is trusted by. */
  readonly tokenSkillSha256: string | null;
  readonly claimedSkillSha256: string | null;
  /** The worst price that a person approved for it; null: it needed no approval. */
  approvedTicks: number | null;
  lots: number;
  priceTicks: number | null;
  executedLots: number;
  status: OrderStatus;
  venueOrderId: string | null;
  averagePrice: number | null;
  detail: string | null;
  retryable: boolean;
  /** Decision of the slice that sent it (the parent's own for slice 0). */
  sentAtMs: number | null;
  /** Domain time at which the venue first acknowledged it. */
  acknowledgedAtMs: number | null;
  cancelRequested: boolean;
  /** Why the order still rests although its cancel was requested, in the venue's words. */
  cancelRefusal: string | null;
  amend: { readonly lots: number; readonly priceTicks: number } | null;
  /** Record of the decision behind `amend`; null: none, or somebody changed the order at the venue. */
  amendSeq: number | null;
  /** That amend was sent no later than this, domain time; known once its outcome is not. */
  amendSentByMs: number | null;
  /** Head of the ledger when the newest answer that showed the order was requested; null: the venue never showed it. */
  shownSeq: number | null;
  /** Record that ended it. */
  endedSeq: number | null;
  /** The venue showed its end; else it was refused, not sent, or is absent. */
  isEndShown: boolean;
  /** How it was proven to have ended; null: a record of an older daemon does not say, or it has not. */
  endedBy: EvidenceKind | null;
  /** It was sent no later than this, domain time; known once its outcome is not. */
  sentByMs: number | null;
  updatedAtMs: number;
  /** Lots, notional and fees that trades have accounted for. */
  tradedLots: number;
  tradedUsdt: number;
  /** What executed lots whose trades are not read yet were counted as, lots times price; without a price as nothing. */
  untoldUsdt: number;
  /** When they were counted last, ms of event time; null: there were none. */
  untoldAtMs: number | null;
  /** What trades say was paid and realised, USDT; `feesUsdt` estimates where none is known yet. */
  tradedFeesUsdt: number;
  realisedPnlUsdt: number;
  feesUsdt: number;
}

/** Middle of the book that a decision saw. */
export function midOf({ context }: DecisionEvent): number | null {
  const { ask, bid } = context.market;
  return ask === null || bid === null ? null : (bid + ask) / 2;
}
