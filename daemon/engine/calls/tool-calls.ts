import type { ForeignTool, SkillClaim, TradingArgs } from '../../contract/types/trading-calls.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { Origin } from '../../core/request.ts';
import { writeBody } from '../audit/record-text.ts';
import type { Sender } from '../callers/requests.ts';
import type { CarriesOut, Decided } from '../decide/decided.ts';
import type { Flattener } from '../exits/flatten-exits.ts';
import type { LiveCore } from '../flow/core.ts';
import type { StoredEvent } from '../flow/ports.ts';
import { endedWithin, type Flow, nowKnown, onDisk, resultOf, type Started } from '../flow/step.ts';
import type { Caller } from '../records/callers.ts';
import type { DecisionEvent, ExecutionBody, ReportedDecision, ToolOutcome } from '../records/decisions.ts';
import type { Recalled } from '../state/views.ts';
import { isTerminal } from '../tables/status.ts';
import { DISK_FULL } from './disk-space.ts';
import { type Availability, type Intake, isRecorded, originOf, type ParentDecisions, readIntake } from './intake.ts';
import { decideForeignTool } from './intercepted-tools.ts';
import type { RequestBudgets } from './request-budgets.ts';

/** Paths of a rejected input that are recorded, and how much of each: an agent chooses their names. */
const MAX_PATHS = 20;
const PATH_CHARS = 100;

/** How callers are told of decisions; reads/ implements it. */
export interface Telling {
  /** Text of the members of an answer that follow from the record. */
  explanationText(event: DecisionEvent, body: ReportedDecision): string;
  execution(became: Recalled, event: DecisionEvent): ExecutionBody;
  /** The execution of a recorded decision. */
  recall(stored: StoredEvent): Recalled;
}

/** A call of a tool from its arguments to its answer: binding, as a dry run, or intercepted. */
export class ToolCalls {
  readonly #core: LiveCore;
  readonly #availability: Availability;
  readonly #decisions: ParentDecisions;
  readonly #executor: CarriesOut;
  readonly #outcomes: Outcomes;
  readonly #tell: Telling;
  readonly #budgets: RequestBudgets;

  constructor(parts: {
    core: LiveCore;
    availability: Availability;
    decisions: ParentDecisions;
    executor: CarriesOut;
    outcomes: Outcomes;
    tell: Telling;
    budgets: RequestBudgets;
  }) {
    this.#core = parts.core;
    this.#availability = parts.availability;
    this.#decisions = parts.decisions;
    this.#executor = parts.executor;
    this.#outcomes = parts.outcomes;
    this.#tell = parts.tell;
    this.#budgets = parts.budgets;
  }

