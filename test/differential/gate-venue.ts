import type { VenuePort } from '../../daemon/driver/venue-port.ts';
import type {
  AccountSnapshot,
  Approved,
  Bar,
  CancelOutcome,
  FetchOutcome,
  Listed,
  LookupOutcome,
  MarketQuote,
  OrderInstruction,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
  VenueTrade,
} from '../../daemon/engine/records/venue.ts';
import type { ReplayAccount } from '../../daemon/evaluation/engine/account.ts';
import type { MarketClock } from '../../daemon/evaluation/engine/clock.ts';
import { FILLED_BEFORE_MS } from '../../daemon/evaluation/engine/exchange-notes.ts';
import { toSymbolRules } from '../../daemon/evaluation/engine/rules.ts';
import type { Fill } from '../../daemon/evaluation/engine/venue.ts';
import type { ScriptedVenue } from './venue.ts';

const FUNDING_MS = 28_800_000;
/** Half a basis point, as the engine's book has it. */
const HALF_SPREAD_BPS = 0.5;

type Known = { -readonly [K in keyof VenueOrder]: VenueOrder[K] } & { symbolIndex: number; paidUsdtE8: number };

function ok<T>(value: T): Promise<FetchOutcome<T>> {
  return Promise.resolve({ kind: 'ok', value });
}

/** The scripted venue as the gate's port: all answers are of this instant. */
export class GateVenue implements VenuePort {
  readonly venue = 'paper';
  readonly acceptanceHorizonMs = 5_000;
  readonly #scripted: ScriptedVenue;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #orders = new Map<string, Known>();
  readonly #trades: VenueTrade[] = [];
  readonly #changedAtMs = new Map<string, number>();

  constructor(scripted: ScriptedVenue, account: ReplayAccount, clock: MarketClock) {
    this.#scripted = scripted;
    this.#account = account;
    this.#clock = clock;
    scripted.onFill = (order, fill, isEnded) => {
      this.#take(order.id, fill);
      this.#known(order.id).status = isEnded ? 'filled' : 'partially_filled';
    };
    scripted.onExpired = ({ id }) => this.#end(id, 'expired');
    scripted.onStop = ({ id }, fill) => {
      if (fill !== null) this.#take(id, fill);
      this.#end(id, fill === null ? 'expired' : 'filled', fill !== null);
    };
  }

  /** How much has happened: whoever reads it twice knows whether something did. */
  get changes(): number {
    return this.#scripted.log.length;
  }

