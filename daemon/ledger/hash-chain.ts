import { hash as digest } from 'node:crypto';

/** `prev_hash` of the genesis record. */
export const ZERO_HASH = '0'.repeat(64);

/** sha256 of the UTF-8 bytes of a text, or of bytes; 64 hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return digest('sha256', data, 'hex');
}

/**
 * Hash of a record: sha256 over the UTF-8 bytes of
 *
 *     <prev_hash>{"at_ms":<at_ms>,"kind":"<kind>","payload":<payload>,"seq":<seq>}
 *
 * `prev_hash` is the 64 hex digits of the previous record (64 zeros for seq 1), followed directly by the canonical
 * JSON of `{seq, at_ms, kind, payload}`. `payload` is the text of the payload column, verbatim: it is already canonical
 * JSON, and its key is in sorted place. A kind consists of characters that need no escape in JSON.
 */
export function hashEvent(prevHash: string, seq: number, atMs: number, kind: string, payload: string): string {
  return sha256Hex(`${prevHash}{"at_ms":${atMs},"kind":"${kind}","payload":${payload},"seq":${seq}}`);
}

/** {@link hashEvent} over the stored bytes of the payload, so that bytes that are not valid UTF-8 cannot hide. */
export function hashEventBytes(prevHash: string, seq: number, atMs: number, kind: string, payload: Buffer): string {
  const head = Buffer.from(`${prevHash}{"at_ms":${atMs},"kind":"${kind}","payload":`);
  return sha256Hex(Buffer.concat([head, payload, Buffer.from(`,"seq":${seq}}`)]));
}
