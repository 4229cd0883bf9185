import type { VenuePort } from '../../daemon/driver/ports.ts';
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
  OrderKind,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
  VenueTrade,
} from '../../daemon/engine/records/venue.ts';
import type { ReplayAccount } from '../../daemon/evaluation/exchange/account.ts';
import { toSymbolRules } from '../../daemon/evaluation/exchange/rules.ts';
import type { Answered, Fill } from '../../daemon/evaluation/exchange/venue.ts';
import type { MarketClock } from '../../daemon/evaluation/market/walk/clock.ts';
import type { ScriptedVenue } from './venue.ts';

const FUNDING_MS = 28_800_000;
/** Half a basis point, as the replay's book has it. */
const HALF_SPREAD_BPS = 0.5;

function ok<T>(value: T): Promise<FetchOutcome<T>> {
  return Promise.resolve({ kind: 'ok', value });
}

/** The scripted venue as the gate's port: all answers are of this instant. */
export class GateVenue implements Partial<VenuePort> {
  readonly venue = 'paper';
  readonly acceptanceHorizonMs = 5_000;
  readonly countdown = 'unknown';
  readonly #scripted: ScriptedVenue;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  /** What was shown of each order last. */
  readonly #orders = new Map<string, VenueOrder>();
  readonly #trades: VenueTrade[] = [];
  readonly #changedAtMs = new Map<string, number>();

  constructor(scripted: ScriptedVenue, account: ReplayAccount, clock: MarketClock) {
    this.#scripted = scripted;
    this.#account = account;
    this.#clock = clock;
    scripted.onReport = (report, fill) => this.#note(report, fill);
  }

  /** How much has happened: whoever reads it twice knows whether something did. */
  get changes(): number {
    return this.#scripted.log.length;
  }

  #note(report: VenueOrder, fill: Fill | null): void {
    const { clientOrderId, side, symbol, updatedAtMs: atMs, venueOrderId } = report;
    this.#orders.set(clientOrderId, report);
    if (fill === null) return;
    this.#changedAtMs.set(symbol, atMs);
    this.#trades.push({
      tradeId: String(this.#trades.length + 1),
      symbol,
      venueOrderId,
      side,
      quantityE8: this.#clock.grid.quantityE8(this.#index(symbol), fill.lots),
      price: fill.price,
      feeUsdt: fill.feeUsdt,
      realisedPnlUsdt: 0,
      isMaker: fill.isMaker,
      atMs,
    });
  }
  #answer({ fill, outcome }: Answered): Promise<SubmitOutcome> {
    if (outcome.kind === 'accepted' && outcome.order !== null) this.#note(outcome.order, fill);
    return Promise.resolve(outcome);
  }
  #index(symbol: string): number {
    return this.#clock.market.symbols.indexOf(symbol);
  }

  submit(order: Approved<OrderInstruction>): Promise<SubmitOutcome> {
    return this.#answer(this.#scripted.submit(order, this.#account.leverage(this.#index(order.symbol))));
  }
  submitStop(order: Approved<StopInstruction>): Promise<SubmitOutcome> {
    return this.#answer({ outcome: this.#scripted.submitStop(order), fill: null });
  }
  amend(order: Approved<OrderInstruction>): Promise<SubmitOutcome> {
    return this.#answer(this.#scripted.amend(order));
  }
  cancel(_symbol: string, id: string, kind: OrderKind): Promise<CancelOutcome> {
    const outcome = this.#scripted.cancel(id, kind);
    if (outcome.kind === 'canceled' && outcome.order !== null) this.#note(outcome.order, null);
    return Promise.resolve(outcome);
  }
  setLeverage(symbol: string, leverage: number): Promise<SubmitOutcome> {
    this.#scripted.setLeverage(symbol, leverage);
    return Promise.resolve({ kind: 'accepted', order: null });
  }
  setCountdown(): Promise<FetchOutcome<null>> {
    return ok(null);
  }
  lookupOrder(_symbol: string, id: string): Promise<LookupOutcome> {
    const order = this.#orders.get(id);
    return Promise.resolve(order === undefined ? { kind: 'not_found' } : { kind: 'found', order });
  }
  /** Its ids are ours. */
  lookupByVenueId(symbol: string, venueOrderId: string): Promise<LookupOutcome> {
    return this.lookupOrder(symbol, venueOrderId);
  }

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
    const { grid, nowMs, marks, market } = this.#clock;
    const held = market.symbols.filter((_, i) => account.lots(i) !== 0);
    return ok({
      requestedAtMs: nowMs,
      observedAtMs: nowMs,
      walletUsdt: account.walletUsdt,
      marginBalanceUsdt: account.equityUsdt(),
      availableUsdt: account.availableUsdt(),
      maintenanceMarginUsdt: account.totalMaintenanceUsdt(),
      initialMarginUsdt: account.initialMarginUsdt(),
      positions: held.map((symbol) => {
        const i = this.#index(symbol);
        return {
          symbol,
          quantityE8: grid.quantityE8(i, account.lots(i)),
          entryPrice: account.entryPrice(i),
          markPrice: marks[i]!,
          liquidationPrice: account.liquidationPrice(i),
          leverage: account.leverage(i),
          isolatedMarginUsdt: null,
          maintenanceMarginUsdt: account.maintenanceUsdt(i),
          unrealisedPnlUsdt: account.unrealisedUsdt(i),
          updatedAtMs: this.#changedAtMs.get(symbol) ?? 0,
        };
      }),
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
      const [high, low, close, volume] = [bars.high[i]!, bars.low[i]!, bars.close[i]!, bars.volume[i]!];
      const soFar =
        openTimeMs < barOpenMs ? { high, low, close, volume } : { high: open, low: open, close: open, volume: 0 };
      found.push({ openTimeMs, open, ...soFar });
    }
    return ok(found);
  }

  fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<Listed<VenueOrder>>> {
    const open = [...this.#scripted.resting.keys(), ...this.#scripted.stops.keys()].map((id) => this.#orders.get(id)!);
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
}
