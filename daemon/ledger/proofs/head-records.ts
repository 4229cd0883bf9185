import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { HeadEvent, KeyEvent } from '../../engine/records/house-events.ts';
import { MerkleFrontier } from '../chain/merkle.ts';

export const HEAD_KIND = 'head';
export const KEY_KIND = 'key';

/** Records under one head at most: the path of one to its head has 14 hashes. */
export const MAX_RECORDS = 16_384;

/** Everything that is signed of a head, and what a key says of the one after it. */
export type UnsignedHead = Omit<HeadEvent, 'signature'>;
export type UnsignedKey = Omit<KeyEvent, 'signature'>;

/** Text before what is signed, so that a signature of the one is never one of the other. */
const HEAD_PREFIX = 'holdfast head\n';
const KEY_PREFIX = 'holdfast key\n';

export function signHead(head: UnsignedHead, key: KeyObject): HeadEvent {
  return { ...head, signature: signText(HEAD_PREFIX, head, key) };
}
/** `previous`: the private key that this one follows. */
export function signKey(next: UnsignedKey, previous: KeyObject): KeyEvent {
  return { ...next, signature: signText(KEY_PREFIX, next, previous) };
}
function signText(prefix: string, content: unknown, key: KeyObject): string {
  return sign(null, Buffer.from(prefix + canonicalJson(content)), key).toString('hex');
}

export function isSignedBy(publicKey: string, head: HeadEvent): boolean {
  const { signature, ...content } = head;
  return isTextSignedBy(publicKey, HEAD_PREFIX + canonicalJson(content), signature);
}
/** Whether the key before this one vouches for it. */
function isVouchedFor({ signature, ...content }: KeyEvent): boolean {
  if (content.previous === null || signature === null) return false;
  return isTextSignedBy(content.previous, KEY_PREFIX + canonicalJson(content), signature);
}
function isTextSignedBy(publicKey: string, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text), importPublicKey(publicKey), Buffer.from(signature, 'hex'));
}

/** The 32 bytes of the public half of a private key, hex. */
export function exportPublicKey(privateKey: KeyObject): string {
  const { x } = privateKey.export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('it is no ed25519 key');
  return Buffer.from(x, 'base64url').toString('hex');
}
function importPublicKey(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
/** @throws when the text is no ed25519 key in PKCS #8 */
export function readPrivateKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('it is no ed25519 key');
  return key;
}

/** The leaf of a record in the tree of its batch: the bytes of its hash. */
export function recordLeaf(hash: string): Buffer {
  return Buffer.from(hash, 'hex');
}
/** The leaf of a batch in the tree of all batches. It says which records it covers. */
export function batchLeaf({ batch_root, first_seq, seq }: Pick<HeadEvent, 'batch_root' | 'first_seq' | 'seq'>): Buffer {
  return Buffer.from(`${first_seq}-${seq}:${batch_root}`);
}

/** The root of the records of a batch and the hash of the last one; null: the chain does not hold all of them. */
export type FindBatch = (
  firstSeq: number,
  seq: number,
) => { readonly batch_root: string; readonly hash: string } | null;

/** Checks the signed heads of a chain, which it receives in order with the keys. */
export class HeadCheck {
  readonly #genesis: string;
  readonly #findBatch: FindBatch;
  readonly #batches = new MerkleFrontier();
  #last: HeadEvent | null = null;
  #key: KeyEvent | null = null;

  constructor(genesisHash: string, findBatch: FindBatch) {
    this.#genesis = genesisHash;
    this.#findBatch = findBatch;
  }

  /** The last head. */
  get last(): HeadEvent | null {
    return this.#last;
  }

  /** What is wrong with a head or a key; null: nothing, or it is another record. */
  findProblem({ kind, payload, seq }: CheckedRecord): string | null {
    if (kind === HEAD_KIND) return this.#checkHead(payload as HeadEvent, seq);
    return kind === KEY_KIND ? this.#checkKey(payload as KeyEvent) : null;
  }

  #checkHead(head: HeadEvent, seq: number): string | null {
    const { first_seq: firstSeq, genesis, key, number } = head;
    if (key !== this.#key?.key) return 'it is signed by another key than the last one in the chain';
    if (!isSignedBy(key, head)) return 'its signature is not one of its key';
    const { number: before = 0, seq: coveredTo = 0 } = this.#last ?? {};
    if (genesis !== this.#genesis || number !== before + 1 || firstSeq !== coveredTo + 1 || head.seq >= seq)
      return 'it does not follow the head before it';
    const batch = head.seq < firstSeq ? null : this.#findBatch(firstSeq, head.seq);
    if (batch?.hash !== head.hash) return `record ${head.seq} is not the one that it signs`;
    if (batch.batch_root !== head.batch_root)
      return `the records ${firstSeq} to ${head.seq} are not those that it signs`;
    this.#batches.append(batchLeaf(head));
    this.#last = head;
    return this.#batches.root() === head.root ? null : 'its root is not that of all batches so far';
  }

  #checkKey(next: KeyEvent): string | null {
    const { key: previous = null, number: before = 0 } = this.#key ?? {};
    if (next.genesis !== this.#genesis || next.number !== before + 1 || next.previous !== previous)
      return 'it does not follow the key before it';
    // Without a signature the key before was lost, of which a start warns.
    if (next.signature !== null && !isVouchedFor(next)) return 'the key before it has not signed it';
    this.#key = next;
    return null;
  }
}
interface CheckedRecord {
  readonly kind: string;
  readonly payload: unknown;
  readonly seq: number;
}
