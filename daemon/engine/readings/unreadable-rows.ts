import type { UnreadableRow } from '../records/venue.ts';

/** Lists whose rows are of one symbol each, in words. */
export type RowList = 'position' | 'open orders' | 'placed orders' | 'trades' | 'rules';

/**
 * Symbols of which a list had a row that could not be read, the last time that it was. RISK: what such a row says may be
 * anything: nothing opens in its symbol. It says nothing about other symbols.
 */
export class UnreadableRows {
  readonly #lists = new Map<RowList, ReadonlyMap<string, string>>();

  /** What a list has just shown of the symbols that it covers. Returns the rows of symbols that could be read until now. */
  note(list: RowList, rows: readonly UnreadableRow[], covers: (symbol: string) => boolean): readonly UnreadableRow[] {
    const before = this.#lists.get(list);
    if (rows.length === 0 && before === undefined) return [];
    const kept = [...(before ?? [])].filter(([symbol]) => !covers(symbol));
    const now = new Map([...kept, ...rows.map(({ detail, symbol }) => [symbol, detail] as const)]);
    if (now.size === 0) this.#lists.delete(list);
    else this.#lists.set(list, now);
    return rows.filter(({ symbol }) => before?.has(symbol) !== true);
  }

  get isEmpty(): boolean {
    return this.#lists.size === 0;
  }
  /** By symbol, the list that cannot be read; empty normally. */
  *entries(): Generator<readonly [string, RowList]> {
    for (const [list, rows] of this.#lists) for (const symbol of rows.keys()) yield [symbol, list];
  }
  /** Of one of these symbols; null: of any. */
  hasPosition(symbols: readonly string[] | null): boolean {
    const rows = this.#lists.get('position');
    return rows !== undefined && (symbols === null || symbols.some((symbol) => rows.has(symbol)));
  }
  has(list: RowList, symbol: string): boolean {
    return this.#lists.get(list)?.has(symbol) === true;
  }
}
