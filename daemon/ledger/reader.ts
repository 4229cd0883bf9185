import type { Database } from 'better-sqlite3';
import type { EndedOrderQuery, EndedOrderRow } from '../engine/records/ended-order.ts';
import { archiveFolder } from './archive/archive-file.ts';
import { Archives } from './archive/archives.ts';
import { prepareEndedReads } from './chain/ended-orders.ts';
import { findGenesis } from './chain/genesis.ts';
import { DECISION_KIND, KIND, parseDecisionSeq, readDecisionKeys, readPayload } from './chain/hash-chain.ts';
import { findMigrationsFolder, readMigrations, requireMigrated } from './chain/migrations.ts';
import { openForReading, toLedgerError } from './disk/connection.ts';
import { LedgerError } from './errors.ts';
import {
  type ChainRow,
  type DecisionPage,
  type DecisionRequestKey,
  type Genesis,
  KEPT_KINDS,
  type LedgerEvent,
  type LedgerReader,
  type ReadDecisionsQuery,
  type ReadEventsQuery,
} from './types.ts';

/** Largest number of events per read. */
export const MAX_PAGE = 5000;
/** Kinds whose statements are kept. */
const MAX_KINDS = 64;
/** Events that are held at once when all are walked. */
const WALK_PAGE = 500;

/**
 * Opens a ledger for reading only, also while a daemon writes to it.
 *
 * @throws LedgerError LEDGER_MISSING, LEDGER_MIGRATION, LEDGER_CORRUPT, LEDGER_PERMISSIONS
 */
export function openLedgerReader(path: string): LedgerReader {
  const db = openForReading(path);
  try {
    requireMigrated(db, readMigrations(findMigrationsFolder()));
    const genesis = findGenesis(db, path);
    if (genesis === null) throw new LedgerError('LEDGER_CORRUPT', `The ledger ${path} has no records.`);
    return new SqliteReader(db, path, genesis);
  } catch (error) {
    db.close();
    throw toLedgerError(error, path);
  }
}

/** Reads with prepared statements. `db` is for the other files of this folder. */
export class SqliteReader implements LedgerReader {
  readonly path: string;
  readonly genesis: Genesis;
  readonly db: Database;
  readonly archives: Archives;
  readonly #statements: ReturnType<typeof prepareReads>;

  constructor(db: Database, path: string, genesis: Genesis) {
    this.db = db;
    this.path = path;
    this.genesis = genesis;
    this.archives = new Archives(db, archiveFolder(path));
    this.#statements = prepareReads(db);
  }

  lastSeq(): number {
    return this.#statements.lastSeq.get() ?? 0;
  }

  readHead(): Pick<LedgerEvent, 'seq' | 'hash' | 'at_ms'> | null {
    return this.#statements.head.get() ?? null;
  }

  readEvent(seq: number): LedgerEvent | null {
    const row = this.#statements.event.get(seq) ?? this.archives.read(seq);
    return row === null ? null : toEvent(row);
  }

