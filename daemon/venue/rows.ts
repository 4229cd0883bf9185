import type { Listed, UnreadableRow } from '../gate/venue-port.ts';
import { type JsonObject, MalformedAnswerError, requireObject } from './exact-fields.ts';

/**
 * Reads a list row by row: one that cannot be read concerns its symbol alone. `read` returns null where a row says
 * nothing.
 * @throws MalformedAnswerError for a row that names no symbol: it may concern any of them
 */
export function readRows<T>(list: readonly unknown[], read: (row: JsonObject) => T | null): Listed<T> {
  const rows: T[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const json of list) {
    const source = requireObject(json, 'row');
    try {
      const row = read(source);
      if (row !== null) rows.push(row);
    } catch (error) {
      if (!(error instanceof MalformedAnswerError) || typeof source.symbol !== 'string') throw error;
      unreadable.push({ symbol: source.symbol, detail: error.message });
    }
  }
  return { rows, unreadable };
}

export function joinLists<T>(lists: readonly Listed<T>[]): Listed<T> {
  return { rows: lists.flatMap(({ rows }) => rows), unreadable: lists.flatMap(({ unreadable }) => unreadable) };
}
