import type { Database } from 'better-sqlite3';
import { parseCanonicalJson } from '../core/canonical-json.ts';
import type { ChainHead } from './chain-builder.ts';
import { toLedgerError } from './connection.ts';
import { DECISION_KIND } from './decision-keys.ts';
import { codeOf, LedgerError } from './errors.ts';
import { hashEventBytes, ZERO_HASH } from './hash-chain.ts';
import { HeadCheck } from './head-records.ts';
import { readPayload } from './read-payload.ts';
import { SqliteReader } from './reader.ts';
import { TOKEN_KIND, TokenCheck } from './token-records.ts';
import type { LedgerEvent, LedgerReader } from './types.ts';
import { findWrongSideRow, LookupCheck } from './verify-tables.ts';

export type CheckOutcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export type VerifyProblem =
  | 'unreadable' // the database itself is damaged
  | 'seq' // a record is missing, or one too many
  | 'prev_hash' // it does not name the record before
  | 'hash' // its hash is not that of its content
  | 'not_canonical' // hash and content agree, but the payload is not canonical JSON
  | 'lookup' // a lookup table differs from the chain
  | 'text' // a stored text is not the one of its hash
  | 'signature' // a signed head, or a key, is not of this chain
  | 'token' // the table of tokens differs from the chain
  | 'policy' // a stored policy is not the one of its hash
  | 'rederive' // deciding again gives something else
  | 'fold' // a recorded view is not what the events before it give
  | 'head'; // the chain does not contain the head that was noted elsewhere

/** `seq` is the first wrong record; null if the difference is in no single record. */
export interface VerifyFailure {
  readonly ok: false;
  readonly seq: number | null;
  readonly problem: VerifyProblem;
  readonly detail: string;
}

export interface VerifySuccess {
  readonly ok: true;
  readonly events: number;
  readonly decisions: number;
  readonly head: ChainHead;
  /** The last signed head by its number and record, of {@link verifyLedger}; absent: none was signed. */
  readonly signed?: { readonly number: number; readonly seq: number };
}

export type VerifyResult = VerifySuccess | VerifyFailure;

export interface VerifyChainOptions {
  /** Called about every 500 records. */
  readonly onProgress?: (doneSeq: number, lastSeq: number) => void;
  /** A record noted earlier outside this machine: proves that the end was not cut off and the chain not rebuilt. */
  readonly expectedHead?: ChainHead;
}

export interface VerifyLedgerOptions extends VerifyChainOptions {
  /** Derives a recorded decision again and compares. Called for events of kind `decision`. */
  readonly rederive?: (event: LedgerEvent) => CheckOutcome;
  /** Called for every event in order, after `rederive`: rebuilds views and compares recorded ones with them. */
  readonly fold?: (event: LedgerEvent) => CheckOutcome;
}

interface RawEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: Buffer;
  readonly prev_hash: string;
  readonly hash: string;
}

const PAGE = 500;
const TAIL = 256;
const SELECT_RAW = `SELECT seq, at_ms, kind, CAST(payload AS BLOB) AS payload, prev_hash, hash
  FROM events WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`;
const BEFORE_ALL = Number.MIN_SAFE_INTEGER;

/** Checks that the records form a chain: consecutive numbers, every link, every hash, every payload canonical. */
export function verifyChain(reader: LedgerReader, options: VerifyChainOptions = {}): VerifyResult {
  return verifyLinks(asSqliteReader(reader), options, () => null);
}

/**
 * {@link verifyChain}, and everything that depends on it: the lookup tables, the stored texts and policies, and what
 * `rederive` and `fold` find. Stops at the first difference and names it.
 */
export function verifyLedger(reader: LedgerReader, options: VerifyLedgerOptions = {}): VerifyResult {
  const sqlite = asSqliteReader(reader);
  const lookups = new LookupCheck(sqlite.db);
  const tokens = new TokenCheck();
  const heads = new HeadCheck(reader.genesis.hash);
  const result = verifyLinks(sqlite, options, (event) => {
    if (event.kind === DECISION_KIND) {
      const problem = lookups.findProblem(event);
      if (problem !== null) return failure(event.seq, 'lookup', problem);
      const outcome = options.rederive?.(event);
      if (outcome?.ok === false) return failure(event.seq, 'rederive', outcome.detail);
    }
    if (event.kind === TOKEN_KIND) tokens.note(event.payload);
    const wrongHead = heads.findProblem(event);
    if (wrongHead !== null) return failure(event.seq, 'signature', wrongHead);
    const outcome = options.fold?.(event);
    return outcome?.ok === false ? failure(event.seq, 'fold', outcome.detail) : null;
  });
  if (!result.ok) return result;
  return catchUnreadable(sqlite, null, () => {
    const surplus = lookups.findSurplus(result.head.seq);
    if (surplus !== null) return failure(null, 'lookup', surplus);
    const wrongToken = tokens.findProblem(sqlite.db, result.head.seq);
    if (wrongToken !== null) return failure(null, 'token', wrongToken);
    const wrong = findWrongSideRow(sqlite.db);
    if (wrong !== null) return failure(null, wrong.problem, wrong.detail);
    const { last } = heads;
    return last === null ? result : { ...result, signed: { number: last.number, seq: last.seq } };
  });
}

