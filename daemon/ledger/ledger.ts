import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { canonicalJson } from '../core/canonical-json.ts';
import type { LedgerRecord } from '../engine/flow/ports.ts';
import type { EndedOrderQuery, EndedOrderRow } from '../engine/records/ended-order.ts';
import { type BatchContent, prepareBatchWriter } from './chain/batch-writer.ts';
import { isAskedFor } from './chain/ended-orders.ts';
import { buildGenesisRecord, checkGenesis, findGenesis } from './chain/genesis.ts';
import { GroupCommit, type SeqRange } from './chain/group-commit.ts';
import { chainRecords, sha256Hex, ZERO_HASH } from './chain/hash-chain.ts';
import { findMigrationsFolder, migrate, readMigrations } from './chain/migrations.ts';
import { prepareTokenChanges } from './chain/token-records.ts';
import { backUpBeforeMigrations } from './chain/whole-copy.ts';
import { isDiskFull, mayBeFull, openForWriting, toLedgerError } from './disk/connection.ts';
import { acquireLock, type HeldLock } from './disk/lock.ts';
import type { MemoryStorage } from './disk/memory-storage.ts';
import { ensurePrivateFolder } from './disk/private-files.ts';
import { DEFAULT_RESERVE_BYTES, findReserve, hasRoom, type Reserve } from './disk/reserve.ts';
import { LedgerError } from './errors.ts';
import { SqliteReader } from './reader.ts';
import { createTokenStore } from './tokens.ts';
import type {
  AppendedEvent,
  Genesis,
  Ledger,
  LedgerStats,
  OpenLedgerOptions,
  PendingAppend,
  TokenStore,
} from './types.ts';
import { checkTail } from './verify/verify.ts';

/**
 * Opens a ledger as its only writer, and creates it if there is none: folder 0700, files
 * 0600, WAL with a sync at every commit, migrations, genesis record, reserve file.
 *
 * @throws LedgerError LEDGER_LOCKED, LEDGER_WRONG_VENUE, LEDGER_CORRUPT, LEDGER_FULL, LEDGER_MIGRATION, LEDGER_PERMISSIONS
 */
export function openLedger(options: OpenLedgerOptions): Ledger {
  const { path, storage } = options;
  if (storage !== undefined && storage !== 'file') return openInMemory(storage, options);
  const folder = dirname(path);
  let lock: HeldLock | undefined;
  let db: Database | undefined;
  try {
    ensurePrivateFolder(folder);
    lock = acquireLock(folder, options.lockWaitMs ?? 0);
    const ledgerBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const { maxBytes, reserveBytes = DEFAULT_RESERVE_BYTES } = options;
    const room = maxBytes === undefined ? undefined : maxBytes - ledgerBytes;
    const reserve = findReserve(join(folder, 'reserve.bin'), reserveBytes, ledgerBytes > 0, room);
    db = openForWriting(path);
    backUpBeforeMigrations(db, path, readMigrations(findMigrationsFolder()));
    const { genesis, write } = prepare(db, options);
    if (maxBytes !== undefined) limitPages(db, reserve.isUsed ? maxBytes : maxBytes - reserveBytes);
    const opened = db;
    const release = (): void => {
      if (opened.open) opened.close();
      lock?.release();
    };
    return new SqliteLedger({ db, genesis, reserve, release, write, options });
  } catch (error) {
    db?.close();
    lock?.release();
    throw toLedgerError(error, path);
  }
}

/** The previous holder of the storage can write nothing more: two lives of one simulated process share one memory. */
function openInMemory(storage: MemoryStorage, options: OpenLedgerOptions): Ledger {
  const lease = storage.lease();
  const { db } = lease;
  const { genesis, write: append } = prepare(db, options);
  const write = (content: BatchContent): void => {
    lease.assertHeld();
    append(content);
  };
  const reserve = storage.findReserve();
  return new SqliteLedger({ db, genesis, reserve, release: () => lease.release(), write, options });
}

/** Tables, what writes to them, and the first record. */
function prepare(db: Database, options: OpenLedgerOptions): Pick<LedgerParts, 'genesis' | 'write'> {
  migrate(db, readMigrations(findMigrationsFolder()), options.now());
  const write = prepareBatchWriter(db);
  const genesis = findGenesis(db, options.path) ?? writeGenesis(db, write, options);
  checkGenesis(genesis, options.venue, options.account, options.path);
  return { genesis, write };
}

function writeGenesis(db: Database, write: LedgerParts['write'], options: OpenLedgerOptions): Genesis {
  const { path, venue, account, now } = options;
  const record = buildGenesisRecord(venue, account, now(), options.randomBytes ?? randomBytes);
  const events = chainRecords({ seq: 0, hash: ZERO_HASH }, [record]);
  write({ events, texts: [], policies: [], endedOrders: [] });
  const genesis = findGenesis(db, path);
  if (genesis === null) throw new LedgerError('LEDGER_CORRUPT', `The genesis record of ${path} cannot be read back.`);
  return genesis;
}

function limitPages(db: Database, bytes: number): void {
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.pragma(`max_page_count = ${Math.max(1, Math.floor(bytes / pageSize))}`);
}

