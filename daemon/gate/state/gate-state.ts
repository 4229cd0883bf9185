import type { RuleVerdict } from '../../core/decision.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../core/policy.ts';
import type {
  AccountEvent,
  ArmingEvent,
  DecisionEvent,
  GateEvent,
  MarketEvent,
  OrderEvent,
  PolicyEvent,
  SignalEvent,
  TradeEvent,
} from '../events.ts';
import type { SymbolRules } from '../ports.ts';
import { EquityHistory } from './equity.ts';
import { applyStateEvent, type LayerMap } from './layers.ts';
import { OrderChanges } from './order-changes.ts';
import {
  applyListed,
  applyOrderEvent,
  applyOrderIntent,
  buildForeignOrder,
  createOrderBook,
  insertOrder,
  isTerminal,
  liveOrders,
  type OrderState,
  planOrders,
  possibleFills,
} from './orders.ts';
import { Pacing } from './pacing.ts';
import { applyFill, applySnapshot, createPosition, type PositionState, setLeverage } from './positions.ts';
import { RecentAlerts } from './recent-alerts.ts';
import { RequestMemory } from './requests.ts';
import { findStepChange, rescaleOrder, rescalePosition, rescaleRecord } from './rescale.ts';
import { SeenIds } from './seen-ids.ts';
import { TradeBook } from './trades.ts';

/** Pages of trades go back to the newest one known, or an hour before a restart. */
const KEEP_TRADES_MS = 2 * 86_400_000;
/** The list of transfers is asked for from the last one on, or from the last account record before a restart. */
const KEEP_TRANSFERS_MS = 30 * 86_400_000;
/** Signals that have expired stay this long: clocks may step back. */
const KEEP_SIGNALS_MS = 86_400_000;

/**
 * Every view of the gate, folded from ledger events and from nothing else. `applyEvent` is the only writer; it runs in
 * the same event-loop turn as the append, so a decision, its reservation and the next snapshot can never interleave.
 */
export class GateState {
  readonly orders = createOrderBook();
  readonly changes = new OrderChanges();
  readonly positions = new Map<string, PositionState>();
  readonly pacing = new Pacing();
  readonly layers: LayerMap = new Map();
  readonly signals = new Map<string, SignalEvent>();
  readonly requests = new RequestMemory();
  readonly equity = new EquityHistory();
  readonly trades = new TradeBook();
  readonly rules = new Map<string, SymbolRules>();
  readonly markets = new Map<string, MarketEvent>();
  readonly alerts = new RecentAlerts();
  /** Trade ids by symbol. */
  readonly seenTrades = new SeenIds(KEEP_TRADES_MS);
  readonly seenTransfers = new SeenIds(KEEP_TRANSFERS_MS);
  account: AccountEvent | null = null;
  policy: PolicyEvent | null = null;
  arming: ArmingEvent | null = null;
  /** Opening orders whose margin the last account snapshot may not contain yet. */
  readonly uncontained = new Set<OrderState>();
  /** Orders that an amend made larger or dearer since the account was read, as they were when it was. */
  readonly readAs = new Map<OrderState, { readonly lots: number; readonly priceTicks: number }>();
  stateSeq = 0;
  marketSeq = 0;
  lastEventAtMs = 0;

  position(symbol: string): PositionState {
    const known = this.positions.get(symbol);
    if (known !== undefined) return known;
    const position = createPosition(symbol);
    this.positions.set(symbol, position);
    return position;
  }