/**
 * Checks the last records of a ledger while it is opened; returns its head.
 *
 * @throws LedgerError LEDGER_CORRUPT
 */
export function checkTail(reader: SqliteReader): ChainHead {
  const before = reader.readEvent(Math.max(0, reader.lastSeq() - TAIL));
  const start = before === null ? { seq: 0, hash: ZERO_HASH } : { seq: before.seq, hash: before.hash };
  const walk = new ChainWalk(start);
  const failed = walk.run(reader.db, start.seq, () => null);
  if (failed === null) return walk.head;
  throw new LedgerError(
    'LEDGER_CORRUPT',
    `The ledger ${reader.path} is not consistent at record ${failed.seq}: ${failed.detail}. Run: npx holdfast audit verify`,
  );
}

function verifyLinks(reader: SqliteReader, options: VerifyChainOptions, check: EventCheck): VerifyResult {
  const { expectedHead, onProgress } = options;
  const walk = new ChainWalk({ seq: 0, hash: ZERO_HASH });
  let decisions = 0;
  return catchUnreadable(reader, walk, () => {
    const lastSeq = reader.lastSeq();
    const failed = walk.run(reader.db, BEFORE_ALL, (event) => {
      if (event.kind === DECISION_KIND) decisions += 1;
      if (event.seq % PAGE === 0) onProgress?.(event.seq, lastSeq);
      if (expectedHead?.seq === event.seq && expectedHead.hash !== event.hash) {
        return failure(event.seq, 'head', `its hash is ${event.hash}, noted was ${expectedHead.hash}`);
      }
      return check(event);
    });
    if (failed !== null) return failed;
    if (walk.head.seq === 0) return failure(1, 'seq', 'there are no records');
    if (expectedHead !== undefined && expectedHead.seq > walk.head.seq) {
      return failure(walk.head.seq + 1, 'head', `the chain ends before record ${expectedHead.seq}, which was noted`);
    }
    onProgress?.(walk.head.seq, lastSeq);
    return { ok: true, events: walk.head.seq, decisions, head: walk.head };
  });
}

type EventCheck = (event: LedgerEvent) => VerifyFailure | null;

/** Walks the chain; `head` is the last correct record. */
class ChainWalk {
  head: ChainHead;

  constructor(head: ChainHead) {
    this.head = head;
  }

  run(db: Database, afterSeq: number, check: EventCheck): VerifyFailure | null {
    const select = db.prepare<[number], RawEvent>(SELECT_RAW);
    for (let after = afterSeq; ; ) {
      const rows = select.all(after);
      for (const row of rows) {
        const failed = this.#step(row, check);
        if (failed !== null) return failed;
        after = row.seq;
      }
      if (rows.length < PAGE) return null;
    }
  }

  #step(row: RawEvent, check: EventCheck): VerifyFailure | null {
    const { seq, at_ms, kind, prev_hash, hash } = row;
    const expectedSeq = this.head.seq + 1;
    if (seq > expectedSeq) return failure(expectedSeq, 'seq', `record ${expectedSeq} is missing, ${seq} follows`);
    if (seq < expectedSeq) return failure(seq, 'seq', `record ${seq} lies before the beginning of the chain`);
    if (prev_hash !== this.head.hash) {
      return failure(seq, 'prev_hash', `its prev_hash is ${prev_hash}, the record before has ${this.head.hash}`);
    }
    const computed = hashEventBytes(prev_hash, seq, at_ms, kind, row.payload);
    if (computed !== hash) return failure(seq, 'hash', `its hash is ${hash}, its content gives ${computed}`);
    const text = row.payload.toString('utf8');
    const stored = parseCanonicalJson(text);
    if (stored === undefined) return failure(seq, 'not_canonical', 'its payload is not canonical JSON');
    this.head = { seq, hash };
    return check({ seq, at_ms, kind, payload: readPayload(kind, stored, seq, at_ms), text, prev_hash, hash });
  }
}

function failure(seq: number | null, problem: VerifyProblem, detail: string): VerifyFailure {
  return { ok: false, seq, problem, detail };
}

/** Turns SQLite's own errors into a failure at the next record. */
function catchUnreadable(reader: SqliteReader, walk: ChainWalk | null, run: () => VerifyResult): VerifyResult {
  try {
    return run();
  } catch (error) {
    if (!codeOf(error).startsWith('SQLITE_')) throw error;
    return failure(walk === null ? null : walk.head.seq + 1, 'unreadable', toLedgerError(error, reader.path).message);
  }
}

function asSqliteReader(reader: LedgerReader): SqliteReader {
  if (reader instanceof SqliteReader) return reader;
  throw new TypeError('verify needs a reader of openLedgerReader or openLedger');
}
