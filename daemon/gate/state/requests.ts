import type { OrderType, Side } from '../../core/request.ts';
import type { DecisionEvent } from '../events.ts';

/** What is remembered of a request id: the decision it got and the digest of its economic fields. */
export interface KnownRequest {
  readonly decisionId: string;
  readonly bodyHash: string;
}
/** A permitted parent that a repeated prompt would repeat (rule 5). */
export interface RecentParent {
  readonly decisionId: string;
  readonly agent: string;
  readonly symbol: string;
  readonly intent: string;
  readonly side: Side | null;
  readonly orderType: OrderType | null;
  readonly requestedNotional: number | null;
  readonly requestedQuantity: string;
  readonly atMs: number;
}

const MAX_REQUESTS = 100_000;
export function requestKey(agent: string, route: string, requestId: string): string {
  return `${agent}\u0000${route}\u0000${requestId}`;
}

export class RequestMemory {
  readonly #known = new Map<string, KnownRequest>();
  readonly #recent: RecentParent[] = [];

  find(agent: string, route: string, requestId: string): KnownRequest | null {
    return this.#known.get(requestKey(agent, route, requestId)) ?? null;
  }

  apply(event: DecisionEvent, atMs: number): void {
    const { decision, request } = event;
    if (decision.kind === 'tool' && decision.request_id !== null && event.body_hash !== null) {
      const key = requestKey(event.agent, event.route, decision.request_id);
      if (!this.#known.has(key)) this.#known.set(key, { decisionId: decision.decision_id, bodyHash: event.body_hash });
      // The oldest is dropped from memory only; the ledger still finds it.
      if (this.#known.size > MAX_REQUESTS) {
        for (const oldest of this.#known.keys()) {
          this.#known.delete(oldest);
          break;
        }
      }
    }
    const effective = decision.effective;
    if (decision.kind !== 'tool' || effective === null || effective.action !== 'open' || request.symbol === null)
      return;
    this.#recent.push({
      decisionId: decision.decision_id,
      agent: event.agent,
      symbol: request.symbol,
      intent: request.intent,
      side: request.side,
      orderType: request.order_type,
      requestedNotional: request.requested_notional,
      requestedQuantity: effective.requested_quantity,
      atMs,
    });
    if (this.#recent.length > 1000) this.#recent.splice(0, 500);
  }

  /** The latest equal permitted parent inside the window: the same lots, or the very same notional. */
  findDuplicate(
    ask: Omit<RecentParent, 'decisionId' | 'atMs'>,
    nowMs: number,
    windowMs: number,
    isAnswered: (decisionId: string) => boolean,
  ): string | null {
    for (let i = this.#recent.length - 1; i >= 0; i -= 1) {
      const parent = this.#recent[i]!;
      if (nowMs - parent.atMs > windowMs) return null;
      const same =
        parent.agent === ask.agent &&
        parent.symbol === ask.symbol &&
        parent.intent === ask.intent &&
        parent.side === ask.side &&
        parent.orderType === ask.orderType &&
        (parent.requestedNotional === ask.requestedNotional || parent.requestedQuantity === ask.requestedQuantity);
      // Naming the latest one proves that the earlier answers were seen as well.
      if (same) return isAnswered(parent.decisionId) ? null : parent.decisionId;
    }
    return null;
  }
}
