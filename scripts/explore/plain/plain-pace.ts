import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeRecord,
} from '../../../daemon/core/features/round-trips.ts';
import { computeTraderRisk } from '../../../daemon/core/features/trader-state.ts';
import type { TraderStateSection } from '../../../daemon/core/policy.ts';
import type { DecisionEvent, RecordedDecision } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { E8 } from '../../../daemon/engine/records/units.ts';
import type { AccountEvent } from '../../../daemon/engine/records/venue-events.ts';
import { PlainClock } from './plain-clock.ts';
import { type PlainFill, type PlainOrder, PlainOrders } from './plain-orders.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface Dated {
  atMs: number;
  readonly agent: string | null;
}
interface Tokens extends Dated {
  readonly count: number;
}
interface Sum extends Dated {
  readonly usdt: number;
}
/** Where a figure must lie: what counts by the minute counts up to a minute longer. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

interface Executed {
  readonly venueAtMs: number;
  readonly signedE8: number;
  readonly reduceOnly: boolean;
  /** Of an order that was decided here. */
  readonly isOurs: boolean;
}

/** What each of them opened: lots that closed nothing of what was held before it. And whether exits closed what nothing has opened yet. */
function openingsIn(executed: readonly Executed[]): {
  readonly opened: ReadonlyMap<Executed, number>;
  readonly isAhead: boolean;
} {
  let held = 0;
  let ahead = 0;
  let isAhead = false;
  const opened = new Map<Executed, number>();
  for (const one of executed) {
    const { reduceOnly, signedE8 } = one;
    const closed = held * signedE8 < 0 ? Math.min(Math.abs(held), Math.abs(signedE8)) : 0;
    const left = signedE8 - Math.sign(signedE8) * closed;
    if (!reduceOnly && left !== 0) opened.set(one, Math.abs(left));
    isAhead ||= reduceOnly && left !== 0;
    const repaid = !reduceOnly && ahead * left < 0 ? Math.sign(left) * Math.min(Math.abs(ahead), Math.abs(left)) : 0;
    held += Math.sign(signedE8) * closed + (reduceOnly ? 0 : left - repaid);
    ahead += reduceOnly ? left : repaid;
  }
  return { opened, isAhead };
}

/** Tokens, turnover, fees and round trips as they are defined: lists that are added up anew for every question. */
export class PlainPace {
  readonly orders = new PlainOrders();
  readonly #clock = new PlainClock();
  readonly lastOpenParent = new Map<string, number>();
  readonly lastOpenFill = new Map<string, { atMs: number; side: 'buy' | 'sell' }>();
  readonly #sends: Tokens[] = [];
  readonly #turnover: Sum[] = [];
  readonly #fees: Sum[] = [];
  /** What executed lots without a trade were taken for, lots times price. */
  readonly #unreported = new Map<PlainOrder, { value: number; atMs: number }>();
  readonly #openTrades = new Map<string, Map<string, OpenTrade>>();
  readonly #closedTrades = new Map<string, TradeRecord[]>();
  readonly #trades = new Set<string>();
  readonly #othersTrade: boolean;
  /** What was executed of our orders, by symbol, in the exchange's order. */
  readonly #executed = new Map<string, Executed[]>();
  /** Somebody else moves positions, too: what our fills opened is not for our orders alone to say. */
  isHeldUnclear: boolean;
  /** Lots were executed at a price that plain reading does not say. */
  isUnvalued = false;
  /** Agents of whose share others may have closed a part: how much is a matter of shares. */
  readonly #unclear = new Set<string>();
  /** By symbol: the newest fill by the exchange's time, who was told of one late, and whose exits have filled. */
  readonly #newestMs = new Map<string, number>();
  readonly #reportedLate = new Map<string, Set<string>>();
  readonly #closers = new Map<string, Set<string | null>>();

  /** `othersTrade`: the account's owner at the exchange itself, or other daemons. */
  constructor(othersTrade: boolean) {
    this.#othersTrade = othersTrade;
    this.isHeldUnclear = othersTrade;
  }

