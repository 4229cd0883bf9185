/** Who asks, and by what. */

/** metrics: a scraper. monitor: looks at figures, and reports. */
export type Role = 'agent' | 'metrics' | 'monitor' | 'operator';
/** The caller according to its bearer token. Orders and decisions are kept under the name `agent`. */
export interface Caller {
  readonly role: Role;
  readonly agent: string;
  readonly tokenId: string;
  readonly skillSha256: string | null;
}

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