  /** Decided in this turn; what follows from it is the flow. */
  runTool(caller: Caller, call: TradingArgs): Flow<ToolOutcome> {
    const closed = this.#availability.findRefusal();
    if (closed !== null) return nowKnown(closed);
    const { time, trace } = this.#core.ports;
    const atWallMs = trace === undefined ? undefined : time.monotonicMs();
    const read = readIntake(this.#core, caller, call);
    const intake = atWallMs === undefined ? read : { ...read, atWallMs };
    const known = this.#findKnown(intake);
    if (known !== null) return this.#answerKnown(intake, known);
    if (!this.#availability.isDiskFull) noteChangedSkill(this.#core, caller, claimOf(call));
    const decided = this.#decisions.decide(intake, 'tool');
    return isRecorded(decided) ? this.#carryOut(intake, decided) : nowKnown(decided);
  }

  *#carryOut(intake: Intake, decided: Decided): Flow<ToolOutcome> {
    const isPermitted = decided.body.decision !== 'BLOCK' || !decided.body.enforced;
    if (isPermitted) this.#executor.noteCancel(decided);
    const carriedOut = isPermitted ? this.#outcomes.of(intake, decided) : null;
    // Nobody is answered, however late the outcome, by what a crash would undo.
    yield* onDisk();
    if (carriedOut !== null) yield* resultOf(carriedOut);
    const became = this.#ordersOf(decided);
    const text = this.#answerText(became, decided.event, decided.body, writeBody(decided.body));
    if (isOursToTell(became, decided.event)) yield* onDisk();
    this.#core.ports.trace?.answered(decided.body.decision_id);
    return { kind: 'decided', text };
  }

  *dryRun(caller: Caller, call: TradingArgs): Flow<ToolOutcome> {
    const closed = this.#availability.findRefusal() ?? (this.#availability.isDiskFull ? DISK_FULL : null);
    if (closed !== null) return closed;
    noteChangedSkill(this.#core, caller, claimOf(call));
    const decided = this.#decisions.decide(readIntake(this.#core, caller, call, 'advisory'), 'dry_run');
    if (!isRecorded(decided)) return decided;
    yield* onDisk();
    return {
      kind: 'decided',
      text: this.#answerText(this.#ordersOf(decided), decided.event, decided.body, writeBody(decided.body)),
    };
  }

  *intercept(caller: Caller, tool: ForeignTool, call: TradingArgs | null): Flow<ToolOutcome> {
    const { skill } = tool;
    const closed = this.#availability.findRefusal() ?? (this.#availability.isDiskFull ? DISK_FULL : null);
    if (closed !== null) return closed;
    noteChangedSkill(this.#core, caller, skill ?? (call === null ? null : claimOf(call)));
    const decided =
      call === null
        ? (this.#budgets.findOverrun('intercepts', senderOf(caller), 'intercept', null) ??
          decideForeignTool(this.#core, caller, tool))
        : this.#decisions.decide(withSkill(readIntake(this.#core, caller, call, 'advisory'), skill), 'intercept');
    if (!isRecorded(decided)) return decided;
    yield* onDisk();
    const { body, event } = decided;
    return {
      kind: 'decided',
      text: `{"decision":${explained(writeBody(body), this.#tell.explanationText(event, body))}}`,
    };
  }

  recordRejectedInput(caller: Caller, tool: string, paths: readonly string[]): void {
    if (!this.#availability.isStarted || this.#availability.isDiskFull || this.#core.ports.ledger.isFailed) return;
    const sender = senderOf(caller);
    if (!this.#budgets.admitsRejected(sender)) return;
    const shown = paths.slice(0, MAX_PATHS).map((path) => path.slice(0, PATH_CHARS));
    this.#core.append('rejected_input', { ...sender, paths: shown, tool: tool.slice(0, 64) });
  }

  /** A repeated request id: the stored decision with the current execution; another body is a conflict (BY-11). */
  #findKnown(intake: Intake): { readonly decisionId: string; readonly bodyHash: string } | null {
    const { request_id: requestId, agent, tool } = intake.request;
    if (requestId === null) return null;
    const recent = this.#core.state.requests.find(agent, tool, requestId);
    if (recent !== null) return recent;
    const stored = this.#core.ports.ledger.findDecisionByRequest({ agent, kind: 'tool', request_id: requestId });
    if (stored === null) return null;
    const { body_hash: bodyHash, decision, route } = stored.payload as DecisionEvent;
    if (route === tool) return { decisionId: decision.decision_id, bodyHash: bodyHash ?? '' };
    // RISK: the ledger leads to the first tool that had the id. While the views know that one they know every later one
    // as well; once they do not, this tool may have had it too, and a second order must not follow.
    const isNew = this.#core.state.requests.find(agent, route, requestId) !== null;
    return isNew ? null : { decisionId: decision.decision_id, bodyHash: '' };
  }

  *#answerKnown(intake: Intake, known: { readonly decisionId: string; readonly bodyHash: string }): Flow<ToolOutcome> {
    yield* onDisk();
    if (known.bodyHash !== intake.bodyHash) {
      return {
        kind: 'conflict',
        decisionId: known.decisionId,
        message: `request_id ${intake.request.request_id} was used for another request (decision ${known.decisionId}); use a new request_id for a new intent`,
      };
    }
    const stored = this.#core.ports.ledger.findDecision(known.decisionId);
    if (stored === null) throw new Error(`decision ${known.decisionId} is not in the ledger`);
    const event = stored.payload as DecisionEvent;
    const body = this.#core.retell(event);
    const became = this.#tell.recall(stored);
    const text = this.#answerText(became, event, body, canonicalJson(body));
    if (isOursToTell(became, event)) yield* onDisk();
    return { kind: 'decided', text };
  }

  #ordersOf({ body }: Decided): Recalled {
    const { claims, orders } = this.#core.state;
    return { orders: orders.byDecision.get(body.decision_id) ?? [], claim: claims.find(body.decision_id) };
  }

  #answerText(became: Recalled, event: DecisionEvent, body: ReportedDecision, bodyText: string): string {
    const execution = JSON.stringify(this.#tell.execution(became, event));
    return `{"decision":${explained(bodyText, this.#tell.explanationText(event, body))},"execution":${execution}}`;
  }
}

/**
 * It tells of an end that only the ledger has, since the venue shows none: of an order that never reached it, of an exit
 * with lots left, of what a cancel dropped. RISK: if its record were lost with the process, what was told to be over would
 * go on after the restart.
 */
function isOursToTell({ claim, orders }: Recalled, { decision }: DecisionEvent): boolean {
  if (decision.effective?.action === 'cancel') return true;
  if (claim !== null && claim.end !== null && claim.end.reason !== 'filled') return true;
  return orders.some((order) => isTerminal(order) && order.venueOrderId === null);
}

/** The text of a body with members behind its own. */
function explained(bodyText: string, more: string): string {
  return `${bodyText.slice(0, -1)}${more}}`;
}

function senderOf(caller: Caller): Sender & { readonly origin: Origin } {
  return { agent: caller.agent, origin: originOf(caller) };
}

function withSkill(intake: Intake, skill: SkillClaim | null): Intake {
  if (skill === null) return intake;
  return { ...intake, request: { ...intake.request, skill_sha256: skill.sha256 ?? 'none' } };
}

/** Who reported it, in the list of signals. */
const GATE = 'gate';

function claimOf(call: TradingArgs): SkillClaim | null {
  return call.tool === 'place_order' ? (call.args.meta?.skill ?? null) : null;
}

/**
 * A skill that has the name of a pinned one and another content: what instructs the agent is not what the operator has
 * read. It raises an injection signal for the agent, recorded before its call is decided, and lasts as long as the
 * policy lets one last, or until an operator ends it. One at a time, so that an agent cannot fill the ledger with it.
 */
function noteChangedSkill(core: LiveCore, caller: Caller, skill: SkillClaim | null): void {
  if (caller.role !== 'agent' || skill?.name === undefined || skill.sha256 === undefined) return;
  const { skills, signals } = core.policySpec.trust;
  const pinned = skills.filter(({ name }) => name === skill.name);
  if (pinned.length === 0 || pinned.some(({ sha256 }) => sha256 === skill.sha256)) return;
  const now = core.nowMs();
  const scope = { account: null, agent: caller.agent, kind: 'injection' as const, set_by: GATE, symbol: null };
  if (core.state.signals.findEqual(scope, core.passedMs()) !== null) return;
  const evidence = `The skill ${skill.name} is not as trust.skills has it: its digest is ${skill.sha256}.`;
  const seq = core.nextSeq();
  core.append(
    'signal',
    {
      ...scope,
      evidence_hash: core.ports.ledger.putText(evidence),
      expires_at_ms: now + signals.injection.max_ttl_ms,
      severity: 1,
      signal_id: `s-${seq.toString(36)}`,
    },
    { seq },
  );
}

/** Has decisions carried out, and keeps their callers waiting for what comes of them: not for ever. */
export class Outcomes {
  readonly #core: LiveCore;
  readonly #decisions: ParentDecisions;
  readonly #executor: CarriesOut;
  readonly #exits: { run(decided: Decided): Flow<void> };

  constructor(parts: {
    core: LiveCore;
    decisions: ParentDecisions;
    executor: CarriesOut;
    exits: { run(decided: Decided): Flow<void> };
  }) {
    this.#core = parts.core;
    this.#decisions = parts.decisions;
    this.#executor = parts.executor;
    this.#exits = parts.exits;
  }

  /** Has a permitted decision carried out, from this turn on; over at the outcome, or after `answer_within_ms`. */
  of(intake: Intake, decided: Decided): Started<unknown> {
    const core = this.#core;
    return core.begin(endedWithin(core.settings.answerWithinMs, core.begin(this.#carryOut(intake, decided))));
  }
  *#carryOut({ request, target }: Intake, decided: Decided): Flow<void> {
    const core = this.#core;
    try {
      yield* this.#executor.act(decided, target);
    } catch (error) {
      // Of a commit that fails every caller is told, and the ledger tells the operator.
      if (core.ports.ledger.isFailed || core.isStopping()) return;
      core.alert('EXECUTION_FAILED', `decision ${decided.body.decision_id}: ${String(error)}`, request.symbol);
    }
  }

  /** An exit of a flatten: of operator origin, decided, recorded and run like any other. */
  *ofFlatten({ agent, tokenId }: Flattener, symbol: string, side: 'buy' | 'sell'): Flow<void> {
    const caller: Caller = { role: 'operator', agent, tokenId, skillSha256: null };
    const intake = readIntake(this.#core, caller, { tool: 'close_position', args: { symbol, fraction: 1 } });
    const decided = this.#decisions.decide(
      { ...intake, request: { ...intake.request, side, origin: 'operator' } },
      'tool',
      'flatten',
    );
    if (isRecorded(decided)) yield* this.#exits.run(decided);
  }
}
