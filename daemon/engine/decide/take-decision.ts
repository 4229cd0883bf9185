import type { ExecutionContext } from '../../core/context.ts';
import { shadowDecision } from '../../core/decide/shadow.ts';
import { writeContext } from '../../core/record-text/rows.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { findAskedUsdt } from '../../core/rules/opening-rules.ts';
import { wordCode } from '../../core/signed/approval.ts';
import { buildBody, type RecordForm, writeRecord } from '../audit/record-text.ts';
import type { EngineCore, TracedDecision } from '../flow/core.ts';
import { onDisk } from '../flow/step.ts';
import { planApproval } from '../openings/approvals.ts';
import { NO_WORDS, planAuthority } from '../openings/authority.ts';
import { decisionId } from '../plan/orders.ts';
import type { Ask, Draft, LiveInputs } from '../readings/inputs.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import { buildContext } from '../snapshot/snapshot.ts';
import type { Considered, Decided, RecordedAs } from './decided.ts';
import { endOpenings, findTarget } from './openings-to-end.ts';

/**
 * Snapshot and decision. {@link recordDecision} follows in the same event-loop turn: N clients racing one cap can never
 * overspend it, since the reservation is in the views before the next snapshot is taken.
 *
 * @param judgeSize what the operator's schema finds in a quantity, by the notional that it is here and now
 */
export function consider(
  core: EngineCore,
  request: ExecutionRequest,
  ask: Ask,
  judgeSize?: (usdt: number) => string | null,
): Considered {
  const seq = core.nextSeq();
  const policy = core.policyFor(request.agent);
  const startedAtWallMs = core.ports.time.monotonicMs();
  const context: Draft<ExecutionContext> = buildContext({
    state: core.state,
    inputs: readInputs(core),
    request,
    policy,
    ask,
  });
  if (judgeSize !== undefined) {
    const usdt = findAskedUsdt(request, context, policy);
    // INVARIANT: without the price for it an opening is denied; an exit is held to no schema.
    if (usdt !== null) context.schema_violation = judgeSize(usdt);
  }
  const decideAtWallMs = core.ports.trace === undefined ? startedAtWallMs : core.ports.time.monotonicMs();
  const decision = core.decide(request, context, policy);
  const elapsedNs = (core.ports.time.monotonicMs() - startedAtWallMs) * 1e6;
  const acted = policy.spec.mode === 'shadow' ? shadowDecision(decision, request, context, policy) : decision;
  return { request, policy, context, decision, acted, seq, startedAtWallMs, decideAtWallMs, elapsedNs };
}

/** Appends a decision with its orders and its reservation, and what it ends. */
export function recordDecision(core: EngineCore, considered: Considered, as: RecordedAs): Decided {
  const { decision, elapsedNs, policy, request } = considered;
  const { kind } = as;
  const appendAtMs = core.ports.trace === undefined ? 0 : core.ports.time.monotonicMs();
  const decided = appendDecision(core, considered, as, { tool: request.tool, form: 'derived' });
  const { body, event } = decided;
  // INVARIANT: in the exit's transaction, before it is sent.
  if (kind === 'tool' || kind === 'gate') {
    endOpenings(core, event, policy);
    const target = findTarget(event, policy, as.cause);
    if (target !== null) core.append('exit_target', target);
  }
  requestApproval(core, decided, as);
  noteSend(core, event);
  const codes = decision.reasons.map((reason) => reason.code);
  core.ports.observer.decided(request.agent, kind, request.tool, decision.decision, codes, elapsedNs);
  if (kind === 'tool')
    traceDecision(core, considered, {
      decisionId: body.decision_id,
      intakeAtMs: as.intakeAtWallMs ?? null,
      appendAtMs,
    });
  if (codes.includes('INTERNAL_RECHECK')) {
    const detail = `decision ${body.decision_id} failed the last check on what would be sent`;
    core.alert('INTERNAL_RECHECK', detail, request.symbol);
    core.onRecheckFailure();
  }
  return decided;
}

function traceDecision(
  core: EngineCore,
  { decideAtWallMs, decision, elapsedNs, request, startedAtWallMs }: Considered,
  recorded: Pick<TracedDecision, 'decisionId' | 'intakeAtMs' | 'appendAtMs'>,
): void {
  const { trace } = core.ports;
  if (trace === undefined) return;
  trace.decided({
    ...recorded,
    tool: request.tool,
    verdict: decision.decision,
    codes: decision.reasons.map(({ code }) => code),
    symbol: request.symbol,
    notionalUsdt: decision.effective?.notional ?? null,
    snapshotAtMs: startedAtWallMs,
    decideAtMs: decideAtWallMs,
    planAtMs: startedAtWallMs + elapsedNs / 1e6,
  });
  core.begin(
    (function* () {
      yield* onDisk();
      trace.committed(recorded.decisionId);
    })(),
  );
}

