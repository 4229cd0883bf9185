import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { VenueEnv } from '../config.ts';
import type { Approved, FetchOutcome, OrderInstruction, VenueOrder, VenuePort, VenuePosition } from '../gate/ports.ts';
import { DomainClock } from '../venue/clock.ts';
import { createVenue } from '../venue/create-venue.ts';

export interface EmergencyReport {
  readonly is_flat: boolean;
  readonly orders_left: readonly { readonly symbol: string; readonly client_order_id: string }[];
  readonly positions_left: readonly { readonly symbol: string; readonly lots: number }[];
}
interface EmergencyOptions {
  /** Null: every symbol with an order or a position. */
  readonly symbols: readonly string[] | null;
  readonly say: (line: string) => void;
  /** How long it is tried, wall milliseconds. */
  readonly withinMs?: number;
}

const WITHIN_MS = 60_000;
const PAUSE_MS = 300;
const SEND_DEADLINE_MS = 5_000;

/**
 * Leaves the market with neither daemon nor ledger: cancels every regular and conditional order, lists again until
 * there is none, and closes every position with MARKET reduceOnly orders. Asking the venue again is always safe here:
 * a cancel changes nothing twice, and reduceOnly cannot cross zero.
 */
export async function flattenEmergency(env: VenueEnv, options: EmergencyOptions): Promise<EmergencyReport> {
  const clock = new DomainClock({ monotonicMs: () => performance.now(), hostMs: () => Date.now() });
  const { venue: name, paperUrl, venueKeys } = env;
  const access =
    name === 'paper' ? { venue: name, baseUrl: paperUrl ?? '', ...venueKeys } : { venue: name, ...venueKeys };
  const venue = await createVenue({ access, time: clock });
  try {
    if (name === 'paper') clock.setScale(await venue.fetchTimeScale());
    const startedMs = performance.now();
    const synced = clock.sync(await venue.fetchServerTime(), performance.now() - startedMs);
    if (synced.kind === 'failed') throw new Error(`the venue does not tell its time: ${synced.detail}`);
    take(await venue.fetchRules([]), 'symbols');
    return await flattenAccount(venue, options);
  } finally {
    await venue.close();
  }
}

async function flattenAccount(venue: VenuePort, options: EmergencyOptions): Promise<EmergencyReport> {
  const { symbols, say } = options;
  const deadlineMs = performance.now() + (options.withinMs ?? WITHIN_MS);
  const concerns = (row: { readonly symbol: string }) => symbols === null || symbols.includes(row.symbol);
  for (;;) {
    const orders = take(await venue.fetchOpenOrders([]), 'orders').filter(concerns);
    const positions = take(await venue.fetchAccount([]), 'positions').positions.filter(concerns);
    const open = positions.filter((position) => position.lots !== 0);
    if (orders.length + open.length === 0) return { is_flat: true, orders_left: [], positions_left: [] };
    if (performance.now() > deadlineMs) return reportLeft(orders, open);
    await cancelOrders(venue, orders, say);
    // Before the orders are gone a position may still grow; its exit comes first all the same.
    await exitPositions(venue, open, say);
    await delay(PAUSE_MS);
  }
}

async function cancelOrders(
  venue: VenuePort,
  orders: readonly VenueOrder[],
  say: (line: string) => void,
): Promise<void> {
  for (const symbol of new Set(orders.map((order) => order.symbol))) {
    const outcome = await venue.cancelAll(symbol);
    say(outcome.kind === 'ok' ? `${symbol}: orders canceled` : `${symbol}: cancel failed: ${outcome.detail}`);
  }
}

/** RISK: sends orders that no gate decided. They are MARKET and reduceOnly, at most the position, so they only reduce. */
async function exitPositions(
  venue: VenuePort,
  positions: readonly VenuePosition[],
  say: (line: string) => void,
): Promise<void> {
  if (positions.length === 0) return;
  const rules = take(await venue.fetchRules(positions.map((position) => position.symbol)), 'filters');
  for (const { symbol, lots } of positions) {
    const largest = rules.find((rule) => rule.symbol === symbol)?.maxMarketLots ?? Math.abs(lots);
    for (let left = Math.abs(lots); left > 0; left -= largest) {
      const exit: OrderInstruction = {
        clientOrderId: `em${randomBytes(8).toString('hex')}`,
        symbol,
        side: lots > 0 ? 'sell' : 'buy',
        orderType: 'market',
        timeInForce: null,
        lots: Math.min(left, largest),
        priceTicks: null,
        reduceOnly: true,
      };
      const outcome = await venue.submit(exit as Approved<OrderInstruction>, SEND_DEADLINE_MS);
      if (outcome.kind === 'rejected') say(`${symbol}: exit refused: ${outcome.rejection.message}`);
      else say(`${symbol}: exit of ${exit.lots} lots ${outcome.kind === 'accepted' ? 'accepted' : 'sent, no answer'}`);
    }
  }
}

function reportLeft(orders: readonly VenueOrder[], positions: readonly VenuePosition[]): EmergencyReport {
  return {
    is_flat: false,
    orders_left: orders.map(({ symbol, clientOrderId }) => ({ symbol, client_order_id: clientOrderId })),
    positions_left: positions.map(({ symbol, lots }) => ({ symbol, lots })),
  };
}

function take<T>(outcome: FetchOutcome<T>, what: string): T {
  if (outcome.kind === 'ok') return outcome.value;
  throw new Error(`the venue's ${what} cannot be read: ${outcome.detail}`);
}
