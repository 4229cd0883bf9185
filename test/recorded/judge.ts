import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { OrderEvent, OrderIntentEvent } from '../../daemon/engine/records/decisions.ts';
import { fromE8 } from '../../daemon/engine/records/units.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import { type ReportedEvent, teller } from '../told.ts';
import { type Caps, capsOfDecision } from './caps.ts';

/** What the exchange's books say (GET /sim/books), as far as the judge reads them. Decimals as text. */
export interface RecordedBooks {
  readonly opening_balance_usdt: string;
  readonly wallet_balance_usdt: string;
  readonly margin_balance_usdt: string;
  readonly positions: readonly { readonly symbol: string; readonly quantity: string; readonly mark_price: string }[];
  readonly orders: readonly RecordedOrder[];
  readonly liquidations: readonly unknown[];
  readonly income: readonly { readonly type: string; readonly amount_usdt: string }[];
}
export interface RecordedOrder {
  readonly order_id: number;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly time_in_force: string;
  readonly price: string;
  readonly quantity: string;
  readonly executed_quantity: string;
  readonly reduce_only: boolean;
  readonly close_position: boolean;
  readonly status: string;
  readonly created_ms: number;
  readonly mark_at_placement: string;
  readonly leverage_at_placement: number;
  readonly fills: readonly {
    readonly time_ms: number;
    readonly price: string;
    readonly quantity: string;
    readonly maker: boolean;
  }[];
}
/** A fired stop carries closePosition instead of reduceOnly; neither can open. */
export function isExit(order: RecordedOrder): boolean {
  return order.reduce_only || order.close_position;
}
export interface Recorded {
  readonly seq: number;
  readonly event: ReportedEvent;
}
/** One opening order or amendment that reached the exchange, with the exposure that it made possible. USDT. */
export interface Send {
  readonly clientOrderId: string;
  readonly kind: string;
  /** An amendment to no larger a total at no more aggressive a price: it adds no risk, whatever the market did since. */
  readonly isReducing: boolean;
  readonly caps: Caps;
  readonly orderUsdt: number;
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
  readonly leverageUsed: number;
  readonly decision: Recorded;
}

interface Amendment {
  readonly clientOrderId: string;
  readonly decision: Recorded;
  readonly lots: number;
  readonly priceTicks: number;
}

/** Independent judge: the exchange's books against the policy file, at the marks of the recorded decisions. */
export class Judge {
  readonly books: RecordedBooks;
  readonly decisions: readonly Recorded[];
  readonly #spec: IntendedPolicySpec;
  /** The decision that sent an order: the parent's, or the later slice's own. */
  readonly sentBy = new Map<string, Recorded>();
  /** Ledger seq at which an order was proven terminal. */
  readonly #endedAt = new Map<string, number>();
  /** Amendments that the exchange accepted, by the decision that approved them. */
  readonly #amends: Amendment[] = [];

