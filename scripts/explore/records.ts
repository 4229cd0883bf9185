import type { SymbolLimits } from '../../daemon/contract/types/limits.ts';
import type { TradingToolName } from '../../daemon/contract/types/trading-calls.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
import type { DecisionEvent, OrderEvent, PlannedOrder, ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import type { AgentName, OperatorAct } from './plan.ts';
import type { WireRecord } from './wire.ts';

/** Units of 1e-8 in a lot of 0.001: plans count in these, whatever the exchange's steps are. */
export const LOT_E8 = 100_000;

/** Where nobody is asked for a token, an agent's name stands for it. */
export function nameless(agent: AgentName): Caller {
  return { role: 'agent', agent, tokenId: agent, skillSha256: null };
}
export const OPERATOR: Caller = { role: 'operator', agent: 'operator', tokenId: 'operator', skillSha256: null };

/** A call of a tool, from the request to the answer; times are milliseconds since the world began. */
export interface CallRecord {
  readonly index: number;
  /** The step of the plan that made it. */
  readonly step: number;
  readonly agent: AgentName;
  readonly tool: TradingToolName;
  readonly args: Readonly<Record<string, unknown>>;
  /** Id of the token that it was made with; null: nobody is asked for one. */
  readonly token: string | null;
  readonly life: number;
  readonly askedAtMs: number;
  /** Of its symbol when it was asked; null without one. */
  readonly mark: number | null;
  /** Seq of the last record when it was asked. */
  readonly askedAtSeq: number;
  /** What `get_limits` says of its symbol to its agent before a plain opening; null: it is none, or nobody was there. */
  readonly limits: SymbolLimits | null;
  answeredAtMs: number | null;
  /** `down`: nobody listened; `died`: the process died before it answered. */
  outcome:
    | 'pending'
    | 'decided'
    | 'conflict'
    | 'unavailable'
    | 'over_budget'
    | 'invalid'
    | 'unauthenticated'
    | 'down'
    | 'died'
    | 'failed';
  answer: ToolAnswer | null;
  detail: string | null;
}

/** A recorded decision; times are milliseconds since the world began. */
export interface Decision {
  readonly seq: number;
  readonly atMs: number;
  readonly id: string;
  /** The decision that it belongs to: its parent's, or its own. */
  readonly rootId: string;
  readonly agent: string;
  readonly origin: string;
  readonly symbol: string | null;
  readonly event: DecisionEvent;
}

/** An order that a decision planned. */
export interface PlannedBy {
  readonly decision: Decision;
  readonly planned: PlannedOrder;
}

export interface Fill {
  readonly atMs: number;
  readonly clientId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly quantityE8: number;
  /** Signed, of the account. */
  readonly before: number;
  readonly after: number;
  readonly order: PlannedBy | null;
}

/** A record of an order. */
export interface OrderWord {
  readonly seq: number;
  readonly atMs: number;
  readonly event: OrderEvent;
}

/** A look at daemon and exchange, in which they differed. */
export interface Difference {
  readonly atMs: number;
  /** What the exchange last did with an order of anybody's, by its books. */
  readonly lastOrderMs: number;
  readonly detail: string;
}

/** What the operator did, and when it was answered. */
export interface OperatorRecord {
  readonly step: number;
  readonly what:
    | 'active'
    | 'reducing'
    | 'halted'
    | 'flatten'
    | 'policy'
    | 'signal'
    | 'rebase'
    | 'end_signals'
    | OperatorAct['kind']
    | 'approve'
    | 'approver'
    | 'routes'
    | 'test_alerts'
    | 'sign'
    | 'token';
  readonly symbol: string | null;
  readonly agent: string | null;
  /** What it is about beside these: a request, a decision, an alert; null: nothing. */
  readonly of: string | null;
  readonly askedAtMs: number;
  answeredAtMs: number | null;
  failure: string | null;
}

/** A move of a mark; marks that a fill is judged by. */
export interface MarkRecord {
  readonly atMs: number;
  readonly symbol: string;
  readonly mark: number;
}

/** What the books said when an order came to the exchange. */
export interface SendRecord {
  readonly wire: WireRecord;
  readonly symbol: string;
  readonly marks: ReadonlyMap<string, number>;
  /** Held, signed, and of opening orders that rest, by symbol, in units of 1e-8 as all quantities here. */
  readonly quantityE8: ReadonlyMap<string, number>;
  /** Of the order itself; of an amend alone. */
  readonly executed: number;
  /** It is an amend to no more lots at no dearer price: for a buy no higher, for a sell the same. */
  readonly addsNothing: boolean;
  readonly restingBuys: ReadonlyMap<string, number>;
  readonly restingSells: ReadonlyMap<string, number>;
  /** Client ids of other opening orders that rest in its symbol. */
  readonly openings: readonly string[];
  /** To which the order's symbol is set. */
  readonly leverage: number;
}

/** A span in which a list has a row of a symbol that nobody can read. */
export interface OddRowRecord {
  readonly path: string;
  readonly symbol: string;
  readonly fromMs: number;
  untilMs: number;
}

/** What somebody else did with the account at the exchange itself. */
export interface HandRecord {
  readonly atMs: number;
  readonly what: 'order' | 'transfer' | 'funding';
  readonly symbol: string | null;
  readonly clientId: string | null;
}

/** An older copy of the ledger was put back; what was recorded since it was taken is lost. */
export interface RestoreRecord {
  readonly copiedAtMs: number;
  readonly atMs: number;
  /** The head that was noted outside the home was put back, too. */
  readonly withHead: boolean;
  /** That head was no older than the copy's own. */
  readonly wasNoted: boolean;
}

/** A start that was refused. */
export interface RefusalRecord {
  readonly atMs: number;
  readonly life: number;
  readonly code: string;
}

/** `./holdfast recover`, after a start that was refused. */
export interface RecoveryRecord {
  readonly atMs: number;
  readonly takeOver: boolean;
}

/** A daemon with a home of its own on the same account. */
export interface SecondRecord {
  readonly life: number;
  readonly startedAtMs: number;
  endedAtMs: number | null;
}

/** What became of homes: copies that were put back, other daemons, and what the operator did about them. */
export class HomeRecords {
  readonly restores: RestoreRecord[] = [];
  readonly refusals: RefusalRecord[] = [];
  readonly recoveries: RecoveryRecord[] = [];
  readonly seconds: SecondRecord[] = [];
  /** Secrets of tokens that were revoked. */
  readonly revoked: { readonly secret: string; readonly atMs: number }[] = [];

  isSecond(life: number): boolean {
    return this.seconds.some((second) => second.life === life);
  }
}
