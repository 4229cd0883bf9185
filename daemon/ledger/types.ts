import type { LedgerRecord } from '../engine/flow/ports.ts';
import type { EndedOrderQuery, EndedOrderRow } from '../engine/records/ended-order.ts';
import type { ArchivedEvent } from '../engine/records/house-events.ts';
import type { TimePort, Timer } from '../time/time-port.ts';
import type { MemoryStorage } from './disk/memory-storage.ts';
import type { LedgerError } from './errors.ts';

/** A stored record of the chain. `text` is the payload exactly as hashed. */
export interface LedgerEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: unknown;
  readonly text: string;
  readonly prev_hash: string;
  readonly hash: string;
}

/** A record as it is stored: `payload` is the text that was hashed. */
export interface ChainRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: string;
  readonly prev_hash: string;
  readonly hash: string;
}

/** An appended record's place in the chain. */
export interface AppendedEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly prev_hash: string;
  readonly hash: string;
}

/** Records with a place in the chain. They are durable only when `committed` resolves. */
export interface PendingAppend {
  readonly seqs: readonly number[];
  readonly events: readonly AppendedEvent[];
  /** Resolves when the records are on disk; rejects with a LedgerError if the commit fails. */
  readonly committed: Promise<void>;
}

/** The first record of a ledger: which account of which venue it belongs to. */
export interface Genesis {
  readonly venue: string;
  readonly account: string;
  /** 128 random bits, 32 hex digits. */
  readonly genesis_id: string;
  /** Hash of the genesis record, 64 hex digits. */
  readonly hash: string;
}

/** Kinds that migrations 0005 and 0006 have an index of. */
export const RARE_KINDS: readonly string[] = ['arming', 'checkpoint', 'head', 'key', 'policy', 'recovery', 'rules'];

/** Kinds of records that stay in the live file when their segment is archived (migration 0007). */
export const KEPT_KINDS: ReadonlySet<string> = new Set([...RARE_KINDS, 'archived', 'genesis', 'head', 'key']);

export interface ReadEventsQuery {
  /** First seq to return; default 1. */
  readonly fromSeq?: number;
  readonly kind?: string;
  /** 1..5000. */
  readonly limit: number;
}

export interface ReadDecisionsQuery {
  readonly agent?: string;
  /** 1..5000. */
  readonly limit: number;
  /** `next` of the previous page. */
  readonly cursor?: string;
}

/** Newest first. `next` is null on the last page. */
export interface DecisionPage {
  readonly events: readonly LedgerEvent[];
  readonly next: string | null;
}

export interface DecisionRequestKey {
  readonly agent: string;
  /** Kind of the decision: `tool`, ... */
  readonly kind: string;
  readonly request_id: string;
}

/** The segments of a ledger that lie in files of their own. */
export interface LedgerArchives {
  /** Where the files lie. */
  readonly folder: string;
  /** The last record that is archived; 0: none is. */
  lastSeq(): number;
  /** Oldest first. */
  list(): readonly ArchivedEvent[];
}

/** Read side of a ledger, for `audit`, the views and the reading routes. */
export interface LedgerReader {
  readonly path: string;
  readonly genesis: Genesis;
  /** Where the records up to its `lastSeq` are read from; all reads go there by themselves. */
  readonly archives: LedgerArchives;
  lastSeq(): number;
  /** The last record, without what it says; null: there is none. */
  readHead(): Pick<LedgerEvent, 'seq' | 'hash' | 'at_ms'> | null;
  readEvent(seq: number): LedgerEvent | null;
  /** Ascending. */
  readEvents(query: ReadEventsQuery): LedgerEvent[];
  /** Hashes of the records `fromSeq` to `toSeq`, of which there are at most 5,000. */
  readHashes(fromSeq: number, toSeq: number): readonly string[];
  /** Of these records those of orders, of exits, and of decisions whose parent is the one of that id. */
  readOutcomes(fromSeq: number, toSeq: number, parentId: string): LedgerEvent[];
  /** All events from `fromSeq` on, ascending, read in pages so that appends may happen in between. */
  iterateEvents(query?: { readonly fromSeq?: number; readonly kind?: string }): Generator<LedgerEvent, void, undefined>;
  /** Only the records in the live file: all that are not archived, and those of {@link KEPT_KINDS}. */
  iterateLive(): Generator<LedgerEvent, void, undefined>;
  /** The newest records of a kind, newest first; of {@link RARE_KINDS} without going through the others. */
  readNewest(kind: string, limit: number): LedgerEvent[];
  findDecision(decisionId: string): LedgerEvent | null;
  /** The first decision recorded under an idempotency key. */
  findDecisionByRequest(key: DecisionRequestKey): LedgerEvent | null;
  readDecisions(query: ReadDecisionsQuery): DecisionPage;
  /** The text with this hash; null if it was erased or never stored. */
  readText(hash: string): string | null;
  /** Of the orders that left the views and ended within seven days. */
  readEndedOrders(query: EndedOrderQuery): readonly EndedOrderRow[];
  /** Canonical JSON of the policy with this hash. */
  readPolicy(hash: string): string | null;
  close(): void;
}

export interface LedgerStats {
  /** Transactions that this process committed. */
  readonly commits: number;
  /** Records in these transactions. */
  readonly records: number;
  readonly reserve_used: boolean;
}

/** The one writer of a ledger. */
export interface Ledger extends LedgerReader {
  readonly tokens: TokenStore;
  readonly isFailed: boolean;
  readonly stats: LedgerStats;

