import { ceilTicks, lotsFor, lotsToQuantity, type RulesView, writtenLots } from '../../core/quantities.ts';
import type { ExecutionRequest, OrderType, Side } from '../../core/request.ts';
import type { DecisionEvent } from '../records/events.ts';

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
  readonly size: AskedFor;
  /** What a lot was worth then; null when it was not known. */
  readonly valued: Valuation | null;
  readonly tMs: number;
  /** Its orders have left the views, and it is proven that none of them filled anything. */
  readonly isUnfilled?: true;
}
/** As it was sent: USDT, or base asset. */
type AskedFor = Pick<ExecutionRequest, 'quantity' | 'requested_notional'>;
/** `untilMs`: from this `t` on the same intent is none. */
export interface Duplicate {
  readonly decisionId: string;
  readonly untilMs: number;
}
interface Valuation {
  readonly sizeTicks: number;
  readonly rules: RulesView;
}

const MAX_REQUESTS = 100_000;
export function requestKey(agent: string, route: string, requestId: string): string {
  return `${agent}\u0000${route}\u0000${requestId}`;
}

export class RequestMemory {
  private readonly known = new Map<string, KnownRequest>();
  private readonly recent: RecentParent[] = [];

  find(agent: string, route: string, requestId: string): KnownRequest | null {
    return this.known.get(requestKey(agent, route, requestId)) ?? null;
  }

  apply(event: DecisionEvent, tMs: number): void {
    const { decision, request } = event;
    if (decision.kind === 'tool' && decision.request_id !== null && event.body_hash !== null) {
      const key = requestKey(event.agent, event.route, decision.request_id);
      if (!this.known.has(key)) this.known.set(key, { decisionId: decision.decision_id, bodyHash: event.body_hash });
      // The oldest is dropped from memory only; the ledger still finds it.
      if (this.known.size > MAX_REQUESTS) {
        for (const oldest of this.known.keys()) {
          this.known.delete(oldest);
          break;
        }
      }
    }
    const effective = decision.effective;
    if (decision.kind !== 'tool' || effective === null || effective.action !== 'open' || request.symbol === null)
      return;
    this.recent.push({
      decisionId: decision.decision_id,
      agent: event.agent,
      symbol: request.symbol,
      intent: request.intent,
      side: request.side,
      orderType: request.order_type,
      size: { quantity: request.quantity, requested_notional: request.requested_notional },
      valued: valuationOf(event),
      tMs,
    });
    if (this.recent.length > 1000) this.recent.splice(0, 500);
  }

  noteUnfilled(decisionId: string): void {
    const at = this.recent.findLastIndex((parent) => parent.decisionId === decisionId);
    if (at >= 0) this.recent[at] = { ...this.recent[at]!, isUnfilled: true };
  }

  /**
   * The latest equal permitted parent inside the window: the same lots, or the very same size in the same unit. One of
   * which nothing was filled, nor can be (`isUnfilled`), is none: what is requested again has not been had.
   */
  findDuplicate(
    ask: Omit<RecentParent, 'decisionId' | 'tMs' | 'isUnfilled' | 'valued'>,
    tMs: number,
    windowMs: number,
    { isAnswered, isUnfilled }: { readonly [name in 'isAnswered' | 'isUnfilled']: (decisionId: string) => boolean },
  ): Duplicate | null {
    for (let i = this.recent.length - 1; i >= 0; i -= 1) {
      const parent = this.recent[i]!;
      if (tMs - parent.tMs > windowMs) return null;
      const same =
        parent.agent === ask.agent &&
        parent.symbol === ask.symbol &&
        parent.intent === ask.intent &&
        parent.side === ask.side &&
        parent.orderType === ask.orderType &&
        isSameSize(parent, ask.size);
      // Naming the latest one proves that the earlier answers were seen as well.
      if (!same) continue;
      if (isAnswered(parent.decisionId)) return null;
      // It hides no earlier one, which may have been filled.
      if (parent.isUnfilled !== true && !isUnfilled(parent.decisionId))
        return { decisionId: parent.decisionId, untilMs: parent.tMs + windowMs + 1 };
    }
    return null;
  }
}

/** The price at which the parent was made of lots: what was sent is told at it. */
function valuationOf({ context, decision: { effective } }: DecisionEvent): Valuation | null {
  const { rules } = context.market;
  if (rules === null || effective === null || effective.action === 'cancel' || effective.lots < 1) return null;
  const price = effective.notional / lotsToQuantity(effective.lots, rules);
  return { sizeTicks: Math.max(1, ceilTicks(price, rules)), rules };
}

/**
 * Both sizes in lots at the parent's price, whichever unit they were sent in: a mark that moved meanwhile, a cent more, or
 * the same in the other unit makes no other intent.
 */
function isSameSize(parent: RecentParent, size: AskedFor): boolean {
  const { quantity, requested_notional: notional } = parent.size;
  if (quantity === size.quantity && notional === size.requested_notional) return true;
  if (parent.valued === null) return false;
  const lots = lotsOf(parent.size, parent.valued);
  return lots !== null && lots === lotsOf(size, parent.valued);
}
function lotsOf({ quantity, requested_notional: usdt }: AskedFor, { sizeTicks, rules }: Valuation): number | null {
  if (quantity !== null) return writtenLots(quantity, rules);
  return usdt === null ? null : lotsFor(usdt, sizeTicks, rules);
}
