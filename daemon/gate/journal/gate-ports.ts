import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { VenueName } from '../../core/venues.ts';
import type { TracePort } from '../../engine/flow/core.ts';
import type { TimePort } from '../../time/time-port.ts';
import type { PreviewPort } from '../api/policy.ts';
import type { ReceiptPort } from '../api/receipts.ts';
import type { ClockPort, GateLog, LedgerPort, ObserverPort, StartCachePort, TokenPort } from '../ports.ts';
import type { VenuePort } from '../venue-port.ts';

export interface GateSettings {
  readonly venue: VenueName;
  readonly account: string;
  readonly version: string;
  /** A decided call is answered at the outcome, or after this much wall time with `submitting`. */
  readonly answerWithinMs: number;
  /** Wall time after which an order that was not handed to the network is dropped. */
  readonly sendDeadlineMs: number;
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

export interface GatePorts {
  readonly ledger: LedgerPort;
  readonly venue: VenuePort;
  /** Domain time. */
  readonly clock: ClockPort;
  /**
   * Wall time: every wait and every deadline. The host's clock stamps what an operator tightens before domain time is
   * known.
   */
  readonly time: TimePort;
  readonly observer: ObserverPort;
  readonly log: GateLog;
  readonly startCache?: StartCachePort;
  readonly receipts?: ReceiptPort;
  /** Absent: no execution is followed. */
  readonly trace?: TracePort;
  /** Absent: there is no history on disk. */
  readonly preview?: PreviewPort;
  /** Agents that tokens name, revoked ones too. */
  readonly agentNames?: () => readonly string[];
  /** Whether the token may still be used; absent: as far as is known. */
  readonly isTokenLive?: (tokenId: string) => boolean;
  /** What tokens stand for, as they are now; absent: nobody knows. */
  readonly tokenWords?: () => TokenWords;
  /** Absent: tokens are nobody's to change here. */
  readonly tokens?: TokenPort;
  readonly checkOperatorSchema: OperatorSchemaCheck;
  readonly isInterceptAllowed: InterceptAllowance;
  /**
   * What is wrong with the arguments of a tool that is known by name; null for others. Says only why, never whether.
   */
  readonly findArgsViolation?: OperatorSchemaCheck;
  readonly sha256: (text: string) => string;
}
