import { parseCanonicalJson } from '../../core/canonical-json.ts';
import { exportLine } from '../chain/export.ts';
import { type ChainHead, hashEventBytes, readPayload } from '../chain/hash-chain.ts';
import type { SqliteReader } from '../reader.ts';
import { type ChainRow, KEPT_KINDS, type LedgerEvent } from '../types.ts';

export type VerifyProblem =
  | 'unreadable' // the database itself is damaged
  | 'archive' // an archive is missing or damaged, or the live file disagrees with it
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
  | 'head' // the chain does not contain a record that was noted outside
  | 'key'; // nobody vouches for a key that signs heads, or a key that was noted signs none

/** `seq` is the first wrong record; null if the difference is in no single record. */
export interface VerifyFailure {
  readonly ok: false;
  readonly seq: number | null;
  readonly problem: VerifyProblem;
  readonly detail: string;
}

export function failure(seq: number | null, problem: VerifyProblem, detail: string): VerifyFailure {
  return { ok: false, seq, problem, detail };
}

/** As it is stored: the bytes of a payload may be no UTF-8. */
interface RawRow extends Omit<ChainRow, 'payload'> {
  readonly payload: Buffer;
}

export const PAGE = 500;
const SELECT_RAW = `SELECT seq, at_ms, kind, CAST(payload AS BLOB) AS payload, prev_hash, hash
  FROM events WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`;
const BEFORE_ALL = Number.MIN_SAFE_INTEGER;

export type EventCheck = (event: LedgerEvent) => VerifyFailure | null;

/** Walks the chain, across archives and the live file; `head` is the last correct record. */
export class ChainWalk {
  head: ChainHead;
  readonly #reader: SqliteReader;
  #failed: VerifyFailure | null = null;

  constructor(reader: SqliteReader, start: ChainHead) {
    this.#reader = reader;
    this.head = start;
  }

  /** Up to record `toSeq`, or to the end; `check`: null where the chain alone is asked for. @throws LedgerError LEDGER_ARCHIVE when an archive cannot be read */
  run(toSeq: number, check: EventCheck | null): VerifyFailure | null {
    for (const row of this.#rows()) {
      // One that is missing at the end of a span is named like any other.
      if (row.seq > toSeq && this.head.seq >= toSeq) break;
      const failed = this.#step(row, check);
      if (failed !== null) return failed;
    }
    return this.#failed;
  }

  *#rows(): Generator<RawRow, void> {
    const { archives, db } = this.#reader;
    const select = db.prepare<[number], RawRow>(SELECT_RAW);
    if (this.head.seq === 0) for (const row of select.all(BEFORE_ALL)) if (row.seq < 1) yield row;
    for (let after = this.head.seq; ; ) {
      if (after < archives.lastSeq()) {
        for (const row of this.#archivedRows(after + 1)) {
          yield row;
          after = row.seq;
        }
        if (this.#failed !== null) return;
        continue;
      }
      const rows = select.all(after);
      // What was archived meanwhile may have left the live file.
      if (archives.lastSeq() > after) continue;
      yield* rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.seq ?? after;
    }
  }

  /** Records of archives. What the live file still holds of them must be the same, and all of the kinds that stay. */
  *#archivedRows(fromSeq: number): Generator<RawRow, void> {
    const live = this.#reader.db.prepare<[number, number], ChainRow>(
      'SELECT seq, at_ms, kind, payload, prev_hash, hash FROM events WHERE seq BETWEEN ? AND ?',
    );
    let left = new Map<number, ChainRow>();
    let readTo = 0;
    for (const row of this.#reader.archives.walk(fromSeq)) {
      if (row.seq > readTo) {
        readTo = row.seq + PAGE - 1;
        left = new Map(live.all(row.seq, readTo).map((each) => [each.seq, each]));
      }
      const kept = left.get(row.seq);
      const isGone = kept === undefined && KEPT_KINDS.has(row.kind);
      if (isGone || (kept !== undefined && exportLine(kept) !== exportLine(row))) {
        const why = isGone ? 'is not in the live file any more' : 'is another one in the live file than in its archive';
        this.#failed = failure(row.seq, 'archive', `the record of kind ${row.kind} ${why}`);
        return;
      }
      yield { ...row, payload: Buffer.from(row.payload, 'utf8') };
    }
  }

  #step(row: RawRow, check: EventCheck | null): VerifyFailure | null {
    const { seq, at_ms, kind, prev_hash, hash } = row;
    const expectedSeq = this.head.seq + 1;
    if (seq > expectedSeq) return failure(expectedSeq, 'seq', `record ${expectedSeq} is missing, ${seq} follows`);
    if (seq < expectedSeq) return failure(seq, 'seq', `record ${seq} lies before the beginning of the chain`);
    if (prev_hash !== this.head.hash) {
      return failure(seq, 'prev_hash', `its prev_hash is ${prev_hash}, the record before has ${this.head.hash}`);
    }
    const computed = hashEventBytes(prev_hash, { seq, at_ms, kind }, row.payload);
    if (computed !== hash) return failure(seq, 'hash', `its hash is ${hash}, its content gives ${computed}`);
    const text = row.payload.toString('utf8');
    const stored = parseCanonicalJson(text);
    if (stored === undefined) return failure(seq, 'not_canonical', 'its payload is not canonical JSON');
    this.head = { seq, hash };
    if (check === null) return null;
    return check({ seq, at_ms, kind, payload: readPayload(kind, stored, seq, at_ms), text, prev_hash, hash });
  }
}
