import { sha256Hex } from './hash-chain.ts';

/** The UTF-8 bytes of a record's payload, encoded once for both the hash and the database. */
export interface EncodedRecord {
  readonly payload: Buffer;
  readonly hash: string;
}

/**
 * `hashEvent` of a record, and its payload as bytes. The preimage is built in one buffer, so that nothing is joined.
 */
export function encodeRecord(
  prevHash: string,
  seq: number,
  atMs: number,
  kind: string,
  payload: string,
): EncodedRecord {
  const head = `${prevHash}{"at_ms":${atMs},"kind":"${kind}","payload":`;
  const tail = `,"seq":${seq}}`;
  const payloadBytes = Buffer.byteLength(payload);
  const tailAt = head.length + payloadBytes;
  const bytes = Buffer.allocUnsafe(tailAt + tail.length);
  bytes.write(head, 0, head.length, 'latin1');
  // Given exactly the room it needs, a pure ASCII text is copied instead of encoded.
  bytes.write(payload, head.length, payloadBytes, 'utf8');
  bytes.write(tail, tailAt, tail.length, 'latin1');
  return { payload: bytes.subarray(head.length, tailAt), hash: sha256Hex(bytes) };
}
