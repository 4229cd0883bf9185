/**
 * The ledger's own key vouches for all records up to `seq` (docs/receipts.md). Hashes, keys and signatures are hex.
 */
export interface SignedHead {
  readonly at_ms: number;
  /** Merkle root over the hashes of the records `first_seq` to `seq`. */
  readonly batch_root: string;
  readonly first_seq: number;
  /** Hash of the genesis record. */
  readonly genesis: string;
  /** Hash of record `seq`. */
  readonly hash: string;
  readonly key: string;
  /** Counts from 1. */
  readonly number: number;
  /** Merkle root over the batches of this head and all before it. */
  readonly root: string;
  readonly seq: number;
  readonly signature: string;
}
/** From here on heads are signed by this key. */
export interface KeyOfHeads {
  readonly genesis: string;
  readonly key: string;
  /** Counts from 1. */
  readonly number: number;
  /** The key before; null: this is the first. */
  readonly previous: string | null;
  /** By the key before; null: this is the first, or the one before was lost. */
  readonly signature: string | null;
}
