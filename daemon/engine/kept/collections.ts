/** What a map holds under a key: it is made where there is none. */
export function heldIn<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  map.set(key, made);
  return made;
}

/** Forgets what a map or a set has held for longest, down to so many. */
export function keepLast<K>(held: Map<K, unknown> | Set<K>, most: number): void {
  for (const oldest of held.keys()) {
    if (held.size <= most) return;
    held.delete(oldest);
  }
}

/** Views of one kind by name: the one collection that holds views. */
export class ByName<V extends object> {
  readonly all = new Map<string, V>();
  readonly #make: () => V;

  constructor(make: () => V) {
    this.#make = make;
  }

  find(name: string): V | undefined {
    return this.all.get(name);
  }
  /** It begins where there is none. */
  of(name: string): V {
    return heldIn(this.all, name, this.#make);
  }
}

/** Instants by id, in the order of their coming. */
interface Seen {
  ids: Map<string, number>;
  newestMs: number;
}

/**
 * Ids of what was taken in already, by scope, each with its own instant. An id is kept while it is at most `keepMs`
 * older than the newest of its scope: pages are requested from the newest one on, or from a while before a restart. The
 * last `keepLast` are kept whatever their age: the newest instant may be one of a clock that was wrong.
 */
export class SeenIds {
  private readonly keepMs: number;
  private readonly keepLast: number;
  private readonly scopes = new Map<string, Seen>();

  constructor(keepMs: number, keepLast = 0) {
    this.keepMs = keepMs;
    this.keepLast = keepLast;
  }

  has(scope: string, id: string): boolean {
    return this.scopes.get(scope)?.ids.has(id) ?? false;
  }

  /** From when on every id that was taken in is still kept; -Infinity when there is none. */
  keptSinceMs(scope: string): number {
    return (this.scopes.get(scope)?.newestMs ?? Number.NEGATIVE_INFINITY) - this.keepMs;
  }

  /** False: it was there already. */
  add(scope: string, id: string, atMs: number): boolean {
    const seen = this.scopes.get(scope);
    if (seen === undefined) {
      this.scopes.set(scope, { ids: new Map([[id, atMs]]), newestMs: atMs });
      return true;
    }
    const { ids } = seen;
    if (ids.has(id)) return false;
    ids.set(id, atMs);
    seen.newestMs = Math.max(seen.newestMs, atMs);
    // Up to the first one, in the order of their coming, that is young enough.
    for (const [oldest, oldestMs] of ids) {
      if (ids.size <= this.keepLast || oldestMs >= seen.newestMs - this.keepMs) break;
      ids.delete(oldest);
    }
    return true;
  }

  /** What lies after `nowMs` has happened by now. */
  setBack(nowMs: number): void {
    for (const seen of this.scopes.values()) {
      seen.ids = new Map([...seen.ids].map(([id, atMs]) => [id, Math.min(atMs, nowMs)]));
      seen.newestMs = Math.min(seen.newestMs, nowMs);
    }
  }
}

/** Least index in [0, length] for which `holds` is true, given that it stays true from there on. */
export function bisect(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Kept longer than the span, ms: events are dated by two clocks, which may lie apart. */
const KEEP_MORE_MS = 3_600_000;

interface Bucket {
  readonly index: number;
  value: number;
}

/**
 * Sum over a trailing span of time, kept in buckets so that it stays small whatever the number of additions. The sum is
 * always the same fold, oldest bucket first, so that it is bit for bit a function of what was added: what is remembered
 * between two questions is a beginning of that very fold.
 */
export class RollingSum {
  private readonly spanMs: number;
  private readonly bucketMs: number;
  private readonly buckets: Bucket[] = [];
  /** Sum of the buckets [from, to); the newest bucket may still grow and is never among them. */
  #fold: { readonly from: number; to: number; sum: number } | null = null;

  constructor(spanMs: number, bucketMs: number) {
    this.spanMs = spanMs;
    this.bucketMs = bucketMs;
  }

  add(atMs: number, value: number): void {
    const index = Math.floor(atMs / this.bucketMs);
    const last = this.buckets[this.buckets.length - 1];
    if (last !== undefined && last.index >= index) {
      this.#addTo(index, value);
      return;
    }
    this.buckets.push({ index, value });
    const first = Math.floor((index * this.bucketMs - this.spanMs - KEEP_MORE_MS) / this.bucketMs);
    let drop = 0;
    while (this.buckets[drop]!.index < first) drop += 1;
    if (drop === 0) return;
    this.buckets.splice(0, drop);
    this.#fold = null;
  }

  /** What corrects an earlier figure counts with it, and leaves the span with it. */
  #addTo(index: number, value: number): void {
    const at = this.#find(index);
    const bucket = this.buckets[at];
    if (bucket?.index === index) bucket.value += value;
    else this.buckets.splice(at, 0, { index, value });
    if (at < this.buckets.length - 1) this.#fold = null;
  }

  /** Least place of a bucket that is not before an index. */
  #find(index: number): number {
    return bisect(this.buckets.length, (place) => this.buckets[place]!.index >= index);
  }

