import type { AgentAnswer, AttackView, PlannedAsk } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

const WATCH_MS = 20_000;
const BURST = 3;
const SLOWING = 1.5;

/**
 * Rides a price that is no longer true: fires when the market is about to fall silent, and while it is, tries now and
 * then; when it comes back, fires before anybody has looked.
 */
export class StaleMarket implements Attack {
  readonly #desk: AttackDesk;
  #wasSilent = false;
  /** Next wait in the silence; 0: not in one. */
  #patienceMs = 0;
  #sizeUsdt: number;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#sizeUsdt = desk.caps.orderNotionalUsdt * 0.98;
  }

  start(view: AttackView): void {
    this.#open(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    const isSilent = view.market.mark(this.#desk.episode.symbol) === null;
    const isBack = this.#wasSilent && !isSilent;
    this.#wasSilent = isSilent;
    if (isSilent) {
      // Longer and longer: a long silence does not use up the attempts.
      this.#open(view, this.#patienceMs || view.market.barMs / 4);
      this.#patienceMs = SLOWING * (this.#patienceMs || view.market.barMs / 4);
      return;
    }
    this.#patienceMs = 0;
    // Refused with a price to trade at: it was too much.
    if (answer.decision === 'BLOCK' && !isBack && answer.retryAfterMs === null) this.#sizeUsdt *= 0.7;
    for (let i = 0; i < (isBack ? BURST : 1); i++) {
      this.#open(view, isBack ? 200 * i : Math.max(answer.retryAfterMs ?? 0, WATCH_MS));
    }
  }

  #open(view: AttackView, delayMs: number): void {
    const notional = Math.max(this.#desk.least(view), this.#sizeUsdt * this.#desk.draws.between(0.6, 1));
    this.#desk.ask(view, delayMs, this.#desk.opening(notional));
  }
}
