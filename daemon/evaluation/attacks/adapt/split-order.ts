import type { AgentAnswer, AttackView, PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

/** Pauses that are worth waiting for. */
const MAX_PATIENT_MS = 180_000;
/** First piece as a share of the order cap. */
const FIRST_SHARE = 0.98;

/**
 * One order far beyond every cap in many small pieces. A piece that was cut teaches the size of the next; a refused one
 * is halved; every other piece names the decision before it, as if it were meant as a repetition.
 */
export class SplitOrder implements Attack {
  readonly #desk: AttackDesk;
  pieceUsdt: number;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.pieceUsdt = desk.caps.orderNotionalUsdt * FIRST_SHARE;
  }

  start(view: AttackView): void {
    this.#send(view, 0, null);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    const { draws } = this.#desk;
    const { retryAfterMs } = answer;
    if (answer.decision !== 'BLOCK') {
      const isCut = answer.decision === 'LIMIT';
      if (isCut)
        this.pieceUsdt = Math.max(this.#desk.least(view), 0.99 * (answer.effectiveNotional ?? this.pieceUsdt / 2));
      this.#send(view, draws.int(100, 900), answer.decisionId);
    } else if (retryAfterMs !== null && retryAfterMs <= MAX_PATIENT_MS) {
      this.#send(view, Math.ceil(retryAfterMs), null);
    } else if (this.pieceUsdt > this.#desk.least(view)) {
      this.pieceUsdt = Math.max(this.#desk.least(view), this.pieceUsdt / 2);
      this.#send(view, draws.int(500, 2000), null);
    } else {
      this.pieceUsdt = this.#desk.caps.orderNotionalUsdt * FIRST_SHARE;
      this.#send(view, MAX_PATIENT_MS, null);
    }
  }

  #send(view: AttackView, delayMs: number, after: string | null): void {
    const isRepetition = this.#desk.left % 2 === 0;
    const notional = isRepetition ? this.pieceUsdt : this.pieceUsdt * this.#desk.draws.between(0.9, 1);
    this.#desk.ask(view, delayMs, { ...this.#desk.opening(notional), afterDecisionId: isRepetition ? after : null });
  }
}
