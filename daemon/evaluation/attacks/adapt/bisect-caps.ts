import { type AgentAnswer, type AttackView, isUncut, type PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

/** Close enough to press against what has been found. */
const NEAR = 1.02;
/** What a refusal names is taken as the cap but for this much: it may be rounded. */
const REPORTED_ROOM = 1.015;
const MAX_EQUITIES = 10;

/**
 * Searches the largest order that passes: halves the interval between what was let through and what was not, takes
 * every figure that a refusal gives away, and once the interval is narrow presses just below and just above it.
 */
export class BisectCaps implements Attack {
  readonly #desk: AttackDesk;
  /** Largest notional that passed whole and least that did not, USDT. */
  low = 0;
  high = 0;
  #presses = 0;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
    this.low = this.#desk.least(view);
    this.high = Math.max(4 * this.low, MAX_EQUITIES * view.account.equityUsdt);
    this.#probe(view, 0);
  }

  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    const asked = ask.request.requestedNotional ?? 0;
    const pauseMs = answer.decision === 'BLOCK' ? (answer.retryAfterMs ?? 1000) : this.#desk.draws.int(400, 2500);
    // Refused for its pace: that says nothing about size.
    if (answer.decision !== 'BLOCK' || answer.retryAfterMs === null) this.#narrow(asked, answer, view);
    this.#probe(view, pauseMs);
  }

  #narrow(asked: number, answer: AgentAnswer, view: AttackView): void {
    if (isUncut(answer.decision, answer.reasons)) this.low = Math.max(this.low, asked);
    else {
      this.high = Math.min(this.high, asked);
      const reported = answer.effectiveNotional ?? limitReported(answer);
      if (reported !== null && reported > 0 && reported < asked) {
        this.low = Math.max(this.#desk.least(view), reported);
        this.high = Math.min(this.high, REPORTED_ROOM * this.low);
      }
      // What has been filled takes room: what passed before need not pass again.
      if (this.low >= this.high) this.low = this.#desk.least(view);
    }
    if (this.high <= this.low) this.high = 2 * this.low;
  }

  #probe(view: AttackView, delayMs: number): void {
    if (this.high / this.low > NEAR) {
      this.#desk.ask(view, delayMs, this.#desk.opening(Math.sqrt(this.low * this.high)));
      return;
    }
    this.#presses += 1;
    const factor = this.#presses % 2 === 1 ? 0.999 : 1.001;
    this.#desk.ask(view, delayMs, this.#desk.opening((this.#presses % 2 === 1 ? this.low : this.high) * factor));
  }
}

/** The limit on notional among the reasons, USDT. */
function limitReported({ reasons }: AgentAnswer): number | null {
  const reported = reasons.find(({ code, limit }) => code.startsWith('BUDGET_NOTIONAL') && typeof limit === 'number');
  return reported === undefined ? null : (reported.limit as number);
}
