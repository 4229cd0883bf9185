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

function hashNodes(prefix: number, parts: readonly Buffer[]): Buffer {
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

/** The root of a tree whose leaves come one by one: one node is kept for each bit of its size. */
export class MerkleFrontier {
  /** Roots of full trees, the largest first. */
  readonly #peaks: { readonly size: number; readonly node: Buffer }[] = [];

  append(leaf: Buffer): void {
    let peak = { size: 1, node: hashNodes(0, [leaf]) };
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { size: 2 * peak.size, node: hashNodes(1, [last.node, peak.node]) };
    }
    this.#peaks.push(peak);
  }

  /** Hex. Not before the first leaf. */
  root(): string {
    const nodes = this.#peaks.map(({ node }) => node);
    return nodes.reduceRight((right, left) => hashNodes(1, [left, right])).toString('hex');
  }
}
