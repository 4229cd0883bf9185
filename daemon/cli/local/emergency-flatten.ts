import { setTimeout as delay } from 'node:timers/promises';
import type { VenueEnv } from '../../config/config.ts';
import { profileOf, SIMULATED_VENUE } from '../../core/venues.ts';
import type { VenuePort } from '../../driver/ports.ts';
import type { Approved, OrderInstruction, UnreadableRow, VenueOrder } from '../../engine/records/venue.ts';
import { SYSTEM_TIME } from '../../time/system-time.ts';
import { createEmergencyVenue } from '../../venue/create-venue.ts';
import type { EmergencyReads, HeldPosition } from '../../venue/reads/emergency-reads.ts';
import { DomainClock } from '../../venue/wire/clock.ts';
import { formatE8 } from '../../venue/wire/exact-fields.ts';
import { EmergencyOrders } from './emergency-orders.ts';

export interface EmergencyReport {
  readonly is_flat: boolean;
  readonly orders_left: readonly { readonly symbol: string; readonly client_order_id: string }[];
  /** Signed decimals of the base asset. */
  readonly positions_left: readonly { readonly symbol: string; readonly quantity: string }[];
  /** Rows of the venue that say nothing that could be acted on: what they stand for is left as well. Absent: none. */
  readonly not_readable?: readonly NotReadable[];
  /** Symbols that were asked for and that the venue does not list: nothing is known of them. Absent: none. */
  readonly not_listed?: readonly string[];
}
interface NotReadable extends UnreadableRow {
  readonly what: 'order' | 'position';
}
interface EmergencyOptions {
  /** Null: every symbol with an order or a position. */
  readonly symbols: readonly string[] | null;
  readonly say: (line: string) => void;
  /** How long it is tried, wall milliseconds. */
  readonly withinMs?: number;
}

type Read<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly detail: string };

const NOTHING: EmergencyReport = { is_flat: true, orders_left: [], positions_left: [] };
const WITHIN_MS = 60_000;
const PAUSE_MS = 300;
const SEND_DEADLINE_MS = 5_000;
/** How long it waits for the venue's time before the host's has to do. */
const TIME_WITHIN_MS = 2_000;
/**
 * How long a round waits for its list while a position is held, and for what it has begun; neither is given up then.
 */
const LIST_WITHIN_MS = 2_000;
const ROUND_MS = 1_000;

/**
 * Leaves the market with neither daemon nor ledger: cancels every order that opens, closes every position with MARKET
 * reduceOnly orders, cancels what reduces once its symbol is flat, and lists again until there is none (BINANCE.md part
 * B 2.5). Asking the venue again is always safe here: a cancel changes nothing twice, and reduceOnly cannot cross zero.
 * So a read that fails is asked again as well, until the time is over. An exit needs the list of positions and that of
 * symbols alone; what else cannot be read, and a row that cannot be understood, is reported and delays nothing.
 * @throws Error when the time is over and the positions could not be read once
 */
export async function flattenEmergency(env: VenueEnv, options: EmergencyOptions): Promise<EmergencyReport> {
  const clock = new DomainClock(SYSTEM_TIME);
  const { venue: name, paperUrl, venueKeys } = env;
  const access =
    name === SIMULATED_VENUE ? { venue: name, baseUrl: paperUrl ?? '', ...venueKeys } : { venue: name, ...venueKeys };
  const { venue, reads } = await createEmergencyVenue({ access, clock, time: SYSTEM_TIME });
  const deadlineMs = performance.now() + (options.withinMs ?? WITHIN_MS);
  const over = new AbortController();
  try {
    const patience = { deadlineMs, say: options.say };
    await syncClock(venue, clock, patience, over.signal);
    await insist('symbols', () => reads.loadSymbols(), patience);
    const unlisted = tellUnlisted(reads, options);
    const symbols = options.symbols?.filter((symbol) => !unlisted.includes(symbol)) ?? null;
    const isNothingLeft = symbols !== null && symbols.length === 0;
    const report = isNothingLeft ? NOTHING : await flattenAccount(venue, reads, { ...options, symbols }, deadlineMs);
    return unlisted.length === 0 ? report : { ...report, is_flat: false, not_listed: unlisted };
  } finally {
    over.abort();
    await venue.close();
  }
}

