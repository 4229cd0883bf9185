import type { VenuePort } from '../driver/ports.ts';
import type { CountdownScope } from '../engine/records/venue.ts';
import type { TimePort } from '../time/time-port.ts';
import { AccountReads } from './reads/account-reads.ts';
import { EmergencyReads } from './reads/emergency-reads.ts';
import { HistoryReads } from './reads/history-reads.ts';
import { KeyReads } from './reads/key-reads.ts';
import { MarketReads } from './reads/market-reads.ts';
import { Reader } from './reads/reader.ts';
import { MarketTables } from './tables/market-tables.ts';
import { VenueOrders } from './venue-orders.ts';
import { ANSWER_WITHIN_MS, type BinanceClient, loadBinanceusdm, RECV_WINDOW_MS } from './wire/ccxt-binance.ts';
import { ClockNotSyncedError, type DomainTime } from './wire/clock.ts';
import type { VenueAccess } from './wire/endpoints.ts';
import { readAmount, requireObject } from './wire/exact-fields.ts';
import { ReadLimiter } from './wire/read-limiter.ts';
import { createRedactor, type Redact } from './wire/redaction.ts';
import type { HttpExchange } from './wire/transport.ts';
import { VenueLink } from './wire/venue-link.ts';
import { WeightWindow } from './wire/weight-window.ts';

export interface VenueConfig {
  readonly access: VenueAccess;
  /** Domain time of signatures and observations; it may be synchronised after the venue is created. */
  readonly clock: DomainTime;
  /** Wall time, for every deadline and for pacing reads. */
  readonly time: TimePort;
  /** The transport; by default connections to the hosts of `access`. */
  readonly exchange?: HttpExchange;
  /** Further secrets of the process, to be removed from every text of this module. */
  readonly secrets?: readonly string[];
  /** Request weight per wall minute for queued reads; null: no limit (a simulated exchange that enforces none). */
  readonly readWeightPerMinute?: number | null;
  /** Of Binance, as somebody has seen it; a simulated exchange says it itself. `unknown` when not given. */
  readonly countdown?: CountdownScope;
  /** Total wall time of a request. A shorter one makes more outcomes unknown; it does not execute fewer orders. */
  readonly answerWithinMs?: number;
}

/** The exchange's tolerance for a clock that is ahead (general information, timing security). */
const SKEW_ALLOWANCE_MS = 1000;
const CLOSE_GRACE_MS = 600;
/** Of 2,400 a minute per address: the rest is for orders, lookups and whatever else runs there. */
export const READ_WEIGHT_PER_MINUTE = 1800;

/** The simulated exchange's scale could not be read. Without it domain time would run at the wrong rate. */
export class TimeScaleError extends Error {
  override readonly name = 'TimeScaleError';
}

/** The venue counts by its own clock; a simulated exchange with another time scale counts by the wall clock. */
function readMinuteClock(clock: DomainTime, time: TimePort): number | null {
  if (clock.scale !== 1) return time.hostMs();
  try {
    return clock.nowMs();
  } catch (error) {
    if (error instanceof ClockNotSyncedError) return null;
    throw error;
  }
}

/** What a simulated exchange states about itself, besides the venue's own interface. */
interface SimulatedVenue {
  readonly scale: number;
  /** False: it refuses no amount of request weight. */
  readonly limitsWeight: boolean;
  readonly countdown: CountdownScope;
}
const SEEN_SCOPES = ['regular', 'all'] as const;

async function fetchSimulated(client: BinanceClient, redact: Redact): Promise<SimulatedVenue> {
  try {
    const answer = await client.fetchOpen('/sim/clock');
    if (answer.status !== 200) throw new TimeScaleError(`HTTP ${answer.status}`);
    const clock = requireObject(JSON.parse(answer.text), 'clock');
    const scale = readAmount(clock, 'scale');
    if (scale < 0) throw new TimeScaleError('the scale is negative');
    const countdown = SEEN_SCOPES.find((scope) => scope === clock.countdown) ?? 'unknown';
    return { scale, limitsWeight: clock.limits_weight !== false, countdown };
  } catch (error) {
    throw new TimeScaleError(redact(error instanceof Error ? error.message : 'unknown error'));
  }
}

/**
 * The exchange behind one port: ccxt's binanceusdm, one instance for changes and one for reads, so that
 * queued reads never delay an order. Nothing is sent here. Throws `VenueMismatchError` if the endpoints are not
 * those of the venue (BY-28).
 */
export async function createVenue(config: VenueConfig): Promise<VenuePort> {
  return (await createEmergencyVenue(config)).venue;
}

