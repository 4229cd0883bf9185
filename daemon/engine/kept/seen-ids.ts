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
