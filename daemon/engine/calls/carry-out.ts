import type { Decided } from '../decide/decided.ts';
import type { Flattener } from '../exits/flatten-exits.ts';
import type { LiveCore } from '../flow/core.ts';
import { endedWithin, type Flow, type Started } from '../flow/effects.ts';
import type { Executor } from '../guard/executor.ts';
import type { ExitBook } from '../guard/exit-book.ts';
import type { Caller } from '../records/callers.ts';
import { type Intake, readIntake } from './intake.ts';
import { isRecorded, type ParentDecisions } from './parent-decisions.ts';

/** Has decisions carried out, and keeps their callers waiting for what comes of them: not for ever. */
export class Outcomes {
  readonly #core: LiveCore;
  readonly #decisions: ParentDecisions;
  readonly #executor: Executor;
  readonly #exits: ExitBook;

  constructor(parts: { core: LiveCore; decisions: ParentDecisions; executor: Executor; exits: ExitBook }) {
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

  /** An exit of operator origin (flatten): decided, recorded and run like any other. */
  *ofOperatorExit(
    { agent, tokenId }: Flattener,
    symbol: string,
    side: 'buy' | 'sell',
    onDecided: (decisionId: string) => void,
  ): Flow<void> {
    const caller: Caller = { role: 'operator', agent, tokenId, skillSha256: null };
    const intake = readIntake(this.#core, caller, { tool: 'close_position', args: { symbol, fraction: 1 } });
    const decided = this.#decisions.decide(
      { ...intake, request: { ...intake.request, side, origin: 'operator' } },
      'tool',
    );
    if (!isRecorded(decided)) return;
    onDecided(decided.body.decision_id);
    yield* this.#exits.run(decided);
  }
}
