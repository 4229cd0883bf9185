import type { GateCore } from '../journal/journal.ts';
import type { VenueHealth } from '../orders/venue-health.ts';

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

/** Schedules the feeds; each is read only once at a time. */
export class FeedSchedule {
  readonly #core: GateCore;
  readonly #health: VenueHealth;
  readonly #signal: AbortSignal;
  readonly #nextAt = new Map<FeedName, number>();
  readonly #busy = new Set<FeedName>();

  constructor(core: GateCore, health: VenueHealth, signal: AbortSignal) {
    this.#core = core;
    this.#health = health;
    this.#signal = signal;
  }

  dueNow(feed: FeedName): void {
    this.#nextAt.set(feed, Number.NEGATIVE_INFINITY);
  }
  /** It is due by then, wall ms from now. */
  dueWithin(feed: FeedName, ms: number): void {
    const now = this.#core.ports.time.monotonicMs();
    this.#nextAt.set(feed, Math.min(this.#nextAt.get(feed) ?? now, now + ms));
  }
  isDue(feed: FeedName): boolean {
    return this.#core.ports.time.monotonicMs() >= (this.#nextAt.get(feed) ?? Number.NEGATIVE_INFINITY);
  }
  /** Notes that the feed was read by other means, now or `ageMs` of domain time ago. */
  noteRead(feed: FeedName, ageMs = 0): void {
    const { scale } = this.#core.ports.clock;
    const sinceMs = scale > 0 ? ageMs / scale : ageMs;
    this.#nextAt.set(feed, this.#core.ports.time.monotonicMs() - sinceMs + this.#periodMs(feed, 1));
  }
  /** Every feed is due. */
  forget(): void {
    this.#nextAt.clear();
  }
  /** Wall ms. */
  #periodMs(feed: FeedName, stretch: number): number {
    const { floorMs } = PERIODS[feed];
    const domainMs = PERIODS[feed].domainMs * stretch;
    const { scale } = this.#core.ports.clock;
    return scale > 0 ? Math.max(floorMs, Math.min(domainMs, domainMs / scale)) : domainMs;
  }

  /** Reads the feed if it is due and not being read. `stretch`: times its period. */
  start(feed: FeedName, poll: () => Promise<boolean>, stretch = 1): void {
    const now = this.#core.ports.time.monotonicMs();
    if (this.#busy.has(feed) || now < (this.#nextAt.get(feed) ?? Number.NEGATIVE_INFINITY)) return;
    const periodMs = this.#periodMs(feed, stretch);
    this.#nextAt.set(feed, now + periodMs);
    this.#busy.add(feed);
    poll()
      .then((ok) => {
        if (!ok) this.#nextAt.set(feed, Math.min(this.#nextAt.get(feed) ?? now, now + FAILED_AGAIN_MS));
        if (ok && (feed === 'account' || feed === 'orders')) this.#health.onReadSuccess();
      })
      .catch((error: unknown) => {
        if (!this.#signal.aborted) noteUnread(this.#core, feed, error);
      })
      .finally(() => this.#busy.delete(feed));
  }
}

/** Logs that a read failed, and returns false. */
export function noteUnread(core: GateCore, what: string, error: unknown): boolean {
  core.ports.log.warn({ what, error: String(error) }, 'could not be read');
  return false;
}

/** Whether every reading succeeded. */
export async function allRead(done: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(done)).every((ok) => ok);
}
