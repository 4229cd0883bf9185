import { keeps } from './keep.ts';
/**
 * Ids of what was taken in already, by scope, each with its own instant. An id is kept while it is at most `keepMs`
 * older than the newest of its scope: pages are requested from the newest one on, or from a while before a restart.
 */
export class SeenIds {
  readonly #keepMs: number;
  #scopes = new Map<string, Scope>();

  static {
    keeps(
      SeenIds,
      (view) => ({ keepMs: view.#keepMs, scopes: view.#scopes }),
      (kept) => {
        const made = new SeenIds(kept.keepMs);
        made.#scopes = kept.scopes;
        return made;
      },
    );
  }

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
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

  /** Up to the first one, in the order of their coming, that is young enough. */
  #forgetOld(seen: Scope): void {
    for (const [old, oldMs] of seen.ids) {
      seen.oldestMs = oldMs;
      if (oldMs >= seen.newestMs - this.#keepMs) return;
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
