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
  readonly #packs: boolean;
  #scopes = new Map<string, DatedIds>();

  static {
    keeps(
      SeenIds,
      (view) => ({ keepMs: view.#keepMs, keepLast: view.#keepLast, packs: view.#packs, scopes: view.#scopes }),
      (kept) => {
        const made = new SeenIds(kept.keepMs, kept.keepLast, kept.packs);
        made.#scopes = kept.scopes;
        return made;
      },
    );
  }

  /** `packs`: {@link TextRows} */
  constructor(keepMs: number, keepLast = 0, packs = true) {
    this.#keepMs = keepMs;
    this.#keepLast = keepLast;
    this.#packs = packs;
  }

  has(scope: string, id: string): boolean {
    return this.#scopes.get(scope)?.has(id, hashOf(SEED, id)) ?? false;
  }

  /** From when on every id that was taken in is still kept; -Infinity when there is none. */
  keptSinceMs(scope: string): number {
    return (this.#scopes.get(scope)?.newestMs ?? Number.NEGATIVE_INFINITY) - this.#keepMs;
  }

  /** False: it was there already. */
  add(scope: string, id: string, atMs: number): boolean {
    let seen = this.#scopes.get(scope);
    if (seen === undefined) {
      seen = new DatedIds(this.#packs);
      this.#scopes.set(scope, seen);
    }
    const hash = hashOf(SEED, id);
    if (seen.has(id, hash)) return false;
    seen.add(id, hash, atMs);
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
  #texts: TextRows;
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

  constructor(packs = true) {
    this.#texts = new TextRows(packs);
  }

  get size(): number {
    return this.#texts.end - this.#first;
  }
  /** When the one came that came first of those that are kept. */
  get oldestMs(): number {
    return this.#atMs[this.#first - this.#texts.from] ?? Number.NEGATIVE_INFINITY;
  }

  has(id: string, hash: number): boolean {
    const rows = this.#index.find(hash);
    for (let i = 0; i < rows.length; i += 1)
      if (rows[i]! >= this.#first && this.#texts.get(rows[i]!) === id) return true;
    return false;
  }
  add(id: string, hash: number, atMs: number): void {
    this.#index.add(hash, this.#texts.push(id));
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
