import type { GateCore } from '../journal/journal.ts';

/** So long unread a feed is told of, and nothing is opened without lists of orders, wall ms. */
const STALE_MS = 60_000;
/** Between two alerts of a feed that stays unread, wall ms. */
const TELL_EVERY_MS = 3_600_000;
/**
 * The account counts as readable while its last reading is no older, and once it has been for so long, wall ms: at the
 * end of an outage lists of orders come a moment later.
 */
const READABLE_MS = 10_000;

export type WatchedFeed = 'account' | 'orders';
const NAMES: Readonly<Record<WatchedFeed, string>> = {
  account: 'the account (positions, balances)',
  orders: 'the open orders',
};
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
  readonly #core: GateCore;
  readonly #enterBoot: (reason: string) => void;
  readonly #readAt = new Map<WatchedFeed, number>();
  /** The first round: from then on what was never read is looked for. RISK: it is no reading of anything. */
  #beganAt: number | null = null;
  #accountSince = Number.POSITIVE_INFINITY;
  readonly #toldAt = new Map<string, number>();
  /** By symbol: of when the mark is, and when it was first read. */
  readonly #marks = new Map<string, { readonly markAtMs: number; readonly readAt: number }>();

  constructor(core: GateCore, enterBoot: (reason: string) => void) {
    this.#core = core;
    this.#enterBoot = enterBoot;
  }

  noteRead(feed: WatchedFeed): void {
    const now = this.#core.ports.time.monotonicMs();
    if (feed === 'account' && !this.#isAccountRead(now)) this.#accountSince = now;
    this.#readAt.set(feed, now);
    this.#toldAt.delete(NAMES[feed]);
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
    for (const feed of ['account', 'orders'] as const) {
      const ageMs = now - (this.#readAt.get(feed) ?? beganAt);
      if (ageMs < STALE_MS) continue;
      const isReadable = this.#isAccountRead(now) && now - this.#accountSince >= READABLE_MS;
      if (feed === 'orders' && isReconciled && isReadable) this.#enterBoot('the open orders cannot be read');
      this.#tell(NAMES[feed], ageMs, now);
    }
    this.#lookAtPrices(priced, beganAt, now);
  }

  #lookAtPrices(priced: readonly string[], beganAt: number, now: number): void {
    const ageMs = (symbol: string): number => now - (this.#marks.get(symbol)?.readAt ?? beganAt);
    const stale = priced.filter((symbol) => ageMs(symbol) >= STALE_MS);
    if (stale.length === 0) {
      for (const what of this.#toldAt.keys()) if (what.startsWith(PRICES)) this.#toldAt.delete(what);
      return;
    }
    const isAll = stale.length === priced.length;
    if (!isAll && priced.some((symbol) => !stale.includes(symbol) && ageMs(symbol) >= FRESH_MS)) return;
    this.#tell(isAll ? PRICES : `${PRICES} of ${stale.join(', ')}`, Math.max(...stale.map(ageMs)), now);
  }

  #tell(what: string, ageMs: number, now: number): void {
    const toldAt = this.#toldAt.get(what);
    if (toldAt !== undefined && now - toldAt < TELL_EVERY_MS) return;
    this.#toldAt.set(what, now);
    this.#core.alert('FEEDS_STALE', `${what} could not be read for ${Math.round(ageMs / 1_000)} s`);
  }
}
