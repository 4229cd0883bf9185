import { MAX_PAGE_SIZE } from '../contract/fields.ts';
import { SYMBOL_PATTERN } from '../contract/symbols.ts';
import { violationAt } from '../contract/violations.ts';
import type { Page } from '../gate/api/reads.ts';
import { invalidInput } from './errors.ts';

/** Names the symbol after which a page begins, so that new or removed entries move no others between pages. */
const PREFIX = 'after:';
const SYMBOL = new RegExp(SYMBOL_PATTERN);

/**
 * A page of entries sorted by symbol; the whole list if it fits.
 *
 * @throws ApiError INVALID_INPUT for a cursor that no earlier page can have issued
 */
export function pageBySymbol<T extends { readonly symbol: string }>(
  entries: readonly T[],
  limit: number = MAX_PAGE_SIZE,
  cursor?: string,
): Page<T> {
  const after = cursor === undefined ? '' : readCursor(cursor);
  const rest = entries.filter(({ symbol }) => symbol > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rest.length > limit && last !== undefined ? `${PREFIX}${last.symbol}` : null };
}

function readCursor(cursor: string): string {
  const symbol = cursor.slice(PREFIX.length);
  if (cursor.startsWith(PREFIX) && SYMBOL.test(symbol)) return symbol;
  throw invalidInput([notIssued()]);
}

export function notIssued() {
  return violationAt('cursor', 'was not issued by this daemon');
}
