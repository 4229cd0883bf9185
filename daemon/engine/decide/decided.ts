import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { Recorded } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import type { Words } from '../openings/authority.ts';
import type { OrderState } from '../orders/orders.ts';
import type { DecisionBody, DecisionEvent, DecisionKind, PlannedOrder } from '../records/decisions.ts';
import type { ExitCause } from '../tables/rank.ts';

/** A request that was decided on and is not recorded yet. */
export interface Considered {
  readonly request: ExecutionRequest;
  readonly policy: CompiledPolicy;
  readonly context: ExecutionContext;
  readonly decision: ExecutionDecision;
  /** What is done: in shadow mode also what was decided against. */
  readonly acted: ExecutionDecision;
  /**
   * The place of its record, which ids are made of. INVARIANT: the ledger takes it there or nowhere, so nothing is recorded
   * between the snapshot and the reservation.
   */
  readonly seq: number;
  /** When the snapshot was taken, wall ms of the process. */
  readonly startedAtWallMs: number;
  /** When the snapshot was taken and `decide` began, wall ms; of interest to traces alone. */
  readonly decideAtWallMs: number;
  readonly elapsedNs: number;
}
/** How a decision is recorded. */
export interface RecordedAs {
  readonly kind: DecisionKind;
  readonly route: string;
  /** Digest of what was called; absent: nobody called, or it has no idempotency key. */
  readonly bodyHash?: string | null;
  readonly texts?: { readonly [field: string]: string };
  /** Absent: it follows from no other. */
  readonly parentDecisionId?: string | null;
  /** Orders that follow from it; none for advisory kinds. */
  readonly orders: readonly PlannedOrder[];
  /** With what it was asked for and approved; absent where no caller asks. */
  readonly words?: Words;
  /** When the call came in, wall ms; absent: nobody called, or no trace is kept. */
  readonly intakeAtWallMs?: number;
  /** For whom an exit is decided; absent: the caller. */
  readonly cause?: ExitCause;
}
/** A decision that is taken and appended. Nothing may be sent or answered before that is on disk. */
export interface Decided {
  readonly body: DecisionBody;
  readonly event: DecisionEvent;
  readonly recorded: Recorded;
  readonly policy: CompiledPolicy;
  /** Time of the decision, wall ms of the process: send deadlines count from here. */
  readonly decidedAtWallMs: number;
}

/** Who carries decisions out. */
export interface CarriesOut {
  /** Orders that follow from a first decision; none for advice. */
  plan(considered: Considered): readonly PlannedOrder[];
  /** Records what a permitted cancel ends, in the turn of its decision. */
  noteCancel(decided: Decided): void;
  /** Over at the outcome. Begun in the turn of the decision; what is sent waits for the disk. `target`: the order that it names. */
  act(decided: Decided, target: OrderState | null): Flow<void>;
}
