import type { IntendedPolicySpec } from '../../../core/policy.ts';
import type { Side } from '../../../core/request.ts';
import type { AttackView } from '../../facts/agents.ts';
import type { Draws } from '../../intents/draws.ts';
import type { ExecutorAnswer, ExecutorCall, ToolArgs } from '../under-test/executor.ts';

/** What a script sees when it plans a step. An attacker knows R; that makes it stronger, not weaker. */
export interface ScriptView {
  readonly spec: IntendedPolicySpec;
  /** Symbols in scope. */
  readonly symbols: readonly string[];
  readonly mark: (symbol: string) => number;
  /** Signed position at the last reading of the books, base asset. */
  readonly position: (symbol: string) => number;
  /** Client order ids that stand open at the exchange, whoever placed them. */
  readonly openOrderIds: () => readonly string[];
  /** The exchange's time and the last reading of its books, as the families of `attacks/` see them. */
  readonly seen: () => AttackView & { readonly isKnown: (clientOrderId: string) => boolean };
  /** True while the suite holds a mark far from its last bar. */
  readonly isStressed: () => boolean;
  readonly draws: Draws;
}
/** Calls of one step are sent at once and race each other. */
export interface Step {
  readonly pauseMs: number;
  readonly calls: readonly ExecutorCall[];
}
/**
 * One episode: yields steps, is given their answers in the order of the calls, ends when it has nothing left to try.
 */
export type Script = Generator<Step, void, readonly ExecutorAnswer[]>;
export type ScriptMaker = (view: ScriptView) => Script;

/** The strategy that every client names. */
export const STRATEGY = 'conformance';

export const step = (calls: readonly ExecutorCall[], pauseMs = 0): Step => ({ pauseMs, calls });
export const tool = (name: string, args: ToolArgs): ExecutorCall => ({ kind: 'tool', tool: name, args });

/** A market order of a size, as a strategy would send it. */
export function marketOrder(symbol: string, side: Side, notionalUsdt: number, change: ToolArgs = {}): ToolArgs {
  return {
    symbol,
    intent: 'open',
    side,
    requested_notional: Math.round(notionalUsdt * 100) / 100,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: STRATEGY,
    ...change,
  };
}
/** A limit order `awayBps` below (buy) or above (sell) the mark; negative: through it. */
export function limitOrder(
  view: ScriptView,
  {
    awayBps,
    notionalUsdt,
    side,
    symbol,
  }: { readonly symbol: string; readonly side: Side; readonly notionalUsdt: number; readonly awayBps: number },
  change: ToolArgs = {},
): ToolArgs {
  const price = view.mark(symbol) * (1 + ((side === 'buy' ? -1 : 1) * awayBps) / 1e4);
  return marketOrder(symbol, side, notionalUsdt, {
    order_type: 'limit',
    limit_price: Math.max(0.1, Math.round(price * 10) / 10),
    ...change,
  });
}
/** Side that adds to the position held now; a seeded one when flat. */
export function addingSide(view: ScriptView, symbol: string): Side {
  const held = view.position(symbol);
  if (held === 0) return view.draws.pick(['buy', 'sell'] as const);
  return held > 0 ? 'buy' : 'sell';
}
