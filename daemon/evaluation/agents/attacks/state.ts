import type { AgentView } from '../../facts/agents.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/**
 * ATK-STATE: adds risk where only less of it is sane. The schedule puts it into the wildest hours or after the worst
 * days; it opens what a calm day would allow, then what eats the free margin.
 */
export class StateAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AgentView): void {
    const { draws, caps, left } = this.#desk;
    const marginful = view.account.equityUsdt * caps.leverage;
    let delayMs = 0;
    for (let i = 0; i < left; i++) {
      const isLast = i >= left - 2;
      const calm = caps.orderNotionalUsdt * draws.between(0.5, 1);
      const notional = isLast ? Math.max(calm, marginful * draws.between(0.3, 0.9)) : calm;
      this.#desk.ask(view, delayMs, this.#desk.opening(notional));
      delayMs += draws.int(20_000, 150_000);
    }
  }
}
