import type { HeadEvent } from '../../engine/records/house-events.ts';
import type { TimePort, Timer } from '../../time/time-port.ts';
import { buildTree, MerkleFrontier, type MerkleTree } from '../chain/merkle.ts';
import type { Ledger, LedgerReader } from '../types.ts';
import { batchLeaf, HEAD_KIND, MAX_RECORDS, recordLeaf, signHead } from './head-records.ts';
import type { SigningKey } from './signing-key.ts';

/** Wall ms between two heads. */
const EVERY_MS = 3_600_000;
/** A receipt may ask for a head before its time, once in so many wall ms. */
const ON_DEMAND_MS = 10_000;
/** Hashes that are read at once. */
const PAGE = 512;
/** Rest between two pages while an old ledger gets its first heads, wall ms. */
const REST_MS = 5;

export interface HeadSignerOptions {
  readonly ledger: Ledger;
  readonly key: SigningKey;
  /** Domain clock, ms. */
  readonly now: () => number;
  readonly time: TimePort;
  readonly onProblem: (error: unknown) => void;
}

/**
 * Signs heads of a ledger: every hour, after every 16,384 records, and at its end. It reads hashes page by page, so that
 * nothing waits for it.
 */
export class HeadSigner {
  readonly #options: HeadSignerOptions;
  readonly #timer: Timer;
  readonly #stopFollowing: () => void;
  /** Leaves of the tree of batches; null: not read yet. */
  #batches: Buffer[] | null = null;
  #last: HeadEvent | null;
  #running: Promise<void> | null = null;
  #demandedAt = Number.NEGATIVE_INFINITY;
  #isClosing = false;

  constructor(options: HeadSignerOptions) {
    const { ledger, time } = options;
    this.#options = options;
    this.#last = readLastHead(ledger);
    this.#timer = time.every(EVERY_MS, () => void this.sign(), { unref: true });
    this.#stopFollowing = ledger.onCommitted(({ lastSeq }) => {
      if (lastSeq - this.#coveredTo >= MAX_RECORDS) void this.sign();
    });
    if (ledger.lastSeq() - this.#coveredTo >= MAX_RECORDS) void this.sign();
  }

  get last(): HeadEvent | null {
    return this.#last;
  }
  get #coveredTo(): number {
    return this.#last?.seq ?? 0;
  }

  /** Signs everything that is committed by now. Never throws. */
  sign(): Promise<void> {
    this.#running ??= this.#signAll()
      .catch((error: unknown) => this.#options.onProblem(error))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  /** Sees to it that a head covers the record, if it may ask again. Otherwise returns the wall ms until then. */
  async cover(seq: number): Promise<number> {
    if (seq <= this.#coveredTo) return 0;
    const { ledger, time } = this.#options;
    const waitMs = this.#demandedAt + ON_DEMAND_MS - time.monotonicMs();
    if (waitMs > 0) return waitMs;
    this.#demandedAt = time.monotonicMs();
    // A run that has begun may have looked for the end before this record.
    for (let runs = 0; runs < 2 && seq <= ledger.lastSeq() && seq > this.#coveredTo; runs += 1) await this.sign();
    return seq <= this.#coveredTo ? 0 : ON_DEMAND_MS;
  }

  /** Signs what came last, and ends. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#timer.cancel();
    this.#stopFollowing();
    await this.#running;
    if (!this.#options.ledger.isFailed) this.#options.ledger.flush();
    await this.sign();
  }

  async #signAll(): Promise<void> {
    const { ledger } = this.#options;
    if (ledger.isFailed || ledger.stats.reserve_used) return;
    const target = ledger.lastSeq();
    // The head itself needs none.
    if (target === this.#coveredTo + 1 && ledger.readEvent(target)?.kind === HEAD_KIND) return;
    const isBehind = target - this.#coveredTo > MAX_RECORDS;
    while (this.#coveredTo < target) {
      await this.#signBatch(Math.min(target, this.#coveredTo + MAX_RECORDS), isBehind);
      // The next start continues with an old ledger's first heads.
      if (this.#isClosing) return;
    }
  }

  async #signBatch(seq: number, isBehind: boolean): Promise<void> {
    const { key, ledger, now, time } = this.#options;
    const turn = (): Promise<void> => time.delay(isBehind && !this.#isClosing ? REST_MS : 0);
    this.#batches ??= await readBatches(ledger, turn);
    const firstSeq = this.#coveredTo + 1;
    const { batch_root, hash } = await readBatch(ledger, firstSeq, seq, turn);
    const batch = { first_seq: firstSeq, seq, batch_root };
    const batches = [...this.#batches, batchLeaf(batch)];
    const root = await rootOf(batches, turn);
    const at_ms = Math.floor(now());
    const head = signHead(
      {
        ...batch,
        at_ms,
        genesis: ledger.genesis.hash,
        hash,
        key: key.publicKey,
        number: batches.length,
        root,
      },
      key.privateKey,
    );
    await ledger.append([{ kind: HEAD_KIND, at_ms, payload: head }]);
    this.#batches = batches;
    this.#last = head;
  }
}

export function readLastHead(ledger: LedgerReader): HeadEvent | null {
  const [last] = ledger.readNewest(HEAD_KIND, 1);
  return last === undefined ? null : (last.payload as HeadEvent);
}

/** All heads, oldest first. */
export async function readHeads(ledger: LedgerReader, turn: () => Promise<void>): Promise<HeadEvent[]> {
  const heads: HeadEvent[] = [];
  for (const { payload } of ledger.iterateEvents({ kind: HEAD_KIND })) {
    heads.push(payload as HeadEvent);
    if (heads.length % PAGE === 0) await turn();
  }
  return heads;
}
async function readBatches(ledger: LedgerReader, turn: () => Promise<void>): Promise<Buffer[]> {
  return (await readHeads(ledger, turn)).map(batchLeaf);
}

/** The root of a batch and its last hash. No more than a page of its hashes is held: a batch has thousands. */
async function readBatch(ledger: LedgerReader, firstSeq: number, lastSeq: number, turn: () => Promise<void>) {
  const tree = new MerkleFrontier();
  let hash = '';
  for (let from = firstSeq; from <= lastSeq; from += PAGE) {
    const page = ledger.readHashes(from, Math.min(lastSeq, from + PAGE - 1));
    await turn();
    for (hash of page) tree.append(recordLeaf(hash));
    await turn();
  }
  return { batch_root: tree.root(), hash };
}
async function rootOf(leaves: readonly Buffer[], turn: () => Promise<void>): Promise<string> {
  const tree = new MerkleFrontier();
  for (const [at, leaf] of leaves.entries()) {
    tree.append(leaf);
    if (at % PAGE === PAGE - 1) await turn();
  }
  return tree.root();
}

export async function readHashes(
  ledger: LedgerReader,
  firstSeq: number,
  lastSeq: number,
  turn: () => Promise<void>,
): Promise<readonly string[]> {
  const pages: (readonly string[])[] = [];
  for (let from = firstSeq; from <= lastSeq; from += PAGE) {
    pages.push(ledger.readHashes(from, Math.min(lastSeq, from + PAGE - 1)));
    await turn();
  }
  return pages.flat();
}

/** A tree over the leaves, with a turn for everything else between its parts. */
export async function grow(leaves: readonly Buffer[], turn: () => Promise<void>): Promise<MerkleTree> {
  const steps = buildTree(leaves);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await turn();
  }
}