  apply(event: GateEvent): void {
    if (event.kind === 'market' || event.kind === 'rules') this.marketSeq = event.seq;
    else this.stateSeq = event.seq;
    this.lastEventAtMs = event.at_ms;
    this.orders.ended.dropOld(this.orders, event.at_ms);
    switch (event.kind) {
      case 'decision':
        this.#applyDecision(event.payload, event.at_ms);
        return;
      case 'order':
        this.#applyOrder(event.payload, event.at_ms);
        return;
      case 'order_intent': {
        const order = this.orders.all.get(event.payload.client_order_id);
        if (order === undefined) return;
        applyOrderIntent(order, event.payload);
        // What was read before the amend was proven does not contain it.
        if (event.payload.action === 'amended') order.updatedAtMs = Math.max(order.updatedAtMs, event.at_ms);
        this.changes.settle(order, event.payload);
        return;
      }
      case 'trade':
        this.#applyTrade(event.payload);
        return;
      case 'account':
        this.#applyAccount(event.payload);
        return;
      case 'market':
        this.markets.set(event.payload.symbol, event.payload);
        return;
      case 'rules':
        this.#applyRules(event.payload.rules);
        return;
      case 'state':
        applyStateEvent(this.layers, event.payload, event.at_ms);
        if (event.payload.layer === 'breaker' && event.payload.scope === 'agent' && event.payload.name !== null) {
          this.#applyBreaker(event.payload.name, event.payload.state, event.payload.clears_at_ms, event.at_ms);
        }
        return;
      case 'signal':
        this.signals.set(event.payload.signal_id, event.payload);
        for (const [id, signal] of this.signals)
          if (signal.expires_at_ms <= event.at_ms - KEEP_SIGNALS_MS) this.signals.delete(id);
        return;
      case 'leverage':
        setLeverage(this.position(event.payload.symbol), event.payload.leverage, event.payload.confirmed_at_ms ?? null);
        return;
      case 'rebase':
        this.equity.rebase(event.at_ms, event.payload.equity_usdt);
        return;
      case 'transfer':
        if (!this.seenTransfers.add('', event.payload.transfer_id, event.payload.at_venue_ms)) return;
        this.equity.addTransfer(event.payload.amount_usdt, event.payload.at_venue_ms);
        return;
      case 'policy':
        if (event.payload.action === 'in_force') this.policy = event.payload;
        return;
      case 'arming':
        this.arming = event.payload;
        return;
      case 'alert':
        this.alerts.add(event.payload, event.seq, event.at_ms);
        return;
      case 'rejected_input':
        return;
    }
  }

