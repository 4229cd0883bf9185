import { canonicalJson, isSameJson } from '../../core/canonical-json.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { CORE_VERSION, nameCore } from '../../core/core-version.ts';
import { decide } from '../../core/decide/decide.ts';
import type { Regime } from '../../core/policy.ts';
import { writeContext } from '../../core/record-text/rows.ts';
import type { OrderState } from '../orders/orders.ts';
import { decisionId } from '../plan/orders.ts';
import type { Ask, LiveInputs, SymbolInputs } from '../readings/inputs.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { GateEvent } from '../records/events.ts';
import { lotE8, rulesOf, tickE8, toE8 } from '../records/units.ts';
import { buildContext } from '../snapshot/snapshot.ts';
import { GateState } from '../state/gate-state.ts';
import { type ApprovalRecord, judgeGrant, judgeGrantIn } from './approvals.ts';
import { buildBody, writeRecord } from './record-text.ts';
import { deriveAsRecorded, isForeignTool, longPart, lookUpPolicies, type PolicyLookup } from './retell.ts';

export type AuditOutcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };
interface AuditedEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: unknown;
  /** As it is recorded. */
  readonly text: string;
}
/** Decisions that this version cannot derive. */
export interface DecidedElsewhere {
  /** Null: recorded before the core had versions. */
  readonly core_version: number | null;
  readonly decisions: number;
  /** The program that derives them. */
  readonly needs: string;
}
export interface SeenVersions {
  readonly hasVersioned: boolean;
  /** The first decision that names no core version; null: all do. */
  readonly firstUnversioned: number | null;
}
export interface Auditor {
  /**
   * SAE-AUDIT: decides again from the recorded request, context and policy, and rewrites the record, which must be the
   * same byte for byte. Decisions of another core version are only counted.
   */
  rederive(event: AuditedEvent): AuditOutcome;
  /** `--deep`: folds the ledger and rebuilds the context of each decision from the events before it. */
  fold(event: AuditedEvent): AuditOutcome;
  readonly elsewhere: readonly DecidedElsewhere[];
  /** Of what {@link rederive} was given: those of a later part of a ledger must fit those of an earlier one. */
  readonly versions: SeenVersions;
  /** What is folded so far. */
  readonly state: GateState;
}
export interface AuditSources {
  readonly genesisId: string;
  /** Epochs that the `recovery` records of the ledger begin, in order. */
  readonly epochs: readonly { readonly seq: number; readonly epoch: number }[];
  readPolicy(hash: string): string | null;
  sha256(text: string): string;
  /** The records of an approval, in order; absent: there are none. */
  readonly readApproval?: (id: string) => readonly ApprovalRecord[];
}

const OK: AuditOutcome = { ok: true };
const ELSEWHERE: AuditOutcome = { ok: true };
/** A daemon of before versions does not start on a ledger that has them. */
const UNVERSIONED: AuditOutcome = { ok: false, detail: 'it names no core_version, though a decision before it does' };

/** `state`: what is folded before the first record that it is given. */
export function createAuditor(sources: AuditSources, state = new GateState()): Auditor {
  const policyOf = lookUpPolicies((hash) => sources.readPolicy(hash));
  const elsewhere = new Map<number | null, number>();
  let isVersioned = false;
  let firstUnversioned: number | null = null;
  return {
    rederive: (event) => {
      const version = (event.payload as DecisionEvent).decision.core_version ?? null;
      if (version === null && isVersioned) return UNVERSIONED;
      if (version === null) firstUnversioned ??= event.seq;
      isVersioned ||= version !== null;
      const outcome = rederive(event, sources, policyOf);
      if (outcome !== ELSEWHERE) return outcome;
      elsewhere.set(version, (elsewhere.get(version) ?? 0) + 1);
      return OK;
    },
    fold: (event) => {
      if (event.kind === 'genesis') return OK;
      const outcome = event.kind === 'decision' ? refold(event.payload as DecisionEvent, state, policyOf) : OK;
      state.apply(event as unknown as GateEvent);
      return outcome;
    },
    state,
    get versions() {
      return { hasVersioned: isVersioned, firstUnversioned };
    },
    get elsewhere() {
      return [...elsewhere].map(([version, decisions]) => ({
        core_version: version,
        decisions,
        needs: nameCore(version),
      }));
    },
  };
}

