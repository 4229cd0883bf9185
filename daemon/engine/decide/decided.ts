import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { Recorded } from '../flow/core.ts';
import type { DecisionBody } from '../records/decisions.ts';
import type { DecisionEvent } from '../records/events.ts';

/** A decision that is taken and appended. Nothing may be sent or answered before that is on disk. */
export interface Decided {
  readonly body: DecisionBody;
  readonly event: DecisionEvent;
  readonly recorded: Recorded;
  readonly policy: CompiledPolicy;
  /** Time of the decision, wall ms of the process: send deadlines count from here. */
  readonly decidedAtWallMs: number;
}
