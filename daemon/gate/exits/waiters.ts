/** Callers who are answered once what they requested has come so far. */
export class Waiters {
  readonly #resolves = new Map<string, (() => void)[]>();

  has(id: string): boolean {
    return this.#resolves.has(id);
  }
  wait(id: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#resolves.get(id);
      if (waiting === undefined) this.#resolves.set(id, [resolve]);
      else waiting.push(resolve);
    });
  }
  /** Answers those whose turn it is. */
  wake(isSettled: (id: string) => boolean): void {
    for (const [id, resolves] of this.#resolves) {
      if (!isSettled(id)) continue;
      this.#resolves.delete(id);
      for (const resolve of resolves) resolve();
    }
  }
}
