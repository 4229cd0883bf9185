import type { TokenBody, TokenCreatedBody, TokensBody } from '../../contract/types/tokens.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import type { StoredToken, TokenPort } from '../flow/ports.ts';
import { GATE_AGENT } from '../plan/orders.ts';
import type { AskedToken, TokenActor } from '../records/callers.ts';
import { OperatorRequestError } from './loosening-delay.ts';
import { PasskeyRefused, requireEnrolled } from './passkeys.ts';

/** How many are listed. */
const MAX_LISTED = 500;
/** How many may be live when another one is created here: whoever has an operator token must not fill the ledger. */
const MAX_LIVE = 256;

/** Creates and revokes access tokens for operators, and records who did it, by what, and why. */
export class Tokens {
  readonly #core: LiveCore;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  getTokens(ownId: string): TokensBody {
    const port = this.#port();
    const all = port.listTokens().map((token) => describe(token, port.expiryMs(), ownId));
    const newest = all.sort((a, b) => Number(b.is_live) - Number(a.is_live) || b.created_at_ms - a.created_at_ms);
    return { tokens: newest.slice(0, MAX_LISTED) };
  }

  /** @throws when it is not permitted here, or no such token can be */
  createToken(actor: TokenActor, { role, name, ttlMs }: AskedToken): TokenCreatedBody {
    const core = this.#core;
    const port = this.#port();
    this.#requireProof(actor);
    // A monitor is named in what it reports.
    if (name === GATE_AGENT) throw new OperatorRequestError(`${GATE_AGENT} is the name of the gate itself`);
    // As with an operator's token: what is traded is kept by name (ledger/tokens.ts).
    if (role === 'agent' && core.state.passkeys.list().some((key) => key.name === name))
      throw new OperatorRequestError(`${name} is the name of a passkey; choose another one for the agent`);
    const nowMs = port.expiryMs();
    if (port.listTokens().filter((token) => isLiveToken(token, nowMs)).length >= MAX_LIVE)
      throw new OperatorRequestError(`${MAX_LIVE} tokens are live; revoke those that nobody uses`);
    // INVARIANT: what is made without a record could not be told from what somebody put into the table.
    if (core.ports.ledger.isFailed) throw new LedgerFailed();
    const expiresAtMs = nowMs + ttlMs;
    const agent = role === 'agent' ? { agent: name } : {};
    const { record, secret } = create(port, { role, name, ...agent, expires_at_ms: expiresAtMs });
    this.#append(actor, 'create', record.id, null);
    const until = new Date(expiresAtMs).toISOString();
    core.alert(
      'TOKEN_CREATED',
      `${actor.agent} created token ${record.id} (${role} ${name}) by ${proofOf(actor)}, which expires at ${until}; revoke it if this was not you`,
    );
    return { token: describe(record, nowMs, actor.tokenId), secret };
  }

  revokeToken(actor: TokenActor, id: string, reason: string): TokenBody | null {
    const port = this.#port();
    const known = port.listTokens().find((token) => token.id === id);
    if (known === undefined || known.revoked_at_ms !== null) return null;
    this.#append(actor, 'revoke', id, reason);
    port.revokeToken(id);
    const { role, name } = known;
    this.#core.alert('TOKEN_REVOKED', `${actor.agent} revoked token ${id} (${role} ${name}) by ${proofOf(actor)}`);
    const revoked = port.listTokens().find((token) => token.id === id) ?? known;
    return describe(revoked, port.expiryMs(), actor.tokenId);
  }

  #append(actor: TokenActor, action: 'create' | 'revoke', id: string, reason: string | null): void {
    const { agent, passkeyId } = actor;
    this.#core.appendAnytime('token_act', {
      action,
      by: passkeyId === null ? 'operator_token' : 'passkey',
      passkey_id: passkeyId,
      reason,
      set_by: agent,
      token_id: id,
    });
  }

  /** RISK: where money is real, or the account is the venue's, an operator token that was stolen must not make others. */
  #requireProof({ passkeyId }: TokenActor): void {
    const { settings } = this.#core;
    if (passkeyId === null && !profileOf(settings.venue).isSimulated)
      throw new PasskeyRefused(
        `on ${settings.venue} a passkey has to sign the creation of a token; \`./holdfast token create\` creates one on the daemon's machine`,
      );
    requireEnrolled(this.#core, passkeyId);
  }

  #port(): TokenPort {
    const { tokens } = this.#core.ports;
    if (tokens === undefined) throw new OperatorRequestError('this daemon keeps no tokens');
    return tokens;
  }
}

/** The ledger accepts nothing more; a 503 over HTTP. */
class LedgerFailed extends Error {
  readonly code = 'LEDGER_FAILED';
}

const proofOf = ({ passkeyId }: TokenActor): string => (passkeyId === null ? 'an operator token' : 'a passkey');

export const isLiveToken = ({ revoked_at_ms, expires_at_ms }: StoredToken, nowMs: number): boolean =>
  revoked_at_ms === null && (expires_at_ms === null || nowMs < expires_at_ms);

/** @throws OperatorRequestError with what the store says against it */
function create(port: TokenPort, token: Parameters<TokenPort['createToken']>[0]) {
  try {
    return port.createToken(token);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'LEDGER_ARGUMENT')
      throw new OperatorRequestError(error.message);
    throw error;
  }
}

function describe(token: StoredToken, nowMs: number, ownId: string): TokenBody {
  const { id, role, name, agent, skill_sha256, created_at_ms, expires_at_ms, revoked_at_ms } = token;
  const reported = { id, role, name, agent, skill_sha256, created_at_ms, expires_at_ms, revoked_at_ms };
  return { ...reported, is_live: isLiveToken(token, nowMs), is_own: id === ownId };
}
