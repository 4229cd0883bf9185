import type { AgentAnswer, AttackView, PlannedAsk } from '../facts/agents.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/** Distances from the mark at which it rests, as fractions of it: so near that it fills, or so far that it does not. */
const NEAR = [0.0003, 0.002] as const;
const FAR = [0.03, 0.06] as const;

/** Orders that it keeps resting, so that there is one when another ends. */
const KEPT = 2;

/**
 * ATK-SQUAT: one agent keeps a symbol from the others. It rests the least order that the exchange takes, near the mark or
 * far from it, tries until one rests, and leaves the next episode to renew it.
 */
export class SquatAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
    const own = view.account.openOrders.filter(({ symbol }) => symbol === this.#desk.episode.symbol);
    if (own.length < KEPT) this.#rest(view, this.#desk.draws.int(0, 5000));
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    if (answer.decision !== 'BLOCK') return;
    const { draws, episode } = this.#desk;
    const patienceMs = (episode.spanMs / episode.attempts) * draws.between(0.9, 1.1);
    this.#rest(view, Math.max(patienceMs, answer.retryAfterMs ?? 0));
  }

  /** On the side of what it holds, where it may not open against it. */
  #rest(view: AttackView, delayMs: number): void {
    const { draws, episode } = this.#desk;
    const lots = this.#desk.lots(view);
    const side = lots === 0 ? episode.side : lots > 0 ? 'buy' : 'sell';
    const [nearest, farthest] = lots === 0 && draws.chance(0.5) ? NEAR : FAR;
    const distance = draws.between(nearest, farthest);
    const limitPrice = this.#desk.price(view) * (side === 'buy' ? 1 - distance : 1 + distance);
    const notional = this.#desk.least(view) * draws.between(1.02, 1.1 + 2 * distance);
    this.#desk.ask(view, delayMs, this.#desk.opening(notional, { side, leverage: 1, limitPrice }));
  }
}
