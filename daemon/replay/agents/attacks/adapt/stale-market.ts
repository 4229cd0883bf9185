import type { AgentAnswer, AgentView, PlannedAsk } from '../../../types.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

const WATCH_MS = 20_000;
const BURST = 3;

/**
 * Rides a price that is no longer true: fires when the market is about to fall silent, and while it is, tries now and
 * then; when it comes back, fires before anybody has looked.
 */
export class StaleMarket implements Attack {
  readonly #desk: AttackDesk;
  #wasSilent = false;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AgentView): void {
    this.#open(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AgentView): void {
    const isSilent = view.market.mark(this.#desk.episode.symbol) === null;
    const isBack = this.#wasSilent && !isSilent;
    this.#wasSilent = isSilent;
    if (isSilent) {
      // A quarter of a bar at a time: a long silence does not use up the attempts.
      this.#open(view, view.market.barMs / 4);
      return;
    }
    for (let i = 0; i < (isBack ? BURST : 1); i++) {
      this.#open(view, isBack ? 200 * i : Math.max(answer.retryAfterMs ?? 0, WATCH_MS));
    }
  }

  #open(view: AgentView, delayMs: number): void {
    const { draws, caps } = this.#desk;
    this.#desk.ask(view, delayMs, this.#desk.opening(caps.orderNotionalUsdt * draws.between(0.5, 0.98)));
  }
}
