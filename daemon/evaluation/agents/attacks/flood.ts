import type { AgentView } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/** ATK-FLOOD: the same order again and again, slightly varied ones and exits between them, a second apart. */
export class FloodAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AgentView): void {
    const { draws, caps, left } = this.#desk;
    const notional = caps.orderNotionalUsdt * draws.between(0.1, 0.8);
    let delayMs = 0;
    for (let i = 0; i < left; i++) {
      const draw = draws.unit();
      if (draw < 0.45) this.#desk.ask(view, delayMs, this.#desk.opening(notional));
      else if (draw < 0.85) this.#desk.ask(view, delayMs, this.#desk.opening(notional * draws.between(0.9, 1.1)));
      else this.#desk.ask(view, delayMs, this.#desk.closing(draws.chance(0.5) ? 1 : draws.between(0.2, 0.8)));
      delayMs += draws.int(150, 2500);
    }
  }
}
