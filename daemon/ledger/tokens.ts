import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { profileOf, type VenueName } from '../core/venues.ts';
import type { LiveClock } from '../engine/flow/core.ts';
import type { TokenWords } from '../engine/flow/ports.ts';
import type { TimePort } from '../time/time-port.ts';
import { sha256Hex } from './chain/hash-chain.ts';
import { findMigrationsFolder, readMigrations, requireMigrated } from './chain/migrations.ts';
import { openForWriting, toLedgerError } from './disk/connection.ts';
import { LedgerError } from './errors.ts';
import type { ExpiryClock, NewToken, RandomBytes, TokenRecord, TokenStore } from './types.ts';

/** Form of an agent's name, as in a policy's `agents`: a token with any other name could never get limits. */
export const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** In whose name the gate itself exits and halts: an agent of this name would hold and stop what is the gate's. */
const GATE_NAME = 'gate';

const COLUMNS = 'id, role, name, agent, skill_sha256, created_at_ms, revoked_at_ms, expires_at_ms';

/** Neither revoked nor expired at a time. */
export function isLiveToken({ revoked_at_ms, expires_at_ms }: TokenRecord, atMs: number): boolean {
  return revoked_at_ms === null && (expires_at_ms === null || atMs < expires_at_ms);
}

/** A secret is `hf_` and 256 random bits in base64url. */
function createSecret(random: RandomBytes): string {
  return `hf_${random(32).toString('base64url')}`;
}

