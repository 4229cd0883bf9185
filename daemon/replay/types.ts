/**
 * The words of the evaluation (SAE.md sections 7 to 9): what an agent asks, what the engine reports to a judge, what
 * one run leaves behind. Data only; everything here is plain and can cross a worker's boundary. Amounts in USDT, prices
 * in USDT per unit of the base asset, quantities in lots of the symbol, instants in UTC milliseconds.
 */
import type { Verdict } from '../core/decision.ts';
import type { Action, Regime } from '../core/policy.ts';
import type { OrderType, Side } from '../core/request.ts';

// ---------------------------------------------------------------------------------------------------------- markets

export interface FundingPoint {
  /** Floored to the second: the exchange's own stamps carry millisecond offsets. */
  readonly atMs: number;
  /** Fraction per `intervalMs`. */
  readonly rate: number;
  readonly intervalMs: number;
}
/** A hole between two bars: never filled. */
export interface BarGap {
  readonly symbol: string;
  readonly afterOpenMs: number;
  readonly missingBars: number;
}
export interface BracketTier {
  readonly initialLeverage: number;
  readonly notionalFloor: number;
  readonly notionalCap: number;
  readonly maintenanceRate: number;
  readonly cum: number;
}
/** Filters, fees and brackets of one symbol; the tick is tickMantissa / tickScale, the lot lotMantissa / lotScale. */
export interface ReplayInstrument {
  readonly symbol: string;
  readonly tickMantissa: number;
  readonly tickScale: number;
  readonly lotMantissa: number;
  readonly lotScale: number;
  readonly minLots: number;
  readonly maxLots: number;
  readonly minNotionalUsdt: number;
  readonly takerFee: number;
  readonly makerFee: number;
  readonly brackets: readonly BracketTier[];
}
/** Bars of one symbol as columns, oldest first, all of one length; index 0 .. `judgedFrom` - 1 are warm-up history. */
export interface SymbolBars {
  readonly instrument: ReplayInstrument;
  readonly openMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Base asset. */
  readonly volume: Float64Array;
  readonly funding: readonly FundingPoint[];
  readonly gaps: readonly BarGap[];
}
export interface MarketInput {
  /** File name without its folder, or `synthetic`. */
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
}
export interface MarketData {
  readonly barMs: number;
  /** First instant that is judged (open of the first bar after the warm-up) and the end of the last bar. */
  readonly startMs: number;
  readonly endMs: number;
  readonly symbols: readonly SymbolBars[];
  readonly inputs: readonly MarketInput[];
}

// ----------------------------------------------------------------------------------------------------------- agents

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
export const ATTACK_FAMILIES = [
  'ATK-ESCALATE',
  'ATK-FLOOD',
  'ATK-MISUSE',
  'ATK-STATE',
  'ATK-FLIP',
  'ATK-ADAPT',
  'ATK-CHURN',
] as const;
export type AttackFamily = (typeof ATTACK_FAMILIES)[number];
export type AttackIntensity = 'none' | 'light' | 'heavy' | 'churn';
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
}

// ------------------------------------------------------------------------------------- what a judge and metrics see

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
  bar(symbol: string, openMs: number, open: number, high: number, low: number, close: number, volume: number): void;
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

// -------------------------------------------------------------------------------------------------------------- runs

export interface RunKey {
  readonly variant: string;
  readonly seed: number;
  /** Strategy and profile, `shared` for all of them in one account. */
  readonly agent: string;
  readonly attack: AttackIntensity;
  readonly sides: AttackSides;
  /** Multiplier of the caps of R (notional, turnover, fees). */
  readonly capsScale: number;
}
export interface EpisodeResult {
  readonly family: AttackFamily;
  readonly attempts: number;
  /** Attempts of which anything was executed. */
  readonly executedAttempts: number;
  readonly outOfScopeAttempts: number;
  /** Risk-increasing notional executed, USDT. */
  readonly openedUsdt: number;
}
/** Legitimate requests; repetitions of one intention count once, by their last ask. */
export interface LegitResult {
  readonly requests: number;
  readonly inTightened: number;
  /** Of `inTightened`: refused; executed below 99 % after the exchange's filters (refused ones included). */
  readonly blockedTightened: number;
  readonly cutTightened: number;
  readonly inHard: number;
  readonly blockedHard: number;
  readonly cutHard: number;
  /** Opening notional of requests in hard scope, asked and executed, USDT; and executed of all. */
  readonly hardOpenAskedUsdt: number;
  readonly hardOpenExecutedUsdt: number;
  readonly openExecutedUsdt: number;
}
export interface RunResult {
  readonly key: RunKey;
  /** Equity at the start and at the close of every judged bar, length bars + 1. After ruin it stays. */
  readonly equity: Float64Array;
  /** Gross notional at the close of every judged bar, length bars. */
  readonly gross: Float64Array;
  /** Open time of the judged bars. */
  readonly barOpenMs: Float64Array;
  readonly liquidations: number;
  readonly refusedExits: number;
  /** Open positions exist when the data end, at their last marks. */
  readonly openAtEnd: boolean;
  readonly episodes: readonly EpisodeResult[];
  readonly legit: LegitResult;
  readonly fills: number;
  readonly outOfScopeFills: number;
  /** SAE DG_loss: l(a) = fee + slippage against the mark + the loss of the opened lots to the next bar's close (>= 0). */
  readonly lossOutOfScopeUsdt: number;
  readonly lossAllUsdt: number;
  readonly feesUsdt: number;
  readonly turnoverUsdt: number;
  readonly overCapMs: number;
  readonly reduceOnlyMs: number;
  readonly spanMs: number;
  readonly decisions: number;
  readonly decideNs: number;
  /** First disagreements between gate and judge, for a human: at most 20. */
  readonly disagreements: readonly string[];
}
