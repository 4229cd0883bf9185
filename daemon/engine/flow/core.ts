/**
 * What every part of the engine shares: the views and readings, the policy in force, and what its driver tells it at once.
 * Nothing here waits: what takes time is an effect (step.ts).
 */

import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { VenueName } from '../../core/venues.ts';
import type { AuthorityNow } from '../openings/authority-now.ts';
import type { OrderState } from '../orders/orders.ts';
import type { PlanClock } from '../plan/deadline.ts';
import type { IdSource, OrderCounts } from '../plan/orders.ts';
import type { LiveInputs, SymbolInputs } from '../readings/inputs.ts';
import type { LiveMarket } from '../readings/live-market.ts';
import type { DecisionEvent, ReportedDecision } from '../records/decisions.ts';
import type { EventKind, GateEvents } from '../records/events.ts';
import type { CountdownScope, FetchOutcome, OrderCount, Rejection, SymbolRules, VenueOrder } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import type { InterceptAllowance, LedgerPort, OperatorSchemaCheck, TokenPort, TokenWords } from './ports.ts';
import type { Flow, Started } from './step.ts';

export interface EngineSettings {
  readonly venue: VenueName;
  readonly account: string;
  /** Wall time after which an order that was not handed to the network is dropped. */
  readonly sendDeadlineMs: number;
}
/** An appended record: it is in the views already. */
export interface Recorded {
  readonly seq: number;
}
/** What a record was made for. */
export interface RecordDetails {
  /** Now, unless given. */
  readonly atMs?: number;
  /** Its place, where it names it: `nextSeq()` of this turn. The ledger refuses it in any other. */
  readonly seq?: number;
  /** Its canonical text, where the parts of that are at hand. It may say less than the payload: what follows from the rest. */
  readonly text?: string;
}
/** A tool call was decided. Instants are wall ms of the process, each the end of the stage before it. */
export interface TracedDecision {
  readonly decisionId: string;
  readonly tool: string;
  readonly verdict: string;
  readonly codes: readonly string[];
  readonly symbol: string | null;
  /** USDT that may go out; null: nothing, or it has no such figure. */
  readonly notionalUsdt: number | null;
  /** Null: nobody called just now. */
  readonly intakeAtMs: number | null;
  readonly snapshotAtMs: number;
  readonly decideAtMs: number;
  readonly planAtMs: number;
  readonly appendAtMs: number;
}
/** Follows single executions. Told of what is over: it is never asked within `decide`, and nothing depends on it. */
export interface TracePort {
  decided(decision: TracedDecision): void;
  /** The decision is on disk. */
  committed(decisionId: string): void;
  /** `send`: asked of the venue until it answered. `outcome`: from the answer until that was on disk. */
  stage(decisionId: string, name: 'send' | 'outcome', fromMs: number, toMs: number, outcome: string): void;
  /** The caller is answered. Later slices still belong to it. */
  answered(decisionId: string): void;
}
/** Counters of decisions and of what was sent. */
export interface EngineObserver {
  decided(
    agent: string,
    kind: string,
    tool: string,
    verdict: string,
    codes: readonly string[],
    elapsedNs: number,
  ): void;
  submitted(outcome: string): void;
}
/** Counters and durations; main.ts turns them into Prometheus metrics. */
export interface ObserverPort extends EngineObserver {
  alerted(code: string): void;
  /** A call without an effect was only counted. */
  summed(kind: string): void;
}
/** What the driver tells at once. */
export interface EnginePorts {
  readonly ledger: {
    readonly genesis: { readonly genesis_id: string };
    /** It records nothing more. */
    readonly isFailed: boolean;
    /** Keeps a caller's free text beside the chain; the digest by which the record names it. */
    putText(body: string): string;
  };
  readonly venue: {
    /** From so many ms after an order's timestamp on "not found" counts. */
    readonly acceptanceHorizonMs: number;
    /** Wall time for which exits of agents leave the venue alone, named by it or not, ms; absent: they never do. */
    leftAloneMs?(): number;
    /** The account's order counts from answers since the last call; empty: no answer had one. */
    takeOrderCounts?(): readonly OrderCount[];
  };
  readonly clock: { readonly isSynced: boolean; readonly scale: number };
  readonly time: { monotonicMs(): number };
  readonly observer: EngineObserver;
  /** Absent: no execution is followed. */
  readonly trace?: TracePort;
  readonly sha256: (text: string) => string;
}

