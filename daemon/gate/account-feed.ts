import { ChangedOrders } from './changed-orders.ts';
import { ownPrefix } from './decisions.ts';
import type { AccountEvent, PositionRecord } from './events.ts';
import type { GateCore } from './gate-core.ts';
import type { OrderSender } from './order-sender.ts';
import { endedEvent } from './order-sender.ts';
import type { AccountSnapshot, VenueOrder } from './ports.ts';
import type { Resolver } from './resolver.ts';
import { everyLiveOrder, isTerminal, type OrderState } from './state/orders.ts';

/** An account record at least this often, so that drawdown has a history, ms of domain time. */
const RECORD_EVERY_MS = 60_000;
const PEAK_EVERY_MS = 5_000;
/** A change of the wallet by more than this fraction asks for the list of transfers at once. */
const WALLET_MOVED = 0.005;

/** Reads account, open orders and trades from the venue and folds what is news into the ledger. */
export class AccountFeed {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #changed: ChangedOrders;
  readonly #lastTrade = new Map<string, { id: string | null; atMs: number }>();
  #lastTransferMs = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #peak = Number.NEGATIVE_INFINITY;
  onVenueFailure: (detail: string, consequence: string, retryAfterMs: number | null) => void = () => undefined;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
    this.#changed = new ChangedOrders(core);
  }

  watched(): readonly string[] {
    const symbols = new Set<string>(this.#core.policySpec.scope.symbols);
    for (const position of this.#core.state.positions.values())
      if (position.lots !== 0 || position.disputedLots !== null) symbols.add(position.symbol);
    for (const order of everyLiveOrder(this.#core.state.orders)) symbols.add(order.symbol);
    return [...symbols].sort();
  }

  async pollAccount(): Promise<boolean> {
    const outcome = await this.#core.ports.venue.fetchAccount(this.watched());
    if (outcome.kind === 'failed') {
      this.onVenueFailure(outcome.detail, outcome.consequence, outcome.retryAfterMs);
      return false;
    }
    const snapshot = outcome.value;
    // Several callers ask at once, and answers may overtake each other.
    if (snapshot.requestedAtMs < this.#newestMs) return true;
    this.#newestMs = snapshot.requestedAtMs;
    // A withdrawal is no loss and a deposit no gain: what moves the wallet this much is looked up before it counts.
    const last = this.#core.state.account;
    if (last !== null && Math.abs(snapshot.walletUsdt - last.wallet_usdt) > WALLET_MOVED * Math.abs(last.wallet_usdt))
      await this.pollTransfers();
    if (snapshot.requestedAtMs < this.#newestMs) return true;
    this.#core.market.account = {
      marginBalanceUsdt: snapshot.marginBalanceUsdt,
      availableUsdt: snapshot.availableUsdt,
      marginRatio: marginRatio(snapshot),
      observedAtMs: snapshot.observedAtMs,
    };
    if (this.#isNews(snapshot)) {
      this.#peak = Math.max(this.#peak, snapshot.marginBalanceUsdt);
      this.#core.append('account', accountEvent(snapshot));
    }
    return true;
  }

  #isNews(snapshot: AccountSnapshot): boolean {
    const { state } = this.#core;
    const last = state.account;
    if (last === null) return true;
    const age = snapshot.requestedAtMs - last.requested_at_ms;
    if (age >= RECORD_EVERY_MS || state.uncontained.size > 0) return true;
    if (snapshot.marginBalanceUsdt > this.#peak && age >= PEAK_EVERY_MS) return true;
    if (snapshot.walletUsdt !== last.wallet_usdt) return true;
    const held = new Map(snapshot.positions.map((position) => [position.symbol, position]));
    for (const position of state.positions.values()) {
      const seen = held.get(position.symbol);
      if ((seen?.lots ?? 0) !== position.lots || position.disputedLots !== null) return true;
      if ((seen?.liquidationPrice ?? null) !== position.liquidationPrice) return true;
      const leverage = snapshot.leverage[position.symbol];
      if (leverage !== undefined && leverage !== position.leverage) return true;
    }
    return snapshot.positions.some((position) => position.lots !== (state.positions.get(position.symbol)?.lots ?? 0));
  }

  /** Matches the venue's open lists with our orders; returns false when they could not be read. */
  async pollOrders(): Promise<boolean> {
    const asked = [...everyLiveOrder(this.#core.state.orders)].filter(
      (order) => order.status === 'working' || order.status === 'partially_filled',
    );
    const forms = this.#changed.noteForms();
    const outcome = await this.#core.ports.venue.fetchOpenOrders(this.watched());
    if (outcome.kind === 'failed') {
      this.onVenueFailure(outcome.detail, outcome.consequence, outcome.retryAfterMs);
      return false;
    }
    const listed = new Set<string>();
    for (const report of outcome.value) {
      listed.add(report.clientOrderId);
      const order = this.#core.state.orders.all.get(report.clientOrderId);
      if (order === undefined) this.#takeForeign(report);
      else if (!isTerminal(order.status) && order.status !== 'unknown' && (order.amend === null || forms.has(order))) {
        this.#sender.adopt(order, report);
        this.#changed.compare(order, report, forms.get(order));
      }
    }
    // What was working when we asked and is no longer listed has ended; how, only a lookup tells.
    await Promise.all(
      asked
        .filter((order) => !listed.has(order.clientOrderId) && !isTerminal(order.status))
        .map((order) => this.#lookUpGone(order)),
    );
    return true;
  }

  async #lookUpGone(order: OrderState): Promise<void> {
    const found = await this.#core.ports.venue.lookupOrder(order.symbol, order.clientOrderId, order.kind);
    if (found.kind === 'found') this.#sender.adopt(order, found.order);
    else if (found.kind === 'not_found' && (order.foreign || order.kind === 'algo')) {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'no longer at the venue'));
    } else if (found.kind === 'not_found') void this.#resolver.resolve(order);
  }

  /** Client order id of an open order that another Holdfast ledger placed on this account (BY-40); null: none is known. */
  async findOtherDaemon(): Promise<string | null> {
    const open = await this.#core.ports.venue.fetchOpenOrders(this.watched());
    const ids =
      open.kind === 'ok'
        ? open.value.map((order) => order.clientOrderId)
        : [...everyLiveOrder(this.#core.state.orders)].map((order) => order.clientOrderId);
    return ids.find((id) => this.#isOtherDaemons(id)) ?? null;
  }
  #isOtherDaemons(clientOrderId: string): boolean {
    const prefix = ownPrefix(this.#core.ports.ledger.genesis.genesis_id);
    return /^hf[0-9a-f]{6}/.test(clientOrderId) && !clientOrderId.startsWith(prefix);
  }

  /** Somebody else's order on our account counts in exposure and is never canceled silently. */
  #takeForeign(report: VenueOrder): void {
    if (this.#isOtherDaemons(report.clientOrderId)) {
      this.#core.alert(
        'OTHER_DAEMON',
        `order ${report.clientOrderId} was placed by another Holdfast ledger on this account`,
        report.symbol,
      );
    }
    this.#core.append('order', {
      average_price: null,
      client_order_id: report.clientOrderId,
      detail: 'not placed by this daemon',
      executed_lots: report.executedLots,
      foreign: {
        close_position: report.closePosition,
        kind: report.kind,
        lots: report.lots,
        order_type: report.type,
        price_ticks: report.priceTicks,
        reduce_only: report.reduceOnly,
        side: report.side,
        symbol: report.symbol,
        trigger_ticks: report.triggerTicks,
      },
      retryable: false,
      status: report.status,
      venue_at_ms: report.updatedAtMs,
      venue_order_id: report.venueOrderId,
    });
  }

  /** Prices and fees of what was executed; trades are deduplicated by id. */
  async pollTrades(symbol: string): Promise<boolean> {
    const last = this.#lastTrade.get(symbol) ?? { id: null, atMs: this.#core.nowMs() - 3_600_000 };
    const outcome = await this.#core.ports.venue.fetchTrades(symbol, last.id, last.atMs);
    if (outcome.kind === 'failed') return false;
    for (const trade of outcome.value) {
      const order = this.#core.state.orders.byVenueId.get(`${symbol} ${trade.venueOrderId}`);
      if (!this.#core.state.seenTrades.has(symbol, trade.tradeId) && order !== undefined) {
        this.#core.append('trade', {
          at_venue_ms: trade.atMs,
          client_order_id: order.clientOrderId,
          fee_usdt: trade.feeUsdt,
          is_maker: trade.isMaker,
          lots: trade.lots,
          price: trade.price,
          realised_pnl_usdt: trade.realisedPnlUsdt,
          side: trade.side,
          symbol,
          trade_id: trade.tradeId,
        });
      }
      this.#lastTrade.set(symbol, { id: trade.tradeId, atMs: trade.atMs });
    }
    return true;
  }

  async pollTransfers(): Promise<void> {
    // After a restart from the last account record on: what moved meanwhile is no loss and no gain.
    if (this.#lastTransferMs === 0)
      this.#lastTransferMs = this.#core.state.account?.requested_at_ms ?? this.#core.nowMs();
    const outcome = await this.#core.ports.venue.fetchTransfers(this.#lastTransferMs);
    if (outcome.kind === 'failed') return;
    for (const transfer of outcome.value) {
      if (this.#core.state.seenTransfers.has('', transfer.transferId)) continue;
      this.#core.append('transfer', {
        amount_usdt: transfer.amountUsdt,
        at_venue_ms: transfer.atMs,
        transfer_id: transfer.transferId,
      });
      this.#lastTransferMs = Math.max(this.#lastTransferMs, transfer.atMs);
    }
  }
}

