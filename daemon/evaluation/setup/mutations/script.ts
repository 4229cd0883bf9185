import type { Agent, AgentRequest, AgentView, PlannedAsk } from '../../facts/agents.ts';
import { buildOpening, type OrderTerms } from '../../intents/requests.ts';
import { BAR_MS, START_MS } from './market.ts';
import type { ScriptedAsk } from './scene.ts';

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
