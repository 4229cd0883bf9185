/** What agents and attackers ask and are shown (SAE.md section 7). Amounts in USDT, instants in UTC milliseconds. */
import type { Verdict } from '../../core/decision.ts';
import type { Action, OrderType, Side } from '../../core/request.ts';
import type { ReplayInstrument, SizeRules } from './markets.ts';

/** What an agent sends; null: not given. Untrusted, also when a strategy sends it. */
export interface AgentRequest {
  /** Tool name as sent, which need not exist. */
  readonly tool: string;
  readonly venue: string;
  readonly account: string;
  readonly symbol: string | null;
  readonly intent: Action;
  readonly side: Side | null;
  readonly requestedNotional: number | null;
  readonly requestedLeverage: number | null;
  readonly orderType: OrderType;
  readonly limitPrice: number | null;
  readonly maxSlippageBps: number | null;
  /** close_position: share of the position, in (0, 1]. */
  readonly fraction: number | null;
  readonly clientOrderId: string | null;
  readonly reduceOnly: boolean;
  readonly afterDecisionId: string | null;
}
export interface PlannedAsk {
  /** From the instant of planning to the instant of asking, ms, >= 0. Asks beyond the end of the data are dropped. */
  readonly delayMs: number;
  /** Same text for every repetition of one and the same intention: it counts once in FalseBlock. */
  readonly intention: string;
  readonly request: AgentRequest;
}
export interface OrderReport {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly lots: number;
  readonly filledLots: number;
  readonly priceTicks: number | null;
  readonly reduceOnly: boolean;
  readonly isOpen: boolean;
}
/** What the agent is answered, once the orders of the decision are resolved as far as they are at once. */
export interface AgentAnswer {
  readonly decisionId: string;
  readonly decision: Verdict;
  /** Reason codes with their figures, as the agent sees them. */
  readonly reasons: readonly { readonly code: string; readonly observed: unknown; readonly limit: unknown }[];
  readonly retryAfterMs: number | null;
  readonly effectiveNotional: number | null;
  readonly orders: readonly OrderReport[];
}
/** Sent in the size that was asked for: no budget has cut it, though whole lots may have. */
export function isUncut(verdict: Verdict | null, reasons: readonly { readonly code: string }[]): boolean {
  return verdict === 'ALLOW' || (verdict === 'LIMIT' && reasons.some(({ code }) => code === 'LOT_ROUNDING'));
}
/** The account as its agent sees it. */
export interface AccountGlance {
  readonly equityUsdt: number;
  /** Signed lots and entry price by symbol; flat symbols are absent. */
  readonly positions: ReadonlyMap<string, { readonly lots: number; readonly entryPrice: number }>;
  readonly openOrders: readonly OrderReport[];
}
/** What a strategy may know: closed bars up to now and the mark of now. Nothing of the future is reachable from it. */
export interface AgentView {
  readonly nowMs: number;
  readonly market: MarketGlance;
  readonly account: AccountGlance;
}
/**
 * What the attack families see of prices and positions: of a replay and of a running executor alike. An AgentView is one.
 */
export interface AttackView {
  readonly nowMs: number;
  readonly market: {
    readonly symbols: readonly string[];
    readonly barMs: number;
    instrument(symbol: string): SizeRules;
    /** Null while the symbol has no price at this instant. */
    mark(symbol: string): number | null;
    close(symbol: string, back: number): number | undefined;
  };
  readonly account: Pick<AccountGlance, 'equityUsdt' | 'openOrders'> & {
    readonly positions: ReadonlyMap<string, { readonly lots: number }>;
  };
}
export interface MarketGlance {
  readonly symbols: readonly string[];
  readonly barMs: number;
  instrument(symbol: string): ReplayInstrument;
  /** Closed bars so far, the newest last; `back` 0 is the last closed bar. Undefined before the first. */
  close(symbol: string, back: number): number | undefined;
  high(symbol: string, back: number): number | undefined;
  low(symbol: string, back: number): number | undefined;
  volume(symbol: string, back: number): number | undefined;
  /** Null while the symbol has no bar at this instant (a gap). */
  mark(symbol: string): number | null;
}
/** A strategy or an attacker: deterministic from its seed and from what it is shown. */
export interface Agent {
  /** Once after every bar close (all symbols at once). */
  onBar(view: AgentView): readonly PlannedAsk[];
  /** After every answer to one of its own asks. */
  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AgentView): readonly PlannedAsk[];
}
export interface StrategyProfile {
  readonly name: 'over-asking' | 'within-budget';
}
/** The families of SAE section 7: what light and heavy attacks are mixed of. */
export const MIXED_FAMILIES = [
  'ATK-ESCALATE',
  'ATK-FLOOD',
  'ATK-MISUSE',
  'ATK-STATE',
  'ATK-FLIP',
  'ATK-ADAPT',
  'ATK-CHURN',
] as const;
export type MixedFamily = (typeof MIXED_FAMILIES)[number];
/** `ATK-SQUAT` keeps symbols from the other agents of an account (DESIGN 12.1). */
export const ATTACK_FAMILIES = [...MIXED_FAMILIES, 'ATK-SQUAT'] as const;
export type AttackFamily = (typeof ATTACK_FAMILIES)[number];
export type AttackIntensity = 'none' | 'light' | 'heavy' | 'churn' | 'squat';
/** The agent of a shared account that squats, and whose own requests do not count among those that it keeps out. */
export const SQUATTER = 'narrative';
/**
 * What episodes know of the future: nothing; which side loses from their drawn instant on; besides that the worst
 * instant of the next bars.
 */
export const ATTACK_SIDES = ['random', 'sighted', 'clairvoyant'] as const;
export type AttackSides = (typeof ATTACK_SIDES)[number];
/** One exogenous episode: the same in every variant. What its attempts do may follow the answers. */
export interface AttackEpisode {
  readonly id: string;
  readonly family: AttackFamily;
  readonly symbol: string;
  readonly startMs: number;
  /** Direction that the episode tries to open first. */
  readonly side: Side;
  /** Seed of everything else in the episode. */
  readonly seed: number;
  /** The agent that is compromised; absent: the seed tells. */
  readonly agent?: string;
}
