import type { EngineCore, VenueConsequences } from '../flow/core.ts';
import { call, type Flow } from '../flow/step.ts';
import { lackingE8 } from '../orders/holding.ts';
import { isTerminal, type OrderState } from '../orders/orders.ts';
import { ownerOf } from '../plan/orders.ts';
import type { VenueOrder, VenueTrade } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import type { Ask, OrderProof } from './order-proof.ts';

/** The venue tells of accepted orders for about a week. */
const LONGEST_LOOKBACK_MS = 6 * 86_400_000;

/** What lists of orders and of trades prove about an order that no lookup finds. */
export class AbsentOrders {
  readonly #core: EngineCore;
  readonly #proof: OrderProof;
  readonly #consequences: Pick<VenueConsequences, 'onVanished'>;

  constructor(core: EngineCore, proof: OrderProof, consequences: Pick<VenueConsequences, 'onVanished'>) {
    this.#core = core;
    this.#proof = proof;
    this.#consequences = consequences;
  }

  /**
   * Ends an order that no lookup since `since` finds. False: nothing is proven yet. `others`: venue ids of orders known
   * not to be this one.
   */
  *end(order: OrderState, since: Ask, others: Set<string>): Flow<boolean> {
    const proof = this.#proof;
    const asked = proof.ask();
    const { symbol } = order;
    const open = yield* call('fetchOpenOrders', [symbol]);
    // A row that cannot be read may be this very order's.
    if (open.kind === 'failed' || open.value.unreadable.length > 0) return false;
    // What it shows of our other orders counts as well: the next list may be long in coming.
    let isListed = false;
    for (const report of open.value.rows) {
      const { clientOrderId: id } = report;
      const known = id === order.clientOrderId ? order : this.#core.state.orders.all.get(id);
      if (known === undefined || known.foreign || proof.isOther(known, report)) continue;
      if (known === order) isListed = true;
      else if (isTerminal(known)) continue;
      proof.adopt(known, report, asked);
    }
    if (isListed) return false;
    const sinceMs = this.#venueMs(order.plannedAtMs) - 1000;
    const trades = yield* call('fetchTrades', symbol, null, sinceMs);
    if (trades.kind === 'failed' || trades.value.unreadable.length > 0) return false;
    const { rows: traded } = trades.value;
    const isOwnKnown = order.kind === 'regular' && order.venueOrderId !== null;
    if (!isOwnKnown && (yield* this.#mayBeTraded(order, traded, others, since))) return isTerminal(order);
    if (order.kind === 'algo' && mayHaveFired(this.#core.state, order, traded, others)) return false;
    if (!isOwnKnown && order.kind === 'regular' && (yield* this.#mayBePlaced(order, others))) return false;
    if (proof.wasShownSince(order, since)) return false;
    proof.settleAmend(order, order.amendSeq, false, 'order absent');
    if (isTerminal(order)) return true;
    // RISK: an acknowledged order was placed. Its own trades say how it ended; it never counts as not placed.
    if (isOwnKnown) {
      const ended = endedReport(order, traded, this.#core.nowMs());
      return (
        proof.recordAbsent(order, { status: ended.status, detail: 'no longer at the venue' }, since, ended) !== null
      );
    }
    if (order.acknowledgedAtMs !== null) {
      // RISK: its trade may lag behind; should there be one, it is proof.
      if (order.kind === 'algo') this.#consequences.onVanished(order);
      return proof.recordAbsent(order, { status: 'canceled', detail: 'no longer at the venue' }, since) !== null;
    }
    return proof.recordAbsent(order, { status: 'not_placed', detail: 'proven absent at the venue' }, since) !== null;
  }

  /**
   * RISK: one that never rests leaves neither a trade nor an open order if it does not fill, and a lookup may lag behind:
   * only the list of all orders that were accepted tells it from one that never arrived.
   */
  *#mayBePlaced(order: OrderState, others: Set<string>): Flow<boolean> {
    const { symbol } = order;
    const sentMs = this.#venueMs(order.sentAtMs ?? order.plannedAtMs);
    const sinceMs = Math.max(sentMs - 1000, this.#core.nowMs() - LONGEST_LOOKBACK_MS);
    const placed = yield* call('fetchPlacedOrders', symbol, sinceMs);
    if (placed.kind === 'failed' || placed.value.unreadable.length > 0) return true;
    for (const { clientOrderId, venueOrderId } of placed.value.rows) {
      if (clientOrderId !== order.clientOrderId || others.has(venueOrderId)) continue;
      const asked = this.#proof.ask();
      const found = yield* call('lookupByVenueId', symbol, venueOrderId);
      if (found.kind !== 'found') return true;
      if (!this.#proof.isOther(order, found.order)) {
        this.#proof.adopt(order, found.order, asked);
        return true;
      }
      others.add(venueOrderId);
    }
    return false;
  }

  /**
   * What the venue is asked by. RISK: it dates what was sent before its clock went ahead by the clock of before; asked from
   * later on, it would show nothing of that.
   */
  #venueMs(tMs: number): number {
    return this.#core.state.time.wasAtMs(tMs);
  }

  /** By the form of its id: orders that ended hours ago have left the views. */
  #isOfOther(order: OrderState, { clientOrderId }: VenueOrder): boolean {
    return clientOrderId !== order.clientOrderId && ownerOf(clientOrderId, this.#core.ids.genesisId) !== 'none';
  }

  /** A trade of an unknown order may be this order's, until a lookup of the trade's order shows another client id. */
  *#mayBeTraded(
    order: OrderState,
    trades: readonly VenueTrade[],
    others: Set<string>,
    absentSince: Ask,
  ): Flow<boolean> {
    const since = this.#venueMs(order.sentAtMs ?? order.plannedAtMs) - 1000;
    for (const trade of trades) {
      const { venueOrderId } = trade;
      if (trade.atMs < since || trade.side !== order.side || others.has(venueOrderId)) continue;
      if (this.#core.state.orders.byVenueId.has(`${order.symbol} ${venueOrderId}`)) continue;
      const asked = this.#proof.ask();
      const { symbol } = order;
      const found = yield* call('lookupByVenueId', symbol, venueOrderId);
      if (found.kind !== 'found') return true;
      // The order that a conditional one turned into may have any id but that of another one of ours, and reduces like
      // the stop itself.
      if (order.kind === 'algo' && !this.#isOfOther(order, found.order)) {
        if (isChild(order, found.order)) {
          this.#proof.recordAbsent(
            order,
            { status: found.order.status, detail: 'it has fired' },
            absentSince,
            found.order,
          );
          return true;
        }
        if (found.order.reduceOnly || found.order.closePosition || !order.reduceOnly) return true;
      } else if (found.order.clientOrderId === order.clientOrderId && !this.#proof.isOther(order, found.order)) {
        this.#proof.adopt(order, found.order, asked);
        return true;
      }
      others.add(venueOrderId);
    }
    return false;
  }
}

/** The order that a conditional one became has its client id, and an end. */
function isChild({ clientOrderId, side }: OrderState, found: VenueOrder): boolean {
  return found.kind === 'regular' && found.clientOrderId === clientOrderId && found.side === side && isTerminal(found);
}

/**
 * The account lacks lots that a conditional order may have closed, and no trade of somebody else explains. RISK: lists of
 * trades lag; an order that counts as canceled would leave its fill to nobody.
 */
function mayHaveFired(
  { positions, time }: GateViews,
  { plannedAtMs, reduceOnly, side, symbol }: OrderState,
  trades: readonly VenueTrade[],
  others: ReadonlySet<string>,
): boolean {
  const lacking = reduceOnly ? lackingE8(positions.get(symbol), side) : 0;
  if (lacking === 0) return false;
  let explained = 0;
  for (const trade of trades)
    if (trade.side === side && time.of(trade.atMs) >= plannedAtMs && others.has(trade.venueOrderId))
      explained += trade.quantityE8;
  return lacking > explained;
}

/** How an acknowledged order ended that the venue no longer knows, according to its own trades. */
function endedReport(order: OrderState, trades: readonly VenueTrade[], nowMs: number): VenueOrder {
  const own = trades.filter((trade) => trade.venueOrderId === order.venueOrderId);
  const tradedE8 = own.reduce((sum, trade) => sum + trade.quantityE8, 0);
  const executedE8 = Math.max(order.executedE8, tradedE8);
  return {
    kind: order.kind,
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.venueOrderId ?? '',
    side: order.side,
    type: order.orderType,
    quantityE8: order.quantityE8,
    executedE8,
    priceE8: order.priceE8,
    triggerE8: order.triggerE8,
    reduceOnly: order.reduceOnly,
    closePosition: false,
    status: executedE8 >= order.quantityE8 ? 'filled' : 'canceled',
    averagePrice: tradedE8 > 0 ? own.reduce((sum, trade) => sum + trade.price * trade.quantityE8, 0) / tradedE8 : null,
    updatedAtMs: own.at(-1)?.atMs ?? nowMs,
  };
}
