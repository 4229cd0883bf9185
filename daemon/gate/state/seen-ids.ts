import { HashIndex, hashOf } from './hash-index.ts';
import { keeps } from './keep.ts';
import { TextRows } from './text-rows.ts';

const SEED = 31;

/**
 * Ids of what was taken in already, by scope, each with its own instant. An id is kept while it is at most `keepMs`
 * older than the newest of its scope: pages are requested from the newest one on, or from a while before a restart. The
 * last `keepLast` are kept whatever their age: the newest instant may be one of a clock that was wrong.
 */
export class SeenIds {
  readonly #keepMs: number;
  readonly #keepLast: number;
  #scopes = new Map<string, DatedIds>();

  static {
    keeps(
      SeenIds,
      (view) => ({ keepMs: view.#keepMs, keepLast: view.#keepLast, scopes: view.#scopes }),
      (kept) => {
        const made = new SeenIds(kept.keepMs, kept.keepLast);
        made.#scopes = kept.scopes;
        return made;
      },
    );
  }

  constructor(keepMs: number, keepLast = 0) {
    this.#keepMs = keepMs;
    this.#keepLast = keepLast;
  }

  has(scope: string, id: string): boolean {
    return this.#scopes.get(scope)?.has(id) ?? false;
  }

  /** From when on every id that was taken in is still kept; -Infinity when there is none. */
  keptSinceMs(scope: string): number {
    return (this.#scopes.get(scope)?.newestMs ?? Number.NEGATIVE_INFINITY) - this.#keepMs;
  }

  /** False: it was there already. */
  add(scope: string, id: string, atMs: number): boolean {
    const seen = this.#scopes.get(scope) ?? new DatedIds();
    if (seen.size === 0) this.#scopes.set(scope, seen);
    if (seen.has(id)) return false;
    seen.add(id, atMs);
    // Up to the first one, in the order of their coming, that is young enough.
    while (seen.size > this.#keepLast && seen.oldestMs < seen.newestMs - this.#keepMs) seen.forgetFirst();
    return true;
  }

  /** What lies after `nowMs` has happened by now. */
  setBack(nowMs: number): void {
    for (const seen of this.#scopes.values()) seen.setBack(nowMs);
  }
}

/** Ids in the order of their coming, most of them packed. */
class DatedIds {
  #texts = new TextRows();
  #index = new HashIndex();
  /** Of each id, and of the last ones that were forgotten before it. */
  #atMs: number[] = [];
  /** Number of the first that is not forgotten. */
  #first = 0;
  newestMs = Number.NEGATIVE_INFINITY;

  static {
    keeps(
      DatedIds,
      (view) => ({
        texts: view.#texts,
        index: view.#index,
        atMs: view.#atMs,
        first: view.#first,
        newestMs: view.newestMs,
      }),
      (kept) => {
        const made = new DatedIds();
        made.#texts = kept.texts;
        made.#index = kept.index;
        made.#atMs = kept.atMs;
        made.#first = kept.first;
        return Object.assign(made, { newestMs: kept.newestMs });
      },
    );
  }

  get size(): number {
    return this.#texts.end - this.#first;
  }
  /** When the one came that came first of those that are kept. */
  get oldestMs(): number {
    return this.#atMs[this.#first - this.#texts.from] ?? Number.NEGATIVE_INFINITY;
  }

  has(id: string): boolean {
    return this.#index.find(hashOf(SEED, id)).some((number) => number >= this.#first && this.#texts.get(number) === id);
  }
  add(id: string, atMs: number): void {
    this.#index.add(hashOf(SEED, id), this.#texts.push(id));
    this.#atMs.push(atMs);
    this.newestMs = Math.max(this.newestMs, atMs);
  }
  forgetFirst(): void {
    this.#first += 1;
    // In bulk, so that each instant is moved a few times on average.
    if ((this.#first - this.#texts.from) * 4 < this.size) return;
    const gone = this.#texts.dropBefore(this.#first);
    if (gone === 0) return;
    this.#atMs = this.#atMs.slice(gone);
    this.#index.dropBefore(this.#texts.from);
  }

  setBack(nowMs: number): void {
    this.#atMs = this.#atMs.map((atMs) => Math.min(atMs, nowMs));
    this.newestMs = Math.min(this.newestMs, nowMs);
  }
}