  #index(symbol: string): number {
    return this.#clock.market.symbols.indexOf(symbol);
  }
  #known(id: string): Known {
    const known = this.#orders.get(id);
    if (known === undefined) throw new Error(`the venue knows no order ${id}`);
    return known;
  }
  #note(
    order: Pick<
      VenueOrder,
      'kind' | 'symbol' | 'clientOrderId' | 'side' | 'type' | 'quantityE8' | 'priceE8' | 'triggerE8' | 'reduceOnly'
    >,
  ): Known {
    const known: Known = {
      ...order,
      venueOrderId: String(this.#orders.size + 1),
      executedE8: 0,
      closePosition: order.kind === 'algo',
      status: 'working',
      averagePrice: null,
      placedAtMs: this.#clock.nowMs,
      updatedAtMs: this.#clock.nowMs,
      symbolIndex: this.#index(order.symbol),
      paidUsdtE8: 0,
    };
    this.#orders.set(order.clientOrderId, known);
    return known;
  }
  #take(id: string, fill: Fill): void {
    const known = this.#known(id);
    const quantityE8 = this.#clock.grid.quantityE8(known.symbolIndex, fill.lots);
    known.executedE8 += quantityE8;
    known.paidUsdtE8 += quantityE8 * fill.price;
    known.averagePrice = known.paidUsdtE8 / known.executedE8;
    const filledAtMs = this.#clock.nowMs - FILLED_BEFORE_MS;
    known.updatedAtMs = filledAtMs;
    this.#changedAtMs.set(known.symbol, filledAtMs);
    this.#trades.push({
      tradeId: String(this.#trades.length + 1),
      symbol: known.symbol,
      venueOrderId: known.venueOrderId,
      side: known.side,
      quantityE8,
      price: fill.price,
      feeUsdt: fill.feeUsdt,
      realisedPnlUsdt: 0,
      isMaker: fill.isMaker,
      atMs: filledAtMs,
    });
  }
  #end(id: string, status: VenueOrder['status'], hasFilled = false): void {
    const known = this.#known(id);
    known.status = status;
    known.updatedAtMs = this.#clock.nowMs - (hasFilled ? FILLED_BEFORE_MS : 0);
  }
  #show(id: string): VenueOrder {
    const { symbolIndex: _symbolIndex, paidUsdtE8: _paidUsdtE8, ...order } = this.#known(id);
    return order;
  }

  // --- orders ------------------------------------------------------------------------------------------------------

  submit(order: Approved<OrderInstruction>): Promise<SubmitOutcome> {
    const { clientOrderId: id, priceE8, quantityE8, reduceOnly, side } = order;
    const known = this.#note({
      ...order,
      kind: 'regular',
      type: priceE8 === null ? 'MARKET' : 'LIMIT',
      triggerE8: null,
    });
    const { grid } = this.#clock;
    const symbol = known.symbolIndex;
    const placed = { id, symbol, side, lots: grid.lots(symbol, quantityE8), filled: 0, reduceOnly };
    const isIoc = order.timeInForce !== 'GTC';
    const outcome =
      priceE8 === null
        ? this.#scripted.close(placed)
        : this.#scripted.place(
            { ...placed, priceTicks: grid.ticks(symbol, priceE8), leverage: this.#account.leverage(symbol) },
            isIoc,
          );
    if (outcome.kind === 'rejected') {
      this.#orders.delete(id);
      return Promise.resolve({ kind: 'rejected', rejection: outcome.rejection });
    }
    if (outcome.fill !== null) this.#take(id, outcome.fill);
    this.#end(id, statusOf(known, outcome.rests), outcome.fill !== null);
    return Promise.resolve({ kind: 'accepted', order: this.#show(id) });
  }

  submitStop({ clientOrderId: id, side, symbol, triggerE8 }: Approved<StopInstruction>): Promise<SubmitOutcome> {
    const known = this.#note({
      kind: 'algo',
      symbol,
      clientOrderId: id,
      side,
      type: 'STOP_MARKET',
      quantityE8: 0,
      priceE8: null,
      triggerE8,
      reduceOnly: true,
    });
    const triggerTicks = this.#clock.grid.ticks(known.symbolIndex, triggerE8);
    const rejection = this.#scripted.placeStop({ id, symbol: known.symbolIndex, side, triggerTicks });
    if (rejection === null) return Promise.resolve({ kind: 'accepted', order: this.#show(id) });
    this.#orders.delete(id);
    return Promise.resolve({ kind: 'rejected', rejection });
  }

  amend({ clientOrderId: id, priceE8, quantityE8 }: Approved<OrderInstruction>): Promise<SubmitOutcome> {
    const known = this.#known(id);
    const { grid } = this.#clock;
    const [lots, ticks] = [grid.lots(known.symbolIndex, quantityE8), grid.ticks(known.symbolIndex, priceE8 ?? 0)];
    const { rejection, fill } = this.#scripted.amend(id, lots, ticks);
    if (rejection !== null) return Promise.resolve({ kind: 'rejected', rejection });
    Object.assign(known, { quantityE8, priceE8 });
    if (fill !== null) this.#take(id, fill);
    this.#end(id, statusOf(known, known.executedE8 < quantityE8), fill !== null);
    return Promise.resolve({ kind: 'accepted', order: this.#show(id) });
  }

  cancel(_symbol: string, id: string, kind: VenueOrder['kind']): Promise<CancelOutcome> {
    const isDone = kind === 'algo' ? this.#scripted.cancelStop(id) : this.#scripted.cancel(id);
    if (isDone) {
      this.#end(id, 'canceled');
      return Promise.resolve({ kind: 'canceled', order: this.#show(id) });
    }
    return Promise.resolve({ kind: 'unknown', detail: '-2011 Unknown order sent.' });
  }
  cancelAll(): Promise<FetchOutcome<null>> {
    throw new Error('the gate cancels by name');
  }
  readonly countdown = 'unknown';
  setCountdown(): Promise<FetchOutcome<null>> {
    return ok(null);
  }
  setLeverage(symbol: string, leverage: number): Promise<SubmitOutcome> {
    this.#scripted.setLeverage(this.#index(symbol), leverage);
    return Promise.resolve({ kind: 'accepted', order: null });
  }

  lookupOrder(_symbol: string, id: string): Promise<LookupOutcome> {
    return Promise.resolve(this.#orders.has(id) ? { kind: 'found', order: this.#show(id) } : { kind: 'not_found' });
  }
  lookupByVenueId(symbol: string, venueOrderId: string): Promise<LookupOutcome> {
    for (const [id, known] of this.#orders)
      if (known.symbol === symbol && known.venueOrderId === venueOrderId)
        return Promise.resolve({ kind: 'found', order: this.#show(id) });
    return Promise.resolve({ kind: 'not_found' });
  }

  // --- feeds -------------------------------------------------------------------------------------------------------

  fetchServerTime(): Promise<FetchOutcome<number>> {
    return ok(this.#clock.nowMs);
  }
  fetchTimeScale(): Promise<number> {
    return Promise.resolve(1);
  }
  fetchRules(symbols: readonly string[]) {
    const rules = this.#clock.market.series
      .map(({ bars }) => toSymbolRules(bars.instrument, this.#clock.nowMs))
      .filter(({ symbol }) => symbols.includes(symbol));
    return ok({ rules, unread: [] });
  }
  noteRules(): void {}
  prepareAccount(symbols: readonly string[]) {
    const isolated = Object.fromEntries(symbols.map((symbol) => [symbol, true]));
    return ok({ oneWay: true, singleAsset: true, isolated, canWithdraw: false, canTrade: true });
  }

  fetchAccount(): Promise<FetchOutcome<AccountSnapshot>> {
    const account = this.#account;
    const { nowMs, marks, market } = this.#clock;
    const positions = market.symbols.flatMap((symbol, i) =>
      account.lots(i) === 0
        ? []
        : [
            {
              symbol,
              quantityE8: this.#clock.grid.quantityE8(i, account.lots(i)),
              entryPrice: account.entryPrice(i),
              markPrice: marks[i]!,
              liquidationPrice: account.liquidationPrice(i),
              leverage: account.leverage(i),
              isolatedMarginUsdt: null,
              maintenanceMarginUsdt: account.maintenanceUsdt(i),
              unrealisedPnlUsdt: account.unrealisedUsdt(i),
              updatedAtMs: this.#changedAtMs.get(symbol) ?? 0,
            },
          ],
    );
    return ok({
      requestedAtMs: nowMs,
      observedAtMs: nowMs,
      walletUsdt: account.walletUsdt,
      marginBalanceUsdt: account.equityUsdt(),
      availableUsdt: account.availableUsdt(),
      maintenanceMarginUsdt: account.totalMaintenanceUsdt(),
      initialMarginUsdt: account.initialMarginUsdt(),
      positions,
      unreadable: [],
      leverage: Object.fromEntries(market.symbols.map((symbol, i) => [symbol, account.leverage(i)])),
      isolated: Object.fromEntries(market.symbols.map((symbol) => [symbol, true])),
    });
  }

  fetchQuote(symbol: string): Promise<FetchOutcome<MarketQuote>> {
    const { markTicks, marks, nowMs } = this.#clock;
    const i = this.#index(symbol);
    const half = Math.max(1, Math.round((markTicks[i]! * HALF_SPREAD_BPS) / 1e4));
    return ok({
      symbol,
      mark: marks[i]!,
      markAtMs: nowMs,
      bid: this.#clock.priceOf(i, markTicks[i]! - half),
      ask: this.#clock.priceOf(i, markTicks[i]! + half),
      quoteAtMs: nowMs,
      fundingRate: 0,
      fundingIntervalMs: FUNDING_MS,
      nextFundingAtMs: nowMs + FUNDING_MS,
    });
  }

  /** The last one runs: its open is all that is known of it. */
  fetchBars(symbol: string, _barMs: number, sinceMs: number, limit: number): Promise<FetchOutcome<readonly Bar[]>> {
    const { bars } = this.#clock.market.series[this.#index(symbol)]!;
    const { barOpenMs } = this.#clock;
    const found: Bar[] = [];
    for (let i = 0; i < bars.openMs.length && found.length < limit; i++) {
      const openTimeMs = bars.openMs[i]!;
      if (openTimeMs < sinceMs || openTimeMs > barOpenMs) continue;
      const open = bars.open[i]!;
      const isOver = openTimeMs < barOpenMs;
      found.push({
        openTimeMs,
        open,
        high: isOver ? bars.high[i]! : open,
        low: isOver ? bars.low[i]! : open,
        close: isOver ? bars.close[i]! : open,
        volume: isOver ? bars.volume[i]! : 0,
      });
    }
    return ok(found);
  }

  fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<Listed<VenueOrder>>> {
    const open = [...this.#scripted.resting.keys(), ...this.#scripted.stops.keys()].map((id) => this.#show(id));
    const rows = symbols.length === 0 ? open : open.filter(({ symbol }) => symbols.includes(symbol));
    return ok({ rows, unreadable: [] });
  }
  fetchTrades(symbol: string, fromTradeId: string | null): Promise<FetchOutcome<Listed<VenueTrade>>> {
    const from = Number(fromTradeId ?? 0);
    const rows = this.#trades.filter((trade) => trade.symbol === symbol && Number(trade.tradeId) >= from);
    return ok({ rows, unreadable: [] });
  }
  fetchTransfers() {
    return ok([]);
  }
  fetchExecutions() {
    return ok({ bookings: [], executions: [], isWhole: true, lastTransferMs: null });
  }
  fetchPlacedOrders() {
    return ok({ rows: [], unreadable: [] });
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function statusOf({ executedE8, quantityE8 }: Known, rests: boolean): VenueOrder['status'] {
  if (rests) return executedE8 > 0 ? 'partially_filled' : 'working';
  return executedE8 >= quantityE8 ? 'filled' : 'expired';
}
