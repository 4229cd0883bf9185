import { noteUnread } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import type { VenueHealth } from '../sending/venue-health.ts';

/** Domain-time periods of the feeds; on a faster venue clock they shrink with it, down to a wall-clock floor. */
export const PERIODS = {
  quotes: { domainMs: 1_000, floorMs: 100 },
  account: { domainMs: 2_000, floorMs: 150 },
  orders: { domainMs: 2_000, floorMs: 200 },
  // In symbols that nobody watches: 80 of the exchange's 2,400 of weight a minute, against 2 for a symbol.
  allOrders: { domainMs: 30_000, floorMs: 2_000 },
  bars: { domainMs: 5_000, floorMs: 200 },
  clock: { domainMs: 30_000, floorMs: 2_000 },
  rules: { domainMs: 900_000, floorMs: 2_000 },
  transfers: { domainMs: 60_000, floorMs: 5_000 },
  income: { domainMs: 60_000, floorMs: 5_000 },
  mode: { domainMs: 60_000, floorMs: 5_000 },
} as const;
/** A failed read is repeated after this much wall time at the latest, ms. */
const FAILED_AGAIN_MS = 30_000;
export type FeedName = keyof typeof PERIODS;
interface Feed {
  /** Wall ms. */
  nextAt: number;
  isBusy: boolean;
}
const AT_ONCE = Number.NEGATIVE_INFINITY;

/** Schedules the feeds; each is read only once at a time. */
export class FeedSchedule {
  readonly #core: LiveCore;
  readonly #health: VenueHealth;
  readonly #feeds = Object.fromEntries(
    Object.keys(PERIODS).map((name): [string, Feed] => [name, { nextAt: AT_ONCE, isBusy: false }]),
  ) as { readonly [name in FeedName]: Feed };

  constructor(core: LiveCore, health: VenueHealth) {
    this.#core = core;
    this.#health = health;
  }

  dueNow(feed: FeedName): void {
    this.#feeds[feed].nextAt = AT_ONCE;
  }
  /** It is due by then, wall ms from now. */
  dueWithin(feed: FeedName, ms: number): void {
    this.#hasten(feed, this.#core.ports.time.monotonicMs() + ms);
  }
  #hasten(feed: FeedName, atMs: number): void {
    this.#feeds[feed].nextAt = Math.min(this.#feeds[feed].nextAt, atMs);
  }
  isDue(feed: FeedName): boolean {
    return this.#core.ports.time.monotonicMs() >= this.#feeds[feed].nextAt;
  }
  /** Notes that the feed was read by other means, now or `ageMs` of domain time ago. */
  noteRead(feed: FeedName, ageMs = 0): void {
    const { scale } = this.#core.ports.clock;
    const sinceMs = scale > 0 ? ageMs / scale : ageMs;
    this.#feeds[feed].nextAt = this.#core.ports.time.monotonicMs() - sinceMs + this.#periodMs(feed, 1);
  }
  /** Every feed is due. */
  forget(): void {
    for (const feed of Object.values(this.#feeds)) feed.nextAt = AT_ONCE;
  }
  /** Wall ms. */
  #periodMs(feed: FeedName, stretch: number): number {
    const { floorMs } = PERIODS[feed];
    const domainMs = PERIODS[feed].domainMs * stretch;
    const { scale } = this.#core.ports.clock;
    return scale > 0 ? Math.max(floorMs, Math.min(domainMs, domainMs / scale)) : domainMs;
  }

  /** Reads the feed if it is due and not being read. `stretch`: times its period. */
  start(feed: FeedName, poll: () => Flow<boolean>, stretch = 1): void {
    const now = this.#core.ports.time.monotonicMs();
    const entry = this.#feeds[feed];
    if (entry.isBusy || now < entry.nextAt) return;
    entry.nextAt = now + this.#periodMs(feed, stretch);
    entry.isBusy = true;
    this.#core.begin(this.#read(feed, poll, now));
  }
  *#read(feed: FeedName, poll: () => Flow<boolean>, startedMs: number): Flow<void> {
    try {
      const ok = yield* poll();
      if (!ok) this.#hasten(feed, startedMs + FAILED_AGAIN_MS);
      if (ok && (feed === 'account' || feed === 'orders')) this.#health.onReadSuccess();
    } catch (error) {
      if (!this.#core.isStopping()) noteUnread(this.#core, feed, error);
    } finally {
      this.#feeds[feed].isBusy = false;
    }
  }
}
