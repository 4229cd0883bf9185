/**
 * Ids of what was taken in already, by scope, each with its own instant. An id is kept while it is at most `keepMs` older
 * than the newest of its scope: pages are asked for from the newest one on, or from a while before a restart.
 */
export class SeenIds {
  readonly #keepMs: number;
  readonly #scopes = new Map<string, { readonly ids: Map<string, number>; newestMs: number }>();

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  has(scope: string, id: string): boolean {
    return this.#scopes.get(scope)?.ids.has(id) ?? false;
  }

  /** False: it was there already. */
  add(scope: string, id: string, atMs: number): boolean {
    const seen = this.#scopes.get(scope) ?? { ids: new Map<string, number>(), newestMs: Number.NEGATIVE_INFINITY };
    this.#scopes.set(scope, seen);
    if (seen.ids.has(id)) return false;
    seen.ids.set(id, atMs);
    seen.newestMs = Math.max(seen.newestMs, atMs);
    for (const [old, oldMs] of seen.ids) {
      if (oldMs >= seen.newestMs - this.#keepMs) break;
      seen.ids.delete(old);
    }
    return true;
  }
}