  readEvents({ fromSeq = 1, kind, limit }: ReadEventsQuery): LedgerEvent[] {
    checkLimit(limit);
    const { events, eventsOfKind } = this.#statements;
    const live = (from: number, most: number): ChainRow[] =>
      kind === undefined ? events.all(from, most) : eventsOfKind(kind).all(from, most);
    if (kind !== undefined && KEPT_KINDS.has(kind)) return live(fromSeq, limit).map(toEvent);
    return this.#whileArchived((archivedSeq) => {
      if (fromSeq > archivedSeq) return live(fromSeq, limit);
      const isWanted = (row: ChainRow): boolean => kind === undefined || row.kind === kind;
      const rows = takeFirst(this.archives.walk(fromSeq), limit, isWanted);
      return rows.length === limit ? rows : [...rows, ...live(archivedSeq + 1, limit - rows.length)];
    }).map(toEvent);
  }

  *iterateLive(): Generator<LedgerEvent, void> {
    for (let fromSeq = 1; ; ) {
      const page = this.#statements.events.all(fromSeq, WALK_PAGE).map(toEvent);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      fromSeq = last.seq + 1;
    }
  }

  readNewest(kind: string, limit: number): LedgerEvent[] {
    checkLimit(limit);
    const newest = this.#statements.newestOfKind(kind);
    if (KEPT_KINDS.has(kind)) return newest.all(limit).map(toEvent);
    return this.#whileArchived((archivedSeq) => {
      const rows = newest.all(limit).filter(({ seq }) => seq > archivedSeq);
      const isWanted = (row: ChainRow): boolean => row.kind === kind;
      return [...rows, ...takeFirst(this.archives.walkBack(archivedSeq + 1), limit - rows.length, isWanted)];
    }).map(toEvent);
  }

  /** What leaves the live file while it is read is archived by then: it is read again. */
  #whileArchived(read: (archivedSeq: number) => ChainRow[]): ChainRow[] {
    for (let archivedSeq = this.archives.lastSeq(); ; ) {
      const rows = read(archivedSeq);
      const now = this.archives.lastSeq();
      if (now === archivedSeq) return rows;
      archivedSeq = now;
    }
  }

  readHashes(fromSeq: number, toSeq: number): readonly string[] {
    const limit = toSeq - fromSeq + 1;
    checkLimit(limit);
    if (fromSeq > this.archives.lastSeq()) {
      const hashes = this.#statements.hashes.all(fromSeq, toSeq);
      // Fewer where an archive run took some out meanwhile.
      if (hashes.length === limit || fromSeq > this.archives.lastSeq()) return hashes;
    }
    return this.readEvents({ fromSeq, limit }).map(({ hash }) => hash);
  }

  readOutcomes(fromSeq: number, toSeq: number, parentId: string): LedgerEvent[] {
    const parent = `"parent_decision_id":${JSON.stringify(parentId)}`;
    return this.#whileArchived((archivedSeq) => {
      const live = this.#statements.outcomes.all(Math.max(fromSeq, archivedSeq + 1), toSeq, parent);
      if (fromSeq > archivedSeq) return live;
      const isWanted = ({ kind, payload, seq }: ChainRow): boolean =>
        seq <= toSeq &&
        (kind === 'order' || kind === 'exit_target' || (kind === DECISION_KIND && payload.includes(parent)));
      return [...takeFirst(this.archives.walk(fromSeq), toSeq - fromSeq + 1, isWanted), ...live];
    }).map(toEvent);
  }

  *iterateEvents(query: { readonly fromSeq?: number; readonly kind?: string } = {}): Generator<LedgerEvent, void> {
    // In pages: a statement in progress would make every append on this connection fail.
    let fromSeq = query.fromSeq ?? 1;
    for (;;) {
      const page = this.readEvents({ ...query, fromSeq, limit: WALK_PAGE });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < WALK_PAGE) return;
      fromSeq = last.seq + 1;
    }
  }

  findDecision(decisionId: string): LedgerEvent | null {
    const seq = parseDecisionSeq(decisionId);
    const event = seq === null ? null : this.readEvent(seq);
    if (seq === null || event?.kind !== DECISION_KIND) return null;
    return readDecisionKeys(event.payload, seq).decision_id === decisionId ? event : null;
  }

  findDecisionByRequest({ agent, kind, request_id }: DecisionRequestKey): LedgerEvent | null {
    const seq = this.#statements.decisionByRequest.get(agent, kind, request_id);
    return seq === undefined ? null : this.readEvent(seq);
  }

  readDecisions({ agent, limit, cursor }: ReadDecisionsQuery): DecisionPage {
    checkLimit(limit);
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : parseCursor(cursor);
    // One more than requested shows whether another page follows.
    const found =
      agent === undefined ? this.#newestDecisions(before, limit + 1) : this.#seqsOf(agent, before, limit + 1);
    const events = found
      .slice(0, limit)
      .flatMap((one) => (typeof one === 'number' ? this.readEvent(one) : toEvent(one)) ?? []);
    const next = found.length > limit ? String(events.at(-1)?.seq) : null;
    return { events, next };
  }

  #newestDecisions(before: number, most: number): ChainRow[] {
    return this.#whileArchived((archivedSeq) => {
      const rows = this.#statements.decisions.all(archivedSeq, before, most);
      if (rows.length === most) return rows;
      const isWanted = (row: ChainRow): boolean => row.kind === DECISION_KIND;
      const older = this.archives.walkBack(Math.min(before, archivedSeq + 1));
      return [...rows, ...takeFirst(older, most - rows.length, isWanted)];
    });
  }

  #seqsOf(agent: string, before: number, most: number): number[] {
    return this.#statements.decisionsOfAgent.all(agent, before, most);
  }

  readEndedOrders(query: EndedOrderQuery): readonly EndedOrderRow[] {
    return this.#statements.endedOrders(query);
  }

  readText(hash: string): string | null {
    return this.#statements.text.get(hash) ?? null;
  }

  readPolicy(hash: string): string | null {
    return this.#statements.policy.get(hash) ?? null;
  }

  close(): void {
    this.db.close();
  }
}