/** Reactions to answers that concern the venue as a whole. */
export interface VenueConsequences {
  /** The venue took an order, or a change of one. */
  onAccepted(): void;
  /** Acts on a rejection beyond the order: closes the venue, reloads filters, resyncs the clock… */
  onRejection(rejection: Rejection, order: OrderState): void;
  onUnknown(order: OrderState): void;
  /** Lots were executed: prices and fees must be fetched. */
  onExecuted(order: OrderState): void;
  /** A conditional order is no longer at the venue, and no trade tells that it has fired: they are read again. */
  onVanished(order: OrderState): void;
}

/** Orders and trades at the venue that no record of this ledger explains. */
export interface StrangeOrder {
  /**
   * `LEDGER_BEHIND_VENUE`: an id of this ledger that it never issued, or issued for another order. An older copy was
   * restored, or another copy trades. `OTHER_DAEMON`: the id belongs to another Holdfast ledger.
   */
  readonly code: 'LEDGER_BEHIND_VENUE' | 'OTHER_DAEMON';
  readonly detail: string;
  readonly symbol: string;
}
/** Called by the account reads. */
export interface Lookout {
  /** The venue shows another order under the id of one of ours. */
  found(strange: StrangeOrder): void;
  /** A list of open orders shows one that no record explains. */
  listed(report: VenueOrder): void;
  /** Somebody else may have traded in the symbol; null: in any. */
  suspect(symbol: string | null): void;
}

export interface EngineCore {
  readonly state: GateViews;
  /** What the feeds saw last. */
  readonly market: { inputs(nowMs: number): LiveInputs; symbol(symbol: string): SymbolInputs | null };
  readonly ports: EnginePorts;
  readonly settings: EngineSettings;
  /** Orders of this account at the venue, against its limits. */
  readonly sends: OrderCounts;
  readonly planClock: PlanClock;
  readonly lookout: Lookout;
  /** What ids of new decisions and orders are made of. */
  readonly ids: IdSource;
  readonly policySpec: IntendedPolicySpec;
  readonly policyHash: string;
  policyFor(agent: string): CompiledPolicy;
  /** `decide` of core, for whoever measures it. */
  decide(request: ExecutionRequest, context: ExecutionContext, policy: CompiledPolicy): ExecutionDecision;
  /** Whether records are written: texts and digests are made for nobody else. */
  readonly isWritten: boolean;
  /**
   * Longest single wait towards an instant of the domain clock, wall ms. It is then looked again: the clock may have
   * jumped, or its rate changed, since the span was computed.
   */
  readonly longestWaitMs: number;
  nowMs(): number;
  /** `t` of now. */
  passedMs(): number;
  /** What the authority of orders is held against, as it is now. */
  authorityNow(): AuthorityNow;
  /** The place that the next record gets. Ids of decisions, orders and signals are made of the place of their record. */
  nextSeq(): number;
  /**
   * Appends a record, and applies it to the state.
   *
   * @throws what the ledger throws when it cannot take it: nothing was recorded or applied
   */
  append<K extends EventKind>(kind: K, payload: GateEvents[K], details?: RecordDetails): Recorded;
  /** A decision, also one that is not on disk yet. Null: there is none. */
  findDecision(id: string): DecisionEvent | null;
  /** Never throws: it is what error paths call. */
  alert(code: string, detail: string, symbol?: string | null): void;
  /** The same alert at most once a minute of wall time. `whose`: alerts of different agents are not the same. */
  alertRarely(code: string, detail: string, symbol?: string | null, whose?: string): void;
  /** Called where an order failed rule 13, which is a defect of ours. */
  onRecheckFailure(): void;
  /** Whether an opening that was decided has not left yet. */
  isUnsent(order: OrderState): boolean;
  /** The driver stops: nothing is carried on. */
  isStopping(): boolean;
  /** Begins what goes on by itself: all that it asks for is under way when this returns. */
  begin<R>(flow: Flow<R>): Started<R>;
}

export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
/**
 * Copies that save a start some reads, and nothing more. A copy that is damaged, of another ledger or of another format
 * counts as absent. Copies are checked like the venue's own answers before anything is decided by them.
 */
