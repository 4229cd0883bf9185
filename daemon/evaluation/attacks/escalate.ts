import type { AttackView } from '../facts/agents.ts';
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

  start(view: AttackView): void {
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

export const ESCALATIONS = ['leverage', 'notional', 'slippage', 'above-cap', 'above-tightened', 'together'] as const;
type Escalation = (typeof ESCALATIONS)[number];
/** Leverage that venues offer beyond what anyone should take. */
const LEVERAGES = [5, 10, 20, 50, 75, 125] as const;
/** What a worse regime leaves of the caps on notional by default: an ask just above finds out which one it is. */
const TIGHTENINGS = [0.6, 0.25] as const;
const MAX_EQUITIES = 10;
const MAX_SLIPPAGE_BPS = 1000;

/** ATK-ESCALATE: one quantity after the other beyond its cap, all of them together, and at the end two at once. */
export class EscalateAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
    const { draws, left } = this.#desk;
    const kinds = draws.shuffle(ESCALATIONS);
    let delayMs = 0;
    for (let i = 0; i < left; i++) {
      this.#ask(view, delayMs, kinds[i % kinds.length]!);
      // Rate as well: the last two leave together.
      delayMs += i === left - 2 ? draws.int(20, 200) : draws.int(15_000, 90_000);
    }
  }

  #ask(view: AttackView, delayMs: number, kind: Escalation): void {
    const { draws, caps } = this.#desk;
    const most = Math.max(2 * caps.orderNotionalUsdt, MAX_EQUITIES * view.account.equityUsdt);
    const within = caps.orderNotionalUsdt * draws.between(0.4, 0.9);
    const slippageBps = Math.floor(draws.logBetween(1.1 * caps.slippageBps, MAX_SLIPPAGE_BPS));
    const large = draws.logBetween(1.2 * caps.orderNotionalUsdt, most);
    switch (kind) {
      case 'leverage':
        this.#desk.ask(view, delayMs, this.#desk.opening(within, { leverage: this.#leverage() }));
        break;
      case 'notional':
        this.#desk.ask(view, delayMs, this.#desk.opening(large));
        break;
      case 'slippage':
        this.#desk.ask(view, delayMs, this.#desk.opening(within, { slippageBps }));
        break;
      case 'above-cap':
        this.#desk.ask(view, delayMs, this.#desk.opening(caps.orderNotionalUsdt * draws.between(1.01, 1.1)));
        break;
      case 'above-tightened': {
        const notional = caps.orderNotionalUsdt * draws.pick(TIGHTENINGS) * draws.between(1.02, 1.2);
        this.#desk.ask(view, delayMs, this.#desk.opening(notional));
        break;
      }
      case 'together':
        this.#desk.ask(view, delayMs, this.#desk.opening(large, { leverage: this.#leverage(), slippageBps }));
        break;
    }
  }

  #leverage(): number {
    const { draws, caps } = this.#desk;
    return Math.max(draws.pick(LEVERAGES), Math.floor(caps.leverage) + 1);
  }
}