function rederive(audited: AuditedEvent, sources: AuditSources, policyOf: PolicyLookup): AuditOutcome {
  const { seq } = audited;
  const event = audited.payload as DecisionEvent;
  const { decision } = event;
  const policy = policyOf(decision.policy_hash, event.request.agent);
  if (policy === null) return { ok: false, detail: `policy ${decision.policy_hash} is not in the ledger` };
  const { genesisId } = sources;
  const epoch = sources.epochs.findLast((begun) => begun.seq < seq)?.epoch ?? null;
  if (decision.decision_id !== decisionId({ genesisId, epoch }, seq) || decision.seq !== seq)
    return { ok: false, detail: 'the decision id does not belong to this record' };
  const unapproved = judgeGrant(event, seq, sources);
  if (unapproved !== null) return { ok: false, detail: unapproved };
  const version = decision.core_version;
  if (version === undefined) return rederiveUnversioned(event, sources, policyOf);
  if (version !== CORE_VERSION) return ELSEWHERE;
  const contextText = writeContext(event.context);
  // Of a tool that is executed elsewhere nothing follows: it is allowed by arguments that are not recorded.
  const long = isForeignTool(event) ? longPart(decision) : null;
  if (long !== null && sources.sha256(contextText) !== decision.context_hash) return WRONG_CONTEXT;
  const derived = long ?? decide(event.request, event.context, policy);
  const body = buildBody(derived, { ...decision, context_hash: decision.context_hash ?? '' });
  const again = writeRecord(event, body, contextText, long === null ? 'derived' : 'whole');
  return again === audited.text ? OK : { ok: false, detail: describeDifference(audited.text, again) };
}

/** Recorded in long form, before the core had versions. Some of it this one derives as well. */
function rederiveUnversioned(event: DecisionEvent, sources: AuditSources, policyOf: PolicyLookup): AuditOutcome {
  if (sources.sha256(canonicalJson(event.context)) !== event.decision.context_hash) return WRONG_CONTEXT;
  return isForeignTool(event) || deriveAsRecorded(event, policyOf) !== null ? OK : ELSEWHERE;
}
const WRONG_CONTEXT: AuditOutcome = { ok: false, detail: 'context_hash is not that of the recorded context' };

function refold(event: DecisionEvent, state: GateState, policyOf: PolicyLookup): AuditOutcome {
  const policy = policyOf(event.decision.policy_hash, event.request.agent);
  if (policy === null) return { ok: false, detail: `policy ${event.decision.policy_hash} is not in the ledger` };
  if (event.state_seq !== state.stateSeq || event.market_seq !== state.marketSeq) {
    return {
      ok: false,
      detail: `it names events ${event.state_seq}/${event.market_seq} as the last ones folded, but ${state.stateSeq}/${state.marketSeq} came before it`,
    };
  }
  const unapproved = judgeGrantIn(state, event);
  if (unapproved !== null) return { ok: false, detail: unapproved };
  // What a view holds, and how it is rounded, is the core's that decided.
  if (event.decision.core_version !== CORE_VERSION) return OK;
  const again = rebuildContext(event, state, policy);
  if (isSameJson(again, event.context)) return OK;
  return { ok: false, detail: describeDifference(canonicalJson(event.context), canonicalJson(again)) };
}

/** What a recorded request would see with these views, at the instant of its own context or at another one (ms). */
export function rebuildContext(
  { context, request }: Pick<DecisionEvent, 'context' | 'request'>,
  state: GateState,
  policy: NonNullable<ReturnType<PolicyLookup>>,
  nowMs = context.now_ms,
): ExecutionContext {
  const inputs = { ...inputsOf(context, request.symbol), nowMs };
  return buildContext({ state, inputs, request, policy, ask: askOf(context, state) });
}