function marginRatio(snapshot: AccountSnapshot): number {
  const whole =
    snapshot.marginBalanceUsdt > 0
      ? snapshot.maintenanceMarginUsdt / snapshot.marginBalanceUsdt
      : snapshot.maintenanceMarginUsdt > 0
        ? 1
        : 0;
  let worst = Math.max(0, whole);
  for (const position of snapshot.positions) {
    if (position.isolatedMarginUsdt === null) continue;
    worst = Math.max(
      worst,
      position.isolatedMarginUsdt > 0 ? position.maintenanceMarginUsdt / position.isolatedMarginUsdt : 1,
    );
  }
  return worst;
}

function accountEvent(snapshot: AccountSnapshot): AccountEvent {
  const positions = snapshot.positions.map(
    (position): PositionRecord => ({
      entry_price: position.entryPrice,
      liquidation_price: position.liquidationPrice,
      lots: position.lots,
      maintenance_margin_usdt: position.maintenanceMarginUsdt,
      mark_price: position.markPrice,
      symbol: position.symbol,
      unrealised_pnl_usdt: position.unrealisedPnlUsdt,
      updated_at_ms: position.updatedAtMs,
    }),
  );
  return {
    available_usdt: snapshot.availableUsdt,
    initial_margin_usdt: snapshot.initialMarginUsdt,
    leverage: snapshot.leverage,
    maintenance_margin_usdt: snapshot.maintenanceMarginUsdt,
    margin_balance_usdt: snapshot.marginBalanceUsdt,
    margin_ratio: marginRatio(snapshot),
    positions,
    requested_at_ms: snapshot.requestedAtMs,
    wallet_usdt: snapshot.walletUsdt,
  };
}