  /** INVARIANT: lots and ticks are units of the rules in force: what is held in them changes with them. */
  #applyRules(rules: SymbolRules): void {
    const { symbol } = rules;
    const change = findStepChange(this.rules.get(symbol), rules);
    this.rules.set(symbol, rules);
    if (change === null) return;
    const position = this.positions.get(symbol);
    if (position !== undefined) rescalePosition(position, change);
    this.trades.rescale(symbol, change.lots);
    for (const order of this.orders.all.values()) if (order.symbol === symbol) rescaleOrder(order, change);
    if (this.account === null) return;
    const positions = this.account.positions.map((held) =>
      held.symbol === symbol ? rescaleRecord(held, change) : held,
    );
    this.account = { ...this.account, positions };
  }

  #applyBreaker(agent: string, state: string, untilMs: number | null, atMs: number): void {
    const known = this.pacing.breakers.get(agent);
    if (state === 'active') {
      // An operator cleared it: what was counted before no longer counts.
      this.pacing.breakers.set(agent, { trips: known?.trips ?? 0, untilMs: atMs });
    } else
      this.pacing.breakers.set(agent, { trips: (known?.trips ?? 0) + 1, untilMs: untilMs ?? Number.MAX_SAFE_INTEGER });
  }

  #applyDecision(event: DecisionEvent, atMs: number): void {
    this.requests.apply(event, atMs);
    const { decision } = event;
    if (decision.kind === 'slice') {
      this.#applySlice(event, atMs);
      return;
    }
    if (decision.kind === 'tool') this.changes.begin(event, this.orders, this.layers, atMs);
    if (decision.kind === 'tool' && decision.effective?.action === 'amend') this.#applyAmend(event, atMs);
    if (event.orders.length === 0) return;
    const opening = decision.effective?.action === 'open';
    for (const order of planOrders(event, atMs)) {
      insertOrder(this.orders, order);
      if (!order.reduceOnly) this.uncontained.add(order);
    }
    const agent = this.pacing.agent(event.agent);
    if (opening && decision.kind === 'tool') {
      // The parent takes a token for every slice at its decision: sends are counted, not acknowledgements.
      this.pacing.account.sends.add(atMs, event.orders.length);
      agent.sends.add(atMs, event.orders.length);
      if (event.request.symbol !== null) this.pacing.symbol(event.request.symbol).lastOpenParentAtMs = atMs;
    }
    if (decision.effective?.action === 'exit') {
      this.pacing.account.exits.add(atMs, 1);
      agent.exits.add(atMs, 1);
    }
  }

  /**
   * INVARIANT: an amend counts from its decision on, in the same turn, as the larger and the worse of both forms. One
   * that adds risk (it has a leverage) is paced like the opening order that it becomes; any other takes a token when its
   * rate was looked at, which that of an agent is.
   */
  #applyAmend(event: DecisionEvent, atMs: number): void {
    const { effective } = event.decision;
    const order = this.orders.all.get(event.request.client_order_id ?? '');
    if (order === undefined || effective === null || isTerminal(order.status)) return;
    if (effective.action === 'cancel' || effective.price_ticks === null) return;
    // The balance that was read last holds the margin of the old form.
    if (effective.leverage !== null && !this.uncontained.has(order) && !this.readAs.has(order))
      this.readAs.set(order, { lots: order.lots, priceTicks: order.priceTicks ?? 0 });
    order.amend = { lots: effective.lots, priceTicks: effective.price_ticks };
    if (effective.leverage === null && !event.decision.verdicts.some(isOfRate)) return;
    this.pacing.account.sends.add(atMs, 1);
    this.pacing.agent(event.agent).sends.add(atMs, 1);
    if (effective.leverage !== null) this.pacing.symbol(order.symbol).lastOpenParentAtMs = atMs;
  }

  /** A later slice is decided on its own and can only shrink; what it lost is released. */
  #applySlice(event: DecisionEvent, atMs: number): void {
    for (const fresh of planOrders(event, atMs)) {
      const order = this.orders.all.get(fresh.clientOrderId);
      // A further rung of an exit is a new order; it is reduce-only and so adds no exposure.
      if (order === undefined && fresh.reduceOnly) insertOrder(this.orders, fresh);
      if (order === undefined || order.status !== 'pending_send') continue;
      const planned = { lots: fresh.lots, price_ticks: fresh.priceTicks };
      order.lots = Math.min(order.lots, planned.lots);
      order.priceTicks = planned.price_ticks;
      order.leverage = Math.min(order.leverage, fresh.leverage);
      order.status = 'in_flight';
      order.sentAtMs = atMs;
    }
  }

  #applyOrder(event: OrderEvent, atMs: number): void {
    let order = this.orders.all.get(event.client_order_id);
    if (order === undefined) {
      const foreign = buildForeignOrder(event, atMs);
      if (foreign === null) return;
      insertOrder(this.orders, foreign);
      if (!foreign.reduceOnly) this.uncontained.add(foreign);
      order = foreign;
    } else if (event.foreign !== null) {
      order = applyListed(this.orders, order, event, atMs);
      if (!order.reduceOnly) this.uncontained.add(order);
    }
    const delta = applyOrderEvent(this.orders, order, event, atMs);
    if (delta > 0) this.#moveFill(order, delta, event, atMs);
  }

  /** INVARIANT: one view event moves a fill's quantity from its order to the position. */
  #moveFill(order: OrderState, lots: number, event: OrderEvent, atMs: number): void {
    const rules = this.rules.get(order.symbol);
    const price = event.average_price ?? priceOf(order, rules);
    const isOfGate = order.origin === 'gate' && !order.protective;
    applyFill(this.position(order.symbol), order.side, lots, order.agent, price, event.venue_at_ms, isOfGate);
    if (rules === undefined || price === null) return;
    const notional = (lots * rules.lotMantissa * price) / rules.lotScale;
    // Fees are estimated at once and put right by the trade, so that a budget of fees cannot be outrun.
    const fee = notional * rules.takerFee;
    this.pacing.account.turnover.add(atMs, notional);
    this.pacing.account.fees.add(atMs, fee);
    order.feesUsdt += fee;
    if (order.agent === null) return;
    const agent = this.pacing.agent(order.agent);
    agent.turnover.add(atMs, notional);
    agent.fees.add(atMs, fee);
    this.trades.addFill(order.agent, {
      symbol: order.symbol,
      side: order.side,
      lots,
      lot_size: rules.lotMantissa / rules.lotScale,
      price,
      fee_usdt: fee,
      at_ms: event.venue_at_ms,
    });
    if (order.reduceOnly || order.decisionId === null) return;
    const symbol = this.pacing.symbol(order.symbol);
    symbol.lastOpenFillAtMs = atMs;
    symbol.lastOpenFillSide = order.side;
    const siblings = this.orders.byDecision.get(order.decisionId) ?? [order];
    const parentLots = siblings.reduce((sum, sibling) => sum + sibling.lots, 0);
    this.pacing.noteExecution(order.decisionId, order.agent, order.symbol, order.side, parentLots, atMs);
  }

  /** Prices and fees of lots that moved already; deduplicated by trade id. */
  #applyTrade(event: TradeEvent): void {
    if (!this.seenTrades.add(event.symbol, event.trade_id, event.at_venue_ms)) return;
    if (event.client_order_id === null) return;
    const order = this.orders.all.get(event.client_order_id);
    const rules = this.rules.get(event.symbol);
    if (order === undefined || rules === undefined) return;
    order.tradedLots += event.lots;
    order.tradedUsdt += event.lots * event.price;
    order.averagePrice = order.tradedUsdt / order.tradedLots;
    const estimated =
      ((event.lots * rules.lotMantissa * (priceOf(order, rules) ?? event.price)) / rules.lotScale) * rules.takerFee;
    const correction = event.fee_usdt - estimated;
    order.feesUsdt += correction;
    this.pacing.account.fees.add(event.at_venue_ms, correction);
    if (order.agent !== null) this.pacing.agent(order.agent).fees.add(event.at_venue_ms, correction);
  }

  #applyAccount(event: AccountEvent): void {
    // Answers may overtake each other; what is older than what is known says nothing new.
    if (this.account !== null && event.requested_at_ms < this.account.requested_at_ms) return;
    const { positions, leverage } = event;
    for (let i = 0; i < positions.length; i += 1) this.position(positions[i]!.symbol);
    // A position is never forgotten: what the last answer named already exists.
    if (this.account?.leverage !== leverage) for (const symbol in leverage) this.position(symbol);
    this.account = event;
    this.equity.add(event.requested_at_ms, event.margin_balance_usdt);
    // A known symbol that the answer leaves out is flat.
    for (const position of this.positions.values()) {
      const { symbol } = position;
      const orders = liveOrders(this.orders, symbol);
      const possible = orders.size === 0 ? NOTHING_TO_FILL : possibleFills(orders);
      applySnapshot(position, findRecord(positions, symbol), event.requested_at_ms, leverage[symbol] ?? null, possible);
    }
    for (const order of this.readAs.keys()) {
      const isAsNow = order.amend === null && order.updatedAtMs < event.requested_at_ms;
      if (isAsNow || isTerminal(order.status)) this.readAs.delete(order);
    }
    if (this.uncontained.size === 0) return;
    for (const order of this.uncontained) {
      const contained = order.acknowledgedAtMs !== null && order.acknowledgedAtMs < event.requested_at_ms;
      const gone = isTerminal(order.status) && order.executedLots === 0;
      const settled = isTerminal(order.status) && contained && order.updatedAtMs < event.requested_at_ms;
      const resting = !isTerminal(order.status) && contained && order.status !== 'unknown' && order.status !== 'lost';
      if (gone || settled || resting) this.uncontained.delete(order);
    }
  }

  /** Kinds with an active signal for this account, agent and symbol, in the order of SIGNAL_KINDS. */
  activeSignals(nowMs: number, account: string, agent: string, symbol: string | null): readonly SignalKind[] {
    if (this.signals.size === 0) return [];
    const active = new Set<SignalKind>();
    for (const signal of this.signals.values()) {
      if (nowMs >= signal.expires_at_ms) continue;
      if (signal.account !== null && signal.account !== account) continue;
      if (signal.agent !== null && signal.agent !== agent) continue;
      if (signal.symbol !== null && signal.symbol !== symbol) continue;
      active.add(signal.kind);
    }
    return SIGNAL_KINDS.filter((kind) => active.has(kind));
  }
}

const NOTHING_TO_FILL = possibleFills([]);

function isOfRate(verdict: RuleVerdict): boolean {
  return verdict.code === 'RATE';
}

function findRecord(records: AccountEvent['positions'], symbol: string): AccountEvent['positions'][number] | null {
  for (let i = 0; i < records.length; i += 1) if (records[i]!.symbol === symbol) return records[i]!;
  return null;
}

/** What an order is valued at while no trade is known: its own price bound. */
function priceOf(order: OrderState, rules: SymbolRules | undefined): number | null {
  if (order.averagePrice !== null) return order.averagePrice;
  if (order.priceTicks === null || rules === undefined) return null;
  return (order.priceTicks * rules.tickMantissa) / rules.tickScale;
}
