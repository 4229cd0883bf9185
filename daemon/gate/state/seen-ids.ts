import { keeps } from './keep.ts';
/**
 * Ids of what was taken in already, by scope, each with its own instant. An id is kept while it is at most `keepMs`
 * older than the newest of its scope: pages are requested from the newest one on, or from a while before a restart. The
 * last `keepLast` are kept whatever their age: the newest instant may be one of a clock that was wrong.
 */
export class SeenIds {
  readonly #keepMs: number;
  readonly #keepLast: number;
  #scopes = new Map<string, Scope>();

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
    return this.#scopes.get(scope)?.ids.has(id) ?? false;
  }

  /** From when on every id that was taken in is still kept; -Infinity when there is none. */
  keptSinceMs(scope: string): number {
    return (this.#scopes.get(scope)?.newestMs ?? Number.NEGATIVE_INFINITY) - this.#keepMs;
  }

  /** False: it was there already. */
  add(scope: string, id: string, atMs: number): boolean {
    const seen = this.#scopes.get(scope) ?? createScope();
    if (seen.ids.size === 0) this.#scopes.set(scope, seen);
    if (seen.ids.has(id)) return false;
    if (seen.ids.size === 0) seen.oldestMs = atMs;
    seen.ids.set(id, atMs);
    seen.newestMs = Math.max(seen.newestMs, atMs);
    if (seen.oldestMs < seen.newestMs - this.#keepMs) this.#forgetOld(seen);
    return true;
  }

  /** What lies after `nowMs` has happened by now. */
  setBack(nowMs: number): void {
    for (const seen of this.#scopes.values()) {
      for (const [id, atMs] of seen.ids) if (atMs > nowMs) seen.ids.set(id, nowMs);
      seen.newestMs = Math.min(seen.newestMs, nowMs);
      seen.oldestMs = Math.min(seen.oldestMs, nowMs);
    }
  }

  /** Up to the first one, in the order of their coming, that is young enough. */
  #forgetOld(seen: Scope): void {
    for (const [old, oldMs] of seen.ids) {
      seen.oldestMs = oldMs;
      if (seen.ids.size <= this.#keepLast || oldMs >= seen.newestMs - this.#keepMs) return;
      seen.ids.delete(old);
    }
  }
}

interface Scope {
  readonly ids: Map<string, number>;
  newestMs: number;
  /** Instant of the id that came first of those that are kept. */
  oldestMs: number;
}
function createScope(): Scope {
  return { ids: new Map(), newestMs: Number.NEGATIVE_INFINITY, oldestMs: Number.NEGATIVE_INFINITY };
}
