/**
 * What an account that is live needs from outside, as types. Adapters (venue/, ledger/) implement these and never import
 * each other. Quantities are integer lots and prices integer ticks of the symbol; only a venue adapter writes decimals.
 */

import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { EndedOrderQuery, EndedOrderRow } from '../records/ended-order.ts';

/**
 * A record to append. `kind` matches `^[a-z][a-z0-9_.]{0,63}$`; `at_ms` is an instant of the domain clock, an integer
 * >= 0. The payload has a canonical JSON form (core/canonical-json.ts). One of kind `decision` carries the members of
 * `DecisionKeys` (ledger/decision-keys.ts).
 */
export interface LedgerRecord {
  readonly kind: string;
  readonly at_ms: number;
  readonly payload: unknown;
  /** The place that a record which names its own seq was made for; the ledger refuses it in any other. */
  readonly seq?: number;
  /**
   * What is recorded of the payload, canonical JSON, where a caller has its parts already. It is taken as it is;
   * `audit verify` checks it.
   */
  readonly text?: string;
}
export interface StoredEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: unknown;
}
/** The part of the ledger that is written and read; ledger/ implements it. */
export interface LedgerPort {
  readonly genesis: { readonly genesis_id: string };
  readonly isFailed: boolean;
  /** The place that the next record gets. */
  nextSeq(): number;
  appendNow(records: readonly LedgerRecord[]): { readonly seqs: readonly number[] };
  appendSync(records: readonly LedgerRecord[]): readonly { readonly seq: number }[];
  putText(body: string): string;
  putPolicy(policy: unknown): string;
  /** Written with this turn's commit; for reading only: no decision and no view depends on them. */
  putEndedOrders(rows: readonly EndedOrderRow[]): void;
  readEndedOrders(query: EndedOrderQuery): readonly EndedOrderRow[];
  readPolicy(hash: string): string | null;
  readText(hash: string): string | null;
  eraseText(hash: string): boolean;
  lastSeq(): number;
  findDecision(decisionId: string): StoredEvent | null;
  findDecisionByRequest(key: {
    readonly agent: string;
    readonly kind: string;
    readonly request_id: string;
  }): StoredEvent | null;
  readDecisions(query: { readonly agent?: string; readonly limit: number; readonly cursor?: string }): {
    readonly events: readonly StoredEvent[];
    readonly next: string | null;
  };
  iterateEvents(query?: { readonly fromSeq?: number; readonly kind?: string }): Generator<StoredEvent, void, undefined>;
}
/** An access token without its secret. */
export interface StoredToken {
  readonly id: string;
  readonly role: 'agent' | 'metrics' | 'monitor' | 'operator';
  readonly name: string;
  readonly agent: string | null;
  readonly skill_sha256: string | null;
  readonly created_at_ms: number;
  readonly revoked_at_ms: number | null;
  readonly expires_at_ms: number | null;
}
/** Access tokens (ledger/tokens.ts implements it): each change is valid at once, and a record of its own. */
export interface TokenPort {
  /** `secret` exists only in this answer. @throws LedgerError LEDGER_ARGUMENT when there can be no such token */
  createToken(token: {
    readonly role: 'agent' | 'monitor';
    readonly name: string;
    readonly agent?: string;
    readonly expires_at_ms: number;
  }): { readonly record: StoredToken; readonly secret: string };
  listTokens(): readonly StoredToken[];
  /** True iff the token was live. */
  revokeToken(id: string): boolean;
  /** Time by which tokens expire, ms. */
  expiryMs(): number;
}

/** First violation of the operator's own JSON Schema for a tool, null when it holds (rule 1). */
export type OperatorSchemaCheck = (spec: IntendedPolicySpec, tool: string, args: unknown) => string | null;
/** Whether `intercept.allow` names the tool and the arguments match its schema. */
export type InterceptAllowance = (spec: IntendedPolicySpec, tool: string, args: unknown) => boolean;

export interface TokenWords {
  /**
   * Whether the token still stands for what was said with it: it is live, or has expired while another one of the same
   * role, agent and skill is. Of an operator's name, which older records have instead: whether a token of it is live.
   */
  stands(id: string): boolean;
  /** Whether a live token names the agent. */
  isSpokenFor(agent: string): boolean;
}
