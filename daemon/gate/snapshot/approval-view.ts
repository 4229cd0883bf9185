import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ApprovalView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { GateState } from '../state/gate-state.ts';
import type { Ask } from './inputs.ts';

/** What rule 16 reads; undefined where no approval is at stake: neither the policy nor the order has to do with one. */
export function viewApproval(
  state: GateState,
  request: ExecutionRequest,
  policy: CompiledPolicy,
  ask: Ask,
  nowMs: number,
): ApprovalView | undefined {
  if (ask.phase === 'standing' || (request.intent !== 'open' && request.intent !== 'modify')) return undefined;
  const orderTicks = ask.own?.approvedTicks ?? null;
  const { approvals } = policy.spec;
  const isAtStake = ask.grant !== null || orderTicks !== null || (ask.phase === 'parent' && approvals !== undefined);
  if (!isAtStake) return undefined;
  const opened = state.approvals.openedUsdt(request.agent, nowMs, approvals?.window_ms ?? 0);
  const waiting = state.approvals.count(request.agent, request.symbol ?? '', nowMs);
  return {
    approved_usdt: opened.approved,
    grant: ask.grant,
    opened_usdt: opened.unapproved,
    order_price_ticks: orderTicks,
    pending_count: waiting.count,
    pending_id: waiting.inSymbol,
  };
}
