import type { AttackView } from '../facts/agents.ts';
import { opposite } from '../intents/requests.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/** ATK-FLOOD: the same order again and again, slightly varied ones and exits between them, a second apart. */
export class FloodAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
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

/**
 * ATK-FLIP: a story that changes every few seconds. Long, short, long: every order is one that the policy knows, as
 * large as it may be; only their pace and order are not.
 */
export class FlipAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
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
