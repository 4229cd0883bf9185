import type { Database, Statement } from 'better-sqlite3';
import { readDecisionKeys, sha256Hex } from '../chain/hash-chain.ts';
import { LedgerError } from '../errors.ts';
import type { LedgerEvent } from '../types.ts';

const LOOKUP_TABLES = ['decisions_by_agent', 'decisions_by_request'] as const;

/** Rows that the decisions of a span give to each table. */
export type LookupCounts = { readonly [table in (typeof LOOKUP_TABLES)[number]]: number };

/** Compares the lookup tables with the chain's decisions, which it receives in order. */
export class LookupCheck {
  readonly #byAgent: Statement<[string, number], number>;
  readonly #byRequest: Statement<[string, string, string], number>;
  readonly #expected = { decisions_by_agent: 0, decisions_by_request: 0 };

  constructor(db: Database) {
    this.#byAgent = db
      .prepare<[string, number], number>('SELECT seq FROM decisions_by_agent WHERE agent = ? AND seq = ?')
      .pluck();
    this.#byRequest = db
      .prepare<[string, string, string], number>(
        'SELECT seq FROM decisions_by_request WHERE agent = ? AND kind = ? AND request_id = ?',
      )
      .pluck();
  }

  /** What is wrong in the rows of one decision; null: nothing. */
  findProblem({ seq, payload }: LedgerEvent): string | null {
    let keys: ReturnType<typeof readDecisionKeys>;
    try {
      keys = readDecisionKeys(payload, seq);
    } catch (error) {
      if (error instanceof LedgerError) return error.message;
      throw error;
    }
    const { agent, kind, request_id } = keys;
    if (agent === null) return null;
    if (this.#byAgent.get(agent, seq) !== seq) return `decisions_by_agent does not list it for ${agent}`;
    this.#expected.decisions_by_agent += 1;
    if (request_id === null) return null;
    const firstSeq = this.#byRequest.get(agent, kind, request_id);
    if (firstSeq === undefined || firstSeq > seq) return `decisions_by_request does not lead from ${request_id} to it`;
    if (firstSeq === seq) this.#expected.decisions_by_request += 1;
    return null;
  }

  get counts(): LookupCounts {
    return { ...this.#expected };
  }

  /** Says which table has rows up to `lastSeq` without a decision; null: none. */
  static findSurplus(db: Database, spans: readonly LookupCounts[], lastSeq: number): string | null {
    for (const table of LOOKUP_TABLES) {
      const count = db.prepare<[number], number>(`SELECT count(*) FROM ${table} WHERE seq <= ?`).pluck();
      const found = count.get(lastSeq) ?? 0;
      const expected = spans.reduce((sum, counts) => sum + counts[table], 0);
      if (found !== expected) return `${table} has ${found} rows where the chain gives ${expected}`;
    }
    return null;
  }
}

/** Compares the table of archives with the records that name them, which stay in the live file; null: it is as they say. */
export function findWrongArchive(db: Database): string | null {
  const said = db.prepare<[], string>("SELECT payload FROM events WHERE kind = 'archived' ORDER BY seq").pluck().all();
  const listed = db.prepare<[], string>('SELECT body FROM archives ORDER BY to_seq').pluck().all();
  const at = listed.findIndex((body, index) => body !== said[index]);
  if (at >= 0) return `the table of archives holds a segment ${at + 1} that no record names`;
  return listed.length === said.length ? null : 'the table of archives lacks a segment that a record names';
}

/** Finds a stored text or policy that does not match its hash. */
export function findWrongSideRow(db: Database): { problem: 'text' | 'policy'; detail: string } | null {
  for (const [table, problem] of [
    ['texts', 'text'],
    ['policies', 'policy'],
  ] as const) {
    const hash = findWrongHash(db, table);
    if (hash !== null) return { problem, detail: `the ${problem} ${hash} was changed` };
  }
  return null;
}

function findWrongHash(db: Database, table: 'texts' | 'policies'): string | null {
  const select = db.prepare<[string], { hash: string; body: Buffer }>(
    `SELECT hash, CAST(body AS BLOB) AS body FROM ${table} WHERE hash > ? ORDER BY hash LIMIT 500`,
  );
  for (let after = ''; ; ) {
    const rows = select.all(after);
    const last = rows.at(-1);
    if (last === undefined) return null;
    const wrong = rows.find((row) => sha256Hex(row.body) !== row.hash);
    if (wrong !== undefined) return wrong.hash;
    after = last.hash;
  }
}
