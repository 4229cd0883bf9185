import { setTimeout as delay } from 'node:timers/promises';
import type { VenueEnv } from '../config.ts';
import type { Approved, OrderInstruction, VenueOrder, VenuePort, VenuePosition } from '../gate/ports.ts';
import { DomainClock } from '../venue/clock.ts';
import { createVenue } from '../venue/create-venue.ts';
import { EmergencyOrders } from './emergency-orders.ts';

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
/** How long a round waits for its list while a position is held, and for what it has begun; neither is given up then. */
const LIST_WITHIN_MS = 2_000;
const ROUND_MS = 1_000;

/**
 * Leaves the market with neither daemon nor ledger: cancels every order that opens, closes every position with MARKET
 * reduceOnly orders, cancels what reduces once its symbol is flat, and lists again until there is none (BINANCE.md part
 * B 2.5). Asking the venue again is always safe here: a cancel changes nothing twice, and reduceOnly cannot cross zero.
 * So a read that fails is asked again as well, until the time is over.
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

/** What was read last: without news, asking for it to go is still right. */
interface Seen {
  orders: readonly VenueOrder[] | null;
  positions: readonly VenuePosition[] | null;
}

async function flattenAccount(
  venue: VenuePort,
  options: EmergencyOptions,
  deadlineMs: number,
): Promise<EmergencyReport> {
  const { symbols, say } = options;
  // RISK: orders that no gate decided; each is a MARKET reduceOnly order of at most the position, so it only reduces.
  const send = (exit: OrderInstruction) => venue.submit(exit as Approved<OrderInstruction>, SEND_DEADLINE_MS);
  const orders = new EmergencyOrders(venue, send, say);
  const concerns = (row: { readonly symbol: string }) => symbols === null || symbols.includes(row.symbol);
  const seen: Seen = { orders: null, positions: null };
  let isWhole = false;
  const readPositions = async (): Promise<readonly VenuePosition[] | null> => {
    const account = await tryRead('positions', () => venue.fetchAccount([]), say);
    if (account === null) return null;
    seen.positions = account.value.positions.filter((row) => concerns(row) && row.lots !== 0);
    return seen.positions;
  };
  // The list of a whole account weighs much, and rounds are many: it is read at first, and when nothing else is left.
  const listOrders = async (): Promise<readonly VenueOrder[] | null> => {
    const known = [...(seen.orders ?? []), ...(seen.positions ?? [])].map((row) => row.symbol);
    const names = symbols ?? (seen.orders === null ? [] : [...new Set(known)]);
    const listed = await tryRead('orders', () => venue.fetchOpenOrders(names), say);
    if (listed === null) return null;
    isWhole = symbols !== null || names.length === 0;
    seen.orders = listed.value.filter(concerns);
    return seen.orders;
  };
  for (;;) {
    const listing = listOrders();
    const found = await readPositions();
    // A list that hangs must hold up no exit; without a position there is nothing to do but to wait for it.
    orders.exit(seen.positions ?? [], seen.orders ?? []);
    const isHeld = (seen.positions?.length ?? 0) > 0;
    const listed = isHeld ? await Promise.race([listing, delay(LIST_WITHIN_MS, null)]) : await listing;
    if (isWhole && listed?.length === 0 && found?.length === 0) {
      // The last order may have filled after the positions were read: flat is what they are behind an empty list.
      const last = await readPositions();
      if (last?.length === 0) return { is_flat: true, orders_left: [], positions_left: [] };
    }
    if (performance.now() > deadlineMs) {
      if (seen.positions === null) throw new Error("the venue's positions cannot be read: what is left is not known");
      if (listed === null || found === null) say('the last lists could not be read: there may be more left');
      return reportLeft(seen.orders ?? [], seen.positions);
    }
    orders.cancelOpenings(seen.orders ?? []);
    // RISK: a position that an opening order has made meanwhile must find its stop still there.
    if (listed !== null && orders.hasFlat(listed, found)) orders.cancelRest(listed, await readPositions());
    await Promise.race([orders.settled(), delay(ROUND_MS)]);
    await delay(PAUSE_MS);
  }
}

function reportLeft(orders: readonly VenueOrder[], positions: readonly VenuePosition[]): EmergencyReport {
  return {
    is_flat: false,
    orders_left: orders.map(({ symbol, clientOrderId }) => ({ symbol, client_order_id: clientOrderId })),
    positions_left: positions.map(({ symbol, lots }) => ({ symbol, lots })),
  };
}
