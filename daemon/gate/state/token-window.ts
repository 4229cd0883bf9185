import { bisect } from './bisect.ts';
import { keeps } from './keep.ts';

const HOUR_MS = 3_600_000;
/** Tokens are kept one by one for this long: the longest window that is counted exactly. */
export const EXACT_MS = 48 * HOUR_MS;
/** The longest window that a policy may have. */
const LONGEST_MS = 366 * 24 * HOUR_MS;

interface Entry {
  readonly atMs: number;
  readonly tokens: number;
  /** Tokens of this entry and of all that were ever added before it. */
  readonly total: number;
}
export interface TokenCount {
  readonly tokens: number;
  /** When the oldest of them leaves the window; null: there is none. */
  readonly freeAtMs: number | null;
}

const NONE: TokenCount = Object.freeze({ tokens: 0, freeAtMs: null });

/**
 * Order tokens taken over time. A window counts back to the first entry that is not inside it, in O(log n). Entries
 * older than {@link EXACT_MS} are joined by the hour under their latest instant, so that a longer window counts up to
 * an hour's tokens too many and never too few; after a year they are dropped. Driven by what is added and by nothing
 * else.
 */
export class TokenWindow {
  #recent: Entry[] = [];
  /** Entries of `#recent` before it have moved to `#hours`. */
  #head = 0;
  /** Indices of entries that are older than everything after them: where counting back may end. */
  #ends: number[] = [];
  /** One entry an hour, oldest first. */
  #hours: { atMs: number; tokens: number }[] = [];
  #total = 0;

  static {
    keeps(
      TokenWindow,
      (view) => ({ recent: view.#recent, head: view.#head, ends: view.#ends, hours: view.#hours, total: view.#total }),
      (kept) => {
        const made = new TokenWindow();
        made.#recent = kept.recent;
        made.#head = kept.head;
        made.#ends = kept.ends;
        made.#hours = kept.hours;
        made.#total = kept.total;
        return made;
      },
    );
  }

  add(atMs: number, tokens: number): void {
    this.#total += tokens;
    while (this.#ends.length > 0 && this.#recent[this.#ends.at(-1)!]!.atMs >= atMs) this.#ends.pop();
    this.#ends.push(this.#recent.length);
    this.#recent.push({ atMs, tokens, total: this.#total });
    while (this.#recent[this.#head]!.atMs <= atMs - EXACT_MS) {
      this.#join(this.#recent[this.#head]!);
      this.#head += 1;
    }
    if (this.#head >= 1024 && this.#head * 2 >= this.#recent.length) this.#compact();
  }

  /** The clock was set back to `nowMs`: tokens of later instants were taken by now. */
  setBack(nowMs: number): void {
    this.#recent = this.#recent
      .slice(this.#head)
      .map((entry) => (entry.atMs > nowMs ? { ...entry, atMs: nowMs } : entry));
    this.#head = 0;
    this.#ends = [];
    for (const [index, { atMs }] of this.#recent.entries()) {
      while (this.#ends.length > 0 && this.#recent[this.#ends.at(-1)!]!.atMs >= atMs) this.#ends.pop();
      this.#ends.push(index);
    }
    for (const hour of this.#hours) hour.atMs = Math.min(hour.atMs, nowMs);
  }

  #join(entry: Entry): void {
    const last = this.#hours.at(-1);
    if (last !== undefined && Math.floor(last.atMs / HOUR_MS) >= Math.floor(entry.atMs / HOUR_MS)) {
      last.tokens += entry.tokens;
      last.atMs = Math.max(last.atMs, entry.atMs);
    } else this.#hours.push({ atMs: entry.atMs, tokens: entry.tokens });
    if (this.#hours[0]!.atMs <= entry.atMs - LONGEST_MS) this.#hours.shift();
  }

  #compact(): void {
    this.#recent = this.#recent.slice(this.#head);
    this.#ends = this.#ends.filter((index) => index >= this.#head).map((index) => index - this.#head);
    this.#head = 0;
  }

  /** Tokens taken in (now - window, now], and when the oldest of them leaves. */
  count(nowMs: number, windowMs: number): TokenCount {
    const oldestMs = nowMs - windowMs;
    const newest = this.#recent.at(-1);
    if (newest === undefined || newest.atMs <= oldestMs) return NONE;
    // What lies before the head has moved to the hours; a window that ends among it goes on there.
    const ended = bisect(this.#ends.length, (i) => this.#recent[this.#ends[i]!]!.atMs > oldestMs) - 1;
    const first = ended < 0 ? this.#head : Math.max(this.#head, this.#ends[ended]! + 1);
    const oldest = this.#recent[first];
    let tokens = oldest === undefined ? 0 : this.#total - oldest.total + oldest.tokens;
    let freeAtMs = oldest === undefined ? null : oldest.atMs + windowMs;
    if (first > this.#head) return { tokens, freeAtMs };
    for (let i = this.#hours.length - 1; i >= 0 && this.#hours[i]!.atMs > oldestMs; i -= 1) {
      tokens += this.#hours[i]!.tokens;
      freeAtMs = this.#hours[i]!.atMs + windowMs;
    }
    return { tokens, freeAtMs };
  }
}
