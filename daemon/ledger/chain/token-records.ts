import type { Database } from 'better-sqlite3';
import type { LedgerRecord } from '../../engine/flow/ports.ts';
import type { TokenRole } from '../types.ts';

export const TOKEN_KIND = 'token';

/** Payload of a `token` record. The secret (256 random bits) is stored nowhere; `token_hash` is its sha256. */
export type TokenEvent =
  | {
      readonly action: 'created';
      readonly agent: string | null;
      readonly at_ms: number;
      /** Absent in older records. */
      readonly expires_at_ms?: number | null;
      readonly id: string;
      readonly name: string;
      readonly role: TokenRole;
      readonly skill_sha256: string | null;
      readonly token_hash: string;
    }
  | { readonly action: 'revoked'; readonly at_ms: number; readonly id: string }
  /** It was replaced, and expires at `at_ms`. */
  | { readonly action: 'expires'; readonly at_ms: number; readonly id: string };

interface ChangeRow {
  readonly nr: number;
  readonly action: TokenEvent['action'];
  readonly at_ms: number;
  readonly id: string;
  readonly role: TokenRole;
  readonly name: string;
  readonly agent: string | null;
  readonly token_hash: string;
  readonly skill_sha256: string | null;
  readonly expires_at_ms: number | null;
}

/** Records of the changes not yet in the chain, oldest first, and the number of the last one. */
export interface TokenChanges {
  readonly records: readonly LedgerRecord[];
  readonly lastNr: number;
}

/** Prepares the function that reads them; null: there are none, which is the usual case. */
export function prepareTokenChanges(db: Database, now: () => number): (afterNr: number) => TokenChanges | null {
  const pending = db.prepare<[number], ChangeRow>(
    `SELECT c.nr, c.action, c.at_ms, t.id, t.role, t.name, t.agent, t.token_hash, t.skill_sha256, t.expires_at_ms
     FROM token_changes c JOIN tokens t ON t.id = c.token_id WHERE c.nr > ? ORDER BY c.nr`,
  );
  return (afterNr) => {
    const rows = pending.all(afterNr);
    const last = rows.at(-1);
    if (last === undefined) return null;
    const atMs = now();
    return {
      records: rows.map((row) => ({ kind: TOKEN_KIND, at_ms: atMs, payload: toPayload(row) })),
      lastNr: last.nr,
    };
  };
}

function toPayload(row: ChangeRow): TokenEvent {
  const { action, at_ms, id, role, name, agent, expires_at_ms, token_hash, skill_sha256 } = row;
  if (action !== 'created') return { action, at_ms, id };
  return { action, agent, at_ms, expires_at_ms, id, name, role, skill_sha256, token_hash };
}

interface TokenRow extends Omit<ChangeRow, 'nr' | 'action' | 'at_ms'> {
  readonly created_at_ms: number;
  readonly revoked_at_ms: number | null;
}

/** Compares the token table with the chain's records, which it receives in order. */
export class TokenCheck {
  readonly #created = new Map<string, Extract<TokenEvent, { action: 'created' }>>();
  readonly #revoked = new Map<string, number>();
  readonly #expires = new Map<string, number | null>();

  note(payload: unknown): void {
    const event = payload as TokenEvent;
    if (event.action === 'created') {
      this.#created.set(event.id, event);
      this.#expires.set(event.id, event.expires_at_ms ?? null);
    } else if (event.action === 'expires') this.#expires.set(event.id, event.at_ms);
    else this.#revoked.set(event.id, event.at_ms);
  }

  /** What is wrong; null: nothing. Changes not yet in the chain, or after `lastSeq`, are not errors. */
  findProblem(db: Database, lastSeq: number): string | null {
    const later = db
      .prepare<[number], string>(`SELECT payload FROM events WHERE seq > ? AND kind = '${TOKEN_KIND}' ORDER BY seq`)
      .pluck();
    const waiting = db.prepare<[], string>("SELECT token_id || ' ' || action FROM token_changes").pluck().all();
    // Read before the table, so that a change recorded meanwhile appears in one of both.
    const pending = new Set(waiting);
    const rows = db
      .prepare<[], TokenRow>(
        'SELECT id, role, name, agent, token_hash, skill_sha256, created_at_ms, revoked_at_ms, expires_at_ms FROM tokens ORDER BY id',
      )
      .all();
    for (const payload of later.all(lastSeq)) this.note(JSON.parse(payload));
    for (const row of rows) {
      const problem = this.#compare(row, pending);
      if (problem !== null) return problem;
    }
    const known = new Set(rows.map(({ id }) => id));
    for (const id of this.#created.keys()) if (!known.has(id)) return `token ${id} is recorded, but not in the table`;
    return null;
  }

  #compare(row: TokenRow, pending: ReadonlySet<string>): string | null {
    const created = this.#created.get(row.id);
    if (created === undefined)
      return pending.has(`${row.id} created`) ? null : `token ${row.id} is in the table, but its creation in no record`;
    const { role, name, agent, token_hash, skill_sha256, at_ms } = created;
    const isSame =
      row.role === role &&
      row.name === name &&
      row.agent === agent &&
      row.token_hash === token_hash &&
      row.skill_sha256 === skill_sha256 &&
      row.created_at_ms === at_ms;
    if (!isSame) return `token ${row.id} is not as it was recorded`;
    if (row.expires_at_ms !== (this.#expires.get(row.id) ?? null) && !pending.has(`${row.id} expires`))
      return `token ${row.id} expires at another time than was recorded`;
    const revokedAtMs = this.#revoked.get(row.id) ?? null;
    if (row.revoked_at_ms === revokedAtMs || (revokedAtMs === null && pending.has(`${row.id} revoked`))) return null;
    return row.revoked_at_ms === null
      ? `token ${row.id} is live, though its revocation is recorded`
      : `token ${row.id} is revoked, and no record says so`;
  }
}
