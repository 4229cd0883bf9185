import type { GateCore } from '../journal/journal.ts';
import type { VenueTrade } from '../venue-port.ts';
import { hasUnnumbered } from './unread-trades.ts';

/** Orders of others whose trades were read; forgotten together when there are more. */
const MOST_STRANGERS = 1_000;

/** Whose order a trade is of. */
export type TradeOwner =
  | { readonly kind: 'order'; readonly clientOrderId: string | null }
  /** Of before the accounts begin, or it cannot be told yet. */
  | { readonly kind: 'before' | 'later' };

/**
 * Trades name their order by the exchange's number. That of a stop which fired is none that we know, and orders of
 * other people are known only while they rest: the exchange is asked for both, once an order.
 */
export class TradeOwners {
  readonly #core: GateCore;
  readonly #strangers = new Map<string, string | null>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  async find(trade: VenueTrade): Promise<TradeOwner> {
    const { orders, accounts } = this.#core.state;
    const key = `${trade.symbol} ${trade.venueOrderId}`;
    const order = orders.byVenueId.get(key);
    if (order !== undefined) {
      // An id in use again is that of the later order.
      const isOfId = orders.all.get(order.clientOrderId) === order;
      return { kind: 'order', clientOrderId: isOfId ? order.clientOrderId : null };
    }
    if (accounts.sinceMs === null || trade.atMs <= accounts.sinceMs) return { kind: 'before' };
    let clientOrderId = this.#strangers.get(key);
    if (clientOrderId === undefined) {
      const found = await this.#core.ports.venue.lookupByVenueId(trade.symbol, trade.venueOrderId);
      if (found.kind === 'failed') return { kind: 'later' };
      // Of whom it is, only its order tells; ours may not be known by the exchange's number yet.
      if (found.kind === 'not_found' && hasUnnumbered(this.#core, trade.symbol)) return { kind: 'later' };
      clientOrderId = found.kind === 'found' ? found.order.clientOrderId : null;
      if (this.#strangers.size >= MOST_STRANGERS) this.#strangers.clear();
      this.#strangers.set(key, clientOrderId);
    }
    const known = clientOrderId === null ? undefined : orders.all.get(clientOrderId);
    if (known?.kind === 'regular' && !known.foreign && known.venueOrderId === null) return { kind: 'later' };
    const isStop = known?.kind === 'algo' && known.side === trade.side && known.symbol === trade.symbol;
    return { kind: 'order', clientOrderId: isStop ? known.clientOrderId : null };
  }
}
