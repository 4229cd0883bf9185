import type { Logger } from 'pino';
import type { Gate } from '../../driver/gate.ts';
import { hasSameRights, isLiveToken, wasRevoked } from '../../ledger/tokens.ts';
import type { Ledger, TokenRecord } from '../../ledger/types.ts';
import type { TimePort } from '../../time/time-port.ts';

/** How often token changes by the command line are recorded, and tokens that have expired are revoked, wall ms. */
const EVERY_MS = 1_000;
/** How long before a token expires it is announced, at most. */
const TELL_BEFORE_MS = 3 * 86_400_000;
/** Its end is told so long afterwards: the daemon may have been down. Later, whoever misses it knows. */
const REPORTED_AFTER_MS = 3 * 86_400_000;
/** For a token with a shorter life: the last part of it in which its end is announced. */
const REPORTED_PART = 0.1;

type Alerts = Pick<Gate['core'], 'alert' | 'state' | 'ports'>;

/**
 * Until the returned function is called: records token changes by the command line, revokes what has expired, and raises
 * an alert for a token that will, unless another one has taken its place.
 */
export function followTokens(ledger: Ledger, gate: Alerts, time: TimePort, log: Pick<Logger, 'warn'>): () => void {
  const timer = time.every(EVERY_MS, () => followOnce(ledger, gate, log), { unref: true });
  return () => timer.cancel();
}

/** The table alone decides whether a token is valid; what cannot be written now is written later. */
function followOnce(ledger: Ledger, gate: Alerts, log: Pick<Logger, 'warn'>): void {
  if (ledger.isFailed) return;
  const nowMs = ledger.tokens.expiryMs();
  try {
    ledger.recordTokenChanges();
    ledger.tokens.endExpired();
    const tokens = ledger.tokens.listTokens();
    // An alert has its place in domain time.
    if (!gate.ports.clock.isSynced) return;
    const tell = (code: string, detail: string): void => {
      if (!gate.state.alerts.has(code, detail)) gate.alert(code, detail);
    };
    // By what is on record: the process may have died, or not have known the time, right after the token was ended.
    for (const token of tokens)
      if (hasExpired(token, nowMs) && !isReplaced(token, tokens, token.expires_at_ms ?? nowMs))
        tell('TOKEN_EXPIRED', `${describe(token)} has expired`);
    for (const token of tokens) {
      if (!isLiveToken(token, nowMs) || isReplaced(token, tokens, nowMs) || !isEnding(token, nowMs)) continue;
      const at = new Date(token.expires_at_ms ?? 0).toISOString();
      tell('TOKEN_EXPIRES', `${describe(token)} expires at ${at}: create another one, ./holdfast token create`);
    }
  } catch (error) {
    log.warn({ err: error }, 'token changes are not recorded yet');
  }
}

function isEnding({ created_at_ms, expires_at_ms }: TokenRecord, nowMs: number): boolean {
  if (expires_at_ms === null) return false;
  const reportedMs = Math.min(TELL_BEFORE_MS, REPORTED_PART * Math.max(0, expires_at_ms - created_at_ms));
  return expires_at_ms - nowMs <= reportedMs;
}

/** Not long ago. */
function hasExpired(token: TokenRecord, nowMs: number): boolean {
  const { expires_at_ms: endMs, revoked_at_ms: revokedMs } = token;
  if (endMs === null || revokedMs === null || wasRevoked(token)) return false;
  return nowMs >= endMs && nowMs - endMs <= REPORTED_AFTER_MS;
}
/** A token of the same name and rights lived then, and lives longer; one that was rotated late ends with the former. */
function isReplaced(token: TokenRecord, tokens: readonly TokenRecord[], atMs: number): boolean {
  const endOf = ({ expires_at_ms }: TokenRecord): number => expires_at_ms ?? Number.POSITIVE_INFINITY;
  const isLater = (other: TokenRecord): boolean =>
    endOf(other) > endOf(token) || (endOf(other) === endOf(token) && other.created_at_ms > token.created_at_ms);
  return tokens.some((other) => wasLive(other, atMs) && isLater(other) && hasSameRights(other, token));
}

function wasLive(token: TokenRecord, atMs: number): boolean {
  const { revoked_at_ms: revokedMs } = token;
  return isLiveToken({ ...token, revoked_at_ms: revokedMs !== null && revokedMs > atMs ? null : revokedMs }, atMs);
}

function describe({ id, role, name, agent }: TokenRecord): string {
  return `token ${id} (${role} ${name}${agent === null || agent === name ? '' : `, agent ${agent}`})`;
}
