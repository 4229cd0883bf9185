import { sha256Hex } from './hash-chain.ts';

/** Records are written behind one another into a slab; the next slab is taken when one is full. */
const SLAB_BYTES = 128 * 1024;
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/** The UTF-8 bytes of a record's payload, encoded once: they are what is hashed and what the database stores. */
export interface EncodedRecord {
  readonly payload: Buffer;
  readonly hash: string;
}

/**
 * `hashEvent` of a record, and its payload as bytes. The preimage is laid out in one piece, so that nothing is joined.
 * INVARIANT: what was given out of a slab is never written again.
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
  const total = head.length + payloadBytes + tail.length;
  const start = reserve(total);
  const payloadAt = start + head.length;
  const tailAt = payloadAt + payloadBytes;
  slab.write(head, start, head.length, 'latin1');
  // With exactly the room that it needs, a text of ASCII alone is copied instead of encoded.
  slab.write(payload, payloadAt, payloadBytes, 'utf8');
  slab.write(tail, tailAt, tail.length, 'latin1');
  return { payload: slab.subarray(payloadAt, tailAt), hash: sha256Hex(slab.subarray(start, start + total)) };
}

function reserve(bytes: number): number {
  if (used + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    used = 0;
  }
  const start = used;
  used += bytes;
  return start;
}