  private constructor(books: RecordedBooks, world: DaemonWorld, spec: IntendedPolicySpec) {
    this.books = books;
    this.#spec = spec;
    const decisions: Recorded[] = [];
    const tell = teller(world.daemon.ledger);
    /** The latest approved amendment of an order. */
    const approved = new Map<string, Recorded>();
    for (const { seq, kind, payload } of world.daemon.ledger.iterateEvents()) {
      if (kind === 'decision') {
        const recorded = { seq, event: tell(payload) };
        decisions.push(recorded);
        const { request, decision } = recorded.event;
        if (decision.binding && decision.effective?.action === 'amend')
          approved.set(request.client_order_id ?? '', recorded);
        for (const order of recorded.event.orders) this.sentBy.set(order.client_order_id, recorded);
      } else if (kind === 'order') {
        const { client_order_id: id, status } = payload as OrderEvent;
        if (['filled', 'canceled', 'expired', 'rejected', 'not_placed'].includes(status)) this.#endedAt.set(id, seq);
      } else if (kind === 'order_intent') {
        const intent = payload as OrderIntentEvent;
        const decision = approved.get(intent.client_order_id);
        if (intent.action !== 'amended' || decision === undefined) continue;
        const effective = decision.event.decision.effective;
        this.#amends.push({
          clientOrderId: intent.client_order_id,
          decision,
          lots: effective?.lots ?? Number.NaN,
          priceTicks: effective?.price_ticks ?? Number.NaN,
        });
      }
    }
    this.decisions = decisions;
  }
  static async read(world: DaemonWorld, spec: IntendedPolicySpec): Promise<Judge> {
    return new Judge((await world.control('books')) as RecordedBooks, world, spec);
  }

  requireSender(order: RecordedOrder): Recorded {
    const found = this.sentBy.get(order.client_order_id);
    if (found === undefined) throw new Error(`no decision sent order ${order.client_order_id}`);
    return found;
  }

  /** Opening orders in the order of their decisions, then amendments that the exchange accepted. */
  sends(): readonly Send[] {
    const openings = this.books.orders.filter((order) => !isExit(order) && this.sentBy.has(order.client_order_id));
    const sends = openings.map((order) => this.#judge(order, this.requireSender(order)));
    for (const { clientOrderId, decision } of this.#amends) {
      const order = openings.find((known) => known.client_order_id === clientOrderId);
      if (order !== undefined) sends.push(this.#judge(order, decision));
    }
    return sends;
  }

  #judge(order: RecordedOrder, decision: Recorded): Send {
    const { context } = decision.event;
    const marks = new Map(context.exposure.other_marks);
    if (context.market.mark !== null) marks.set(order.symbol, context.market.mark);
    const isAmend = decision.event.request.tool === 'modify_order';
    const mark = marks.get(order.symbol) ?? Number.NaN;
    const terms = this.#terms(order, decision.seq + 1);
    const before = this.#terms(order, decision.seq);
    const isLessAggressive = order.side === 'BUY' ? terms.price <= before.price : terms.price >= before.price;
    const ownUsdt = Math.max(0, terms.quantity - this.#filled(order, decision)) * Math.max(mark, terms.price);
    let grossUsdt = 0;
    let symbolUsdt = 0;
    for (const { symbol } of this.books.positions) {
      const exposure = this.#exposure(symbol, marks, decision, order.client_order_id);
      if (symbol !== order.symbol) {
        grossUsdt += Math.max(exposure.long, exposure.short);
        continue;
      }
      symbolUsdt = (order.side === 'BUY' ? exposure.long : exposure.short) + ownUsdt;
      grossUsdt += symbolUsdt;
    }
    return {
      clientOrderId: order.client_order_id,
      kind: isAmend ? 'amend' : decision.event.decision.kind,
      isReducing: isAmend && terms.quantity <= before.quantity && isLessAggressive,
      caps: capsOfDecision(this.#spec, context),
      orderUsdt: ownUsdt,
      symbolUsdt,
      grossUsdt,
      leverageUsed: grossUsdt / (context.account?.equity_usdt ?? Number.NaN),
      decision,
    };
  }

  /** Worst case of a symbol at the exchange just before a decision, without the order that it is about. */
  #exposure(
    symbol: string,
    marks: ReadonlyMap<string, number>,
    decision: Recorded,
    without: string,
  ): { readonly long: number; readonly short: number } {
    let position = 0;
    let buys = 0;
    let sells = 0;
    // A symbol without exposure needs no mark; one with exposure and without a mark makes the sum NaN, which fails.
    const mark = marks.get(symbol) ?? Number.NaN;
    for (const order of this.books.orders) {
      if (order.symbol !== symbol) continue;
      const filled = this.#filled(order, decision);
      position += order.side === 'BUY' ? filled : -filled;
      const sender = this.sentBy.get(order.client_order_id);
      if (isExit(order) || order.client_order_id === without || !/^GT[CD]$/.test(order.time_in_force)) continue;
      if (sender === undefined || sender.seq >= decision.seq) continue;
      if ((this.#endedAt.get(order.client_order_id) ?? Number.POSITIVE_INFINITY) < decision.seq) continue;
      const terms = this.#terms(order, decision.seq);
      const left = Math.max(0, terms.quantity - filled);
      if (left < 1e-9) continue;
      if (order.side === 'BUY') buys += left * Math.max(mark, terms.price);
      else sells += left * Math.max(mark, terms.price);
    }
    const held = Math.abs(position) < 1e-9 ? 0 : position;
    return { long: (held > 0 ? held * mark : 0) + buys, short: (held < 0 ? -held * mark : 0) + sells };
  }

  /** What of an order had filled when a decision was taken. Fills of one instant follow the order of decisions. */
  #filled(order: RecordedOrder, decision: Recorded): number {
    const nowMs = decision.event.context.now_ms;
    const senderSeq = this.sentBy.get(order.client_order_id)?.seq ?? 0;
    return order.fills
      .filter((fill) => fill.time_ms < nowMs || (fill.time_ms === nowMs && senderSeq < decision.seq))
      .reduce((sum, fill) => sum + Number(fill.quantity), 0);
  }

  /** Price and total quantity of an order at a place in the ledger: as planned, or as amended before it. */
  #terms(order: RecordedOrder, beforeSeq: number): { readonly price: number; readonly quantity: number } {
    const { event } = this.requireSender(order);
    const amended = this.#amends.findLast(
      (known) => known.clientOrderId === order.client_order_id && known.decision.seq < beforeSeq,
    );
    const planned = event.orders.find((plan) => plan.client_order_id === order.client_order_id);
    const { rules } = event.context.market;
    if (rules === null) throw new Error('a decision without filters sent an order');
    if (amended === undefined)
      return { price: fromE8(planned?.price_e8 ?? Number.NaN), quantity: fromE8(planned?.quantity_e8 ?? Number.NaN) };
    return {
      price: (amended.priceTicks * rules.tick_mantissa) / rules.tick_scale,
      quantity: (amended.lots * rules.lot_mantissa) / rules.lot_scale,
    };
  }
}
