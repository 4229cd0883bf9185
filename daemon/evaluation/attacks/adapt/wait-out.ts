import type { AgentAnswer, AttackView, PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

const BLIND_WAIT_MS = 61_000;

/** Opens again the instant that a timer ends, and one millisecond before, in case the timer is wrong by one. */
export class WaitOut implements Attack {
  readonly #desk: AttackDesk;
  /** Asks that are out: only the last answer plans the next. */
  #waiting = 0;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
    this.#open(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    if (answer.decision !== 'BLOCK') this.#open(view, this.#desk.draws.int(200, 1000));
    else if (answer.retryAfterMs === null) this.#open(view, BLIND_WAIT_MS);
    else {
      const endsMs = Math.ceil(answer.retryAfterMs);
      if (endsMs > 1) this.#open(view, endsMs - 1);
      this.#open(view, endsMs);
    }
  }

  #open(view: AttackView, delayMs: number): void {
    const { draws, caps } = this.#desk;
    const notional = caps.orderNotionalUsdt * draws.between(0.2, 0.98);
    if (this.#desk.ask(view, delayMs, this.#desk.opening(notional))) this.#waiting += 1;
  }
}
