import { hash as digest } from 'node:crypto';

/**
 * The Merkle tree of RFC 9162 (section 2.1) with sha256: a leaf is hashed behind a byte 0, two nodes behind a byte 1, and
 * a node without a neighbour rises to the next level as it is.
 */
export interface MerkleTree {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Siblings from the leaf at `index` up to the root, hex. */
  path(index: number): string[];
}

/** Nodes that are hashed at once; between batches the daemon does its other work. */
const SLICE = 512;

function hashNodes(prefix: number, parts: readonly Uint8Array[]): Buffer {
  return digest('sha256', Buffer.concat([Buffer.of(prefix), ...parts]), 'buffer');
}

/** Builds a tree over at least one leaf, and yields after every {@link SLICE} nodes. */
export function* buildTree(leaves: readonly Buffer[]): Generator<void, MerkleTree, undefined> {
  if (leaves.length === 0) throw new RangeError('a Merkle tree needs a leaf');
  let level: Buffer[] = [];
  for (const [at, leaf] of leaves.entries()) {
    level.push(hashNodes(0, [leaf]));
    if (at % SLICE === SLICE - 1) yield;
  }
  const levels = [level];
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at] as Buffer, level[at + 1]];
      above.push(right === undefined ? left : hashNodes(1, [left, right]));
      if (above.length % SLICE === 0) yield;
    }
    levels.push(above);
    level = above;
  }
  const [root] = level as [Buffer];
  return { size: leaves.length, root: root.toString('hex'), path: (index) => pathOf(levels, index) };
}

/** {@link buildTree} in one go. */
export function buildTreeNow(leaves: readonly Buffer[]): MerkleTree {
  const steps = buildTree(leaves);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function pathOf(levels: readonly (readonly Buffer[])[], index: number): string[] {
  const path: string[] = [];
  let at = index;
  for (const level of levels) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling.toString('hex'));
    at >>= 1;
  }
  return path;
}

/** The root of a whole subtree: that of the leaves `from` to `from + size - 1`. */
export interface MerkleNode {
  readonly from: number;
  readonly size: number;
  readonly node: Uint8Array;
}

/** Consecutive leaves that come one by one, from any on: one or two nodes are kept for each bit of their number. */
export class MerkleRun {
  /** Index of the first leaf. */
  readonly from: number;
  readonly #nodes: MerkleNode[] = [];
  #end: number;

  constructor(from: number) {
    this.from = from;
    this.#end = from;
  }

  /** Of nodes that follow each other. */
  static of(nodes: readonly MerkleNode[]): MerkleRun {
    const run = new MerkleRun(nodes[0]?.from ?? 0);
    for (const node of nodes) run.#push(node);
    return run;
  }

  get nodes(): readonly MerkleNode[] {
    return this.#nodes;
  }
  get size(): number {
    return this.#end - this.from;
  }

  append(leaf: Uint8Array): void {
    this.#push({ from: this.#end, size: 1, node: hashNodes(0, [leaf]) });
  }

  #push(next: MerkleNode): void {
    if (next.from !== this.#end) throw new RangeError('a leaf is left out');
    this.#end += next.size;
    let node = next;
    // Two neighbours are one where the left one begins a subtree of both.
    for (let last = this.#nodes.at(-1); last?.size === node.size; last = this.#nodes.at(-1)) {
      if (last.from % (2 * node.size) !== 0) break;
      this.#nodes.pop();
      node = { from: last.from, size: 2 * node.size, node: hashNodes(1, [last.node, node.node]) };
    }
    this.#nodes.push(node);
  }

  /** Hex, of a run from leaf 0. Not before the first leaf. */
  root(): string {
    const nodes = this.#nodes.map(({ node }) => node);
    return Buffer.from(nodes.reduceRight((right, left) => hashNodes(1, [left, right]))).toString('hex');
  }
}

/** Nodes of leaves that follow those of others. */
export function joinNodes(left: readonly MerkleNode[], right: readonly MerkleNode[]): readonly MerkleNode[] {
  return MerkleRun.of([...left, ...right]).nodes;
}

/** The root of a tree whose leaves come one by one. */
export class MerkleFrontier {
  readonly #run = new MerkleRun(0);

  append(leaf: Buffer): void {
    this.#run.append(leaf);
  }

  /** Hex. Not before the first leaf. */
  root(): string {
    return this.#run.root();
  }
}
