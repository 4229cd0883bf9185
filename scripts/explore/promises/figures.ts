import { agentSection } from '../../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../../daemon/core/context.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { E8 } from '../../../daemon/engine/records/units.ts';
import { at, type Breach } from '../breach.ts';
import type { History, Note } from '../history.ts';
import { PlainEquity } from '../plain/plain-equity.ts';
import { type EarlyExit, PlainLosses, takeEarly } from '../plain/plain-losses.ts';
import { type PlainOrder, pendingUsdt } from '../plain/plain-orders.ts';
import { PlainPace } from '../plain/plain-pace.ts';
import { PlainTrust } from '../plain/plain-trust.ts';
import { CENT, type Found, outside, type Range, unequal } from '../plain/told.ts';
import { compareHeld, PlainHeld } from './figures-held.ts';
import { compareOrder, compareResting } from './figures-order.ts';
import { compareReadings, PlainReadings } from './figures-read.ts';
import { compareReported } from './figures-told.ts';

interface Plain {
  readonly pace: PlainPace;
  readonly equity: PlainEquity;
  readonly losses: PlainLosses;
  readonly trust: PlainTrust;
  readonly held: PlainHeld;
  readonly readings: PlainReadings;
  /** The last records of the account's side and of the market's. */
  readonly heads: { state: number; market: number };
}

/**
 * The figures that a decision was taken on are what the records before it add up to, by their definitions: order tokens,
 * turnover, fees, drawdown, daily loss, an agent's own loss, p_t, what may still fill, signals, the trading state. So are
 * exposure, openings and exits of the account and of the agent, leverage, filters, bars and regime.
 * @except a clock is set back
 * @except of fees, turnover and fills: a person or another daemon trades
 * @except of losses: a day turns while something is held, or income has other rows
 * @except of what may still fill and of exposure: another daemon’s orders are there
 * @except of exposure: fills and the last reading differ
 */
export function findFigureBreaches(history: History): readonly Breach[] {
  const plain: Plain = {
    pace: new PlainPace(othersTradeIn(history)),
    equity: new PlainEquity(),
    losses: new PlainLosses(),
    trust: new PlainTrust(),
    held: new PlainHeld(),
    readings: new PlainReadings(),
    heads: { state: 0, market: 0 },
  };
  const breaches = new Map<string, Breach>();
  const note = (found: Iterable<Found>, where: string): void => {
    for (const [code, detail] of found)
      if (!breaches.has(code)) breaches.set(code, { code, detail: `${where}: ${detail}` });
  };
  for (const { atMs, event, seq } of history.events) {
    if (event.kind === 'decision')
      note(compare(history, plain, event.payload), `${event.payload.decision.decision_id} at ${at(atMs)}`);
    takeIn(plain, event, seq);
    plain.held.take({ event }, history.world.beliefs.of(event));
  }
  const { gate } = history.world;
  if (gate?.keeper.isReconciled === true) note(compareReported(gate, plain), `told at ${at(history.endMs)}`);
  return [...breaches.values()];
}

/** Whether the account's owner traded at the exchange itself, or other daemons did. */
function othersTradeIn({ world: { homes, venue } }: History): boolean {
  return venue.hands.length + homes.restores.length + homes.seconds.length > 0;
}

function takeIn({ equity, heads, losses, pace, readings, trust }: Plain, event: Note['event'], seq: number): void {
  if (event.kind === 'market' || event.kind === 'rules') heads.market = seq;
  else if (event.kind !== 'token') heads.state = seq;
  pace.take(event);
  equity.take(event);
  losses.take(event);
  trust.take(event);
  readings.take(event);
}

function* compare(history: History, plain: Plain, event: DecisionEvent): Generator<Found> {
  yield* unequal('state-seq', event.state_seq, plain.heads.state);
  yield* unequal('market-seq', event.market_seq, plain.heads.market);
  yield* comparePacing(history, plain.pace, event);
  yield* compareAccount(history, plain.equity, event.context);
  yield* compareTrust(plain.trust, event);
  yield* compareLosses(plain.losses, plain.pace, event);
  yield* compareReadings(plain.readings, event);
  if (plain.pace.orders.isUnclear) return;
  yield* comparePending(plain.pace, event);
  yield* compareOrder(plain.pace.orders, event);
  yield* compareResting(plain.pace.orders, event, plain.held);
  const spec = specOf(history, event);
  const hasBudgets = spec !== null && agentSection(spec, event.agent).budgets !== undefined;
  if (spec !== null) yield* compareHeld(plain.pace.orders, plain.held, event, hasBudgets);
}

