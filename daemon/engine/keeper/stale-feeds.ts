import type { LiveCore } from '../flow/core.ts';

/** So long unread a feed is told of, and nothing is opened without lists of orders, wall ms. */
const STALE_MS = 60_000;
/** The same of the account's mode, which is asked for once a minute. */
const STALE_MODE_MS = 150_000;
/** Between two alerts of a feed that stays unread, wall ms. */
const TELL_EVERY_MS = 3_600_000;
/** The account counts as readable while its last reading is no older, wall ms. */
const READABLE_MS = 10_000;

export type WatchedFeed = 'account' | 'orders' | 'mode';
interface Watched {
  readonly name: string;
  readonly staleMs: number;
  /** Why nothing is opened without it; null: a decision sees itself how old it is. */
  readonly held: string | null;
  /**
   * Once the account has been readable for so long, wall ms: at the end of an outage of all the others come a moment later.
   * RISK: one that comes now and then counts from the first time that it came without them, or nothing would be held back.
   */
  readonly heldAfterMs: number;
}
const WATCHED: Readonly<Record<WatchedFeed, Watched>> = {
  account: { name: 'the account (positions, balances)', staleMs: STALE_MS, held: null, heldAfterMs: 0 },
  orders: { name: 'the open orders', staleMs: STALE_MS, held: 'the open orders cannot be read', heldAfterMs: 10_000 },
  mode: {
    name: "the account's mode",
    staleMs: STALE_MODE_MS,
    held: "the account's mode cannot be read",
    heldAfterMs: 60_000,
  },
};
const FEEDS = ['account', 'orders', 'mode'] as const;
/** Of all symbols, and of some. */
const PRICES = 'the prices';
/** Those of the others count as read while they are no older, wall ms: at the begin of an outage not all age at once. */
const FRESH_MS = 30_000;

/**
 * Feeds that have not been read for long, while the daemon looks for them. RISK: whoever is not told takes a blind daemon
 * for a quiet market. Openings are refused for an old account and old prices; lists of orders have no age in a decision:
 * without them nobody knows what somebody else has resting here.
 */
export class StaleFeeds {
  readonly #core: LiveCore;
  readonly #enterBoot: (reason: string) => void;
  readonly #readAt = new Map<WatchedFeed, number>();
  /** The first round: from then on what was never read is looked for. RISK: it is no reading of anything. */
  #beganAt: number | null = null;
  #accountSince = Number.POSITIVE_INFINITY;
  /** Feeds that are stale, with when the account was read first while they were. */
  readonly #missedSince = new Map<WatchedFeed, number>();
  readonly #reportedAt = new Map<string, number>();
  /** By symbol: of when the mark is, and when it was first read. */
  readonly #marks = new Map<string, { readonly markAtMs: number; readonly readAt: number }>();

  constructor(core: LiveCore, enterBoot: (reason: string) => void) {
    this.#core = core;
    this.#enterBoot = enterBoot;
  }

  noteRead(feed: WatchedFeed): void {
    const now = this.#core.ports.time.monotonicMs();
    if (feed === 'account' && !this.#isAccountRead(now)) this.#accountSince = now;
    this.#readAt.set(feed, now);
    this.#reportedAt.delete(WATCHED[feed].name);
    this.#missedSince.delete(feed);
    if (feed === 'account')
      for (const other of FEEDS)
        if (this.#isStale(other, now) && !this.#missedSince.has(other)) this.#missedSince.set(other, now);
  }
  #ageMs(feed: WatchedFeed, now: number): number {
    return now - (this.#readAt.get(feed) ?? this.#beganAt ?? now);
  }
  #isStale(feed: WatchedFeed, now: number): boolean {
    return this.#ageMs(feed, now) >= WATCHED[feed].staleMs;
  }

  /** RISK: a price that the venue repeats is none: what is held is neither cut by it nor watched. */
  noteQuote(symbol: string, markAtMs: number): void {
    const { clock, time } = this.#core.ports;
    // Where time stands still no price gets any newer.
    if (clock.scale > 0 && markAtMs === this.#marks.get(symbol)?.markAtMs) return;
    this.#marks.set(symbol, { markAtMs, readAt: time.monotonicMs() });
  }

  #isAccountRead(now: number): boolean {
    return now - (this.#readAt.get('account') ?? Number.NEGATIVE_INFINITY) < READABLE_MS;
  }

  /** Called in every round; `isReconciled`: nothing keeps openings back yet. `priced`: symbols that have prices. */
  tick(isReconciled: boolean, priced: readonly string[]): void {
    const now = this.#core.ports.time.monotonicMs();
    const beganAt = this.#beganAt ?? now;
    this.#beganAt = beganAt;
    for (const feed of FEEDS) {
      if (!this.#isStale(feed, now)) continue;
      // Without the account it is no news.
      if (feed === 'mode' && this.#isStale('account', now)) continue;
      const { held, heldAfterMs, name } = WATCHED[feed];
      const readableSince = Math.min(this.#accountSince, this.#missedSince.get(feed) ?? Number.POSITIVE_INFINITY);
      const isReadable = this.#isAccountRead(now) && now - readableSince >= heldAfterMs;
      if (held !== null && isReconciled && isReadable) this.#enterBoot(held);
      this.#tell(name, this.#ageMs(feed, now), now);
    }
    this.#lookAtPrices(priced, beganAt, now);
  }

  #lookAtPrices(priced: readonly string[], beganAt: number, now: number): void {
    const ageMs = (symbol: string): number => now - (this.#marks.get(symbol)?.readAt ?? beganAt);
    const stale = priced.filter((symbol) => ageMs(symbol) >= STALE_MS);
    if (stale.length === 0) {
      for (const what of this.#reportedAt.keys()) if (what.startsWith(PRICES)) this.#reportedAt.delete(what);
      return;
    }
    const isAll = stale.length === priced.length;
    if (!isAll && priced.some((symbol) => !stale.includes(symbol) && ageMs(symbol) >= FRESH_MS)) return;
    this.#tell(isAll ? PRICES : `${PRICES} of ${stale.join(', ')}`, Math.max(...stale.map(ageMs)), now);
  }

  #tell(what: string, ageMs: number, now: number): void {
    const reportedAt = this.#reportedAt.get(what);
    if (reportedAt !== undefined && now - reportedAt < TELL_EVERY_MS) return;
    this.#reportedAt.set(what, now);
    this.#core.alert('FEEDS_STALE', `${what} could not be read for ${Math.round(ageMs / 1_000)} s`);
  }
}
