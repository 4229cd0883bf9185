/** What waits for its instant. Earlier instants first, of equal ones the one that was queued first. */
export class EventQueue<T> {
  readonly #items: { readonly atMs: number; readonly event: T }[] = [];

  get nextAtMs(): number {
    return this.#items[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }
  get size(): number {
    return this.#items.length;
  }
  push(atMs: number, event: T): void {
    // A handful of entries at a time: sorted insertion from the end is as good as any heap.
    let at = this.#items.length;
    while (at > 0 && this.#items[at - 1]!.atMs > atMs) at -= 1;
    this.#items.splice(at, 0, { atMs, event });
  }
  shift(): { readonly atMs: number; readonly event: T } | undefined {
    return this.#items.shift();
  }
}
