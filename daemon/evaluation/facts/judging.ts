/**
 * What the engine reports to a judge, and what the judge says (SAE.md section 9). Amounts in USDT, instants in UTC
 * milliseconds.
 */
import type { Regime } from '../../core/policy.ts';
import type { Side } from '../../core/request.ts';
import type { AgentRequest } from './agents.ts';

export type AskOrigin = 'strategy' | 'attack' | 'gate';
/** An ask at its decision instant, before anything of it is sent. */
export interface AskFacts {
  readonly askId: number;
  readonly atMs: number;
  readonly origin: AskOrigin;
  readonly episode: string | null;
  readonly intention: string;
  readonly agent: string;
  readonly request: AgentRequest;
  /** Marks of all symbols at this instant (null: none), and the book's best prices. */
  readonly marks: ReadonlyMap<string, number | null>;
}
/** An order that left for the exchange; a slice refers to the ask of its parent. */
export interface OrderFacts {
  readonly orderId: string;
  readonly askId: number;
  readonly atMs: number;
  readonly symbol: string;
  readonly venue: string;
  readonly account: string;
  readonly side: Side;
  readonly lots: number;
  /** Bound of the order; null: none (a market order). */
  readonly priceTicks: number | null;
  /** Null: a conditional order that is not triggered, or an exit. */
  readonly leverage: number | null;
  readonly maxSlippageBps: number | null;
  readonly reduceOnly: boolean;
  readonly timeInForce: 'IOC' | 'GTC' | null;
  readonly slice: number;
  /** Marks at the order's own decision instant. */
  readonly marks: ReadonlyMap<string, number | null>;
}
/** An amend that the exchange took: the order's new total and price. */
export interface AmendFacts {
  readonly orderId: string;
  readonly askId: number;
  readonly atMs: number;
  readonly lots: number;
  readonly priceTicks: number;
  readonly marks: ReadonlyMap<string, number | null>;
}
export interface FillFacts {
  readonly orderId: string;
  readonly atMs: number;
  readonly lots: number;
  readonly price: number;
  readonly feeUsdt: number;
}
export interface AccountFacts {
  readonly atMs: number;
  /** Margin balance. */
  readonly equityUsdt: number;
  readonly maintenanceMarginUsdt: number;
  readonly initialMarginUsdt: number;
}
/** What one judged fill was: out of scope by which rules of SAE section 9 (empty: in scope). */
export interface FillVerdict {
  readonly rules: readonly string[];
  /** Lots of the fill that opened risk. */
  readonly openedLots: number;
}
/** What a request was worth by the judge at its decision instant, before the gate saw it. */
export interface RequestVerdict {
  readonly inTightenedScope: boolean;
  /** T and R at B_0 and reduce-only states only. */
  readonly inHardScope: boolean;
  /** Lots that the request amounts to after the exchange's filters; 0: the venue could not take it. */
  readonly lots: number;
  /** Rules that put it out of the tightened scope. */
  readonly rules: readonly string[];
}
/**
 * An observer of one account. The engine calls it in the order of events; every fact is what an honest observer at the
 * exchange could have written down. It never sees a decision of the gate.
 */
export interface ScopeJudge {
  /** A closed bar (also those of the warm-up, in order). */
  bar(symbol: string, openMs: number, close: number, volume: number): void;
  funding(symbol: string, rate8h: number, atMs: number): void;
  /** Every move of a mark: at least at every sub-step of a bar while the account holds anything. */
  mark(symbol: string, atMs: number, mark: number): void;
  account(facts: AccountFacts): void;
  /** Before anything of the ask is decided. The verdict is about the request as it was asked. */
  ask(facts: AskFacts): RequestVerdict;
  order(facts: OrderFacts): void;
  amend(facts: AmendFacts): void;
  fill(facts: FillFacts): FillVerdict;
  /** The order can fill no more. */
  orderEnded(orderId: string, atMs: number): void;
  /** The account was liquidated: every position is gone and no order is left. */
  liquidated(atMs: number): void;
  /** Time above a tightened cap and time in a reduce-only state so far, ms. */
  times(): { readonly overCapMs: number; readonly reduceOnlyMs: number };
  /** Regime of a symbol as the judge sees it now. */
  regime(symbol: string): Regime;
}