const COLUMNS = 'e.seq, e.at_ms, e.kind, e.payload, e.prev_hash, e.hash';

function prepareReads(db: Database) {
  const events = <Parameters extends unknown[]>(sql: string) => db.prepare<Parameters, ChainRow>(sql);
  const value = <Parameters extends unknown[], Value>(sql: string) => db.prepare<Parameters, Value>(sql).pluck();
  const newestDecisions = `SELECT ${COLUMNS} FROM events e WHERE kind = '${DECISION_KIND}' AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?`;
  return {
    lastSeq: value<[], number | null>('SELECT max(seq) FROM events'),
    head: db.prepare<[], Pick<LedgerEvent, 'seq' | 'hash' | 'at_ms'>>(
      'SELECT seq, hash, at_ms FROM events ORDER BY seq DESC LIMIT 1',
    ),
    event: events<[number]>(`SELECT ${COLUMNS} FROM events e WHERE seq = ?`),
    events: events<[number, number]>(`SELECT ${COLUMNS} FROM events e WHERE seq >= ? ORDER BY seq LIMIT ?`),
    hashes: value<[number, number], string>('SELECT hash FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq'),
    outcomes: events<[number, number, string]>(
      `SELECT ${COLUMNS} FROM events e WHERE seq BETWEEN ? AND ?
       AND (kind IN ('order', 'exit_target') OR (kind = '${DECISION_KIND}' AND instr(payload, ?) > 0)) ORDER BY seq`,
    ),
    eventsOfKind: forKinds((kind) =>
      events<[number, number]>(`SELECT ${COLUMNS} FROM events e WHERE ${kind} AND seq >= ? ORDER BY seq LIMIT ?`),
    ),
    newestOfKind: forKinds((kind) =>
      events<[number]>(`SELECT ${COLUMNS} FROM events e WHERE ${kind} ORDER BY seq DESC LIMIT ?`),
    ),
    decisionByRequest: value<[string, string, string], number>(
      'SELECT seq FROM decisions_by_request WHERE agent = ? AND kind = ? AND request_id = ?',
    ),
    decisions: events<[number, number, number]>(newestDecisions),
    decisionsOfAgent: value<[string, number, number], number>(
      'SELECT seq FROM decisions_by_agent WHERE agent = ? AND seq < ? ORDER BY seq DESC LIMIT ?',
    ),
    endedOrders: prepareEndedReads(db),
    text: value<[string], string>('SELECT body FROM texts WHERE hash = ?'),
    policy: value<[string], string>('SELECT body FROM policies WHERE hash = ?'),
  };
}

/** Statements by kind. The kind stands in the text of each: of a parameter SQLite does not know that the index has it. */
function forKinds<Prepared>(prepare: (condition: string) => Prepared): (kind: string) => Prepared {
  const known = new Map<string, Prepared>();
  return (kind) => {
    const found = known.get(kind);
    if (found !== undefined) return found;
    if (!KIND.test(kind)) throw new LedgerError('LEDGER_ARGUMENT', `"${kind}" is not a kind of event.`);
    const prepared = prepare(`kind = '${kind}'`);
    if (known.size < MAX_KINDS) known.set(kind, prepared);
    return prepared;
  };
}

/** The first rows that are wanted, in their order, at most so many. */
function takeFirst(rows: Iterable<ChainRow>, most: number, isWanted: (row: ChainRow) => boolean): ChainRow[] {
  const taken: ChainRow[] = [];
  if (most <= 0) return taken;
  for (const row of rows) {
    if (isWanted(row)) taken.push(row);
    if (taken.length === most) break;
  }
  return taken;
}

function toEvent(row: ChainRow): LedgerEvent {
  const { seq, at_ms, kind, payload: text, prev_hash, hash } = row;
  return { seq, at_ms, kind, payload: readPayload(kind, parsePayload(text, seq), seq, at_ms), text, prev_hash, hash };
}

function parsePayload(text: string, seq: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LedgerError('LEDGER_CORRUPT', `The payload of record ${seq} is not JSON.`, { cause });
  }
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return;
  throw new LedgerError('LEDGER_ARGUMENT', `limit is ${limit}; an integer from 1 to ${MAX_PAGE} is expected.`);
}

function parseCursor(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor);
  throw new LedgerError('LEDGER_ARGUMENT', 'This cursor was not issued by this ledger.');
}