function prepareStatements(db: Database) {
  const insert = db.prepare(
    `INSERT INTO tokens (id, role, name, agent, token_hash, skill_sha256, created_at_ms, expires_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const live = db.prepare<[string], TokenRecord>(
    `SELECT ${COLUMNS} FROM tokens WHERE token_hash = ? AND revoked_at_ms IS NULL`,
  );
  const all = db.prepare<[], TokenRecord>(`SELECT ${COLUMNS} FROM tokens ORDER BY created_at_ms, id`);
  const keys = db.prepare<[], TokenRecord & { readonly token_hash: string }>(
    `SELECT ${COLUMNS}, token_hash FROM tokens WHERE revoked_at_ms IS NULL`,
  );
  const over = db.prepare<[number, number], TokenRecord>(
    `SELECT ${COLUMNS} FROM tokens
     WHERE revoked_at_ms IS NULL AND expires_at_ms > ? AND expires_at_ms <= ? ORDER BY id`,
  );
  // Revoked before it expires, whatever the clocks say: what ends later has expired ({@link wasRevoked}).
  const revoke = db.prepare<[{ readonly id: string; readonly nowMs: number }]>(
    `UPDATE tokens SET revoked_at_ms = max(created_at_ms, min(:nowMs, coalesce(expires_at_ms - 1, :nowMs)))
     WHERE id = :id AND revoked_at_ms IS NULL`,
  );
  const expire = db.prepare(
    'UPDATE tokens SET revoked_at_ms = max(created_at_ms, expires_at_ms) WHERE id = ? AND revoked_at_ms IS NULL',
  );
  const end = db.prepare(
    `UPDATE tokens SET expires_at_ms = ?
     WHERE id = ? AND revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)`,
  );
  return { insert, live, all, keys, over, revoke, expire, end };
}

/**
 * Tokens of an open ledger. Every call reads or writes the table, so a revocation takes effect at the next request.
 * `now` stamps changes.
 */
export function createTokenStore(
  db: Database,
  now: () => number,
  expiry: ExpiryClock,
  random: RandomBytes = randomBytes,
): TokenStore {
  const { insert, live, all, keys, over, revoke, expire, end } = prepareStatements(db);
  function createToken(token: NewToken): { readonly record: TokenRecord; readonly secret: string } {
    const secret = createSecret(random);
    const record: TokenRecord = {
      id: `tok_${random(8).toString('hex')}`,
      role: token.role,
      name: token.name,
      agent: token.agent ?? null,
      skill_sha256: token.skill_sha256 ?? null,
      created_at_ms: now(),
      revoked_at_ms: null,
      expires_at_ms: token.expires_at_ms ?? null,
    };
    checkToken(record, expiry.nowMs());
    checkCalled(record, all.all());
    const { id, role, name, agent, skill_sha256, created_at_ms, expires_at_ms } = record;
    insert.run(id, role, name, agent, sha256Hex(secret), skill_sha256, created_at_ms, expires_at_ms);
    return { record, secret };
  }
  return {
    createToken,
    findToken(secret) {
      const found = live.get(sha256Hex(secret));
      return found !== undefined && isLiveToken(found, expiry.nowMs()) ? found : null;
    },
    listTokens: () => all.all(),
    listKeys() {
      const now = expiry.nowMs();
      return keys
        .all()
        .map(({ token_hash, ...token }) => ({ token, keyHex: token_hash }))
        .filter(({ token }) => isLiveToken(token, now));
    },
    revokeToken: (id) => revoke.run({ id, nowMs: now() }).changes === 1,
    replaceTokens: (ids, endsAtMs, expiresAtMs) =>
      db.transaction(() => {
        const nowMs = expiry.nowMs();
        const former = all.all().filter((token) => ids.includes(token.id) && isLiveToken(token, nowMs));
        const token = succeed(former, ids.length, expiresAtMs ?? null);
        const endMs = Math.max(0, Math.floor(endsAtMs));
        for (const id of ids) end.run(endMs, id, endMs);
        return createToken(token);
      })(),
    expiryMs: () => expiry.nowMs(),
    endExpired() {
      const span = expiry.certain();
      if (span === null) return [];
      return over.all(span.afterMs, span.toMs).filter(({ id }) => expire.run(id).changes === 1);
    },
  };
}

/**
 * What takes the place of tokens: their rights and name, and at most their life. RISK: with a longer one whoever holds a
 * token for a while could hold it for ever.
 */
function succeed(former: readonly TokenRecord[], count: number, expiresAtMs: number | null): NewToken {
  const [first] = former;
  if (first === undefined || former.length !== count) throw refuse('one of those that it replaces is not live');
  const { agent, name, role, skill_sha256 } = first;
  if (former.some((token) => !hasSameRights(token, first)))
    throw refuse('those that it replaces differ in role, name, agent or skill');
  const latestMs = latestEnd(former);
  const endMs = expiresAtMs ?? latestMs;
  if (latestMs !== null && endMs !== null && endMs > latestMs)
    throw refuse(
      `it would live longer than the one that it replaces, which expires at ${new Date(latestMs).toISOString()}. Create a new token for a longer life`,
    );
  return {
    role,
    name,
    ...(agent === null ? {} : { agent }),
    ...(skill_sha256 === null ? {} : { skill_sha256 }),
    ...(endMs === null ? {} : { expires_at_ms: endMs }),
  };
}

export function hasSameRights(a: TokenRecord, b: TokenRecord): boolean {
  return a.role === b.role && a.agent === b.agent && a.skill_sha256 === b.skill_sha256 && a.name === b.name;
}

/** Null: one of them does not expire. */
function latestEnd(tokens: readonly TokenRecord[]): number | null {
  const latest = Math.max(...tokens.map(({ expires_at_ms }) => expires_at_ms ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(latest) ? latest : null;
}

function refuse(problem: string): LedgerError {
  return new LedgerError('LEDGER_ARGUMENT', `This token cannot be created: ${problem}.`);
}

/**
 * A token store without the ledger's lock, for the command line while a daemon runs.
 *
 * @throws LedgerError LEDGER_MISSING, LEDGER_MIGRATION, LEDGER_CORRUPT, LEDGER_PERMISSIONS
 */
export function openTokenStore(path: string, now: () => number): TokenStore & { close(): void } {
  if (!existsSync(path)) {
    throw new LedgerError(
      'LEDGER_MISSING',
      `There is no ledger at ${path}, and tokens are kept in it. Start the daemon once (./holdfast start), or say where its home is with --home and --venue.`,
    );
  }
  const db = openForWriting(path);
  try {
    requireMigrated(db, readMigrations(findMigrationsFolder()));
    return { ...createTokenStore(db, now, { nowMs: now, certain: () => null }), close: () => db.close() };
  } catch (error) {
    db.close();
    throw toLedgerError(error, path);
  }
}

function checkToken({ role, name, agent, skill_sha256, expires_at_ms }: TokenRecord, nowMs: number): void {
  const isOver = expires_at_ms !== null && !(Number.isSafeInteger(expires_at_ms) && expires_at_ms > nowMs);
  const problem = isOver ? 'it would expire before now' : findTokenProblem(role, name, agent, skill_sha256);
  if (problem !== null) throw refuse(problem);
}

/**
 * RISK: orders, shares and request ids are kept by the name of who asked. An agent called like an operator would hold and
 * cancel what is the operator's, and an operator's close would be answered with what the agent had got. Revoked tokens
 * count: what was opened under them may be held.
 */
function checkCalled(token: TokenRecord, others: readonly TokenRecord[]): void {
  const opposite = token.role === 'agent' ? 'operator' : token.role === 'operator' ? 'agent' : null;
  const other = others.find((each) => each.role === opposite && agentOf(each) === agentOf(token));
  if (other === undefined) return;
  throw refuse(
    `${agentOf(token)} is the name of an ${other.role} (${other.id}), and what is traded is kept by name; choose another one`,
  );
}

function findTokenProblem(role: string, name: string, agent: string | null, skill: string | null): string | null {
  if (role === 'agent' && agent === null) return 'a token of role agent names its agent';
  if (!isName(name)) return 'its name must have 1 to 64 characters';
  if (agent !== null && !AGENT_NAME.test(agent)) {
    return `the name of its agent must match ${AGENT_NAME.source} (letters, digits, _ . - and no spaces)`;
  }
  if (agent === GATE_NAME) return `${GATE_NAME} is the name of the gate itself; choose another one for the agent`;
  if (skill !== null && !/^[0-9a-f]{64}$/.test(skill)) return 'a skill digest has 64 lowercase hex digits';
  return null;
}

function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 64;
}

/** Domain time, as far as it is known. */
type LedgerTime = Pick<LiveClock, 'isSynced' | 'nowMs'>;

/** Domain time, or the host's until the venue has told it, ms. */
export function ledgerClock(clock: LedgerTime, time: TimePort): () => number {
  return () => (clock.isSynced ? clock.nowMs() : time.hostMs());
}

/**
 * Tokens expire by the venue's time where there is one, and before it is known by the host's. Each of the two may be wrong
 * for a while: one has ended for good when both say so. On paper the exchange may play a tape: there the host's clock counts,
 * and a token has ended for good when time went by its end while this process saw it, by the host's and by the monotonic
 * clock.
 */
export function expiryClock(venue: VenueName, clock: LedgerTime, time: TimePort): ExpiryClock {
  if (!profileOf(venue).isSimulated)
    return {
      nowMs: ledgerClock(clock, time),
      certain: () => (clock.isSynced ? { afterMs: 0, toMs: Math.min(clock.nowMs(), time.hostMs()) } : null),
    };
  const afterMs = time.hostMs();
  const sinceMs = time.monotonicMs();
  const steadyMs = (): number => afterMs + time.monotonicMs() - sinceMs;
  return {
    nowMs: () => time.hostMs(),
    certain: () => ({ afterMs, toMs: Math.min(time.hostMs(), steadyMs()) }),
  };
}

/**
 * What the gate asks of the tokens that its ledger keeps. One that has expired lives no more, for the gate as for whoever
 * calls with it, also while its end is not on record yet.
 */
export function tokenPorts(tokens: TokenStore) {
  return {
    tokens,
    agentNames: () =>
      tokens
        .listTokens()
        .filter(({ role }) => role === 'agent' || role === 'operator')
        .map(agentOf),
    isTokenLive: (id: string) => {
      const nowMs = tokens.expiryMs();
      return tokens.listTokens().some((token) => token.id === id && isLiveToken(token, nowMs));
    },
    tokenWords: () => readWords(tokens.listTokens(), tokens.expiryMs()),
  };
}

function readWords(tokens: readonly TokenRecord[], nowMs: number): TokenWords {
  const live = tokens.filter((token) => isLiveToken(token, nowMs));
  return {
    stands(id) {
      const token = tokens.find((each) => each.id === id);
      if (token === undefined) return live.some((each) => each.role === 'operator' && agentOf(each) === id);
      if (live.includes(token)) return true;
      return !wasRevoked(token) && live.some((other) => isAlike(other, token) && agentOf(other) === agentOf(token));
    },
    isSpokenFor: (agent) => live.some((token) => token.role === 'agent' && agentOf(token) === agent),
  };
}

const agentOf = ({ agent, name }: TokenRecord): string => agent ?? name;

/** And not ended when it expired. */
export function wasRevoked({ expires_at_ms, revoked_at_ms }: TokenRecord): boolean {
  return revoked_at_ms !== null && (expires_at_ms === null || revoked_at_ms < expires_at_ms);
}
/** Of the same rights. */
function isAlike(one: TokenRecord, other: TokenRecord): boolean {
  return one.role === other.role && one.agent === other.agent && one.skill_sha256 === other.skill_sha256;
}
