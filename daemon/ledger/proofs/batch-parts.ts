import { joinNodes, type MerkleNode, MerkleRun } from '../chain/merkle.ts';
import type { LedgerReader } from '../types.ts';
import { HEAD_KIND, recordLeaf } from './head-records.ts';

/** The records of one head that one span of the chain holds. */
export interface BatchPart {
  /** First record of the whole batch. */
  readonly firstSeq: number;
  /** Last record of the whole batch. */
  readonly seq: number;
  readonly nodes: readonly MerkleNode[];
  /** Hash of the batch's last record, in the part that holds it. */
  readonly hash: string | null;
}
export interface BatchRoot {
  readonly batch_root: string;
  /** Of the last record. */
  readonly hash: string;
}

/** Where the batches of the signed heads end, ascending. Nothing of it is trusted: a head that is not so is found. */
export function readBatchEnds(reader: LedgerReader): readonly number[] {
  const ends: number[] = [];
  for (const { payload } of reader.iterateEvents({ kind: HEAD_KIND })) {
    const end = (payload as { readonly seq?: unknown }).seq;
    if (!Number.isSafeInteger(end) || (end as number) <= (ends.at(-1) ?? 0)) break;
    ends.push(end as number);
  }
  return ends;
}

/**
 * Builds the trees of the batches from the records of one span, in their order. A handful of nodes is kept for each: the
 * hashes of a long ledger would fill the memory.
 */
export class BatchParts {
  readonly #ends: readonly number[];
  readonly #done: BatchPart[] = [];
  /** Of the batch that the next record belongs to. */
  #at: number;
  #run: MerkleRun | null = null;

  constructor(ends: readonly number[], afterSeq: number) {
    this.#ends = ends;
    const at = ends.findIndex((end) => end > afterSeq);
    this.#at = at < 0 ? ends.length : at;
  }

  add(seq: number, hash: string): void {
    const end = this.#ends[this.#at];
    if (end === undefined) return;
    this.#run ??= new MerkleRun(seq - this.#firstSeq);
    this.#run.append(recordLeaf(hash));
    if (seq < end) return;
    this.#close(hash);
    this.#at += 1;
  }

  /** Parts of whole batches and of those that go on in the next span. */
  finish(): readonly BatchPart[] {
    this.#close(null);
    return this.#done;
  }

  get #firstSeq(): number {
    return (this.#ends[this.#at - 1] ?? 0) + 1;
  }

  #close(hash: string | null): void {
    const seq = this.#ends[this.#at];
    if (this.#run !== null && seq !== undefined)
      this.#done.push({ firstSeq: this.#firstSeq, seq, nodes: this.#run.nodes, hash });
    this.#run = null;
  }
}

/** The roots of whole batches from the parts of all spans, in order; by their first record. */
export function joinParts(parts: Iterable<BatchPart>): ReadonlyMap<number, BatchRoot & { readonly seq: number }> {
  const roots = new Map<number, BatchRoot & { readonly seq: number }>();
  let openSeq = 0;
  let nodes: readonly MerkleNode[] = [];
  for (const { firstSeq, hash, nodes: more, seq } of parts) {
    nodes = openSeq === firstSeq ? joinNodes(nodes, more) : more;
    openSeq = firstSeq;
    const root = hash === null ? null : rootOf(nodes, seq - firstSeq + 1);
    if (root !== null && hash !== null) roots.set(firstSeq, { seq, batch_root: root, hash });
  }
  return roots;
}

/** Hex; null: these are not all leaves. */
function rootOf(nodes: readonly MerkleNode[], size: number): string | null {
  const run = MerkleRun.of(nodes);
  return run.from === 0 && run.size === size ? run.root() : null;
}