/** RISK: a mistyped symbol passes for a flat one, or for a list that cannot be read, while its position stays. */
function tellUnlisted(reads: EmergencyReads, { symbols, say }: EmergencyOptions): readonly string[] {
  const unlisted = (symbols ?? []).filter((symbol) => !reads.isListed(symbol));
  for (const symbol of unlisted) {
    const meant = symbol.toUpperCase();
    const hint = meant !== symbol && reads.isListed(meant) ? `; ${meant} is one` : '';
    say(`${symbol}: the venue lists no such symbol, and nothing is done about it${hint}`);
  }
  return unlisted;
}

/**
 * RISK: a host whose clock is wrong is refused by the venue, which is told; without a time nothing could be sent at
 * all.
 */
async function syncClock(
  venue: VenuePort,
  clock: DomainClock,
  { deadlineMs, say }: Patience,
  over: AbortSignal,
): Promise<void> {
  const read = async (): Promise<Read<null>> => {
    if (profileOf(venue.venue).isSimulated) clock.setScale(await venue.fetchTimeScale());
    const startedMs = performance.now();
    const synced = clock.sync(await venue.fetchServerTime(), performance.now() - startedMs);
    return synced.kind === 'failed' ? synced : { kind: 'ok', value: null };
  };
  const untilMs = Math.min(deadlineMs, performance.now() + TIME_WITHIN_MS);
  // It goes on beside the exits: the venue's time, when it comes, replaces the host's.
  const tell = (line: string): void => (over.aborted ? undefined : say(line));
  const syncing = insist('time', read, { deadlineMs, say: tell }, over).catch(() => undefined);
  await Promise.race([syncing, delay(untilMs - performance.now(), undefined, { signal: over, ref: false })]);
  if (clock.isSynced) return;
  say("the clock of this host is used instead of the venue's");
  clock.sync({ kind: 'ok', value: Date.now() }, 0);
}

/** How long reads go on, and who is told of each that fails. */
interface Patience {
  readonly deadlineMs: number;
  readonly say: (line: string) => void;
}