/** In the turn of the decision, so that the next one sees that it waits. */
function requestApproval(core: EngineCore, { body, event }: Decided, as: RecordedAs): void {
  const { approvals, standing } = core.policySpec;
  const { approval, askedWith } = as.words ?? NO_WORDS;
  if (approvals === undefined || askedWith === null || approval !== null) return;
  const times = { expiryMs: approvals.expiry_ms, restingTtlMs: standing.resting_ttl_ms };
  const { account, venue } = core.settings;
  const place = { account, ledger: core.ports.ledger.genesis.genesis_id, venue };
  const requested = planApproval({ ...event, decision: body }, { ...place, ...times }, askedWith, core.ports.sha256);
  if (requested === null) return;
  core.append('approval', requested);
  const words = wordCode(requested.digest);
  core.alertRarely(
    'APPROVAL_REQUESTED',
    `agent ${requested.agent} asks for an approval (${words}): ./holdfast approve ${requested.approval_id}, or in the console`,
    requested.symbol,
    requested.agent,
  );
}

/** The record alone. `whole`: it says all of the decision, since that does not follow from request, view and policy. */
export function appendDecision(
  core: EngineCore,
  { context, decision, policy, request, seq, startedAtWallMs }: Considered,
  { bodyHash = null, kind, orders, parentDecisionId = null, route, texts = {}, words = NO_WORDS }: RecordedAs,
  { form, tool }: { readonly tool: string; readonly form: RecordForm },
): Decided {
  const { ids, policyHash, ports, state } = core;
  const contextText = core.isWritten ? writeContext(context) : '';
  const atMs = core.nowMs();
  const body = buildBody(decision, {
    agent: request.agent,
    at_ms: atMs,
    context_hash: core.isWritten ? ports.sha256(contextText) : '',
    decision_id: decisionId(ids, seq),
    kind,
    policy_hash: policyHash,
    request_id: request.request_id,
    seq,
    symbol: request.symbol,
    tool,
  });
  const authority = kind === 'tool' ? planAuthority({ request, policy, nowMs: atMs, words }, body, orders) : null;
  const event: DecisionEvent = {
    agent: request.agent,
    ...(authority === null ? {} : { authority }),
    body_hash: bodyHash,
    context,
    decision: body,
    market_seq: state.marketSeq,
    orders,
    parent_decision_id: parentDecisionId,
    request,
    route,
    state_seq: state.stateSeq,
    texts: storeTexts(core, texts),
  };
  const written = core.isWritten ? { text: writeRecord(event, body, contextText, form) } : {};
  const recorded = core.append('decision', event, { atMs, seq, ...written });
  return { body, event, recorded, policy, decidedAtWallMs: startedAtWallMs };
}

/** The feeds' readings, and how many orders the venue still takes. */
function readInputs(core: EngineCore): LiveInputs {
  const nowMs = core.nowMs();
  const inputs = core.market.inputs(nowMs);
  const waitMs = core.sends.waitMs('other');
  const leftAloneMs = core.ports.venue.leftAloneMs?.() ?? 0;
  if (waitMs === 0 && leftAloneMs === 0) return inputs;
  const scale = core.ports.clock.scale > 0 ? core.ports.clock.scale : 1;
  const after = (ms: number): number => nowMs + Math.ceil(ms * scale);
  return {
    ...inputs,
    ...(waitMs === 0 ? {} : { venueSendsFreeAtMs: after(waitMs) }),
    ...(leftAloneMs === 0 ? {} : { exitsWaitUntilMs: after(leftAloneMs) }),
  };
}

/**
 * Orders that go out at once count from their decision on, so that decisions of one turn see each other. Exits are
 * counted elsewhere.
 */
function noteSend(core: EngineCore, { decision, orders }: DecisionEvent): void {
  if (decision.kind !== 'tool' && decision.kind !== 'slice') return;
  const action = decision.effective?.action;
  if (action === 'amend' || (action === 'open' && orders.length > 0)) core.sends.note();
}

function storeTexts(
  core: EngineCore,
  texts: { readonly [field: string]: string },
): { readonly [field: string]: string } {
  const stored: Record<string, string> = {};
  for (const field of Object.keys(texts).sort()) stored[field] = core.ports.ledger.putText(texts[field] ?? '');
  return stored;
}
