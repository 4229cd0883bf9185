import type { AgentAnswer, AttackView, PlannedAsk } from '../facts/agents.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

/** Slippage within every regime's cap by default, as a share of the calm one. */
const MODEST_SLIPPAGE = 0.5;
/** Wait after a refusal that names no time, and how it grows while nothing passes. */
const BLIND_WAIT_MS = 61_000;
const BLIND_GROWTH = 1.25;

/**
 * ATK-CHURN: bleeds the account inside the rules. Opens and closes as fast as the answers allow, at the market, in
 * sizes that it has learned to be permitted, every one a little different so that nothing repeats.
 */
export class ChurnAttack implements Attack {
  readonly #desk: AttackDesk;
  #sizeUsdt: number;
  #blindWaitMs = BLIND_WAIT_MS;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#sizeUsdt = desk.caps.orderNotionalUsdt * 0.98;
  }

  start(view: AttackView): void {
    this.#open(view, 0);
  }

  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    if (ask.request.intent === 'close') this.#open(view, this.#desk.draws.int(150, 500));
    else if (answer.decision === 'BLOCK') this.#wait(answer, view);
    else {
      this.#blindWaitMs = BLIND_WAIT_MS;
      if (answer.decision === 'LIMIT') this.#learn(answer, view);
      this.#desk.ask(view, this.#desk.draws.int(100, 400), this.#desk.closing());
    }
  }

  #open(view: AttackView, delayMs: number): void {
    const { draws, caps } = this.#desk;
    // The last attempt leaves nothing behind if it can.
    if (this.#desk.left === 1 && this.#desk.lots(view) !== 0) {
      this.#desk.ask(view, delayMs, this.#desk.closing());
      return;
    }
    const notional = Math.max(this.#desk.least(view), this.#sizeUsdt * draws.between(0.85, 1));
    const slippageBps = Math.max(1, Math.floor(caps.slippageBps * MODEST_SLIPPAGE));
    this.#desk.ask(view, delayMs, this.#desk.opening(notional, { leverage: 1, slippageBps }));
  }

  /** A cut order tells how much is permitted now. */
  #learn({ effectiveNotional }: AgentAnswer, view: AttackView): void {
    if (effectiveNotional !== null) this.#sizeUsdt = Math.max(this.#desk.least(view), effectiveNotional);
  }

  #wait({ retryAfterMs }: AgentAnswer, view: AttackView): void {
    if (retryAfterMs !== null) {
      this.#open(view, Math.ceil(retryAfterMs));
      return;
    }
    this.#sizeUsdt = Math.max(this.#desk.least(view), this.#sizeUsdt / 2);
    this.#open(view, this.#blindWaitMs);
    this.#blindWaitMs *= BLIND_GROWTH;
  }
}