/** Reads until an answer comes. @throws Error when the time is over */
async function insist<T>(
  what: string,
  read: () => Promise<Read<T>>,
  { deadlineMs, say }: Patience,
  over?: AbortSignal,
): Promise<T> {
  for (;;) {
    const value = await tryRead(what, read, say);
    if (value !== null) return value.value;
    if (performance.now() > deadlineMs) throw new Error(`the venue's ${what} cannot be read`);
    await delay(PAUSE_MS, undefined, over === undefined ? {} : { signal: over });
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
  positions: readonly HeldPosition[] | null;
  oddOrders: readonly UnreadableRow[];
  oddPositions: readonly UnreadableRow[];
}

/** The account as far as it can be read. */
class AccountView {
  readonly seen: Seen = { orders: null, positions: null, oddOrders: [], oddPositions: [] };
  /** The last list of orders was of all that is to go. */
  isWhole = false;
  readonly #reads: EmergencyReads;
  readonly #symbols: readonly string[] | null;
  readonly #say: (line: string) => void;
  readonly #reported = new Set<string>();

  constructor(reads: EmergencyReads, { symbols, say }: EmergencyOptions) {
    this.#reads = reads;
    this.#symbols = symbols;
    this.#say = say;
  }

  /** Symbols that are not flat, or of which that is not known; null: the positions could not be read. */
  async readPositions(): Promise<readonly { readonly symbol: string }[] | null> {
    const read = await tryRead('positions', () => this.#reads.fetchPositions(), this.#say);
    if (read === null) return null;
    this.seen.positions = read.value.rows.filter((row) => this.#concerns(row));
    this.seen.oddPositions = this.#tell('position', read.value.unreadable);
    return [...this.seen.positions, ...this.seen.oddPositions];
  }

  /**
   * Null: not all of them could be read; those that could are seen. The list of a whole account weighs much, and rounds
   * are many: it is read at first, and when nothing else is left.
   */
  async listOrders(): Promise<readonly VenueOrder[] | null> {
    const { orders, positions } = this.seen;
    const known = [...(orders ?? []), ...(positions ?? [])].map((row) => row.symbol);
    const names = this.#symbols ?? (orders === null ? [] : [...new Set(known)]);
    const read = await tryRead('orders', () => this.#reads.fetchOpenOrders(names), this.#say);
    if (read === null) return null;
    const { failed, rows, unreadable } = read.value;
    for (const what of failed) this.#say(`the venue's ${what}: cannot be read`);
    this.seen.orders = rows.filter((row) => this.#concerns(row));
    this.seen.oddOrders = this.#tell('order', unreadable);
    this.isWhole = failed.length === 0 && (this.#symbols !== null || names.length === 0);
    return failed.length === 0 ? this.seen.orders : null;
  }

  #concerns(row: { readonly symbol: string }): boolean {
    return this.#symbols === null || this.#symbols.includes(row.symbol);
  }

  #tell(what: string, odd: readonly UnreadableRow[]): readonly UnreadableRow[] {
    const own = odd.filter((row) => this.#concerns(row));
    for (const { symbol, detail } of own) {
      const line = `${symbol}: a row of its ${what} cannot be read: ${detail}`;
      if (!this.#reported.has(line)) this.#say(line);
      this.#reported.add(line);
    }
    return own;
  }
}

async function flattenAccount(
  venue: VenuePort,
  reads: EmergencyReads,
  options: EmergencyOptions,
  deadlineMs: number,
): Promise<EmergencyReport> {
  const { say } = options;
  // RISK: orders that no gate decided; each is a MARKET reduceOnly order of at most the position, so it only reduces.
  const send = (exit: OrderInstruction) => venue.submit(exit as Approved<OrderInstruction>, SEND_DEADLINE_MS);
  const cuts = {
    splitClosing: (symbol: string, heldE8: bigint) => reads.splitClosing(symbol, heldE8),
    largestE8: (symbol: string) => reads.largestE8(symbol),
    reload: async () => {
      await tryRead('symbols', () => reads.loadSymbols(), say);
    },
  };
  const orders = new EmergencyOrders(venue, cuts, send, say);
  const view = new AccountView(reads, options);
  const { seen } = view;
  for (;;) {
    const listing = view.listOrders();
    const found = await view.readPositions();
    // A list that hangs must hold up no exit; without a position there is nothing to do but to wait for it.
    const listedSoon = Promise.race([listing, delay(LIST_WITHIN_MS, null, { ref: false })]);
    orders.exit(seen.positions ?? [], async () => (await listedSoon) ?? seen.orders ?? []);
    orders.exitUnread(listedOnly(reads, seen.oddPositions));
    const isHeld = (seen.positions?.length ?? 0) > 0;
    const listed = await (isHeld ? listedSoon : listing);
    if (view.isWhole && listed?.length === 0 && seen.oddOrders.length === 0 && found?.length === 0) {
      // The last order may have filled after the positions were read: flat is what they are behind an empty list.
      const last = await view.readPositions();
      if (last?.length === 0) return NOTHING;
    }
    if (performance.now() > deadlineMs) {
      if (seen.positions === null) throw new Error("the venue's positions cannot be read: what is left is not known");
      if (listed === null || found === null) say('the last lists could not be read: there may be more left');
      return reportLeft(seen);
    }
    orders.cancelOpenings(seen.orders ?? []);
    // RISK: a position that an opening order has made meanwhile must find its stop still there; so must one that could
    // not be read. An order that could not be read may open: where nothing is held it goes with all others.
    if (listed !== null) {
      const rest = [...listed, ...listedOnly(reads, seen.oddOrders).map((symbol) => ({ symbol }))];
      if (orders.hasFlat(rest, found)) orders.cancelRest(rest, await view.readPositions());
    }
    await Promise.race([orders.settled(), delay(ROUND_MS)]);
    await delay(PAUSE_MS);
  }
}

/** Symbols of rows that the venue lists: nothing can be sent for others. */
function listedOnly(reads: EmergencyReads, rows: readonly UnreadableRow[]): readonly string[] {
  return [...new Set(rows.map(({ symbol }) => symbol))].filter((symbol) => reads.isListed(symbol));
}

function reportLeft({ orders, positions, oddOrders, oddPositions }: Seen): EmergencyReport {
  const odd: readonly NotReadable[] = [
    ...oddOrders.map((row) => ({ what: 'order' as const, ...row })),
    ...oddPositions.map((row) => ({ what: 'position' as const, ...row })),
  ];
  return {
    is_flat: false,
    orders_left: (orders ?? []).map(({ symbol, clientOrderId }) => ({ symbol, client_order_id: clientOrderId })),
    positions_left: (positions ?? []).map(({ heldE8, symbol }) => ({ symbol, quantity: signedText(heldE8) })),
    ...(odd.length === 0 ? {} : { not_readable: odd }),
  };
}

function signedText(heldE8: bigint): string {
  return heldE8 < 0n ? `-${formatE8(-heldE8)}` : formatE8(heldE8);
}
