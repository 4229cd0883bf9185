/** Access tokens, as entrances see them. */
import type { Body } from '../../contract/agreement.ts';
import type * as body from '../../contract/tokens.ts';

export type TokenBody = Body<typeof body.TokenBodySchema>;
export type TokensBody = Body<typeof body.TokensBodySchema>;
/** `secret` is in this answer and nowhere else. */
export type TokenCreatedBody = Body<typeof body.TokenCreatedSchema>;

export interface AskedToken {
  readonly role: 'agent' | 'monitor';
  readonly name: string;
  readonly ttlMs: number;
}
/** Who asks, and by what. `passkeyId`: of the passkey that signed the call; null: a token made it. */
export interface TokenActor {
  readonly agent: string;
  /** Of the token or the session. */
  readonly tokenId: string;
  readonly passkeyId: string | null;
}
export interface TokenApi {
  /** `ownId`: of the token that asks, or of its session's. */
  getTokens(ownId: string): TokensBody;
  /** @throws when it is not permitted here, or no such token can be */
  createToken(actor: TokenActor, asked: AskedToken): Promise<TokenCreatedBody>;
  /** It is refused from then on. Null: there is no live token with this id. */
  revokeToken(actor: TokenActor, id: string, reason: string): Promise<TokenBody | null>;
}
