import type { Database, Statement } from 'better-sqlite3';
import { KIND } from './chain-builder.ts';
import { openForReading, toLedgerError } from './connection.ts';
import { DECISION_KIND, parseDecisionSeq, readDecisionKeys } from './decision-keys.ts';
import { LedgerError } from './errors.ts';
import { findGenesis } from './genesis.ts';
import { findMigrationsFolder, readMigrations, requireMigrated } from './migrations.ts';
import { readPayload } from './read-payload.ts';
import type {
  DecisionPage,
  DecisionRequestKey,
  Genesis,
  LedgerEvent,
  LedgerReader,
  ReadDecisionsQuery,
  ReadEventsQuery,
} from './types.ts';

/** Largest number of events per read. */
export const MAX_PAGE = 5000;
/** Kinds whose statements are kept. */
const MOST_KINDS = 64;
/** Events that are held at once when all are walked. */
const WALK_PAGE = 500;

interface EventRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: string;
  readonly prev_hash: string;
  readonly hash: string;
}

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
  readonly #statements: ReturnType<typeof prepareReads>;

  constructor(db: Database, path: string, genesis: Genesis) {
    this.db = db;
    this.path = path;
    this.genesis = genesis;
    this.#statements = prepareReads(db);
  }

  lastSeq(): number {
    return this.#statements.lastSeq.get() ?? 0;
  }

  readEvent(seq: number): LedgerEvent | null {
    return oneEvent(this.#statements.event, seq);
  }

  readEvents({ fromSeq = 1, kind, limit }: ReadEventsQuery): LedgerEvent[] {
    checkLimit(limit);
    const { events, eventsOfKind } = this.#statements;
    const rows = kind === undefined ? events.all(fromSeq, limit) : eventsOfKind(kind).all(fromSeq, limit);
    return rows.map(toEvent);
  }

  readNewest(kind: string, limit: number): LedgerEvent[] {
    checkLimit(limit);
    return this.#statements.newestOfKind(kind).all(limit).map(toEvent);
  }

  readHashes(fromSeq: number, toSeq: number): readonly string[] {
    checkLimit(toSeq - fromSeq + 1);
    return this.#statements.hashes.all(fromSeq, toSeq);
  }

  readOutcomes(fromSeq: number, toSeq: number, parentId: string): LedgerEvent[] {
    const parent = `"parent_decision_id":${JSON.stringify(parentId)}`;
    return this.#statements.outcomes.all(fromSeq, toSeq, parent).map(toEvent);
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
    return oneEvent(this.#statements.decisionByRequest, agent, kind, request_id);
  }

  readDecisions({ agent, limit, cursor }: ReadDecisionsQuery): DecisionPage {
    checkLimit(limit);
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : parseCursor(cursor);
    // One more than requested shows whether another page follows.
    const { decisions, decisionsOfAgent } = this.#statements;
    const rows =
      agent === undefined ? decisions.all(before, limit + 1) : decisionsOfAgent.all(agent, before, limit + 1);
    const events = rows.slice(0, limit).map(toEvent);
    const next = rows.length > limit ? String(events.at(-1)?.seq) : null;
    return { events, next };
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
  const events = <Parameters extends unknown[]>(sql: string) => db.prepare<Parameters, EventRow>(sql);
  const value = <Parameters extends unknown[], Value>(sql: string) => db.prepare<Parameters, Value>(sql).pluck();
  const newestDecisions = `SELECT ${COLUMNS} FROM events e WHERE kind = '${DECISION_KIND}' AND seq < ? ORDER BY seq DESC LIMIT ?`;
  return {
    lastSeq: value<[], number | null>('SELECT max(seq) FROM events'),
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
    decisionByRequest: events<[string, string, string]>(
      `SELECT ${COLUMNS} FROM decisions_by_request d JOIN events e ON e.seq = d.seq
       WHERE d.agent = ? AND d.kind = ? AND d.request_id = ?`,
    ),
    decisions: events<[number, number]>(newestDecisions),
    decisionsOfAgent: events<[string, number, number]>(
      `SELECT ${COLUMNS} FROM decisions_by_agent d JOIN events e ON e.seq = d.seq
       WHERE d.agent = ? AND d.seq < ? ORDER BY d.seq DESC LIMIT ?`,
    ),
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
    if (known.size < MOST_KINDS) known.set(kind, prepared);
    return prepared;
  };
}

function oneEvent<Parameters extends unknown[]>(
  statement: Statement<Parameters, EventRow>,
  ...parameters: Parameters
): LedgerEvent | null {
  const row = statement.get(...parameters);
  return row === undefined ? null : toEvent(row);
}

function toEvent(row: EventRow): LedgerEvent {
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
