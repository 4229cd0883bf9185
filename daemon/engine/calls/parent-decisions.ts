import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { type ApprovalState, grantOf } from '../callers/approvals.ts';
import { cancelsNothing } from '../callers/request-records.ts';
import type { CarriesOut, Considered, Decided } from '../decide/decided.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { Flattener } from '../exits/flatten-exits.ts';
import type { LiveCore } from '../flow/core.ts';
import { endedWithin, type Flow, type Started } from '../flow/step.ts';
import { type AskDraft, parentAsk } from '../readings/inputs.ts';
import type { Caller } from '../records/callers.ts';
import type { DecisionKind, OverBudget, Unavailable } from '../records/decisions.ts';
import type { ExitCause } from '../tables/rank.ts';
import { type Availability, DISK_FULL, FullDisk } from './disk-space.ts';
import { type Intake, readIntake } from './intake.ts';
import type { RequestBudgets } from './request-budgets.ts';

/** The answer to an unrecorded call. */
type Unrecorded = Unavailable | OverBudget;
export function isRecorded(outcome: Decided | Unrecorded): outcome is Decided {
  return 'recorded' in outcome;
}

/** The first decision on a request of a caller; later slices and rungs follow from it. */
export class ParentDecisions {
  readonly #core: LiveCore;
  readonly #availability: Availability;
  readonly #executor: CarriesOut;
  readonly #budgets: RequestBudgets;
  readonly #fullDisk: FullDisk;

  constructor(core: LiveCore, availability: Availability, executor: CarriesOut, budgets: RequestBudgets) {
    this.#core = core;
    this.#availability = availability;
    this.#executor = executor;
    this.#budgets = budgets;
    this.#fullDisk = new FullDisk(core);
  }

  /**
   * Unrecorded calls are not carried out: on a full disk those that are not needed, and beyond the sender's budgets
   * those without an effect.
   */
  decide(intake: Intake, kind: 'tool' | 'dry_run' | 'intercept', cause?: ExitCause): Decided | Unrecorded {
    const { request } = intake;
    // Advice never has an effect.
    if (kind !== 'tool') {
      const overrun = this.#budgets.findOverrun(kind === 'dry_run' ? 'dry_runs' : 'intercepts', request, kind, null);
      if (overrun !== null) return overrun;
    }
    const considered = consider(this.#core, request, this.#ask(intake), intake.judgeSize);
    const unrecorded = this.#findUnrecorded(considered, kind);
    if (unrecorded !== null) return unrecorded;
    const decided = recordDecision(this.#core, considered, {
      kind,
      route: request.tool,
      bodyHash: intake.bodyHash,
      texts: intake.texts,
      words: { askedWith: intake.caller.tokenId, approval: null },
      ...(intake.atWallMs === undefined ? {} : { intakeAtWallMs: intake.atWallMs }),
      ...(cause === undefined ? {} : { cause }),
      orders: kind === 'tool' ? this.#executor.plan(considered) : [],
    });
    if (this.#availability.isDiskFull) this.#fullDisk.noteExit(considered, decided.body.decision_id);
    return decided;
  }

  /** Why it is not recorded; null: it is. */
  #findUnrecorded(considered: Considered, kind: DecisionKind): Unrecorded | null {
    if (this.#availability.isDiskFull && !this.#fullDisk.isNeeded(considered)) return DISK_FULL;
    const { acted, decision, request } = considered;
    const idle = kind === 'tool' ? idleKind(this.#core, request, acted) : null;
    return idle === null ? null : this.#budgets.findOverrun('refusals', request, idle, decision);
  }

  /** A blocked request again, with the approval of people: recorded whatever it says, which uses the approval up. */
  decideGranted(intake: Intake, approval: ApprovalState): Decided {
    const ask = this.#ask(intake);
    ask.grant = grantOf(approval, this.#core.state.rules.get(intake.request.symbol ?? '') ?? null);
    const considered = consider(this.#core, intake.request, ask);
    return recordDecision(this.#core, considered, {
      kind: 'tool',
      route: intake.request.tool,
      texts: intake.texts,
      words: { askedWith: intake.caller.tokenId, approval },
      orders: this.#executor.plan(considered),
    });
  }

  #ask(intake: Intake): AskDraft {
    const { caller, request, schemaViolation, target } = intake;
    const ask = parentAsk(this.#core.settings);
    ask.tokenSkillSha256 = caller.skillSha256;
    ask.schemaViolation = schemaViolation;
    ask.own = request.intent === 'modify' ? target : null;
    ask.target = target;
    return ask;
  }
}

/** The kind of a decision without any effect; null: it has an effect, so it is recorded. */
function idleKind(
  core: LiveCore,
  request: ExecutionRequest,
  acted: ExecutionDecision,
): 'blocked' | 'empty_cancel' | null {
  // Our own defects are always recorded.
  if (acted.reasons.some(({ code }) => code === 'INTERNAL_RECHECK')) return null;
  // A close withdraws what waits for an approval, also where there is nothing to close.
  if (request.intent === 'close' && core.state.approvals.isWaiting(request.agent, request.symbol)) return null;
  if (acted.decision === 'BLOCK' || acted.effective === null) return 'blocked';
  if (acted.effective.action !== 'cancel') return null;
  return cancelsNothing(core.state, request, core.passedMs()) ? 'empty_cancel' : null;
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
