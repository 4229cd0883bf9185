import type { ChainRow, LedgerReader } from '../types.ts';

/**
 * A record as a line of JSON without its end: the canonical JSON of `{at_ms, hash, kind, payload, prev_hash, seq}`. Removing
 * `hash` and `prev_hash` from it gives the hashed text.
 */
export function exportLine({ seq, at_ms, kind, payload, prev_hash, hash }: ChainRow): string {
  return `{"at_ms":${at_ms},"hash":"${hash}","kind":"${kind}","payload":${payload},"prev_hash":"${prev_hash}","seq":${seq}}`;
}

/** The chain as JSON lines, one record per line, oldest first, without line ends. */
export function* exportEvents(
  reader: LedgerReader,
  query: { readonly fromSeq?: number; readonly kind?: string } = {},
): Generator<string, void> {
  for (const { text, ...event } of reader.iterateEvents(query)) yield exportLine({ ...event, payload: text });
}
