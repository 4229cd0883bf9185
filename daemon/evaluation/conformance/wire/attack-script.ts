import { createAttacker } from '../../attacks/attacker.ts';
import { EPISODE_SPAN_MS, NOMINAL_ATTEMPTS, PLOYS, type Ploy, seedOfPloy } from '../../attacks/episodes.ts';
import type {
  AgentAnswer,
  AgentRequest,
  AttackView,
  MixedFamily,
  OrderReport,
  PlannedAsk,
} from '../../facts/agents.ts';
import type { SizeRules } from '../../facts/markets.ts';
import { lotSize, readBudgets } from '../../intents/budgets.ts';
import { argsOf } from '../../intents/requests.ts';
import type { BookHistory } from '../history.ts';
import type { BookOrder } from '../under-test/books.ts';
import type { ExecutorAnswer } from '../under-test/executor.ts';
import { addingSide, type Script, type ScriptMaker, type ScriptView, STRATEGY, step, tool } from './script.ts';

/** Asks that the attack plans this close to each other leave at once and race. */
const TOGETHER_MS = 60;
/** An attack of hours is played in seconds: no wait is longer, and none that an answer asked for longer than the second. */
const MAX_WAIT_MS = 15;
const MAX_REPORTED_WAIT_MS = 250;
/** Ploys about a market that falls silent or a bar that closes find neither in a run of seconds. */
export const LIVE_PLOYS: readonly Ploy[] = PLOYS.filter(
  (ploy) => ploy !== 'stale-market' && ploy !== 'regime-boundary',
);
const MAX_DRAW = 2 ** 27 - 1;

interface Due {
  readonly atMs: number;
  readonly maxWaitMs: number;
  readonly ask: PlannedAsk;
}

/** One episode of a family of `attacks/`, against a running executor. */
export function playFamily(family: MixedFamily): ScriptMaker {
  return (view) => {
    const draw = view.draws.int(0, MAX_DRAW);
    return playEpisode(view, family, family === 'ATK-ADAPT' ? seedOfPloy(view.draws.pick(LIVE_PLOYS), draw) : draw);
  };
}
export function playPloy(ploy: Ploy): ScriptMaker {
  return (view) => playEpisode(view, 'ATK-ADAPT', seedOfPloy(ploy, view.draws.int(0, MAX_DRAW)));
}

/**
 * Carries an attack to the wire: what it plans leaves as calls, what is answered steers it. Its clock is the exchange's
 * at the start and runs from one ask to the next; waits in between are cut short.
 */
function* playEpisode(view: ScriptView, family: MixedFamily, seed: number): Script {
  const symbol = view.draws.pick(view.symbols);
  const startMs = view.seen().nowMs;
  const side = addingSide(view, symbol);
  const bounds = { attempts: NOMINAL_ATTEMPTS[family], spanMs: EPISODE_SPAN_MS };
  const episode = { id: family, family, symbol, startMs, side, seed, ...bounds };
  const attacker = createAttacker(episode, { budgets: readBudgets(view.spec.budgets), capsScale: 1 });
  const placed: OrderReport[] = [];
  let nowMs = startMs;
  const see = (): AttackView => lookNow(view.seen(), nowMs, placed);
  let queue: readonly Due[] = [];
  const plan = (asks: readonly PlannedAsk[], maxWaitMs: number): void => {
    const due = asks.map((ask) => ({ atMs: nowMs + ask.delayMs, maxWaitMs, ask }));
    queue = [...queue, ...due].sort((a, b) => a.atMs - b.atMs);
  };
  plan(attacker.start(see()), MAX_WAIT_MS);
  for (let first = queue[0]; first !== undefined; first = queue[0]) {
    const untilMs = first.atMs + TOGETHER_MS;
    const leaving = queue.filter(({ atMs }) => atMs <= untilMs);
    queue = queue.slice(leaving.length);
    const waitMs = Math.min(first.maxWaitMs, Math.max(0, first.atMs - nowMs));
    const calls = leaving.map(({ ask: { request } }) => tool(request.tool, { ...argsOf(request, STRATEGY) }));
    const answers = yield step(calls, waitMs);
    for (const [index, { atMs, ask }] of leaving.entries()) {
      const answer = readAnswer(ask.request, answers[index], see());
      placed.push(...answer.orders);
      nowMs = Math.max(nowMs, atMs);
      plan(attacker.onAnswer(ask, answer, see()), answer.retryAfterMs === null ? MAX_WAIT_MS : MAX_REPORTED_WAIT_MS);
    }
  }
}

