import type { Decided } from '../../engine/decide/take-decision.ts';
import type { Flattener } from '../../engine/exits/flatten-exits.ts';
import type { Flow } from '../../engine/flow/effects.ts';
import type { Executor } from '../../engine/guard/executor.ts';
import type { ExitBook } from '../../engine/guard/exit-book.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { GateCore } from '../journal/journal.ts';
import { type Intake, readIntake } from './intake.ts';
import { isRecorded, type ParentDecisions } from './parent-decisions.ts';

/**
 * How long calls in flight may wait for their outcome once the daemon stops, wall ms; then they answer `submitting`.
 */
const ANSWER_WHEN_CLOSING_MS = 400;

/** Has decisions carried out, and keeps their callers waiting for what comes of them: not for ever. */
export class Outcomes {
  readonly #core: GateCore;
  readonly #decisions: ParentDecisions;
  readonly #executor: Executor;
  readonly #exits: ExitBook;
  /** Answers callers that still wait for an outcome by what is known. */
  readonly #waiting = new Set<() => void>();
  /** The daemon stops: nobody waits any more. */
  #isOver = false;

  constructor(parts: { core: GateCore; decisions: ParentDecisions; executor: Executor; exits: ExitBook }) {
    this.#core = parts.core;
    this.#decisions = parts.decisions;
    this.#executor = parts.executor;
    this.#exits = parts.exits;
  }

  /** Has a permitted decision carried out, from this turn on; resolves at the outcome, or after `answer_within_ms`. */
  of({ request, target }: Intake, decided: Decided): Promise<void> {
    const core = this.#core;
    const started = core.begin(this.#executor.act(decided, target));
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const timer = core.ports.time.after(this.#isOver ? 0 : core.settings.answerWithinMs, end);
      this.#waiting.add(end);
      started.onEnd((outcome) => {
        // Of a commit that fails every caller is told, and the ledger tells the operator.
        if (outcome.kind === 'failed' && !core.ports.ledger.isFailed && !core.isStopping()) {
          const detail = `decision ${decided.body.decision_id}: ${String(outcome.error)}`;
          core.alert('EXECUTION_FAILED', detail, request.symbol);
        }
        end();
      });
    });
  }

  /** The daemon stops: nobody waits long any more. */
  answerSoon(): void {
    const answer = (): void => {
      this.#isOver = true;
      for (const end of this.#waiting) end();
    };
    this.#core.ports.time.after(ANSWER_WHEN_CLOSING_MS, answer, { unref: true });
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