function* comparePacing(history: History, pace: PlainPace, event: DecisionEvent): Generator<Found> {
  const { agent, context } = event;
  const { now_ms: nowMs, pacing } = context;
  const spec = specOf(history, event);
  if (spec === null) return;
  const { window_ms: windowMs } = spec.budgets.order_rate;
  yield* unequal('sends', pacing.account_sends, pace.countSends(null, nowMs, windowMs));
  yield* unequal('agent-sends', pacing.agent_sends, pace.countSends(agent, nowMs, windowMs));
  if (!pace.isUnvalued) {
    yield* outside('turnover', pacing.turnover_usdt, pace.turnover(null, nowMs));
    yield* outside('fees', pacing.fees_usdt, pace.fees(null, nowMs));
  }
  if (pace.isClear(agent)) {
    yield* outside('agent-turnover', context.agent.turnover_usdt, pace.turnover(agent, nowMs));
    yield* outside('agent-fees', context.agent.fees_usdt, pace.fees(agent, nowMs));
  }
  const risk = pace.risk(agent, nowMs, { ...spec.trader_state, ...agentSection(spec, agent).trader_state });
  if (risk !== null) yield* unequal('p-risk', context.agent.p_risk, risk);
  const symbol = event.request.symbol ?? '';
  yield* unequal('last-opening', pacing.last_open_parent_at_ms, pace.lastOpenParent.get(symbol) ?? null);
  if (pace.isHeldUnclear) return;
  const fill = pace.lastOpenFill.get(symbol) ?? null;
  yield* unequal('last-fill', pacing.last_open_fill_at_ms, fill?.atMs ?? null);
  yield* unequal('last-fill-side', pacing.last_open_fill_side, fill?.side ?? null);
}

function* compareAccount(history: History, equity: PlainEquity, context: ExecutionContext): Generator<Found> {
  const { account, now_ms: nowMs } = context;
  if (account === null || equity.isUnclear) return;
  const net = equity.net(account.equity_usdt);
  const { window_ms: windowMs } = history.world.file.spec.account.drawdown;
  yield* unequal('drawdown', account.drawdown, equity.drawdown(nowMs, net, windowMs));
  yield* unequal('daily-loss', account.daily_loss, equity.dailyLoss(nowMs, net));
}

function* compareTrust(trust: PlainTrust, { context, request }: DecisionEvent): Generator<Found> {
  const { now_ms: nowMs } = context;
  const signals = trust.activeKinds(nowMs, context.account_name, request.agent, request.symbol);
  yield* unequal('signals', [...context.trust.signals].sort().join(), [...signals].sort().join());
  yield* unequal('state', context.state.state, trust.strictest(nowMs, request.symbol, request.agent));
}

/**
 * On one day the loss of the day is that of the week. Fills whose trades are not read yet count at the price that was told
 * or at the bound, where that is worse than the mark, and with the taker's fee: an agent's own, and what exits of others
 * have taken of its lots.
 */
function* compareLosses(
  plain: PlainLosses,
  { orders }: PlainPace,
  { context, request }: DecisionEvent,
): Generator<Found> {
  const { losses } = context.agent;
  if (losses === undefined || plain.isUnclear) return;
  const marks = new Map(context.exposure.other_marks);
  if (context.market.mark !== null && request.symbol !== null) marks.set(request.symbol, context.market.mark);
  const lost = plain.lossOf(request.agent, marks);
  const unread = unreadOf(orders, request.agent, marks, plain);
  if (lost === null || unread === null) return;
  for (const [name, reported] of [
    ['loss-of-day', losses.day_usdt],
    ['loss-of-week', losses.week_usdt],
  ] as const)
    if (reported === null || reported < lost + unread.least - CENT || reported > lost + unread.most + CENT)
      yield [
        `figure/${name}`,
        `${reported}, by the records ${(lost + unread.least).toFixed(4)} to ${(lost + unread.most).toFixed(4)}`,
      ];
}

/**
 * Exits of others may have closed what this agent holds: at least where nobody else holds any, at most up to all that it
 * held by trades and by fills. Null: a mark or a price is missing.
 */
