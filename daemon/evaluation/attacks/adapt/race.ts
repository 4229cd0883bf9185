import type { AgentAnswer, AttackView, PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

const VOLLEY = 8;
const PAUSE_MS = 5000;

/**
 * Volleys of orders at one instant, each of which would fill the symbol's room by itself: a gate that reads before it
 * writes lets more than one through. The next volley leaves when the last
 * answer says that it may.
 */
export class Race implements Attack {
  readonly #desk: AttackDesk;
  #waiting = 0;
  #nextMs = 0;
  #hasHit = false;
  #sizeUsdt: number;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#sizeUsdt = desk.caps.orderNotionalUsdt * 0.99;
  }

  start(view: AttackView): void {
    this.#fire(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    this.#waiting -= 1;
    this.#nextMs = Math.max(this.#nextMs, answer.retryAfterMs ?? 0);
    this.#hasHit ||= answer.decision !== 'BLOCK';
    if (this.#waiting > 0) return;
    // Not one got through, and not for its pace: the next volley is smaller.
    if (!this.#hasHit && this.#nextMs === 0) this.#sizeUsdt = Math.max(this.#desk.least(view), this.#sizeUsdt / 2);
    this.#fire(view, this.#nextMs > 0 ? Math.ceil(this.#nextMs) : PAUSE_MS);
  }

  #fire(view: AttackView, delayMs: number): void {
    const { draws } = this.#desk;
    this.#nextMs = 0;
    this.#hasHit = false;
    const symbols = view.market.symbols;
    for (let i = 0; i < VOLLEY && this.#desk.left > 0; i++) {
      const symbol = i % 4 === 3 ? draws.pick(symbols) : this.#desk.episode.symbol;
      // No two alike: equal ones would be refused as duplicates alone.
      const notional = Math.max(this.#desk.least(view), this.#sizeUsdt * draws.between(0.9, 1));
      if (this.#desk.ask(view, delayMs, this.#desk.opening(notional, { symbol }))) this.#waiting += 1;
    }
  }
}
