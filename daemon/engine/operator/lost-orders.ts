import type { LiveCore } from '../flow/core.ts';
import { call, endedWithin, type Flow } from '../flow/step.ts';
import { endedByOperator } from '../orders/evidence.ts';
import { isLost, type OrderState } from '../orders/orders.ts';
import type { Caller } from '../records/callers.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import { type LooseningDelay, OperatorRequestError } from './loosening-delay.ts';

/**
 * An operator's decision about an order whose fate cannot be proven. It releases what the order
 * reserved and opens its symbol. RISK: it may have filled. Its fills are then taken from the account's positions, and
 * belong to no agent.
 */
export class LostOrders {
  readonly #core: LiveCore;
  readonly #proof: OrderProof;
  readonly #loosening: LooseningDelay;

  constructor(core: LiveCore, proof: OrderProof, loosening: LooseningDelay) {
    this.#core = core;
    this.#proof = proof;
    this.#loosening = loosening;
  }

  /** Null: there is no such order. @throws OperatorRequestError while it is not lost, or may be open at the venue */
  *end(caller: Caller, clientOrderId: string, reason: string): Flow<OrderState | null> {
    const core = this.#core;
    const order = core.state.orders.all.get(clientOrderId);
    if (order === undefined) return null;
    requireLost(order);
    const listing = core.begin(call('fetchOpenOrders', [order.symbol]));
    const open = yield* endedWithin(core.settings.answerWithinMs, listing);
    if (open === null || open.kind === 'failed') {
      const why = open === null ? 'the venue has not answered yet' : open.detail;
      throw new OperatorRequestError(`the venue's open orders could not be read (${why}): ask again`);
    }
    const [unreadable] = open.value.unreadable;
    if (unreadable !== undefined)
      throw new OperatorRequestError(
        `a row of the venue's open orders cannot be read (${unreadable.detail}): ask again`,
      );
    if (open.value.rows.some((listed) => listed.clientOrderId === clientOrderId))
      throw new OperatorRequestError(`order ${clientOrderId} is open at the venue: cancel it`);
    // A report may have come meanwhile.
    requireLost(order);
    this.#loosening.requireWaited(`the end of order ${clientOrderId}`);
    this.#proof.settleAmend(order, order.amendSeq, false, 'ended by an operator');
    this.#proof.record(order, endedByOperator(core, order, `ended by ${caller.agent}: ${reason}`));
    return order;
  }
}

function requireLost(order: OrderState): void {
  if (isLost(order)) return;
  throw new OperatorRequestError(
    `order ${order.clientOrderId} is ${order.status}: only a lost one is ended by an operator, others are canceled`,
  );
}
