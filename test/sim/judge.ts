import type { Daemon } from '../../daemon/main.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import { type ReportedEvent, teller } from '../told.ts';

/** A fill as the exchange's own books show it. */
export interface BookFill {
  readonly trade_id: number;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly quantity: string;
  readonly price: string;
  readonly position_before: string;
  readonly position_after: string;
}
export interface BookEntry {
  readonly order_id: number;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: string;
  readonly quantity: string;
  readonly executed_quantity: string;
  readonly reduce_only: boolean;
  readonly origin: string;
  readonly status: string;
  readonly fills: readonly BookFill[];
}
interface BooksBody {
  readonly positions: readonly { readonly symbol: string; readonly quantity: string }[];
  readonly orders: readonly BookEntry[];
}
export interface View {
  readonly positions: ReadonlyMap<string, number>;
  readonly orders: readonly BookEntry[];
  readonly fills: readonly BookFill[];
}

/** Rounding of one comparison, USDT: far below a lot. */
const SLACK_USDT = 1e-6;
const TERMINAL = new Set(['FILLED', 'CANCELED', 'EXPIRED']);

export function isOpen(order: BookEntry): boolean {
  return !TERMINAL.has(order.status);
}
export async function readBooks(world: DaemonWorld): Promise<View> {
  const books = (await world.control('books')) as BooksBody;
  const fills = books.orders.flatMap((order) => order.fills).sort((a, b) => a.trade_id - b.trade_id);
  return {
    positions: new Map(books.positions.map((position) => [position.symbol, Number(position.quantity)])),
    orders: books.orders,
    fills,
  };
}

/**
 * Judges a run from the exchange's books and from what the ledger says was approved; every breach is a line of text.
 * Knows nothing of the gate's own state.
 */
export class Judge {
  readonly breaches: string[] = [];
  #ledgerSeq = 0;
  #seenFill = 0;
  readonly #seenOrders = new Set<number>();
  /** Decision that approved an order as it is now, by client order id (a slice's, an amend's own). */
  readonly #approvals = new Map<string, ReportedEvent>();
  readonly #parents = new Map<
    string,
    { readonly lots: number; readonly event: ReportedEvent; readonly ids: Set<string> }
  >();
  /** No opening and no agent's exit may fill after this trade while halted; null: not halted. */
  haltedSince: { readonly tradeId: number; readonly orderId: number } | null = null;