interface LedgerParts {
  readonly db: Database;
  readonly genesis: Genesis;
  readonly reserve: Reserve;
  /** Writes a batch in one transaction, durable when it returns. */
  readonly write: (content: BatchContent) => void;
  /** Closes the database and gives up the right to write to it. */
  readonly release: () => void;
  readonly options: OpenLedgerOptions;
}

class SqliteLedger extends SqliteReader implements Ledger {
  readonly tokens: TokenStore;
  readonly #release: () => void;
  readonly #now: () => number;
  readonly #commits: GroupCommit;
  readonly #readTokenChanges: ReturnType<typeof prepareTokenChanges>;
  #tokenChangesTo = 0;
  readonly #listeners = new Set<(range: SeqRange) => void>();

  constructor({ db, genesis, reserve, write, release, options }: LedgerParts) {
    super(db, options.path, genesis);
    this.#release = release;
    this.#now = options.now;
    this.#readTokenChanges = prepareTokenChanges(db, options.now);
    const { time } = options;
    const byHost = { nowMs: () => time.hostMs(), certain: () => ({ afterMs: 0, toMs: time.hostMs() }) };
    const tokens = createTokenStore(db, options.now, options.expiry ?? byHost, options.randomBytes);
    this.tokens = {
      ...tokens,
      createToken: (token) => this.#recorded(tokens.createToken(token)),
      revokeToken: (id) => this.#recorded(tokens.revokeToken(id)),
      replaceTokens: (...args) => this.#recorded(tokens.replaceTokens(...args)),
      endExpired: () => this.#recorded(tokens.endExpired()),
    };
    this.#commits = new GroupCommit(checkTail(this), {
      time: options.time,
      schedule: options.scheduleCommit,
      write,
      // RISK: what has failed for another reason must not be taken for a full disk: the next sync may pass it over.
      isDiskFull: (error) => isDiskFull(error) || (mayBeFull(error) && !hasRoom(dirname(options.path))),
      releaseReserve: () => {
        if (!reserve.release()) return false;
        if (options.maxBytes !== undefined) limitPages(db, options.maxBytes);
        return true;
      },
      isReserveUsed: reserve.isUsed,
      readLastSeq: () => this.lastSeq(),
      toLedgerError: (error) => toLedgerError(error, options.path),
      onFailure: (error) => options.onFailure?.(error),
      onReserveUsed: () => options.onReserveUsed?.(),
      onCommitted: (range) => {
        for (const listener of this.#listeners) listener(range);
      },
    });
    this.recordTokenChanges();
  }

  get isFailed(): boolean {
    return this.#commits.isFailed;
  }

  get stats(): LedgerStats {
    return this.#commits.stats;
  }

  nextSeq(): number {
    return this.#commits.nextSeq;
  }

  appendNow(records: readonly LedgerRecord[]): PendingAppend {
    return this.#commits.add(records);
  }

  async append(records: readonly LedgerRecord[]): Promise<AppendedEvent[]> {
    const { events, committed } = this.#commits.add(records);
    await committed;
    return [...events];
  }

  appendSync(records: readonly LedgerRecord[]): AppendedEvent[] {
    const { events } = this.#commits.add(records);
    this.#commits.flush();
    return [...events];
  }

  flush(): void {
    this.#commits.flush();
  }

  putText(body: string): string {
    // A lone surrogate has no UTF-8 form, and the hashed and the stored bytes must be the same.
    const text = Buffer.from(body, 'utf8').toString('utf8');
    const hash = sha256Hex(text);
    this.#commits.addText({ hash, body: text, at_ms: this.#now() });
    return hash;
  }

  eraseText(hash: string): boolean {
    this.#commits.flush();
    const isErased = this.db.prepare('DELETE FROM texts WHERE hash = ?').run(hash).changes === 1;
    // Earlier versions of the page may still be in the write-ahead log.
    if (isErased) this.db.pragma('wal_checkpoint(TRUNCATE)');
    return isErased;
  }

  putPolicy(policy: unknown): string {
    const body = canonicalJson(policy);
    const hash = sha256Hex(body);
    this.#commits.addPolicy({ hash, body, at_ms: this.#now() });
    return hash;
  }

  override readEndedOrders(query: EndedOrderQuery): readonly EndedOrderRow[] {
    const stored = super.readEndedOrders(query);
    const pending = this.#commits.pendingEndedOrders.filter((row) => isAskedFor(query, row));
    if (pending.length === 0) return stored;
    const keyOf = (row: EndedOrderRow): string => `${row.client_order_id} ${row.planned_at_ms}`;
    const replaced = new Set(pending.map(keyOf));
    return [...stored.filter((row) => !replaced.has(keyOf(row))), ...pending];
  }

  putEndedOrders(rows: readonly EndedOrderRow[]): void {
    this.#commits.addEndedOrders(rows);
  }

  recordTokenChanges(): void {
    // Changes in this turn's batch are still in the table.
    const changes = this.#readTokenChanges(this.#tokenChangesTo);
    if (changes === null) return;
    this.#commits.add(changes.records);
    this.#commits.noteTokenChanges(changes.lastNr);
    this.#tokenChangesTo = changes.lastNr;
  }

  #recorded<T>(changed: T): T {
    if (!this.isFailed) this.recordTokenChanges();
    return changed;
  }

  onCommitted(listener: (range: SeqRange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  override close(): void {
    this.#commits.close();
    this.#release();
  }
}
