import type { ExecutionDecision } from '../core/decision.ts';
import type { ExecutionRequest } from '../core/request.ts';
import type { Availability } from './availability.ts';
import { type Decided, NO_ORDERS, planFromDecision, takeDecision } from './decisions.ts';
import { FullDisk } from './disk-space.ts';
import type { ExitCause, PlannedOrder } from './events.ts';
import type { ExitBook } from './exits/exit-book.ts';
import type { GateCore } from './gate-core.ts';
import type { Intake } from './intake.ts';
import type { Ask } from './snapshot/inputs.ts';

/** The first decision on what a caller, or the gate itself, asks for: later slices and rungs follow from it. */
export class ParentDecisions {
  readonly #core: GateCore;
  readonly #availability: Availability;
  readonly #exits: ExitBook;
  readonly #fullDisk: FullDisk;

  constructor(core: GateCore, availability: Availability, exits: ExitBook) {
    this.#core = core;
    this.#availability = availability;
    this.#exits = exits;
    this.#fullDisk = new FullDisk(core);
  }

  /** Null on a full disk: what is not needed there is not recorded, and so not done. */
  decide(intake: Intake, kind: 'tool' | 'dry_run' | 'intercept'): Decided | null {
    const decided = takeDecision(this.#core, intake.request, this.#ask(intake), {
      kind,
      route: intake.request.tool,
      bodyHash: intake.bodyHash,
      texts: intake.texts,
      parentDecisionId: null,
      ...(this.#availability.isDiskFull
        ? { skipUnless: (decision) => this.#fullDisk.isNeeded(intake.request, decision) }
        : {}),
      plan: (decision, seq) => (kind === 'tool' ? this.#plan(intake, decision, seq) : NO_ORDERS()),
    });
    if (decided === null && !this.#availability.isDiskFull) throw new Error('a decision was not recorded');
    if (decided !== null && this.#availability.isDiskFull)
      this.#fullDisk.noteExit(intake.request, decided.body.decision_id);
    return decided;
  }

  /** What the gate asks for on its own behalf: also on a full disk. */
  decideForGate(request: ExecutionRequest, cause: ExitCause): Decided | null {
    const intake: Intake = {
      request,
      caller: { role: 'operator', agent: request.agent, tokenId: 'gate', skillSha256: null },
      bodyHash: null,
      texts: {},
      target: null,
      schemaViolation: null,
    };
    return takeDecision(this.#core, request, this.#ask(intake), {
      kind: 'gate',
      route: 'gate',
      bodyHash: null,
      texts: {},
      parentDecisionId: null,
      cause,
      plan: (decision, seq) => this.#plan(intake, decision, seq),
    });
  }

  #ask(intake: Intake): Ask {
    const isModify = intake.request.intent === 'modify';
    return {
      phase: 'parent',
      venue: this.#core.settings.venue,
      accountName: this.#core.settings.account,
      tokenSkillSha256: intake.caller.skillSha256,
      schemaViolation: intake.schemaViolation,
      own: isModify ? intake.target : null,
      leaving: null,
      exitRung: 0,
      sliceLots: null,
      parentPriceTicks: null,
      target: intake.target,
    };
  }

  #plan(intake: Intake, decision: ExecutionDecision, seq: number): readonly PlannedOrder[] {
    const effective = decision.effective;
    if (effective === null || (effective.action !== 'open' && effective.action !== 'exit')) return [];
    const symbol = intake.request.symbol ?? '';
    const rules = this.#core.state.rules.get(symbol);
    if (rules === undefined) return [];
    const lotsOf = (quantity: string): number => Math.round((Number(quantity) * rules.lotScale) / rules.lotMantissa);
    const planned = planFromDecision(this.#core, decision, intake.request, seq, lotsOf);
    if (effective.action !== 'exit') return planned;
    const delayMs = this.#exits.planDelay(intake.request, effective);
    return planned.map((order) => ({ ...order, delay_ms: delayMs }));
  }
}
