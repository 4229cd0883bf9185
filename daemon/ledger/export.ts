import type { LedgerReader } from './types.ts';

/**
 * The chain as JSON lines, one record per line, oldest first, without line ends. Every line is the canonical JSON of
 * `{at_ms, hash, kind, payload, prev_hash, seq}`. Removing `hash` and `prev_hash` from it gives the hashed text.
 */
export function* exportEvents(
  reader: LedgerReader,
  query: { readonly fromSeq?: number; readonly kind?: string } = {},
): Generator<string, void> {
  for (const { seq, at_ms, kind, text, prev_hash, hash } of reader.iterateEvents(query)) {
    yield `{"at_ms":${at_ms},"hash":"${hash}","kind":"${kind}","payload":${text},"prev_hash":"${prev_hash}","seq":${seq}}`;
  }
}