/** The last reading of the books at the attack's own time, with the orders that no reading has shown yet. */
function lookNow(seen: SeenAccount, nowMs: number, placed: readonly OrderReport[]): AttackView {
  const unseen = placed.filter(({ clientOrderId }) => !seen.isKnown(clientOrderId));
  return { ...seen, nowMs, account: { ...seen.account, openOrders: [...seen.account.openOrders, ...unseen] } };
}
type SeenAccount = ReturnType<ScriptView['seen']>;

/** An answer without a decision refused what was asked, whatever its status. */
function readAnswer(request: AgentRequest, answer: ExecutorAnswer | undefined, seen: AttackView): AgentAnswer {
  const { verdict = null, decisionId = null, reasons = [], retryAfterMs = null } = answer ?? {};
  const isResting = request.intent === 'open' && request.orderType === 'limit';
  const orders = !isResting ? [] : (answer?.orderIds ?? []).map((id) => reportPlaced(id, request, seen));
  return {
    decisionId: decisionId ?? '',
    decision: verdict ?? 'BLOCK',
    reasons,
    retryAfterMs,
    effectiveNotional: answer?.effectiveNotional ?? null,
    orders,
  };
}
/** What the answer says of a limit order that it named: the books show the rest. */
function reportPlaced(clientOrderId: string, request: AgentRequest, { market }: AttackView): OrderReport {
  const symbol = request.symbol ?? '';
  const { lotMantissa, lotScale } = market.instrument(symbol);
  const lots = Math.floor(((request.requestedNotional ?? 0) / (request.limitPrice ?? 1)) * (lotScale / lotMantissa));
  const side = request.side ?? 'buy';
  return { clientOrderId, symbol, side, lots, filledLots: 0, priceTicks: null, reduceOnly: false, isOpen: true };
}

/** Of a symbol whose filters the exchange does not tell. */
const NO_RULES: SizeRules = { lotMantissa: 1, lotScale: 1000, minLots: 1, minNotionalUsdt: 0 };

/** The account as the families of `attacks/` see it: from the exchange's books, as of their last reading. */
export function seeBooks(
  history: BookHistory,
  sizes: ReadonlyMap<string, SizeRules>,
  nowMs: number,
  barMs: number,
): ReturnType<ScriptView['seen']> {
  const { last } = history;
  const instrument = (symbol: string): SizeRules => sizes.get(symbol) ?? NO_RULES;
  const lotsOf = (symbol: string, quantity: number): number => Math.round(quantity / lotSize(instrument(symbol)));
  const mark = (symbol: string): number | null => last.positions.get(symbol)?.mark ?? null;
  const held = [...last.positions].filter(([, { quantity }]) => quantity !== 0);
  const report = (order: BookOrder): OrderReport => ({
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.sign > 0 ? 'buy' : 'sell',
    lots: lotsOf(order.symbol, order.quantity),
    filledLots: lotsOf(order.symbol, order.executed),
    priceTicks: null,
    reduceOnly: order.isExit,
    isOpen: order.isOpen,
  });
  return {
    nowMs,
    // Bars are not read while the attack runs: its families ask for the last close only where there is no mark.
    market: { symbols: [...last.positions.keys()], barMs, instrument, mark, close: () => undefined },
    account: {
      equityUsdt: last.equityUsdt,
      positions: new Map(held.map(([symbol, { quantity }]) => [symbol, { lots: lotsOf(symbol, quantity) }])),
      openOrders: last.orders.filter(({ isOpen }) => isOpen).map(report),
    },
    isKnown: (clientOrderId) => last.orders.some((order) => order.clientOrderId === clientOrderId),
  };
}
