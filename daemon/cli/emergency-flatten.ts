import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { VenueEnv } from '../config.ts';
import type { Approved, OrderInstruction, VenueOrder, VenuePort, VenuePosition } from '../gate/ports.ts';
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

type Read<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly detail: string };

const WITHIN_MS = 60_000;
const PAUSE_MS = 300;
const SEND_DEADLINE_MS = 5_000;

/**
 * Leaves the market with neither daemon nor ledger: cancels every regular and conditional order, lists again until
 * there is none, and closes every position with MARKET reduceOnly orders. Asking the venue again is always safe here:
 * a cancel changes nothing twice, and reduceOnly cannot cross zero. So a read that fails is asked again as well, until
 * the time is over.
 * @throws Error when the time is over and the positions could not be read once
 */
export async function flattenEmergency(env: VenueEnv, options: EmergencyOptions): Promise<EmergencyReport> {
  const clock = new DomainClock({ monotonicMs: () => performance.now(), hostMs: () => Date.now() });
  const { venue: name, paperUrl, venueKeys } = env;
  const access =
    name === 'paper' ? { venue: name, baseUrl: paperUrl ?? '', ...venueKeys } : { venue: name, ...venueKeys };
  const venue = await createVenue({ access, time: clock });
  const deadlineMs = performance.now() + (options.withinMs ?? WITHIN_MS);
  try {
    const syncClock = async (): Promise<Read<null>> => {
      if (name === 'paper') clock.setScale(await venue.fetchTimeScale());
      const startedMs = performance.now();
      const synced = clock.sync(await venue.fetchServerTime(), performance.now() - startedMs);
      return synced.kind === 'failed' ? synced : { kind: 'ok', value: null };
    };
    await insist('time', syncClock, deadlineMs, options.say);
    await insist('symbols', () => venue.fetchRules([]), deadlineMs, options.say);
    return await flattenAccount(venue, options, deadlineMs);
  } finally {
    await venue.close();
  }
}

/** Reads until an answer comes. @throws Error when the time is over */
async function insist<T>(
  what: string,
  read: () => Promise<Read<T>>,
  deadlineMs: number,
  say: (line: string) => void,
): Promise<T> {
  for (;;) {
    const value = await tryRead(what, read, say);
    if (value !== null) return value.value;
    if (performance.now() > deadlineMs) throw new Error(`the venue's ${what} cannot be read`);
    await delay(PAUSE_MS);
  }
}

/** One read; what keeps it from an answer is said, and is no end. */
async function tryRead<T>(
  what: string,
  read: () => Promise<Read<T>>,
  say: (line: string) => void,
): Promise<{ readonly value: T } | null> {
  let detail: string;
  try {
    const outcome = await read();
    if (outcome.kind === 'ok') return outcome;
    detail = outcome.detail;
  } catch (error) {
    detail = error instanceof Error ? error.message : String(error);
  }
  say(`the venue's ${what} cannot be read: ${detail}`);
  return null;
}

async function flattenAccount(
  venue: VenuePort,
  options: EmergencyOptions,
  deadlineMs: number,
): Promise<EmergencyReport> {
  const { symbols, say } = options;
  const concerns = (row: { readonly symbol: string }) => symbols === null || symbols.includes(row.symbol);
  // What was read last: without news, asking for it to go is still right.
  let orders: readonly VenueOrder[] | null = null;
  let open: readonly VenuePosition[] | null = null;
  const readOpen = async (): Promise<readonly VenuePosition[] | null> => {
    const account = await tryRead('positions', () => venue.fetchAccount([]), say);
    return account === null ? null : account.value.positions.filter((row) => concerns(row) && row.lots !== 0);
  };
  for (;;) {
    const [listed, found] = await Promise.all([tryRead('orders', () => venue.fetchOpenOrders([]), say), readOpen()]);
    orders = listed?.value.filter(concerns) ?? orders;
    open = found ?? open;
    if (listed !== null && orders?.length === 0 && found?.length === 0) {
      // The last order may have filled after the positions were read: flat is what they are behind an empty list.
      const last = await readOpen();
      if (last?.length === 0) return { is_flat: true, orders_left: [], positions_left: [] };
      open = last ?? open;
    }
    if (performance.now() > deadlineMs) {
      if (open === null) throw new Error("the venue's positions cannot be read: what is left is not known");
      if (listed === null || found === null) say('the last lists could not be read: there may be more left');
      return reportLeft(orders ?? [], open);
    }
    // A cancel that hangs must not hold up an exit.
    await Promise.all([cancelOrders(venue, orders ?? [], say), exitPositions(venue, open ?? [], say)]);
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
  const named = positions.map((position) => position.symbol);
  const rules = await tryRead('filters', () => venue.fetchRules(named), say);
  for (const { symbol, lots } of positions) {
    const filter = rules?.value.find((rule) => rule.symbol === symbol);
    const largest = Math.max(1, filter?.maxMarketLots ?? Math.abs(lots));
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
