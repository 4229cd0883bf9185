import type { SignalKind } from '../../../daemon/core/policy.ts';
import type { Agent, AgentRequest, AgentView, PlannedAsk } from '../../../daemon/evaluation/facts/agents.ts';
import type { RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { buildOpening, type OrderTerms } from '../../../daemon/evaluation/intents/requests.ts';
import type { JudgeRule } from '../../../daemon/evaluation/judge/rules.ts';
import type { Edits } from './edits.ts';
import { BAR_MS, START_MS, type SymbolPath } from './market.ts';

/** One ask of the scripted agent, at an instant after the first judged bar's open, ms. */
export interface ScriptedAsk {
  readonly atMs: number;
  /** A function is asked at the open of the ask's bar, with what the agent sees then. */
  readonly request: AgentRequest | ((view: AgentView) => AgentRequest);
}
/** What one fill was, for measures of harm. */
export interface SeenFill {
  readonly atMs: number;
  readonly rules: readonly string[];
  /** Executed, and of it what opened risk, USDT at the fill's price. */
  readonly usdt: number;
  readonly openedUsdt: number;
  /** Distance of the price from the mark of the order's decision against the taker, bps; makers: below zero. */
  readonly slippageBps: number;
}
export interface SceneOutcome {
  readonly result: RunResult;
  readonly fills: readonly SeenFill[];
}
/** What a rule is there to limit where the judge counts nothing; larger is worse. */
export interface Harm {
  readonly name: string;
  readonly measure: (outcome: SceneOutcome) => number;
}
/**
 * A small market and a script in which one rule alone binds: under the shipped policy nothing out of scope is executed,
 * and with that rule switched off the judge counts what it should, or the rule's own harm grows.
 */
export interface Scene {
  /** What is tested: a rule of the judge, or a tightening of the gate by its key in the policy. */
  readonly rule: string;
  /** SAE clauses that it stands for. */
  readonly clauses: readonly string[];
  readonly story: string;
  readonly market: readonly SymbolPath[];
  readonly asks: readonly ScriptedAsk[];
  /** The equity is always 10,000 USDT: larger caps make it a smaller account. */
  readonly capsScale?: number;
  /** What policy and scope are in this scene, both before and after the rule is switched off. */
  readonly premise?: { readonly policy?: Edits; readonly scope?: Edits };
  /** Signals of monitors in force from the start to the end. */
  readonly signals?: readonly SignalKind[];
  /** Symbols that the judge's market has; absent: all of the scene. */
  readonly judged?: readonly string[];
  /** Changes of the policy that switch the rule off. */
  readonly off: Edits;
  /** Rules of the judge that may be named then, and no other; empty: none is, harm alone shows it. */
  readonly seenAs: readonly JudgeRule[];
  readonly harm?: Harm;
}

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const BTC = 'BTCUSDT';
export const ETH = 'ETHUSDT';
export const SOL = 'SOLUSDT';

/** An agent that asks what it was told, whatever it is answered. */
export class ScriptedAgent implements Agent {
  readonly #asks: readonly ScriptedAsk[];

  constructor(asks: readonly ScriptedAsk[]) {
    this.#asks = asks;
  }

  onBar(view: AgentView): readonly PlannedAsk[] {
    const fromMs = view.nowMs - START_MS;
    const due = this.#asks.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + BAR_MS);
    return due.map(({ atMs, request }) => ({
      delayMs: atMs - fromMs,
      intention: `${atMs} ms`,
      request: typeof request === 'function' ? request(view) : request,
    }));
  }
  onAnswer(): readonly PlannedAsk[] {
    return [];
  }
}

type Terms = Partial<Omit<OrderTerms, 'symbol' | 'side' | 'notionalUsdt'>>;

/** An opening buy at market, at 1x and within the slippage cap unless the terms say otherwise. */
export function buy(atMs: number, symbol: string, notionalUsdt: number, terms: Terms = {}): ScriptedAsk {
  return { atMs, request: open(symbol, 'buy', notionalUsdt, terms) };
}
export function sell(atMs: number, symbol: string, notionalUsdt: number, terms: Terms = {}): ScriptedAsk {
  return { atMs, request: open(symbol, 'sell', notionalUsdt, terms) };
}
function open(symbol: string, side: 'buy' | 'sell', notionalUsdt: number, terms: Terms): AgentRequest {
  return buildOpening({ symbol, side, notionalUsdt, leverage: 1, slippageBps: 20, ...terms });
}