/** What came from the feeds and not from the ledger, read back from the recorded context. */
function inputsOf(context: ExecutionContext, symbol: string | null): LiveInputs {
  const symbols = new Map<string, SymbolInputs>();
  const { market, account } = context;
  const { venue_sends_free_at_ms: venueSendsFreeAtMs } = context.pacing;
  const exitsWaitUntilMs = context.holding?.exit_until_ms ?? null;
  const { other_mark_at_ms: markAtMs, other_marks: marks, other_regime: regime } = context.exposure;
  for (const [other, mark] of marks)
    symbols.set(other, { ...bareInputs(mark, regime ?? 'calm'), markAtMs: markAtMs ?? 0 });
  if (symbol !== null && market.mark !== null) {
    symbols.set(symbol, {
      ...bareInputs(market.mark, market.held_regime),
      markAtMs: market.mark_at_ms ?? 0,
      bid: market.bid ?? 0,
      ask: market.ask ?? 0,
      quoteAtMs: market.quote_at_ms ?? 0,
      fundingRate8h: market.funding_rate_8h ?? 0,
      fundingAtMs: market.funding_at_ms ?? 0,
      features:
        market.sigma === null || market.bars_as_of_ms === null
          ? null
          : {
              bar_ms: market.bar_ms,
              bars_as_of_ms: market.bars_as_of_ms,
              bar_count: market.bar_count,
              history_count: market.history_count,
              sigma: market.sigma,
              sigma_baseline: market.sigma_baseline,
              jump_ratio: market.jump_ratio ?? 0,
              liquidity: market.liquidity ?? 0,
              liquidity_floor: market.liquidity_floor,
            },
    });
  }
  return {
    nowMs: context.now_ms,
    clockSkewMs: context.clock_skew_ms,
    account:
      account === null
        ? null
        : {
            marginBalanceUsdt: account.equity_usdt,
            availableUsdt: account.available_usdt,
            marginRatio: account.margin_ratio,
            observedAtMs: account.observed_at_ms,
          },
    symbols,
    ...(venueSendsFreeAtMs === undefined ? {} : { venueSendsFreeAtMs }),
    ...(exitsWaitUntilMs === null ? {} : { exitsWaitUntilMs }),
  };
}
function bareInputs(mark: number, heldRegime: Regime): SymbolInputs {
  return {
    mark,
    markAtMs: 0,
    bid: 0,
    ask: 0,
    quoteAtMs: 0,
    fundingRate8h: 0,
    fundingAtMs: 0,
    features: null,
    heldRegime,
  };
}

function askOf(context: ExecutionContext, state: GateState): Ask {
  const order = (id: string | null): OrderState | null => (id === null ? null : (state.orders.all.get(id) ?? null));
  const { parent_price_ticks: ticks } = context;
  const rules = context.market.rules === null ? null : rulesOf(context.market.rules);
  const leaving = context.leaving_order_ids.map(order).filter((found) => found !== null);
  return {
    phase: context.phase,
    venue: context.venue,
    accountName: context.account_name,
    tokenSkillSha256: context.trust.token_skill_sha256,
    schemaViolation: context.schema_violation,
    own: order(context.own_order_id),
    leaving: leaving.length === 0 ? null : new Set(leaving),
    exitRung: context.exit_rung,
    sliceE8: rules === null || context.slice_lots === null ? null : toE8(context.slice_lots, lotE8(rules)),
    parentPriceE8: rules === null || ticks === null ? null : toE8(ticks, tickE8(rules)),
    grant: context.approval?.grant ?? null,
    target: order(context.order?.client_order_id ?? null),
  };
}

/** Where two texts begin to differ, with what stands there. */
function describeDifference(recorded: string, again: string): string {
  let at = 0;
  while (at < recorded.length && recorded[at] === again[at]) at += 1;
  const from = Math.max(0, at - 40);
  return `recorded …${recorded.slice(from, at + 60)}… but derived …${again.slice(from, at + 60)}…`;
}