function unreadOf(
  orders: PlainPace['orders'],
  agent: string,
  marks: ReadonlyMap<string, number>,
  losses: PlainLosses,
): Range | null {
  const sum = { least: 0, most: 0 };
  /** In which lots of its own are told of by a trade or by a report alone. */
  const half = new Set<string>();
  /** Lots of its own that trades alone tell of: by fills it holds them still, and exits of others may have been first. */
  const ahead = { sell: new Map<string, number>(), buy: new Map<string, number>() };
  /** Signed lots of its own that no trade tells of. */
  const own = { sell: new Map<string, number>(), buy: new Map<string, number>() };
  const others: PlainOrder[] = [];
  /** In which others hold what no trade tells of. */
  const shared = new Set<string>();
  /** Exits that wait for an opening's trade say at which price its lots are gone: the mark is nothing to them. */
  const early = new Map<string, EarlyExit[]>();
  const add = (order: PlainOrder, quantityE8: number, isSure: boolean): boolean => {
    const [rules, mark] = [orders.rules.get(order.symbol), marks.get(order.symbol)];
    if (rules === undefined || mark === undefined) return false;
    const bounds = [order.priceE8, order.triggerE8, ...order.formerE8].filter((priceE8) => priceE8 !== null);
    const prices = bounds.map((priceE8) => priceE8 / E8);
    if (order.averagePrice !== null) prices.push(order.averagePrice);
    if (prices.length === 0) return false;
    const signed = order.side === 'buy' ? quantityE8 : -quantityE8;
    const exits = early.get(order.symbol) ?? losses.earlyOf(agent, order.symbol);
    early.set(order.symbol, exits);
    const closed = order.reduceOnly ? [] : takeEarly(exits, signed);
    const heldE8 = signed + closed.reduce((sum, { signedE8 }) => sum + signedE8, 0);
    const parts = [...closed.map((exit) => ({ e8: -exit.signedE8, price: exit.price })), { e8: heldE8, price: mark }];
    const costs = prices.map((price) => {
      const worse = parts.reduce((sum, part) => sum + Math.max(0, (part.e8 / E8) * (price - part.price)), 0);
      return worse + (quantityE8 / E8) * price * rules.takerFee;
    });
    sum.least += isSure ? Math.min(...costs) : 0;
    sum.most += Math.max(...costs);
    return true;
  };
  for (const order of orders.all.values()) {
    const quantityE8 = order.executed - order.traded.quantityE8;
    if (order.foreign || quantityE8 === 0) continue;
    if (order.agent === agent && order.triggerE8 === null) {
      half.add(order.symbol);
      // What only trades tell of it holds by them already.
      if (quantityE8 < 0) {
        ahead[order.side].set(order.symbol, (ahead[order.side].get(order.symbol) ?? 0) - quantityE8);
        continue;
      }
      const signed = order.side === 'buy' ? quantityE8 : -quantityE8;
      own[order.side].set(order.symbol, (own[order.side].get(order.symbol) ?? 0) + signed);
      if (!add(order, quantityE8, true)) return null;
    } else if (order.agent !== agent && order.reduceOnly && quantityE8 > 0) others.push(order);
    else if (order.agent !== agent) shared.add(order.symbol);
  }
  const taken = new Map<string, number>();
  for (const order of others) {
    // What it has sold itself may have been sold after them: a short of its own then, and no less for them to close.
    const opposite = order.side === 'sell' ? 'buy' : 'sell';
    const signed = losses.heldE8Of(agent, order.symbol) + (own[opposite].get(order.symbol) ?? 0);
    const held = (order.side === 'sell' ? signed : -signed) + (ahead[order.side].get(order.symbol) ?? 0);
    const before = taken.get(order.symbol) ?? 0;
    const quantityE8 = Math.min(order.executed - order.traded.quantityE8, held - before);
    if (quantityE8 <= 0) continue;
    taken.set(order.symbol, before + quantityE8);
    const isAlone = !half.has(order.symbol) && !shared.has(order.symbol) && losses.isSole(agent, order.symbol);
    const isSure = order.triggerE8 === null && isAlone;
    if (!add(order, quantityE8, isSure)) return null;
  }
  return sum;
}

/** Opening orders other than the decided one: what may still fill of them counts, and what has ended does not. */
function* comparePending({ orders }: PlainPace, { context, request }: DecisionEvent): Generator<Found> {
  const marks = new Map(context.exposure.other_marks);
  if (context.market.mark !== null && request.symbol !== null) marks.set(request.symbol, context.market.mark);
  const leaving = new Set(context.leaving_order_ids);
  const own = orders.all.get(context.own_order_id ?? '');
  let pending = 0;
  for (const order of orders.all.values()) {
    const rules = orders.rules.get(order.symbol);
    const isSibling = own !== undefined && own.rootId !== null && order.rootId === own.rootId && order.isUnsent;
    const isPart = isSibling && context.phase !== 'parent';
    if (rules === undefined || order === own || leaving.has(order.id) || isPart) continue;
    pending += pendingUsdt(order, rules, marks.get(order.symbol) ?? 0);
  }
  yield* unequal('pending', context.pacing.pending_turnover_usdt, pending);
}

function specOf({ world }: History, event: DecisionEvent): History['world']['file']['spec'] | null {
  const { policy_hash: hash } = event.decision;
  return world.policies.find(({ policy }) => policy.hash === hash)?.policy.spec ?? null;
}
