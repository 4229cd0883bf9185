import type { ExitsSection } from '../../core/policy.ts';
import type { Claim } from '../orders/claims.ts';
import type { OrderState } from '../orders/orders.ts';
import type { PlanClock } from '../plan/deadline.ts';
import type { ExitEnd } from '../records/decisions.ts';
import type { GateViews } from '../state/views.ts';
import type { ExitPace } from './exit-pace.ts';
import type { ExitForm } from './exit-request.ts';

/** A further order of an exit, as it was decided and recorded. */
export interface DecidedExit {
  /** Null: it is not permitted now. */
  readonly order: OrderState | null;
  /** The first reason where it is not. */
  readonly code: string;
}

/** What exits need of the part that carries them out. */
export interface ExitHands {
  readonly state: GateViews;
  readonly clock: PlanClock;
  readonly pace: ExitPace;
  /** Of the policy in force. */
  exits(): ExitsSection;
  decide(parent: Claim, form: ExitForm): DecidedExit;
  /** Has it sent; the outcome comes back through {@link ExitAttempts.take}. */
  send(order: OrderState): void;
  /** Records that a claim is over, or that it rests. */
  recordEnd(claim: Claim, reason: ExitEnd, detail: string): void;
  /** Records the end of an order that was never sent. */
  endUnsent(order: OrderState, detail: string): void;
  /** Asks for the cancel of what rests, once for each order. */
  cancel(order: OrderState, reason: string): void;
  alert(code: string, detail: string, symbol: string): void;
  /** A defect in one claim holds up no other. */
  onDefect(error: unknown, symbol: string): void;
  /** {@link ExitPump.pass} is due then, wall ms. */
  wakeAt(wallMs: number): void;
}