  #breach(what: string): void {
    this.breaches.push(what);
  }

  /** Looks at everything that happened since the last look. */
  look(daemon: Daemon, view: View): void {
    this.#readLedger(daemon);
    this.#checkIds(view);
    for (const order of view.orders) {
      if (this.#seenOrders.has(order.order_id)) continue;
      this.#seenOrders.add(order.order_id);
      if (order.origin === 'client') this.#checkPlaced(order, view);
    }
    for (const fill of view.fills) {
      if (fill.trade_id <= this.#seenFill) continue;
      this.#seenFill = fill.trade_id;
      this.#checkFill(fill, view);
    }
    this.#checkParents(view);
  }

  #readLedger(daemon: Daemon): void {
    const tell = teller(daemon.ledger);
    for (const event of daemon.ledger.iterateEvents({ fromSeq: this.#ledgerSeq + 1, kind: 'decision' })) {
      this.#ledgerSeq = event.seq;
      const decision = tell(event.payload);
      const { kind, effective, decision_id: id } = decision.decision;
      if (kind === 'dry_run' || kind === 'intercept' || effective === null || effective.action === 'cancel') continue;
      for (const planned of decision.orders) {
        this.#approvals.set(planned.client_order_id, decision);
        const parent = this.#parents.get(decision.parent_decision_id ?? id);
        if (parent !== undefined) parent.ids.add(planned.client_order_id);
        else this.#parents.set(id, { lots: effective.lots, event: decision, ids: new Set([planned.client_order_id]) });
      }
      if (effective.action !== 'amend') continue;
      const target = decision.request.client_order_id ?? '';
      if (effective.leverage !== null) this.#approvals.set(target, decision);
      for (const [key, parent] of this.#parents)
        if (parent.ids.has(target)) this.#parents.set(key, { ...parent, lots: Math.max(parent.lots, effective.lots) });
    }
  }

  /** Each client order id at most once, and none that no decision approved. */
  #checkIds(view: View): void {
    const seen = new Set<string>();
    for (const order of view.orders) {
      if (order.origin !== 'client') continue;
      if (seen.has(order.client_order_id)) this.#breach(`client order id ${order.client_order_id} was taken twice`);
      seen.add(order.client_order_id);
      if (!this.#approvals.has(order.client_order_id))
        this.#breach(`order ${order.client_order_id} is at the exchange without a decision`);
    }
  }

  /** Caps on an order that opens risk, with everything that rests, at the marks of its decision. */
  #checkPlaced(order: BookEntry, view: View): void {
    if (order.reduce_only) return;
    const event = this.#approvals.get(order.client_order_id);
    const mark = event?.context.market.mark;
    if (event === undefined || mark === null || mark === undefined) return;
    const budget = event.decision.budget.budget;
    const own = Number(order.quantity) * Math.max(mark, Number(order.price));
    this.#atMost(`order ${order.client_order_id}`, own, budget.order_notional_usdt);
    // The side that the order adds to: the other one may stand above a cap that its mark has outgrown.
    const worst = worstCase(order.symbol, mark, view);
    const symbol = order.side === 'BUY' ? worst.long : worst.short;
    this.#atMost(`${order.symbol} after order ${order.client_order_id}`, symbol, budget.symbol_notional_usdt);
    let gross = symbol;
    for (const [other, otherMark] of event.context.exposure.other_marks) {
      const counted = worstCase(other, otherMark, view);
      gross += Math.max(counted.long, counted.short);
    }
    this.#atMost(`gross after order ${order.client_order_id}`, gross, budget.gross_notional_usdt);
  }

  #atMost(what: string, usdt: number, cap: number): void {
    if (usdt > cap + SLACK_USDT) this.#breach(`${what}: ${usdt.toFixed(4)} USDT is above the cap of ${cap}`);
  }

  #checkFill(fill: BookFill, view: View): void {
    const order = view.orders.find((entry) => entry.client_order_id === fill.client_order_id);
    if (order === undefined || order.origin !== 'client') return;
    const before = Number(fill.position_before);
    const after = Number(fill.position_after);
    if (order.reduce_only) {
      const reduces = Math.abs(after) < Math.abs(before) && (after === 0 || Math.sign(after) === Math.sign(before));
      if (!reduces) this.#breach(`reduce-only order ${order.client_order_id} moved the position ${before} -> ${after}`);
    } else {
      const event = this.#approvals.get(order.client_order_id);
      const mark = event?.context.market.mark ?? null;
      if (event !== undefined && mark !== null && Math.abs(after) > Math.abs(before)) {
        const cap = event.decision.budget.budget.symbol_notional_usdt;
        this.#atMost(
          `position of ${fill.symbol} after a fill of ${order.client_order_id}`,
          Math.abs(after) * mark,
          cap,
        );
      }
    }
    this.#checkHalt(fill, order);
  }

  #checkHalt(fill: BookFill, order: BookEntry): void {
    if (this.haltedSince === null || fill.trade_id <= this.haltedSince.tradeId) return;
    const origin = this.#approvals.get(order.client_order_id)?.request.origin;
    const wasResting = order.reduce_only && order.order_id <= this.haltedSince.orderId;
    if (origin !== 'operator' && !wasResting)
      this.#breach(`order ${order.client_order_id} of ${origin} filled while trading was halted`);
  }

  /** What a parent's orders executed and may still execute stays within what was approved. */
  #checkParents(view: View): void {
    const byId = new Map(view.orders.map((order) => [order.client_order_id, order]));
    for (const [id, parent] of this.#parents) {
      const { effective } = parent.event.decision;
      const { rules } = parent.event.context.market;
      if (effective?.action !== 'open' || rules === null) continue;
      let quantity = 0;
      for (const child of parent.ids) {
        const order = byId.get(child);
        if (order !== undefined) quantity += Number(isOpen(order) ? order.quantity : order.executed_quantity);
      }
      const approved = (parent.lots * rules.lot_mantissa) / rules.lot_scale;
      if (quantity > approved + 1e-9)
        this.#breach(`decision ${id} approved ${approved} but ${quantity} is at the exchange`);
    }
  }
}

/** Position and resting opening orders by side, valued at the worse of mark and limit. */
function worstCase(symbol: string, mark: number, view: View): { readonly long: number; readonly short: number } {
  const position = view.positions.get(symbol) ?? 0;
  let long = Math.max(0, position) * mark;
  let short = Math.max(0, -position) * mark;
  for (const order of view.orders) {
    if (order.symbol !== symbol || order.reduce_only || !isOpen(order)) continue;
    const usdt = (Number(order.quantity) - Number(order.executed_quantity)) * Math.max(mark, Number(order.price));
    if (order.side === 'BUY') long += usdt;
    else short += usdt;
  }
  return { long, short };
}