  /** First bucket of a trailing span: one counts until all of it has left. */
  #first(nowMs: number, spanMs: number): number {
    return this.#find(Math.floor((nowMs - spanMs) / this.bucketMs));
  }
  /** When the oldest of them leaves a span of that length; null: there is none. */
  freeAtMs(nowMs: number, spanMs: number): number | null {
    const oldest = this.buckets[this.#first(nowMs, spanMs)];
    return oldest === undefined ? null : (oldest.index + 1) * this.bucketMs + spanMs;
  }

  /** Never too small a sum. O(log n) as time goes on. `spanMs`: of a shorter span. */
  sum(nowMs: number, spanMs = this.spanMs): number {
    const known = this.#fold;
    const from = this.#first(nowMs, spanMs);
    const fold = known?.from === from ? known : { from, to: from, sum: 0 };
    for (; fold.to < this.buckets.length - 1; fold.to += 1) fold.sum += this.buckets[fold.to]!.value;
    this.#fold = fold;
    return Math.max(0, fold.sum + (this.buckets[fold.to]?.value ?? 0));
  }
}

const HOUR_MS = 3_600_000;
/** Tokens are kept one by one for this long: the longest window that is counted exactly. */
export const EXACT_MS = 48 * HOUR_MS;
/** The longest window that a policy may have. */
const LONGEST_MS = 366 * 24 * HOUR_MS;

interface TokenCount {
  readonly tokens: number;
  /** When the oldest of them leaves the window; null: there is none. */
  readonly freeAtMs: number | null;
}

const NONE: TokenCount = Object.freeze({ tokens: 0, freeAtMs: null });

/**
 * Order tokens taken over time, by `t`, which never goes back: a window is found in O(log n). Entries
 * older than {@link EXACT_MS} are joined by the hour under their latest instant, so that a longer window counts up to
 * an hour's tokens too many and never too few; after a year they are dropped. Driven by what is added and by nothing
 * else.
 */
export class TokenWindow {
  /** Instants of the entries of the last {@link EXACT_MS}. Columns take a third of what objects would. */
  private tMs: number[] = [];
  /** Tokens of all that were ever added before each of them. */
  private before: number[] = [];
  /** Entries before it have moved to `hours`. */
  private head = 0;
  /** One entry an hour, oldest first. */
  private readonly hours: { atMs: number; tokens: number }[] = [];
  private total = 0;

  add(tMs: number, tokens: number): void {
    this.tMs.push(tMs);
    this.before.push(this.total);
    this.total += tokens;
    while (this.tMs[this.head]! <= tMs - EXACT_MS) {
      const next = this.before[this.head + 1] ?? this.total;
      this.#join(this.tMs[this.head]!, next - this.before[this.head]!);
      this.head += 1;
    }
    if (this.head >= 1024 && this.head * 4 >= this.tMs.length) this.#dropHead();
  }

  #join(atMs: number, tokens: number): void {
    const last = this.hours.at(-1);
    if (last !== undefined && Math.floor(last.atMs / HOUR_MS) >= Math.floor(atMs / HOUR_MS)) {
      last.tokens += tokens;
      last.atMs = Math.max(last.atMs, atMs);
    } else this.hours.push({ atMs, tokens });
    if (this.hours[0]!.atMs <= atMs - LONGEST_MS) this.hours.shift();
  }

  #dropHead(): void {
    this.tMs = this.tMs.slice(this.head);
    this.before = this.before.slice(this.head);
    this.head = 0;
  }

  /** First entry after an instant. */
  #firstAfter(instantMs: number): number {
    return this.head + bisect(this.tMs.length - this.head, (place) => this.tMs[this.head + place]! > instantMs);
  }

  /** Tokens taken in (now - window, now], and when the oldest of them leaves. */
  count(tMs: number, windowMs: number): TokenCount {
    const oldestMs = tMs - windowMs;
    const newestMs = this.tMs[this.tMs.length - 1];
    if (newestMs === undefined || newestMs <= oldestMs) return NONE;
    // What lies before the head has moved to the hours; a window that ends among it goes on there.
    const first = this.#firstAfter(oldestMs);
    const firstMs = this.tMs[first];
    let tokens = firstMs === undefined ? 0 : this.total - this.before[first]!;
    let freeAtMs = firstMs === undefined ? null : firstMs + windowMs;
    if (first > this.head) return { tokens, freeAtMs };
    for (let i = this.hours.length - 1; i >= 0 && this.hours[i]!.atMs > oldestMs; i -= 1) {
      tokens += this.hours[i]!.tokens;
      freeAtMs = this.hours[i]!.atMs + windowMs;
    }
    return { tokens, freeAtMs };
  }
}
