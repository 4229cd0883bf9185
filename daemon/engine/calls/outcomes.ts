import type { Decided } from '../decide/decided.ts';
import type { Flattener } from '../exits/flatten-exits.ts';
import type { LiveCore } from '../flow/core.ts';
import { endedWithin, type Flow, Pending, type Started } from '../flow/effects.ts';
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
  /** Answers callers that still wait for an outcome by what is known. */
  readonly #waiting = new Set<() => void>();
  /** The daemon stops: nobody waits any more. */
  #isOver = false;

  constructor(parts: { core: LiveCore; decisions: ParentDecisions; executor: Executor; exits: ExitBook }) {
    this.#core = parts.core;
    this.#decisions = parts.decisions;
    this.#executor = parts.executor;
    this.#exits = parts.exits;
  }

  /** Has a permitted decision carried out, from this turn on; over at the outcome, or after `answer_within_ms`. */
  of({ request, target }: Intake, decided: Decided): Started<void> {
    const core = this.#core;
    const answered = new Pending<void>();
    const end = (): void => {
      if (answered.isOver) return;
      this.#waiting.delete(end);
      answered.close({ kind: 'done', result: undefined });
    };
    this.#waiting.add(end);
    core.begin(this.#executor.act(decided, target)).onEnd((outcome) => {
      // Of a commit that fails every caller is told, and the ledger tells the operator.
      if (outcome.kind === 'failed' && !core.ports.ledger.isFailed && !core.isStopping()) {
        const detail = `decision ${decided.body.decision_id}: ${String(outcome.error)}`;
        core.alert('EXECUTION_FAILED', detail, request.symbol);
      }
      end();
    });
    if (this.#isOver) end();
    else if (!answered.isOver) core.begin(endedWithin(core.settings.answerWithinMs, answered)).onEnd(end);
    return answered;
  }

  /** The daemon stops: nobody waits any more. */
  answerNow(): void {
    this.#isOver = true;
    for (const end of this.#waiting) end();
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
