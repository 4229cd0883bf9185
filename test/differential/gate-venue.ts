import type { VenuePort } from '../../daemon/driver/ports.ts';
import type { FetchOutcome, SubmitOutcome, VenueOrder, VenueTrade } from '../../daemon/engine/records/venue.ts';
import type { ReplayAccount } from '../../daemon/evaluation/exchange/account.ts';
import type { ReplayExchange } from '../../daemon/evaluation/exchange/exchange.ts';
import { toSymbolRules } from '../../daemon/evaluation/exchange/feeds.ts';
import type { Answered, Fill } from '../../daemon/evaluation/exchange/orders.ts';
import type { MarketClock } from '../../daemon/evaluation/market/walk/clock.ts';
import { HALF_SPREAD_BPS } from '../../daemon/evaluation/market/walk/market-inputs.ts';

const FUNDING_MS = 28_800_000;
async function ok<T>(value: T): Promise<FetchOutcome<T>> {
  return { kind: 'ok', value };
}

/** The exchange of a replay as the gate's port: all answers are of this instant. */
export function gateVenue(
  exchange: ReplayExchange,
  account: ReplayAccount,
  clock: MarketClock,
  fundingRate8h: (symbol: number) => number,
): VenuePort {
  const { series, symbols: names } = clock.market;
  const orders = new Map<string, VenueOrder>();
  const trades: VenueTrade[] = [];
  const changedAtMs = new Map<string, number>();
  const note = (report: VenueOrder, fill: Fill | null): void => {
    const { clientOrderId, side, symbol, updatedAtMs: atMs, venueOrderId } = report;
    orders.set(clientOrderId, report);
    if (fill === null) return;
    changedAtMs.set(symbol, atMs);
    const { feeUsdt, isMaker, lots, price } = fill;
    const quantityE8 = clock.grid.quantityE8(names.indexOf(symbol), lots);
    const tradeId = String(trades.length + 1);
    trades.push({ tradeId, symbol, venueOrderId, side, quantityE8, price, feeUsdt, realisedPnlUsdt: 0, isMaker, atMs });
  };
  exchange.onReport = note;
  const answer = async ({ fill, outcome }: Answered): Promise<SubmitOutcome> => {
    if (outcome.kind === 'accepted' && outcome.order !== null) note(outcome.order, fill);
    return outcome;
  };
  const used: Partial<VenuePort> = {
    venue: 'paper',
    acceptanceHorizonMs: 5_000,
    countdown: 'unknown',
    noteRules: () => undefined,
    submit: (order) => answer(exchange.submit(order, account.leverage(names.indexOf(order.symbol)))),
    amend: (order) => answer(exchange.amend(order)),
    submitStop: (order) => answer({ outcome: exchange.submitStop(order), fill: null }),
    setLeverage: async (symbol, leverage) => exchange.setLeverage(symbol, leverage),
    async cancel(_symbol, id, kind) {
      const outcome = exchange.cancel(id, kind);
      if (outcome.kind === 'canceled' && outcome.order !== null) note(outcome.order, null);
      return outcome;
    },
    setCountdown: () => ok(null),
    async lookupOrder(_symbol, id) {
      const order = orders.get(id);
      return order === undefined ? { kind: 'not_found' } : { kind: 'found', order };
    },
    /** Its ids are ours. */
    lookupByVenueId: (symbol, id) => used.lookupOrder!(symbol, id, 'regular'),
    fetchServerTime: () => ok(clock.nowMs),
    fetchTimeScale: async () => 1,
    fetchRules: (symbols) =>
      ok({
        rules: series
          .map(({ bars }) => toSymbolRules(bars.instrument, clock.nowMs))
          .filter(({ symbol }) => symbols.includes(symbol)),
        unread: [],
      }),
    prepareAccount: (symbols) =>
      ok({
        oneWay: true,
        singleAsset: true,
        isolated: Object.fromEntries(symbols.map((symbol) => [symbol, true])),
        canWithdraw: false,
        canTrade: true,
      }),
    fetchAccount: () =>
      ok({
        requestedAtMs: clock.nowMs,
        observedAtMs: clock.nowMs,
        walletUsdt: account.walletUsdt,
        marginBalanceUsdt: account.equityUsdt(),
        availableUsdt: account.availableUsdt(),
        maintenanceMarginUsdt: account.totalMaintenanceUsdt(),
        initialMarginUsdt: account.initialMarginUsdt(),
        positions: [...names.entries()]
          .filter(([i]) => account.lots(i) !== 0)
          .map(([i, symbol]) => ({
            symbol,
            quantityE8: clock.grid.quantityE8(i, account.lots(i)),
            entryPrice: account.entryPrice(i),
            markPrice: clock.marks[i]!,
            liquidationPrice: account.liquidationPrice(i),
            leverage: account.leverage(i),
            isolatedMarginUsdt: null,
            maintenanceMarginUsdt: account.maintenanceUsdt(i),
            unrealisedPnlUsdt: account.unrealisedUsdt(i),
            updatedAtMs: changedAtMs.get(symbol) ?? 0,
          })),
        unreadable: [],
        leverage: Object.fromEntries(names.map((symbol, i) => [symbol, account.leverage(i)])),
        isolated: Object.fromEntries(names.map((symbol) => [symbol, true])),
      }),
    fetchQuote(symbol) {
      const i = names.indexOf(symbol);
      const ticks = clock.markTicks[i]!;
      const half = Math.max(1, Math.round((ticks * HALF_SPREAD_BPS) / 1e4));
      return ok({
        symbol,
        mark: clock.marks[i]!,
        markAtMs: clock.nowMs,
        bid: clock.priceOf(i, ticks - half),
        ask: clock.priceOf(i, ticks + half),
        quoteAtMs: clock.nowMs,
        fundingRate: fundingRate8h(i),
        fundingIntervalMs: FUNDING_MS,
        nextFundingAtMs: clock.nowMs + FUNDING_MS,
      });
    },
    /** The last one runs: its open is all that is known of it. */
    fetchBars(symbol, _barMs, sinceMs, limit) {
      const { bars } = series[names.indexOf(symbol)]!;
      const known = [...bars.openMs.entries()].filter(([, openMs]) => openMs >= sinceMs && openMs <= clock.barOpenMs);
      return ok(
        known.slice(0, limit).map(([i, openTimeMs]) => {
          const open = bars.open[i]!;
          const [high, low, close, volume] = [bars.high[i]!, bars.low[i]!, bars.close[i]!, bars.volume[i]!];
          const isOver = openTimeMs < clock.barOpenMs;
          return {
            openTimeMs,
            open,
            ...(isOver ? { high, low, close, volume } : { high: open, low: open, close: open, volume: 0 }),
          };
        }),
      );
    },
    fetchOpenOrders(symbols) {
      const open = [...exchange.resting.keys(), ...exchange.stops.keys()].map((id) => orders.get(id)!);
      return ok({
        rows: open.filter(({ symbol }) => symbols.length === 0 || symbols.includes(symbol)),
        unreadable: [],
      });
    },
    fetchTrades: (symbol, from) =>
      ok({
        rows: trades.filter((trade) => trade.symbol === symbol && Number(trade.tradeId) >= Number(from ?? 0)),
        unreadable: [],
      }),
    fetchTransfers: () => ok([]),
    fetchExecutions: () => ok({ bookings: [], executions: [], isWhole: true, lastTransferMs: null }),
    fetchPlacedOrders: () => ok({ rows: [], unreadable: [] }),
  };
  return used as VenuePort;
}
