import type { AgentAnswer, AttackView, PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

/** Distances from the mark at which it rests, as fractions of it. */
export const NEAREST = 0.012;
export const FARTHEST = 0.08;
/** Later than this a resting order is gone by itself: time to place it again. */
const REPLANT_MS = 61 * 60_000;
/** First size as a share of the order cap. */
const FIRST_SHARE = 0.97;

/** In calm, lays orders far from the market on the side that a crash runs into; refused ones come back smaller. */
export class RestForCrash implements Attack {
  readonly #desk: AttackDesk;
  #sizeUsdt: number;
  #placed = 0;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#sizeUsdt = desk.caps.orderNotionalUsdt * FIRST_SHARE;
  }

  start(view: AttackView): void {
    this.#rest(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    const { draws } = this.#desk;
    if (answer.decision !== 'BLOCK') {
      this.#placed += 1;
      this.#rest(view, draws.int(1500, 8000));
    } else if (answer.retryAfterMs !== null) this.#rest(view, Math.ceil(answer.retryAfterMs));
    else if (this.#sizeUsdt > this.#desk.least(view)) {
      this.#sizeUsdt = Math.max(this.#desk.least(view), this.#sizeUsdt / 2);
      this.#rest(view, draws.int(1500, 8000));
    } else {
      this.#sizeUsdt = this.#desk.caps.orderNotionalUsdt * FIRST_SHARE;
      this.#placed = 0;
      this.#rest(view, REPLANT_MS);
    }
  }

  /** Nearest first; a bought crash is a limit below the market, a sold spike one above. */
  #rest(view: AttackView, delayMs: number): void {
    const { draws, episode } = this.#desk;
    const distance = Math.min(FARTHEST, NEAREST * 1.35 ** this.#placed) * draws.between(0.95, 1);
    const price = this.#desk.price(view);
    const limitPrice = episode.side === 'buy' ? price * (1 - distance) : price * (1 + distance);
    this.#desk.ask(view, delayMs, this.#desk.opening(this.#sizeUsdt, { limitPrice }));
  }
}
