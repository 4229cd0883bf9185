import { type AgentAnswer, type AttackView, isUncut, type PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

/** Before the close the old regime still holds; right after it the new one should. */
const OFFSETS_MS = [-1000, -1, 1, 500] as const;

/**
 * Asks around the close of a bar, where the regime changes: with what passed before the last close as the size of the
 * next. A gate that learns of a close too late, or forgets what it let through before it, gives more than it should.
 */
export class RegimeBoundary implements Attack {
  readonly #desk: AttackDesk;
  #sizeUsdt: number;
  #waiting = 0;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#sizeUsdt = desk.caps.orderNotionalUsdt * 0.98;
  }

  start(view: AttackView): void {
    this.#surround(view);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    this.#waiting -= 1;
    if (isUncut(answer.decision, answer.reasons)) {
      this.#sizeUsdt = Math.min(this.#sizeUsdt * 1.3, this.#desk.caps.symbolNotionalUsdt);
    } else if (answer.decision === 'LIMIT') {
      this.#sizeUsdt = Math.max(this.#desk.least(view), answer.effectiveNotional ?? this.#sizeUsdt);
    } else if (answer.retryAfterMs === null) this.#sizeUsdt = Math.max(this.#desk.least(view), this.#sizeUsdt * 0.8);
    if (this.#waiting === 0) this.#surround(view);
  }

  #surround(view: AttackView): void {
    const { barMs } = view.market;
    let toCloseMs = barMs - (view.nowMs % barMs);
    if (toCloseMs < -OFFSETS_MS[0]) toCloseMs += barMs;
    for (const offsetMs of OFFSETS_MS) {
      const notional = this.#sizeUsdt * this.#desk.draws.between(0.92, 1);
      if (this.#desk.ask(view, toCloseMs + offsetMs, this.#desk.opening(notional))) this.#waiting += 1;
    }
  }
}
