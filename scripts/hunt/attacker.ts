import type { AgentAnswer, AgentRequest, AttackView, PlannedAsk } from '../../daemon/evaluation/facts/agents.ts';
import {
  buildCancel,
  buildClose,
  buildClosingOrder,
  buildModify,
  buildOpening,
  type OrderTerms,
} from '../../daemon/evaluation/intents/requests.ts';
import type { EpisodeAttacker } from '../../daemon/evaluation/run/agent-desk.ts';
import type { Modify, Move, Order, Request } from './plan.ts';

export interface AttackerOptions {
  readonly moves: readonly Move[];
  /** Of R at B_0, USDT. */
  readonly orderCapUsdt: number;
  /** What an ask met: from which state to which its symbol has come, and what it was answered there; after so many moves. */
  readonly onSeen: (seen: string, moves: number) => void;
}

/** What it reads before it asks, so that it knows the prices of then; nothing is decided about it. */
const LOOK: AgentRequest = { ...buildClose('', 1), tool: 'get_limits', symbol: null };

/** Asks the moves of a plan one after the other: waits, looks, and asks at what it sees. */
export class PlannedAttacker implements EpisodeAttacker {
  /** Requests so far. */
  asked = 0;
  readonly #options: AttackerOptions;
  #next = 0;
  #before = '';

  constructor(options: AttackerOptions) {
    this.#options = options;
  }

  start(): readonly PlannedAsk[] {
    const move = this.#options.moves[this.#next];
    return move === undefined ? [] : [{ delayMs: move.afterMs, intention: 'hunt:look', request: LOOK }];
  }

  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AttackView): readonly PlannedAsk[] {
    if (ask.request === LOOK) return this.#act(view);
    const { tool, symbol } = ask.request;
    const state = describeSymbol(view, symbol);
    this.#options.onSeen(`${this.#before} > ${state}`, this.#next);
    this.#options.onSeen([state, tool, answer.decision, answer.reasons[0]?.code ?? ''].join(' '), this.#next);
    this.#before = state;
    return this.start();
  }

  #act(view: AttackView): readonly PlannedAsk[] {
    const { moves, orderCapUsdt } = this.#options;
    const move = moves[this.#next];
    if (move === undefined) return [];
    this.#next += 1;
    const request = buildRequest(move.do, view, orderCapUsdt);
    if (request === null) return this.start();
    this.asked += 1;
    return [{ delayMs: 0, intention: `hunt:${this.#next}`, request }];
  }
}

/** Sign of the position, which orders are open, and whether they cross: `short buy! sell` has a reduce-only buy. */
function describeSymbol({ account }: AttackView, symbol: string | null): string {
  const lots = account.positions.get(symbol ?? '')?.lots ?? 0;
  const orders = account.openOrders.filter((order) => order.symbol === symbol);
  const kinds = new Set(orders.map(({ side, reduceOnly }) => `${side}${reduceOnly ? '!' : ''}`));
  const prices = (side: 'buy' | 'sell'): number[] =>
    orders.flatMap((each) => (each.side === side && each.priceTicks !== null ? [each.priceTicks] : []));
  const isCrossed = Math.max(...prices('buy')) >= Math.min(...prices('sell'));
  const sign = lots === 0 ? 'flat' : lots > 0 ? 'long' : 'short';
  return [sign, ...[...kinds].sort(), ...(isCrossed ? ['crossed'] : [])].join(' ');
}

function buildRequest(asked: Request, view: AttackView, orderCapUsdt: number): AgentRequest | null {
  if (asked.kind === 'modify' || asked.kind === 'cancel') {
    const { openOrders } = view.account;
    const order = openOrders[asked.pick % Math.max(1, openOrders.length)];
    if (order === undefined) return null;
    if (asked.kind === 'cancel') return buildCancel(order.symbol, order.clientOrderId);
    return buildModify(
      order.symbol,
      order.clientOrderId,
      changeOf(asked, view, order.symbol, order.side, orderCapUsdt),
    );
  }
  const symbol = view.market.symbols[asked.symbol];
  if (symbol === undefined) return null;
  if (asked.kind === 'close') return buildClose(symbol, asked.fraction, asked.slippageBps);
  const terms = termsOf(asked, view, symbol, orderCapUsdt);
  if (asked.kind === 'close_by_order') return buildClosingOrder(terms, asked.reduceOnly);
  return { ...buildOpening(terms), reduceOnly: asked.reduceOnly };
}

function termsOf(order: Order, view: AttackView, symbol: string, orderCapUsdt: number): OrderTerms {
  const { crossBps, leverage, share, side, slippageBps } = order;
  const limitPrice = crossBps === null ? null : priceAt(view, symbol, side, crossBps);
  return { symbol, side, notionalUsdt: share * orderCapUsdt, leverage, slippageBps, limitPrice };
}

function changeOf(
  { crossBps, share }: Modify,
  view: AttackView,
  symbol: string,
  side: 'buy' | 'sell',
  orderCapUsdt: number,
): { readonly limitPrice: number | null; readonly requestedNotional: number | null } {
  return {
    limitPrice: crossBps === null ? null : priceAt(view, symbol, side, crossBps),
    requestedNotional: share === null ? null : share * orderCapUsdt,
  };
}

function priceAt(view: AttackView, symbol: string, side: 'buy' | 'sell', crossBps: number): number {
  const mark = view.market.mark(symbol) ?? view.market.close(symbol, 0) ?? 1;
  return mark * (1 + (side === 'buy' ? crossBps : -crossBps) / 1e4);
}
