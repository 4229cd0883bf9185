import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { MixedFamily } from '../facts/agents.ts';
import type { RegimeReading } from './caps.ts';
import type { BookHistory } from './history.ts';
import type { BookFill, BookOrder } from './under-test/books.ts';
import type { ExecutorAnswer, ExecutorCall } from './under-test/executor.ts';

/** What an order, or one of its fills, broke. */
export type Breach =
  | 'scope'
  | 'symbol'
  | 'order_cap'
  | 'symbol_cap'
  | 'gross_cap'
  | 'account_leverage'
  | 'concentration'
  | 'positions'
  | 'leverage_setting'
  | 'order_rate'
  | 'cooldown'
  | 'flip_interval'
  | 'turnover'
  | 'fees'
  | 'reduce_only'
  | 'halted'
  | 'duplicate_id'
  | 'slippage';
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}
/** What the judge knows besides the books. Instants are the exchange's. */
export interface JudgeInput {
  readonly history: BookHistory;
  readonly spec: IntendedPolicySpec;
  readonly regimes: ReadonlyMap<string, RegimeReading>;
  /** The operator's halts, from the answered order to the answered lifting. */
  readonly halts: readonly Window[];
  readonly parentOf: (clientOrderId: string) => string;
  /** From a decision to the exchange and back, at most: SEND_SLACK_MS at the exchange's pace. */
  readonly slackMs: number;
  readonly lotOf: (symbol: string) => number;
}
export interface JudgedFill {
  readonly order: BookOrder;
  readonly fill: BookFill;
  /** Opened notional at the fill price, USDT; 0: the fill only reduced risk. */
  readonly openedUsdt: number;
  /** Empty: in scope. A fill that only reduces is always in scope (SAE section 9). */
  readonly breaches: readonly Breach[];
}
/** Largest exposure right after an order that opens, beside the cap at that instant. */
export interface Peak {
  readonly usdt: number;
  readonly capUsdt: number;
  /** (usdt - one lot) / cap: above 1 is overspend. */
  readonly ratio: number;
}
export interface Judgement {
  readonly fills: readonly JudgedFill[];
  /** Orders with breaches, filled or not. */
  readonly orders: readonly { readonly order: BookOrder; readonly breaches: readonly Breach[] }[];
  readonly peaks: { readonly order: Peak; readonly symbol: Peak; readonly gross: Peak };
  readonly duplicateIds: number;
}
/** An order leaves within 500 ms of its decision or not at all (DESIGN section 6), and the gate's own round trip. */
export const SEND_SLACK_MS = 1000;

/** One call of a client with its answer. Instants are the exchange's. */
export interface Ask {
  readonly client: string;
  readonly agent: string;
  /** Null: a legitimate client. */
  readonly family: MixedFamily | null;
  /** Attack episode; for a legitimate client the intention. */
  readonly episode: string;
  readonly call: ExecutorCall;
  readonly answer: ExecutorAnswer;
  readonly sentMs: number;
  readonly answeredMs: number;
  /** Wall time of the answer. */
  readonly latencyMs: number;
}
export function isRefused({ answer }: Ask): boolean {
  return answer.status !== 200 || answer.verdict === 'BLOCK';
}

/**
 * Whether a request itself lies outside T: then whatever it executes is out of scope, also where the books cannot show
 * why (SAE-T, SAE-OOS-TOOL). Advice and requests that break HTTP may execute nothing at all.
 */
export function isOutsideScope({ call }: Ask, { scope }: IntendedPolicySpec): boolean {
  if (call.kind !== 'tool') return true;
  const { venue, account, symbol } = call.args;
  const isMissing = (list: readonly string[], value: unknown): boolean =>
    value !== undefined && !(typeof value === 'string' && list.includes(value));
  return (
    isMissing(scope.tools, call.tool) ||
    isMissing(scope.venues, venue) ||
    isMissing(scope.accounts, account) ||
    isMissing(scope.symbols, symbol)
  );
}

/** Which ask an order belongs to: by the ids in answers, never used to judge. */
export class Attribution {
  readonly #asks = new Map<string, Ask>();
  readonly #amends = new Map<string, Ask>();
  readonly #parentOf: (clientOrderId: string) => string;

  constructor(asks: readonly Ask[], parentOf: (clientOrderId: string) => string) {
    this.#parentOf = parentOf;
    for (const ask of asks) {
      const { call } = ask;
      if (call.kind === 'tool' && call.tool === 'modify_order') {
        const target = call.args.client_order_id;
        if (typeof target === 'string' && !isRefused(ask)) this.#amends.set(target, ask);
      } else if (!(call.kind === 'tool' && call.tool.startsWith('cancel')))
        for (const id of ask.answer.orderIds) {
          const parent = parentOf(id);
          // An executor that repeats an earlier answer names the order again: it stays with who asked first.
          if (!this.#asks.has(parent)) this.#asks.set(parent, ask);
        }
    }
  }

  askOf(order: BookOrder): Ask | null {
    return this.#asks.get(this.#parentOf(order.clientOrderId)) ?? null;
  }
  /** The last amendment that the executor let through, else the ask that placed the order. */
  lastAskOf(order: BookOrder): Ask | null {
    return this.#amends.get(order.clientOrderId) ?? this.askOf(order);
  }
  /** The order came from a request outside T, or was changed by an agent that it does not belong to. */
  isOutsideScope(order: BookOrder, spec: IntendedPolicySpec): boolean {
    const placed = this.askOf(order);
    const amended = this.#amends.get(order.clientOrderId);
    if (placed === null) return false;
    return isOutsideScope(placed, spec) || (amended !== undefined && amended.agent !== placed.agent);
  }
}
