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

export type WatchedFeed = 'account' | 'orders' | 'quotes';
const NAMES: Readonly<Record<WatchedFeed, string>> = {
  account: 'the account (positions, balances)',
  orders: 'the open orders',
  quotes: 'the prices',
};

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
  readonly #toldAt = new Map<WatchedFeed, number>();

  constructor(core: GateCore, enterBoot: (reason: string) => void) {
    this.#core = core;
    this.#enterBoot = enterBoot;
  }

  noteRead(feed: WatchedFeed): void {
    const now = this.#core.ports.time.monotonicMs();
    if (feed === 'account' && !this.#isAccountRead(now)) this.#accountSince = now;
    this.#readAt.set(feed, now);
    this.#toldAt.delete(feed);
  }

  #isAccountRead(now: number): boolean {
    return now - (this.#readAt.get('account') ?? Number.NEGATIVE_INFINITY) < READABLE_MS;
  }

  /** Called in every round; `isReconciled`: nothing keeps openings back yet. */
  tick(isReconciled: boolean): void {
    const now = this.#core.ports.time.monotonicMs();
    this.#beganAt ??= now;
    for (const feed of ['account', 'orders', 'quotes'] as const) {
      const readAt = this.#readAt.get(feed) ?? this.#beganAt;
      if (now - readAt < STALE_MS) continue;
      const isReadable = this.#isAccountRead(now) && now - this.#accountSince >= READABLE_MS;
      if (feed === 'orders' && isReconciled && isReadable) this.#enterBoot('the open orders cannot be read');
      const toldAt = this.#toldAt.get(feed);
      if (toldAt !== undefined && now - toldAt < TELL_EVERY_MS) continue;
      this.#toldAt.set(feed, now);
      const seconds = Math.round((now - readAt) / 1_000);
      this.#core.alert('FEEDS_STALE', `${NAMES[feed]} could not be read for ${seconds} s`);
    }
  }
}