/** The same, with reads that need less. Those are only for closing. */
export async function createEmergencyVenue(config: VenueConfig): Promise<{
  readonly venue: VenuePort;
  readonly reads: EmergencyReads;
  readonly keys: KeyReads;
}> {
  const { access, clock, time, exchange } = config;
  const build = await loadBinanceusdm();
  const shared = { access, time, nowMs: () => clock.nowMs(), ...(exchange === undefined ? {} : { exchange }) };
  const orderClient = build({ ...shared, connections: 64 });
  const readClient = build({ ...shared, connections: 24 });
  const redact = createRedactor([access.apiKey, access.secret, ...(config.secrets ?? [])]);
  const link = new VenueLink(clock, redact, config.answerWithinMs ?? ANSWER_WITHIN_MS, time);
  const tables = new MarketTables([orderClient, readClient]);
  const weightPerMinute =
    config.readWeightPerMinute === undefined ? READ_WEIGHT_PER_MINUTE : config.readWeightPerMinute;
  // Limits that a simulated exchange does not enforce are ignored unless requested. One whose time runs faster must be
  // read faster than any limit of wall time.
  let isEnforced = true;
  let countdown: CountdownScope = config.countdown ?? 'unknown';
  const isLifted = (): boolean => clock.scale > 1 || !(isEnforced || config.readWeightPerMinute !== undefined);
  const limits = { maxInFlight: 16, maxQueued: 256, weightPerMinute, isLifted };
  const limiter = new ReadLimiter(limits, time, new WeightWindow(() => readMinuteClock(clock, time)));
  const orders = new VenueOrders(orderClient, tables, link);
  const reader = new Reader(readClient, link, limiter);
  const market = new MarketReads(reader, tables);
  const account = new AccountReads(reader, access.venue === 'binance-live');
  const history = new HistoryReads(reader, tables);
  const venue: VenuePort = {
    venue: access.venue,
    get acceptanceHorizonMs() {
      return (RECV_WINDOW_MS + SKEW_ALLOWANCE_MS) * Math.max(1, clock.scale);
    },
    get countdown() {
      return countdown;
    },
    fetchTimeScale: async () => {
      if (access.venue !== 'paper') return 1;
      const simulated = await fetchSimulated(readClient, redact);
      isEnforced = simulated.limitsWeight;
      countdown = simulated.countdown;
      return simulated.scale;
    },
    findListing: (symbol) => tables.findListing(symbol),
    noteRules: (rules) => tables.noteRules(rules),
    // A simulated exchange has one account, known by its address and key.
    ...(access.venue === 'paper' ? {} : { fetchAccountAlias: () => account.fetchAlias() }),
    ...portReads(market, account, history),
    ...portOrders(orders),
    noteStarting: (isStarting) => {
      limiter.isStarting = isStarting;
    },
    readWeightLeft: () => limiter.weightLeft,
    leftAloneMs: link.exitsLeftAloneMs,
    takeOrderCounts: () => link.takeOrderCounts(),
    close: async () => {
      limiter.close();
      await Promise.all([orderClient.close(CLOSE_GRACE_MS), readClient.close(0)]);
    },
  };
  return { venue, reads: new EmergencyReads(reader, tables), keys: new KeyReads(reader) };
}

function portReads(market: MarketReads, account: AccountReads, history: HistoryReads) {
  return {
    fetchServerTime: () => market.fetchServerTime(),
    fetchRules: (symbols) => market.fetchRules(symbols),
    prepareAccount: (symbols, isolated) => account.prepareAccount(symbols, isolated),
    fetchAccount: (symbols) => account.fetchAccount(symbols),
    fetchQuote: (symbol) => market.fetchQuote(symbol),
    fetchBars: (symbol, barMs, sinceMs, limit) => market.fetchBars(symbol, barMs, sinceMs, limit),
    fetchOpenOrders: (symbols) => account.fetchOpenOrders(symbols),
    fetchTrades: (symbol, fromTradeId, sinceMs) => history.fetchTrades(symbol, fromTradeId, sinceMs),
    fetchTransfers: (sinceMs) => history.fetchTransfers(sinceMs),
    fetchExecutions: (sinceMs) => history.fetchExecutions(sinceMs),
    fetchPlacedOrders: (symbol, sinceMs) => history.fetchPlacedOrders(symbol, sinceMs),
    lookupOrder: (symbol, clientOrderId, kind) => account.lookupOrder(symbol, clientOrderId, kind),
    lookupByVenueId: (symbol, venueOrderId, canWait) => account.lookupByVenueId(symbol, venueOrderId, canWait),
  } satisfies Partial<VenuePort>;
}

function portOrders(orders: VenueOrders) {
  return {
    submit: (order, deadlineMs) => orders.submit(order, deadlineMs),
    submitStop: (order) => orders.submitStop(order),
    amend: (order, deadlineMs) => orders.amend(order, deadlineMs),
    cancel: (symbol, clientOrderId, kind) => orders.cancel(symbol, clientOrderId, kind),
    cancelAll: (symbol) => orders.cancelAll(symbol),
    setCountdown: (symbol, countdownMs) => orders.setCountdown(symbol, countdownMs),
    setLeverage: (symbol, leverage) => orders.setLeverage(symbol, leverage),
  } satisfies Partial<VenuePort>;
}
