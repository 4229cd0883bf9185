import { isLiquidation } from '../../../daemon/engine/accounts/income-rows.ts';
import type {
  DecisionEvent,
  ForeignOrder,
  GateEvent,
  OrderEvent,
  TradeEvent,
} from '../../../daemon/engine/records/events.ts';
import { isTerminal } from '../../../daemon/engine/tables/status.ts';
import type { LotOrder, LotRecord } from '../../../daemon/engine/words.ts';
import type { Belief } from './beliefs.ts';

interface Known {
  order: LotOrder;
  readonly isForeign: boolean;
  venueId: string | null;
  hasEnded: boolean;
  executed: number;
  traded: number;
  /** Of a person's order, what trades that name no order had told of before. */
  covered: number;
  /** Venue time of its first record, in which its trades of before are contained. */
  readonly sinceMs: number;
}

interface Unnamed {
  readonly atMs: number;
  lots: number;
}

/** Turns records of a ledger into those that the lot book is folded from. */
export class LotRecords {
  /** By client id: the order that bears it now. */
  readonly #orders = new Map<string, Known>();
  /** Seq of claims, by the decision that asked for them. */
  readonly #claims = new Map<string, number>();
  readonly #trades = new Set<string>();
  /** By symbol. */
  readonly #ahead = new Map<string, Set<Known>>();
  readonly #untraded = new Map<string, Set<Known>>();
  /** Trades that name no order and were no known one's so far, by symbol and side. */
  readonly #unnamed = new Map<string, Unnamed[]>();