  take(event: GateEvent): void {
    if (event.kind === 'account' && this.#othersTrade) this.#read(event.payload);
    this.#moveClock(this.#clock.take(event));
    if (event.kind === 'recovery') this.#disown();
    // What it holds of that no fill of its own has opened.
    if (event.kind === 'holder' && event.payload.action === 'adopted') this.#unclear.add(event.payload.agent);
    if (event.kind === 'decision') this.#decide(event.payload, event.at_ms);
    const isNew = event.kind !== 'trade' || !this.#trades.has(`${event.payload.symbol} ${event.payload.trade_id}`);
    if (event.kind === 'trade' && isNew) {
      this.#trades.add(`${event.payload.symbol} ${event.payload.trade_id}`);
      this.#correct(event.payload);
    }
    const fill = isNew ? this.orders.take(event) : null;
    if (fill !== null) this.#fill(fill);
  }

  /** What was placed before a recovery is nobody's, whenever it fills. */
  #disown(): void {
    for (const { agent } of this.orders.all.values()) if (agent !== null) this.#unclear.add(agent);
  }

  #decide(event: DecisionEvent, atMs: number): void {
    const { agent, decision, orders, request } = event;
    const { effective, kind } = decision;
    if (kind !== 'tool' || effective === null) return;
    if (effective.action === 'open' && orders.length > 0) {
      this.#sends.push({ atMs, agent, count: orders.length });
      if (request.symbol !== null) this.lastOpenParent.set(request.symbol, atMs);
    }
    if (effective.action !== 'amend' || effective.price_ticks === null) return;
    const order = this.orders.all.get(request.client_order_id ?? '');
    if (order === undefined || order.isOver || (effective.leverage === null && !isPaced(decision))) return;
    this.#sends.push({ atMs, agent, count: 1 });
    if (effective.leverage !== null) this.lastOpenParent.set(order.symbol, atMs);
  }

  #fill(fill: PlainFill): void {
    this.#hold(fill);
    const { atMs, isAverage, quantityE8, order, price: reported, venueAtMs } = fill;
    const rules = this.orders.rules.get(order.symbol);
    const { agent, side, symbol } = order;
    if (rules === undefined || reported === null) {
      this.isUnvalued = true;
      if (agent !== null) this.#unclear.add(agent);
      for (const holder of this.#openTrades.keys()) this.#unclear.add(holder);
      return;
    }
    const alreadyReported = Math.min(quantityE8, Math.max(0, order.traded.quantityE8 - (order.executed - quantityE8)));
    const before = this.#unreported.get(order)?.value ?? 0;
    const news = quantityE8 - alreadyReported;
    const rest = (reported * order.executed - order.traded.usdt - before) / news;
    const price = isAverage && news > 0 && rest > 0 ? rest : reported;
    const value = before + news * price;
    this.#unreported.set(order, { value, atMs });
    const fee = (quantityE8 / E8) * price * rules.takerFee;
    const usdt = (news / E8) * price;
    this.#turnover.push({ atMs, agent, usdt });
    this.#fees.push({ atMs, agent, usdt: usdt * rules.takerFee });
    const closes = side === 'sell' ? 'long' : 'short';
    for (const [holder, open] of this.#openTrades)
      if (holder !== agent && open.get(symbol)?.side === closes) this.#unclear.add(holder);
    this.#noteOrder(order, venueAtMs);
    if (agent === null) return;
    if (order.reduceOnly && order.origin !== 'agent') this.#unclear.add(agent);
    const open = this.#openTrades.get(agent)?.get(symbol);
    // An exit opens nothing.
    const most = order.reduceOnly ? (open?.side === closes ? open.lots : 0) : quantityE8;
    const counted = Math.min(quantityE8, most);
    if (counted > 0) {
      const feeUsdt = counted === quantityE8 ? fee : (fee * counted) / quantityE8;
      this.#trade(agent, {
        symbol,
        side,
        lots: counted,
        lot_size: 1 / E8,
        price,
        fee_usdt: feeUsdt,
        at_ms: venueAtMs,
      });
    }
  }

  /** A fill opens what it fills beyond the position on the other side, by the exchange's order of what was told until now. */
  #hold({ atMs, quantityE8, order, venueAtMs }: PlainFill): void {
    const { agent, reduceOnly, rootId, side, symbol } = order;
    const told = {
      venueAtMs,
      signedE8: side === 'buy' ? quantityE8 : -quantityE8,
      reduceOnly,
      isOurs: rootId !== null,
    };
    const executed = this.#executed.get(symbol) ?? [];
    this.#executed.set(symbol, executed);
    const before = openingsIn(executed);
    executed.splice(executed.findLastIndex((one) => one.venueAtMs <= venueAtMs) + 1, 0, told);
    const { isAhead, opened } = openingsIn(executed);
    const ours = [...opened].filter(([one]) => one.isOurs);
    if (ours.some(([one, openedE8]) => openedE8 > (before.opened.get(one) ?? 0)))
      this.lastOpenFill.set(symbol, { atMs, side: ours.at(-1)![0].signedE8 > 0 ? 'buy' : 'sell' });
    // Whose they were, a fill that is still to come will say.
    if (isAhead)
      for (const holder of [agent, ...this.#openTrades.keys()]) if (holder !== null) this.#unclear.add(holder);
  }

  /** Shares follow the exchange's time: a fill that is told late may change of whom others' exits have closed. */
  #noteOrder({ agent, reduceOnly, symbol }: PlainOrder, venueAtMs: number): void {
    const newestMs = this.#newestMs.get(symbol) ?? venueAtMs;
    this.#newestMs.set(symbol, Math.max(newestMs, venueAtMs));
    const late = this.#reportedLate.get(symbol) ?? new Set();
    const closers = this.#closers.get(symbol) ?? new Set();
    this.#reportedLate.set(symbol, late);
    this.#closers.set(symbol, closers);
    if (agent !== null && venueAtMs < newestMs) late.add(agent);
    if (reduceOnly) closers.add(agent);
    for (const holder of late) if ([...closers].some((closer) => closer !== holder)) this.#unclear.add(holder);
  }

  /** What others closed past the gate ends round trips: of whom is a matter of shares. */
  #read({ positions }: AccountEvent): void {
    const held = new Map<string, number>();
    for (const open of this.#openTrades.values())
      for (const [symbol, trade] of open) held.set(symbol, (held.get(symbol) ?? 0) + trade.lots);
    for (const [holder, open] of this.#openTrades)
      for (const [symbol, trade] of open) {
        const quantityE8 = positions.find((position) => position.symbol === symbol)?.quantity_e8 ?? 0;
        // Less than all of them hold together is less than each of them holds, in part.
        if ((trade.side === 'long' ? quantityE8 : -quantityE8) < (held.get(symbol) ?? 0)) this.#unclear.add(holder);
      }
  }

  #trade(agent: string, fill: Parameters<typeof applyTradeFill>[1]): void {
    const open = this.#openTrades.get(agent) ?? new Map<string, OpenTrade>();
    this.#openTrades.set(agent, open);
    const step = applyTradeFill(open.get(fill.symbol) ?? null, fill);
    if (step.open === null) open.delete(fill.symbol);
    else open.set(fill.symbol, step.open);
    if (step.closed === null) return;
    const closed = this.#closedTrades.get(agent) ?? [];
    this.#closedTrades.set(agent, closed);
    closed.push(step.closed);
  }

  /** Price and fee of a trade take the place of what its lots were taken for. */
  #correct(trade: Extract<GateEvent, { readonly kind: 'trade' }>['payload']): void {
    const named = this.orders.all.get(trade.client_order_id ?? '');
    const order = named !== undefined && trade.at_venue_ms < named.listedAtMs ? undefined : named;
    const rules = this.orders.rules.get(trade.symbol);
    // A liquidation, or a hand's order of before it was listed.
    if (order === undefined) {
      const told = { atMs: trade.at_venue_ms, agent: null };
      this.isHeldUnclear = true;
      this.#turnover.push({ ...told, usdt: (trade.quantity_e8 / E8) * trade.price });
      this.#fees.push({ ...told, usdt: trade.fee_usdt });
    }
    if (order === undefined || rules === undefined) return;
    const unreported = Math.max(0, order.executed - order.traded.quantityE8);
    const moved = Math.min(trade.quantity_e8, unreported);
    const counted = this.#unreported.get(order);
    const { value, atMs } = counted ?? { value: 0, atMs: trade.at_venue_ms };
    const taken = unreported === 0 ? 0 : (value * moved) / unreported;
    // Trades that were read before any report count when they were made, each of them.
    if (counted !== undefined) counted.value -= taken;
    const known = taken / E8;
    const { agent } = order;
    this.#turnover.push({ atMs, agent, usdt: (trade.quantity_e8 / E8) * trade.price - known });
    this.#fees.push({ atMs, agent, usdt: trade.fee_usdt - known * rules.takerFee });
  }

  /** What is counted by the time that has passed goes with a clock that moves while none passes. */
  #moveClock(byMs: number): void {
    if (byMs === 0) return;
    const moved = (atMs: number): number => atMs + byMs;
    for (const dated of [...this.#sends, ...this.#turnover, ...this.#fees]) dated.atMs = moved(dated.atMs);
    for (const [symbol, atMs] of this.lastOpenParent) this.lastOpenParent.set(symbol, moved(atMs));
    for (const reported of this.#unreported.values()) reported.atMs = moved(reported.atMs);
    for (const fill of this.lastOpenFill.values()) fill.atMs = moved(fill.atMs);
  }

  /** `agent` null: of all. */
  countSends(agent: string | null, nowMs: number, windowMs: number): number {
    return this.#sends
      .filter((sent) => sent.atMs > nowMs - windowMs && (agent === null || sent.agent === agent))
      .reduce((sum, { count }) => sum + count, 0);
  }
  /** Whether plain reading settles what is an agent's alone. */
  isClear(agent: string): boolean {
    return !this.#unclear.has(agent);
  }
  turnover(agent: string | null, nowMs: number): Range {
    return rangeOf(this.#turnover, agent, nowMs);
  }
  fees(agent: string | null, nowMs: number): Range {
    return rangeOf(this.#fees, agent, nowMs);
  }

  /** Null: plain reading does not settle it. */
  risk(agent: string, nowMs: number, section: TraderStateSection): number | null {
    if (this.#unclear.has(agent)) return null;
    const closed = this.#closedTrades.get(agent);
    const open = this.#openTrades.get(agent);
    if (closed === undefined && open === undefined) return section.base_rate;
    const atMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    const counted = (closed ?? []).filter(({ closed_at_ms: closedMs }) => (closedMs ?? 0) > atMs - section.max_age_ms);
    for (const trade of open?.values() ?? []) counted.push(recordOfOpenTrade(trade));
    return computeTraderRisk(counted, atMs, section).p_risk;
  }
}

/** Between what is younger than a day and what is younger than a day and two minutes. */
function rangeOf(sums: readonly Sum[], agent: string | null, nowMs: number): Range {
  const own = sums.filter((sum) => agent === null || sum.agent === agent);
  const since = (fromMs: number): number =>
    own.filter(({ atMs }) => atMs > fromMs).reduce((total, { usdt }) => total + usdt, 0);
  const [exact, longer] = [since(nowMs - DAY_MS), since(nowMs - DAY_MS - 2 * MINUTE_MS)];
  return { least: Math.max(0, Math.min(exact, longer)), most: Math.max(0, exact, longer) };
}

function isPaced({ is_paced: isNoted, verdicts }: RecordedDecision): boolean {
  return isNoted ?? verdicts?.some(({ code }) => code === 'RATE') ?? false;
}