  /** The place that the next record gets: behind all that was appended, on disk or not. */
  nextSeq(): number;
  /**
   * Assigns the records their seqs now and commits them together with everything else of this event-loop turn. The
   * records of one call are in one transaction.
   *
   * @throws LedgerError LEDGER_ARGUMENT, LEDGER_FAILED, LEDGER_CLOSED: nothing was accepted, no seq was used
   */
  appendNow(records: readonly LedgerRecord[]): PendingAppend;
  /** {@link appendNow}, resolved when durable. */
  append(records: readonly LedgerRecord[]): Promise<AppendedEvent[]>;
  /** Commits everything pending and `records` before it returns; for boot and shutdown. */
  appendSync(records: readonly LedgerRecord[]): AppendedEvent[];

  /** Commits everything pending before it returns. */
  flush(): void;

  /** Stores a free text with this turn's commit; returns its sha256 (hex), which the record then contains. */
  putText(body: string): string;
  /** Erases a text; true iff it was there. Records keep its hash. */
  eraseText(hash: string): boolean;
  /** Stores a policy with this turn's commit; returns the sha256 (hex) of its canonical JSON. */
  putPolicy(policy: unknown): string;
  /** Stores orders that left the views with this turn's commit. */
  putEndedOrders(rows: readonly EndedOrderRow[]): void;

  /** Records token changes made by other processes. Call it from time to time. */
  recordTokenChanges(): void;

  /**
   * Calls `listener` after every commit with the range of seqs that became durable; returns a function that stops it.
   */
  onCommitted(listener: (range: { readonly firstSeq: number; readonly lastSeq: number }) => void): () => void;
  /** Commits everything pending, checkpoints the write-ahead log and releases the lock. */
  close(): void;
}

/** Random bytes, like `randomBytes` of node:crypto. */
export type RandomBytes = (size: number) => Buffer;

export interface OpenLedgerOptions {
  /** Path of the database file. Lock and reserve are in the same folder. */
  readonly path: string;
  readonly venue: string;
  readonly account: string;
  /** Domain clock, ms, for genesis, texts, policies and tokens. */
  readonly now: () => number;
  /** Timers and clocks of the group commit. */
  readonly time: TimePort;
  /** By which tokens expire; default: the host's clock. */
  readonly expiry?: ExpiryClock;
  /** Source of the genesis id and of tokens; default: node:crypto. */
  readonly randomBytes?: RandomBytes;
  /** Files beside `path` (the default), or memory: no file, no lock, no reserve; the same chain and the same reads. */
  readonly storage?: MemoryStorage | 'file';
  /** When a batch is committed, for a simulation whose disk takes time; default: at the end of its turn. */
  readonly scheduleCommit?: (commit: () => void) => Timer;
  /** How long to wait for another process that holds the ledger, wall ms; default 0. */
  readonly lockWaitMs?: number;
  /** Size of the reserve that is freed on a full disk. Default 16 MiB. */
  readonly reserveBytes?: number;
  /**
   * Upper limit of database plus reserve, bytes. Reaching it is handled like a full disk. Default: none. The
   * write-ahead log comes on top, normally about 2.5 MB.
   */
  readonly maxBytes?: number;
  /** Called once when a commit has finally failed. The process should stop taking risk and exit. */
  readonly onFailure?: (error: LedgerError) => void;
  /** Called once when the disk was full and the reserve was freed: record only exits, cancels and the halt. */
  readonly onReserveUsed?: () => void;
}

/** Tokens expire by this time, in which a clock that was set wrong must end none for good. */
export interface ExpiryClock {
  /** Time by which a token is refused, ms. When a wrong clock is put right, the token is valid again. */
  nowMs(): number;
  /** Tokens that expired within this span have ended for good; null: no time is certain at the moment. */
  certain(): { readonly afterMs: number; readonly toMs: number } | null;
}

export type TokenRole = 'agent' | 'metrics' | 'monitor' | 'operator';

/** An access token without its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly role: TokenRole;
  readonly name: string;
  /** The agent that it acts for; never null for the role agent. */
  readonly agent: string | null;
  /** Digest of its skill, 64 hex digits. */
  readonly skill_sha256: string | null;
  readonly created_at_ms: number;
  readonly revoked_at_ms: number | null;
  /** From then on it is refused ({@link ExpiryClock}), ms; null: it does not expire. */
  readonly expires_at_ms: number | null;
}

export interface NewToken {
  readonly role: TokenRole;
  readonly name: string;
  readonly agent?: string;
  readonly skill_sha256?: string;
  readonly expires_at_ms?: number;
}

export interface TokenStore {
  /** Creates a token. `secret` exists only in this answer; the ledger keeps its hash. */
  createToken(token: NewToken): { readonly record: TokenRecord; readonly secret: string };
  /** The live token with this secret; null if unknown, revoked or expired. Sees changes by other processes at once. */
  findToken(secret: string): TokenRecord | null;
  listTokens(): TokenRecord[];
  /** Live tokens, each with the sha256 of its secret in hex, by which the daemon proves that it knows it. */
  listKeys(): { readonly token: TokenRecord; readonly keyHex: string }[];
  /** True iff the token was live. */
  revokeToken(id: string): boolean;
  /**
   * Creates a token in the place of live ones of the same rights, which expire at `endsAtMs` unless they do so earlier.
   * It has their rights and name, and expires with the last of them, or earlier at `expiresAtMs`. All or nothing.
   *
   * @throws LedgerError LEDGER_ARGUMENT, also for a later `expiresAtMs`
   */
  replaceTokens(ids: readonly string[], endsAtMs: number, expiresAtMs?: number): ReturnType<TokenStore['createToken']>;
  /** {@link ExpiryClock.nowMs} */
  expiryMs(): number;
  /** Revokes the tokens that have expired for certain, and returns them. */
  endExpired(): readonly TokenRecord[];
}