  /** Trades of an order are on record, and not its own report of them. */
  isAhead(symbol: string): boolean {
    return (this.#ahead.get(symbol)?.size ?? 0) > 0;
  }
  /** An order has reported more than its trades say. */
  isUntraded(symbol: string): boolean {
    return (this.#untraded.get(symbol)?.size ?? 0) > 0;
  }
  #compare(known: Known): void {
    const { covered, executed, order, traded } = known;
    const reported = executed - covered;
    put(this.#ahead, known, traded > reported);
    put(this.#untraded, known, reported > Math.max(traded, order.filledBefore));
  }

  /** `beliefs`: the gate's after this record. */
  read(event: GateEvent, beliefs: readonly Belief[]): readonly LotRecord[] {
    switch (event.kind) {
      case 'decision':
        return this.#readDecision(event.payload, event.seq);
      case 'exit_target':
        if (event.payload.action === 'opened') this.#claims.set(event.payload.decision_id, event.seq);
        return [];
      case 'order_intent': {
        const known = this.#orders.get(event.payload.client_order_id);
        // An amended exit is a new claim.
        if (event.payload.action !== 'amended' || known === undefined || known.order.opens) return [];
        known.order = { ...known.order, seq: event.seq };
        return [{ kind: 'ordered', order: known.order }];
      }
      case 'order':
        return this.#readOrder(event.payload, event.seq);
      case 'trade':
        return this.#readTrade(event.payload, event.seq);
      case 'account':
        return beliefs.flatMap(({ adopted, held, symbol }) =>
          adopted === null ? [] : { kind: 'adopted', seq: event.seq, symbol, held, ...adopted },
        );
      case 'holder': {
        const { payload } = event;
        if (payload.action !== 'adopted') return [];
        return [{ kind: 'given', symbol: payload.symbol, owner: payload.agent, atMs: event.at_ms }];
      }
      case 'recovery':
        return [{ kind: 'disowned', seq: event.seq, atMs: event.payload.at_venue_ms }];
      default:
        return [];
    }
  }

  #readDecision(event: DecisionEvent, decisionSeq: number): readonly LotRecord[] {
    const { agent, decision, orders, parent_decision_id: parentId, request } = event;
    const records: LotRecord[] = [];
    for (const planned of orders) {
      const { client_order_id: id, protective, reduce_only: reduceOnly, side, symbol } = planned;
      const root = parentId ?? decision.decision_id;
      if (this.#orders.has(id) && decision.kind === 'slice') continue;
      if (!this.#claims.has(root)) this.#claims.set(root, decisionSeq);
      // A stop is of no time: it closes whatever is held.
      const seq = protective ? Number.MAX_SAFE_INTEGER : (this.#claims.get(root) ?? decisionSeq);
      const owner = request.origin === 'agent' ? agent : null;
      const order = { id, symbol, side, by: request.origin, owner, seq, opens: !reduceOnly, filledBefore: 0 };
      records.push(this.#begin(id, order, false, 0));
    }
    return records;
  }

  #begin(id: string, order: LotOrder, isForeign: boolean, sinceMs: number): LotRecord {
    const nothing = { hasEnded: false, executed: 0, traded: 0, covered: 0 };
    this.#orders.set(id, { order, isForeign, venueId: null, ...nothing, sinceMs });
    return { kind: 'ordered', order };
  }

  #readOrder(event: OrderEvent, seq: number): readonly LotRecord[] {
    const { another, client_order_id: id, evidence, executed_e8: executed, foreign, venue_at_ms: atMs } = event;
    const records: LotRecord[] = [];
    const before = this.#orders.get(id);
    const venueId = before?.venueId ?? null;
    const isOther = venueId !== null && event.venue_order_id !== null && venueId !== event.venue_order_id;
    if (foreign !== null && (before === undefined || another === true || (venueId !== null && isOther)))
      records.push(this.#begin(id, foreignOrder(event, foreign, seq, before !== undefined), true, atMs));
    else if (isOther && evidence !== undefined) return [];
    const known = this.#orders.get(id);
    if (known === undefined) return [];
    known.venueId ??= event.venue_order_id;
    if (known.isForeign && foreign !== null && known.hasEnded && !isTerminal(event) && records.length === 0) {
      // What it filled meanwhile a reading has shown.
      known.order = { ...known.order, filledBefore: executed };
      records.push({ kind: 'ordered', order: known.order });
    }
    known.hasEnded = isTerminal(event);
    if (executed > known.executed) {
      if (known.isForeign) this.#cover(known, executed);
      known.executed = executed;
      this.#compare(known);
      records.push({ kind: 'reported', id: known.order.id, executed: executed - known.covered, atMs });
    }
    return records;
  }

  /** A trade of a person's order names none: it may have been told before the order's own report. */
  #cover(known: Known, executed: number): void {
    const { filledBefore, side, symbol } = known.order;
    let risen = executed - Math.max(known.executed, filledBefore, known.traded);
    for (const trade of this.#unnamedOf(symbol, side)) {
      const covered = trade.atMs < known.sinceMs ? 0 : Math.max(0, Math.min(trade.lots, risen));
      trade.lots -= covered;
      risen -= covered;
      known.covered += covered;
    }
  }
  #unnamedOf(symbol: string, side: string): Unnamed[] {
    const key = `${symbol} ${side}`;
    const trades = this.#unnamed.get(key) ?? [];
    this.#unnamed.set(key, trades);
    return trades;
  }
  /** The person's order that a trade without a name is of; undefined: none that is known. */
  #findForeign(symbol: string, side: string): Known | undefined {
    for (const known of this.#orders.values()) {
      const { covered, executed, isForeign, order, traded } = known;
      if (!isForeign || order.symbol !== symbol || order.side !== side) continue;
      if (executed - covered > Math.max(traded, order.filledBefore)) return known;
    }
    return undefined;
  }

  #readTrade(event: TradeEvent, seq: number): readonly LotRecord[] {
    const { at_venue_ms: atMs, client_order_id: clientId, quantity_e8: lots, side, symbol, trade_id: tradeId } = event;
    const key = `${symbol} ${tradeId}`;
    if (this.#trades.has(key)) return [];
    this.#trades.add(key);
    const number = Number(tradeId);
    const known = clientId === null ? this.#findForeign(symbol, side) : this.#orders.get(clientId);
    if (known !== undefined) {
      known.traded += lots;
      this.#compare(known);
      return [{ kind: 'traded', id: known.order.id, lots, atMs, number }];
    }
    if (clientId === null) this.#unnamedOf(symbol, side).push({ atMs, lots });
    const isVenues = isLiquidation(event);
    const order: LotOrder = {
      id: `trade ${key}`,
      symbol,
      side,
      by: isVenues ? 'venue' : 'person',
      owner: null,
      seq,
      opens: !isVenues,
      filledBefore: 0,
    };
    return [
      { kind: 'ordered', order },
      { kind: 'traded', id: order.id, lots, atMs, number },
    ];
  }
}

function put(sets: Map<string, Set<Known>>, known: Known, isIn: boolean): void {
  const { symbol } = known.order;
  const set = sets.get(symbol) ?? new Set();
  sets.set(symbol, set);
  if (isIn) set.add(known);
  else set.delete(known);
}

function foreignOrder(
  { client_order_id: id, executed_e8: filledBefore }: OrderEvent,
  { close_position: closesAll, reduce_only: reduceOnly, side, symbol }: ForeignOrder,
  seq: number,
  isAnother: boolean,
): LotOrder {
  const by = isLiquidation({ client_order_id: id }) ? 'venue' : 'person';
  const name = isAnother ? `${id} since ${seq}` : id;
  return { id: name, symbol, side, by, owner: null, seq, opens: !reduceOnly && !closesAll, filledBefore };
}
