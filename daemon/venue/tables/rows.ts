import type { Listed, UnreadableRow } from '../../engine/records/venue.ts';
import { asObject, type JsonObject, MalformedAnswerError, requireObject } from '../wire/exact-fields.ts';

/**
 * Reads a list row by row: one that cannot be read concerns its symbol alone. `read` returns null where a row says
 * nothing.
 * @throws MalformedAnswerError for a row that names no symbol: it may concern any of them
 */
export function readRows<T>(list: readonly unknown[], read: (row: JsonObject) => T | null): Listed<T> {
  const listed = readEachRow(list, read);
  const nameless = listed.unreadable.find(({ symbol }) => symbol === '');
  if (nameless !== undefined) throw new MalformedAnswerError(nameless.detail);
  return listed;
}
/** The same for whom half a list is better than none: a row that names no symbol is told with an empty one. */
export function readEachRow<T>(list: readonly unknown[], read: (row: JsonObject) => T | null): Listed<T> {
  const rows: T[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const json of list) {
    try {
      const row = read(requireObject(json, 'row'));
      if (row !== null) rows.push(row);
    } catch (error) {
      if (!(error instanceof MalformedAnswerError)) throw error;
      const { symbol } = asObject(json);
      unreadable.push({ symbol: typeof symbol === 'string' ? symbol : '', detail: error.message });
    }
  }
  return { rows, unreadable };
}

export function joinLists<T>(lists: readonly Listed<T>[]): Listed<T> {
  return { rows: lists.flatMap(({ rows }) => rows), unreadable: lists.flatMap(({ unreadable }) => unreadable) };
}
