import type { CompiledPolicy } from '../core/compiled-policy.ts';
import { decide } from '../core/decide.ts';
import type { ExecutionDecision } from '../core/decision.ts';
import { writeContext } from '../core/record-text/context.ts';
import type { ExecutionRequest } from '../core/request.ts';
import { shadowDecision } from '../core/shadow.ts';
import type { DecisionBody, DecisionKind } from './api/decisions.ts';
import type { DecisionEvent, ExitCause, PlannedOrder } from './events.ts';
import { endUndone } from './journal/end-undone.ts';
import type { Appended, GateCore } from './journal/journal.ts';
import { writeBody, writeRecord } from './journal/record-text.ts';
import { findTarget } from './plan/exit-target.ts';
import { decisionId } from './plan/order-ids.ts';
import { buildBody } from './plan/retell.ts';
import type { Ask, LiveInputs } from './snapshot/inputs.ts';
import { buildContext } from './snapshot/snapshot.ts';

/** A decision that is taken and appended. Nothing may be sent or answered before `appended.committed`. */
export interface Decided {
  readonly body: DecisionBody;
  /** `canonicalJson(body)`: the text of the caller's answer. */
  readonly bodyText: string;
  readonly event: DecisionEvent;
  readonly appended: Appended;
  readonly policy: CompiledPolicy;
  /** Time of the decision, wall ms of the process: send deadlines count from here. */
  readonly decidedAtWallMs: number;
}
export interface DecideOptions {
  readonly kind: DecisionKind;
  readonly route: string;
  readonly bodyHash: string | null;
  readonly texts: { readonly [field: string]: string };
  readonly parentDecisionId: string | null;
  /** For whom an exit is decided; absent: the caller. */
  readonly cause?: ExitCause;
  /** Orders that follow from the decision; none for advisory kinds. */
  readonly plan: (decision: ExecutionDecision, seq: number) => readonly PlannedOrder[];
  /** Decisions that change nothing need no record (standing orders that still fit). `acted`: record only actions. */
  readonly skipUnless?: (decision: ExecutionDecision, acted: ExecutionDecision) => boolean;
}

/**
 * Snapshot, decide and append in one event-loop turn. N clients racing for one cap can never overspend it, since the
 * reservation is in the views before the next snapshot is taken.
 */
export function takeDecision(
  core: GateCore,
  request: ExecutionRequest,
  ask: Ask,
  options: DecideOptions,
): Decided | null {
  const policy = core.policyFor(request.agent);
  const startedAt = core.ports.time.monotonicMs();
  const context = buildContext(core.state, readInputs(core), request, policy, ask);
  const decision = decide(request, context, policy);
  const elapsedNs = (core.ports.time.monotonicMs() - startedAt) * 1e6;
  const acted = policy.spec.mode === 'shadow' ? shadowDecision(decision, request, context, policy) : decision;
  if (options.skipUnless !== undefined && !options.skipUnless(decision, acted)) return null;
  const texts = storeTexts(core, options.texts);
  const contextText = writeContext(context);
  const contextHash = core.ports.sha256(contextText);
  const { state } = core;
  const stateSeq = state.stateSeq;
  const marketSeq = state.marketSeq;
  const { appended, payload, written } = core.appendWritten('decision', (seq, atMs) => {
    const body = buildBody(decision, {
      agent: request.agent,
      at_ms: atMs,
      context_hash: contextHash,
      decision_id: decisionId(core.ids, seq),
      kind: options.kind,
      policy_hash: core.policyHash,
      request_id: request.request_id,
      seq,
      symbol: request.symbol,
      tool: request.tool,
    });
    const event: DecisionEvent = {
      agent: request.agent,
      body_hash: options.bodyHash,
      context,
      decision: body,
      market_seq: marketSeq,
      orders: options.plan(acted, seq),
      parent_decision_id: options.parentDecisionId,
      request,
      route: options.route,
      state_seq: stateSeq,
      texts,
    };
    return { payload: event, body, text: writeRecord(event, body, contextText, 'derived') };
  });
  // INVARIANT: in the exit's transaction, before it is sent.
  if (options.kind === 'tool' || options.kind === 'gate') {
    endUndone(core, payload, policy);
    const cause = options.cause ?? (request.origin === 'agent' ? 'agent' : 'operator');
    const target = findTarget(payload, policy, cause);
    if (target !== null) core.append('exit_target', target);
  }
  noteSend(core, payload);
  const codes = decision.reasons.map((reason) => reason.code);
  core.ports.observer.decided(options.kind, request.tool, decision.decision, codes, elapsedNs);
  if (decision.reasons.some((reason) => reason.code === 'INTERNAL_RECHECK')) {
    core.alert(
      'INTERNAL_RECHECK',
      `decision ${written.body.decision_id} failed the last check on what would be sent`,
      request.symbol,
    );
    core.onRecheckFailure();
  }
  const { body } = written;
  return { body, bodyText: writeBody(body), event: payload, appended, policy, decidedAtWallMs: startedAt };
}

/** The feeds' readings, and how many orders the venue still takes. */
function readInputs(core: GateCore): LiveInputs {
  const nowMs = core.nowMs();
  const inputs = core.market.inputs(nowMs);
  const waitMs = core.sends.waitMs('other');
  if (waitMs === 0) return inputs;
  const { scale } = core.ports.clock;
  return { ...inputs, venueSendsFreeAtMs: nowMs + Math.ceil(waitMs * (scale > 0 ? scale : 1)) };
}

/**
 * Orders that go out at once count from their decision on, so that decisions of one turn see each other. Exits are
 * counted elsewhere.
 */
function noteSend(core: GateCore, { decision, orders }: DecisionEvent): void {
  if (decision.kind !== 'tool' && decision.kind !== 'slice') return;
  const action = decision.effective?.action;
  if (action === 'amend' || (action === 'open' && orders.length > 0)) core.sends.note();
}

function storeTexts(core: GateCore, texts: { readonly [field: string]: string }): { readonly [field: string]: string } {
  const stored: Record<string, string> = {};
  for (const field of Object.keys(texts).sort()) stored[field] = core.ports.ledger.putText(texts[field] ?? '');
  return stored;
}
