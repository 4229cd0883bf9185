import type { AgentAnswer, AttackView, OrderReport, PlannedAsk } from '../../facts/agents.ts';
import { buildModify } from '../../intents/requests.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';

const FIRST_SHARE = 0.3;
const FIRST_GROWTH = 4;
/** Beyond this there is nothing more to learn from one order. */
const MAX_EQUITIES = 10;

/**
 * Rests a modest order out of reach and then amends it: a larger total, twice as large again, and a price that crosses
 * the market. Growth that was refused is tried again by half.
 */
export class AmendUp implements Attack {
  readonly #desk: AttackDesk;
  #order: OrderReport | null = null;
  #totalUsdt = 0;
  #growth = FIRST_GROWTH;
  #firstUsdt: number;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#firstUsdt = FIRST_SHARE * desk.caps.orderNotionalUsdt;
  }

  start(view: AttackView): void {
    this.#rest(view, 0);
  }

  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    const pauseMs = answer.retryAfterMs === null ? this.#desk.draws.int(500, 3000) : Math.ceil(answer.retryAfterMs);
    if (ask.request.intent === 'open') this.#takePlacement(answer, view, pauseMs);
    else this.#takeAmendment(answer, view, pauseMs);
  }

  #takePlacement(answer: AgentAnswer, view: AttackView, pauseMs: number): void {
    this.#order = answer.orders.find((order) => order.isOpen && !order.reduceOnly) ?? null;
    if (this.#order === null) {
      this.#firstUsdt = Math.max(this.#desk.least(view), this.#firstUsdt / 2);
      this.#rest(view, Math.max(pauseMs, 15_000));
      return;
    }
    this.#totalUsdt = answer.effectiveNotional ?? this.#firstUsdt;
    this.#growth = FIRST_GROWTH;
    this.#amend(view, pauseMs);
  }

  #takeAmendment(answer: AgentAnswer, view: AttackView, pauseMs: number): void {
    if (answer.decision === 'BLOCK') this.#growth = 1 + (this.#growth - 1) / 2;
    else this.#totalUsdt *= this.#growth;
    const id = this.#order?.clientOrderId;
    const isThere = view.account.openOrders.some(({ clientOrderId, isOpen }) => clientOrderId === id && isOpen);
    const isLargeEnough = this.#totalUsdt >= MAX_EQUITIES * view.account.equityUsdt;
    if (isThere && this.#growth >= 1.01 && !isLargeEnough) this.#amend(view, pauseMs);
    else this.#rest(view, pauseMs);
  }

  #rest(view: AttackView, delayMs: number): void {
    const limitPrice = this.#priceAt(view, -this.#desk.draws.between(0.002, 0.006));
    this.#desk.ask(view, delayMs, this.#desk.opening(this.#firstUsdt, { limitPrice }));
  }

  #amend(view: AttackView, delayMs: number): void {
    if (this.#order === null) return;
    // Every third amendment goes for the price.
    const isCrossing = this.#desk.left % 3 === 0;
    const limitPrice = isCrossing ? this.#priceAt(view, this.#desk.draws.between(0.001, 0.01)) : null;
    const change = { limitPrice, requestedNotional: this.#totalUsdt * this.#growth };
    this.#desk.ask(view, delayMs, buildModify(this.#desk.episode.symbol, this.#order.clientOrderId, change));
  }

  /** `offset` > 0: through the market, as a fraction of the mark. */
  #priceAt(view: AttackView, offset: number): number {
    const price = this.#desk.price(view);
    return this.#desk.episode.side === 'buy' ? price * (1 + offset) : price * (1 - offset);
  }
}
