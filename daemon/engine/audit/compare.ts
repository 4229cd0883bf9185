import type { ExecutionDecision, Reason, Verdict } from '../../core/decision.ts';

/**
 * How another policy would have decided a request.
 * - `blocked`: was permitted, would be refused; `let_through`: the other way round;
 * - `cut`, `widened`: permitted by both, with a smaller or larger quantity; at the same quantity, leverage; at the same
 *   leverage, slippage bound;
 * - `restaged`: all of these are the same, the slices are not.
 */
export const CHANGES = ['blocked', 'let_through', 'cut', 'widened', 'restaged', 'unchanged'] as const;
export type Change = (typeof CHANGES)[number];

/** One side of the comparison. Null where nothing was permitted, or where the action has no such figure. */
export interface DiffSide {
  readonly decision: Verdict;
  readonly action: string | null;
  readonly quantity: string | null;
  readonly lots: number | null;
  readonly notional_usdt: number | null;
  readonly leverage: number | null;
  readonly max_slippage_bps: number | null;
  readonly slices: number | null;
  readonly regime: string;
  readonly reasons: readonly Reason[];
}

export function describeSide(decision: ExecutionDecision): DiffSide {
  const { effective } = decision;
  return {
    decision: decision.decision,
    action: effective?.action ?? null,
    quantity: effective?.quantity ?? null,
    lots: effective?.lots ?? null,
    notional_usdt: effective?.notional ?? null,
    leverage: effective?.leverage ?? null,
    max_slippage_bps: effective?.max_slippage_bps ?? null,
    slices: effective === null ? null : decision.constraints.staging_plan.length,
    regime: decision.budget.regime,
    reasons: decision.reasons,
  };
}

export function classifyChange(recorded: ExecutionDecision, candidate: ExecutionDecision): Change {
  const before = recorded.effective;
  const after = candidate.effective;
  if (before === null || after === null) {
    if (before === after) return 'unchanged';
    return after === null ? 'blocked' : 'let_through';
  }
  for (const key of ['lots', 'leverage', 'max_slippage_bps'] as const) {
    const was = before[key];
    const now = after[key];
    if (was === now) continue;
    // No bound at all (an exit whose caller gave none) is the widest.
    if (was === null || now === null) return was === null ? 'cut' : 'widened';
    return now < was ? 'cut' : 'widened';
  }
  const plan = (decision: ExecutionDecision) => JSON.stringify(decision.constraints.staging_plan);
  return plan(recorded) === plan(candidate) ? 'unchanged' : 'restaged';
}

/** Refused by both, or permitted equally, but for other reasons. */
export function hasOtherReasons(recorded: ExecutionDecision, candidate: ExecutionDecision): boolean {
  const codes = (decision: ExecutionDecision) => decision.reasons.map((reason) => reason.code).join(' ');
  return codes(recorded) !== codes(candidate);
}