export interface StartCache {
  /** Undefined: there is no copy. */
  read(name: string): unknown;
  /** Never throws: a copy that cannot be stored is skipped. */
  write(name: string, value: unknown): void;
}
/** What a venue tells at once beside its answers. */
export type LiveVenue = EnginePorts['venue'] & {
  /** `unknown` until a simulated exchange was asked for its time scale. */
  readonly countdown: CountdownScope;
  /** Known rules, by which orders are written until newer ones are fetched. */
  noteRules(rules: readonly SymbolRules[]): void;
  /** While a start reads what it needs, its reads may use more of the address's remaining weight. */
  noteStarting?(isStarting: boolean): void;
  /** Request weight left for reads in this minute, according to the venue's last answer; null: there is no limit. */
  readWeightLeft?(): number | null;
  /** Of any symbol, from the last filters read. Null: the venue does not list it; undefined: none were read. */
  findListing?(symbol: string): { readonly trading: boolean; readonly minNotionalUsdt: number } | null | undefined;
};
/** Domain time. */
export interface LiveClock {
  /** Throws before the first synchronisation. */
  nowMs(): number;
  readonly isSynced: boolean;
  /** By so much domain time may differ from the venue's. */
  readonly uncertaintyMs: number;
  readonly scale: number;
  setScale(scale: number): void;
  sync(outcome: FetchOutcome<number>, rttMs: number): ClockSync;
}
export type ClockSync =
  | { readonly kind: 'synced'; readonly skewMs: number; readonly uncertaintyMs: number }
  /** `hostMs`: by how much the host's clock jumped, wall ms. */
  | { readonly kind: 'jumped'; readonly source: 'venue' | 'host'; readonly byMs: number; readonly hostMs: number }
  | { readonly kind: 'failed'; readonly detail: string };
/** What the clock did. */
export interface ClockMoved {
  /** By so much it moved and no time passed, ms; below 0 where it went back. Absent: `aheadMs`. */
  readonly unpassedMs?: number;
  /** By so much it went ahead without time having passed, ms; below 0: it comes back from there. */
  readonly aheadMs?: number;
  /** Where it has gone is confirmed. */
  readonly agrees?: boolean;
}
/** What the driver of a live account tells at once. */
export interface LivePorts extends EnginePorts {
  readonly venue: LiveVenue;
  readonly clock: LiveClock;
  /** The host's clock as well, which anybody may set. */
  readonly time: EnginePorts['time'] & { hostMs(): number };
  readonly ledger: LedgerPort;
  readonly observer: ObserverPort;
  readonly startCache?: StartCache;
  readonly log: EngineLog;
  /** Agents and operators that tokens name, revoked ones too: who may ask for an order. */
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
}
export interface LiveSettings extends EngineSettings {
  readonly version: string;
  /** A decided call is answered at the outcome, or after this much wall time with `submitting`. */
  readonly answerWithinMs: number;
}
/** The core where an account is live: a replay has neither operators nor readings that fail. */
export interface LiveCore extends EngineCore {
  readonly ports: LivePorts;
  readonly settings: LiveSettings;
  readonly market: LiveMarket;
  /** Where the console is, `http://localhost:7433/`; null: nowhere, or it is not known yet. */
  readonly consoleAddress: string | null;
  /** A recorded decision with what its record leaves out. */
  retell(event: DecisionEvent): ReportedDecision;
  /** The policy of that hash, also one that is no longer in force; null: the ledger does not have it. */
  policyOf(hash: string, agent: string): CompiledPolicy | null;
  /** Puts another policy in force, effective with the next decision. The caller records it. */
  usePolicy(policy: { readonly spec: IntendedPolicySpec; readonly hash: string }): void;
  /** Whether who asked may still ask: by a token that is not revoked, or a passkey that is not removed. */
  isCallerLive(id: string): boolean;
  /** What waits for nothing, not even for the venue's time, and on whose instant nothing depends. */
  appendAnytime<K extends EventKind>(kind: K, payload: GateEvents[K]): Recorded;
  /** What an operator tightens waits for nothing, not even for the venue's time. */
  appendTightening(payload: GateEvents['state'] & { readonly state: 'reducing' | 'halted' }): Recorded;
  /** Puts the boot layer back, and says how much time has passed (state/passed-time.ts). */
  appendBoot(reason: string, moved?: ClockMoved): void;
  onPolicyChange(listener: () => void): void;
}
