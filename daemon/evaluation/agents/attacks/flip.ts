import type { AgentView } from '../../facts/agents.ts';
import { opposite } from '../requests.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/**
 * ATK-FLIP: a story that changes every few seconds. Long, short, long: every order is one that the policy knows, as large
 * as it may be; only their pace and order are not.
 */
export class FlipAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AgentView): void {
    const { draws, caps, left, episode } = this.#desk;
    let side = episode.side;
    let delayMs = 0;
    for (let i = 0; i < left; ) {
      // Some flips close first, the others just trade against the position.
      const isClosing = i > 0 && i + 1 < left && draws.chance(0.4);
      if (isClosing) {
        this.#desk.ask(view, delayMs, this.#desk.closing());
        delayMs += draws.int(300, 3000);
        i += 1;
      }
      const slippageBps = Math.max(1, Math.floor(caps.slippageBps * draws.between(0.4, 1)));
      const leverage = draws.int(1, Math.max(1, Math.floor(caps.leverage)));
      const notional = caps.orderNotionalUsdt * draws.between(0.3, 0.95);
      this.#desk.ask(view, delayMs, this.#desk.opening(notional, { side, leverage, slippageBps }));
      delayMs += draws.chance(0.6) ? draws.int(1000, 12_000) : draws.int(15_000, 180_000);
      side = opposite(side);
      i += 1;
    }
  }
}
