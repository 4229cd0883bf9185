import { sha256Hex } from './hash-chain.ts';

/** The UTF-8 bytes of a record's payload, encoded once: they are what is hashed and what the database stores. */
export interface EncodedRecord {
  readonly payload: Buffer;
  readonly hash: string;
}

/** `hashEvent` of a record, and its payload as bytes. The preimage is laid out in one piece, so that nothing is joined. */
export function encodeRecord(
  prevHash: string,
  seq: number,
  atMs: number,
  kind: string,
  payload: string,
): EncodedRecord {
  const head = `${prevHash}{"at_ms":${atMs},"kind":"${kind}","payload":`;
  const tail = `,"seq":${seq}}`;
  const bytes = Buffer.from(`${head}${payload}${tail}`);
  // Head and tail are ASCII: as many bytes as characters.
  return { payload: bytes.subarray(head.length, bytes.length - tail.length), hash: sha256Hex(bytes) };
}
