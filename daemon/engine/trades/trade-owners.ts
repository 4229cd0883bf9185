import { isLiquidation } from '../accounts/income-rows.ts';
import type { LiveCore } from '../flow/core.ts';
import { call, type Flow } from '../flow/step.ts';
import { liveOrders } from '../orders/orders.ts';
import type { VenueOrder, VenueTrade } from '../records/venue.ts';
import { isAsSent } from '../sending/order-proof.ts';
import { hasUnnumbered, hasVanished } from './unread-trades.ts';

/** Orders of others whose trades were read; forgotten together when there are more. */
const MAX_STRANGERS = 1_000;

/** Orders that one reading of trades asks for: many a stranger's trades take several. */
const MAX_LOOKUPS = 20;

/** By then every copy of the exchange's books knows an order that has traded, ms. */
const FOUND_WITHIN_MS = 60_000;

/** Whose order a trade is of. */
export type TradeOwner =
  | { readonly kind: 'order'; readonly clientOrderId: string | null }
  /** Of before the accounts begin; it cannot be told yet; the exchange did not say. */
  | { readonly kind: 'before' | 'later' | 'unread' };

/**
 * Trades name their order by the exchange's number. That of a stop which fired is none that we know, and orders of
 * other people are known only while they rest: the exchange is asked for both, once an order.
 */
export class TradeOwners {
  readonly #core: LiveCore;
  readonly #strangers = new Map<string, string | null>();
  #asked = 0;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** A reading of trades begins. */
  begin(): void {
    this.#asked = 0;
  }

  *find(trade: VenueTrade): Flow<TradeOwner> {
    const { accounts } = this.#core.state;
    const key = `${trade.symbol} ${trade.venueOrderId}`;
    const numbered = this.#numbered(key);
    if (numbered !== null) return numbered;
    if (accounts.sinceMs === null || trade.atMs <= accounts.sinceMs) return { kind: 'before' };
    let clientOrderId = this.#strangers.get(key);
    if (clientOrderId === undefined) {
      if (this.#asked >= MAX_LOOKUPS) return { kind: 'unread' };
      this.#asked += 1;
      // RISK: the weight that strangers' trades cost must not be what prices, cancels and exits lack.
      const found = yield* call('lookupByVenueId', trade.symbol, trade.venueOrderId, true);
      if (found.kind === 'failed') return { kind: 'unread' };
      // Of whom it is, only its order tells; ours may not be known by the exchange's number yet.
      if (found.kind === 'not_found' && (hasUnnumbered(this.#core, trade.symbol) || this.#mayBeStop(trade)))
        return { kind: 'later' };
      clientOrderId = found.kind === 'found' ? this.#idOf(found.order) : null;
      if (this.#strangers.size >= MAX_STRANGERS) this.#strangers.clear();
      this.#strangers.set(key, clientOrderId);
      // RISK: the answer to the order itself may have come meanwhile.
      const numberedSince = this.#numbered(key);
      if (numberedSince !== null) return numberedSince;
    }
    return { kind: 'order', clientOrderId };
  }

  /** RISK: what has traded exists. A replica that does not know it yet would make a stop that fired somebody else's. */
  #mayBeStop({ atMs, side, symbol }: VenueTrade): boolean {
    const { ports, state } = this.#core;
    if (this.#core.nowMs() - atMs >= FOUND_WITHIN_MS) return false;
    for (const order of state.orders.all.values())
      if (order.symbol === symbol && order.side === side && hasVanished(order)) return true;
    if (this.#core.nowMs() - atMs >= ports.venue.acceptanceHorizonMs) return false;
    for (const order of liveOrders(state.orders, symbol))
      if (order.kind === 'algo' && order.side === side && !order.foreign) return true;
    return false;
  }

  /** Id of the order of ours that it is, a stop that fired or one whose number no answer has told us yet; of a liquidation. */
  #idOf(found: VenueOrder): string | null {
    if (isLiquidation({ client_order_id: found.clientOrderId })) return found.clientOrderId;
    const known = this.#core.state.orders.all.get(found.clientOrderId);
    if (known === undefined || known.foreign || known.symbol !== found.symbol) return null;
    if (known.kind === 'algo') return known.side === found.side ? known.clientOrderId : null;
    return known.venueOrderId === null && isAsSent(known, found, this.#core.state) ? known.clientOrderId : null;
  }

  /** Of an order that is known by the exchange's number. */
  #numbered(key: string): TradeOwner | null {
    const { orders } = this.#core.state;
    const order = orders.byVenueId.get(key);
    if (order === undefined) return null;
    // An id in use again is that of the later order.
    const isOfId = orders.all.get(order.clientOrderId) === order;
    return { kind: 'order', clientOrderId: isOfId ? order.clientOrderId : null };
  }
}
