import type { OrderBody } from '../../../daemon/contract/types/reads.ts';
import { readE8 } from '../../../daemon/engine/records/units.ts';
import { isTerminal } from '../../../daemon/engine/tables/status.ts';
import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import type { Order, Trade } from '../../../daemon/exchange-sim/core/state.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { OPERATOR } from '../records.ts';

const DAY_MS = 86_400_000;
/** Sums count by the minute, and the exchange's clock is not the daemon's. */
const SLACK_MS = 2 * 60_000;
const CENT = 0.01;
/** What was asked for in its own right. */
const ASKS: ReadonlySet<string> = new Set(['tool', 'gate']);
/** More than a world has. */
const ALL = 100_000;
const KEPT_DAYS = 6;

/**
 * At quiet, what is told of the past is what the books and the records say: fills once each, alerts, orders that have
 * ended, what each decision has executed, turnover and fees of the day.
 * @except another daemon runs, or a ledger was put back
 */
export function findPageBreaches(history: History): readonly Breach[] {
  const { gate, homes } = history.world;
  if (gate === null || !gate.keeper.isReconciled) return [];
  // What a restore has lost, and what another daemon did, this one need not tell.
  if (homes.restores.length + homes.seconds.length > 0) return [];
  return [
    ...findFillBreaches(history),
    ...findAlertBreaches(history),
    ...findEndedBreaches(history),
    ...findExecutionBreaches(history),
    ...findDayBreaches(history),
  ];
}

/** Of what the daemon keeps its orders for: older ones it may not have read before they were forgotten. */
function booked({ world }: History): readonly Trade[] {
  const { nowMs, trades } = world.exchange.world.state;
  return trades.filter(({ timeMs }) => timeMs >= nowMs - KEPT_DAYS * DAY_MS);
}

/**
 * Each trade of ours is told once, with its quantity and its agent.
 * @except what a stop became
 */
function findFillBreaches(history: History): readonly Breach[] {
  const shown = history.world.gate?.getFills(OPERATOR, ALL, null).fills ?? [];
  const breaches: Breach[] = [];
  const times = new Map<string, number>();
  for (const { symbol, trade_id: id } of shown) times.set(`${symbol} ${id}`, (times.get(`${symbol} ${id}`) ?? 0) + 1);
  const quantities = new Map(shown.map((fill) => [`${fill.symbol} ${fill.trade_id}`, readE8(fill.quantity)]));
  const isStops = stopsOf(history);
  for (const trade of history.world.exchange.world.state.trades) {
    if (isStops(trade) || !history.orders.has(trade.clientOrderId)) continue;
    const count = times.get(`${trade.symbol} ${trade.tradeId}`) ?? 0;
    if (count !== 1) breaches.push({ code: 'page/fill', detail: `trade ${trade.tradeId} is told ${count} times` });
    const reported = quantities.get(`${trade.symbol} ${trade.tradeId}`);
    if (reported !== undefined && reported !== Number(trade.quantity))
      breaches.push({
        code: 'page/fill-quantity',
        detail: `trade ${trade.tradeId} of ${trade.quantity} is told as ${reported}`,
      });
  }
  for (const fill of shown) {
    const owner = history.orders.get(fill.client_order_id ?? '')?.decision;
    if (owner !== undefined && fill.agent !== owner.agent)
      breaches.push({ code: 'page/fill-agent', detail: `trade ${fill.trade_id} is told of ${fill.agent}` });
  }
  return breaches;
}

/** Trades of what a stop turned into: a regular order under a number of its own, which its stop's record does not name. */
function stopsOf({ world }: History): (trade: Trade) => boolean {
  const numbers = new Set(
    [...world.exchange.world.state.algoOrders.values()].map(({ actualOrderId }) => actualOrderId),
  );
  return ({ orderId }) => numbers.has(orderId);
}

/** The last of those on record, newest first, each with what the first one said who acknowledged it. */
function findAlertBreaches({ events, world }: History): readonly Breach[] {
  const reasons = new Map<number, string>();
  for (const { event } of events)
    if (event.kind === 'alert_ack' && !reasons.has(event.payload.alert_seq))
      reasons.set(event.payload.alert_seq, event.payload.reason);
  const recorded = events.flatMap(({ event, seq }) =>
    event.kind === 'alert' ? [[seq, event.payload.code, event.payload.detail, reasons.get(seq) ?? null]] : [],
  );
  const reported = (world.gate?.getAlerts(ALL, null).alerts ?? []).map((alert) => [
    alert.seq,
    alert.code,
    alert.detail,
    alert.acknowledged?.reason ?? null,
  ]);
  if (JSON.stringify(reported) === JSON.stringify(recorded.slice(-1_000).reverse())) return [];
  return [{ code: 'page/alerts', detail: `${reported.length} alerts told, ${recorded.length} recorded` }];
}

/** Orders of the last days that have ended: how, and with what. */
function findEndedBreaches(history: History): readonly Breach[] {
  const { exchange, gate } = history.world;
  const shown = new Map(gate?.getOrders(OPERATOR, {}, ALL, null).items.map((order) => [order.client_order_id, order]));
  const sums = sumTrades(booked(history));
  const breaches: Breach[] = [];
  for (const order of exchange.world.state.orders.values()) {
    const { clientOrderId: id, executed, status, updatedMs } = order;
    if (!history.orders.has(id) || updatedMs < exchange.world.state.nowMs - KEPT_DAYS * DAY_MS) continue;
    const seen = shown.get(id);
    if (seen === undefined) {
      breaches.push({ code: 'page/order', detail: `${id}, ${status} at the exchange, is not told of` });
      continue;
    }
    const filled = readE8(seen.filled_quantity);
    if (filled !== Number(executed))
      breaches.push({
        code: 'page/filled',
        detail: `${id}: ${filled} told, ${Number(executed)} by the books`,
      });
    if (isOpen(order) && !isTerminal(seen) && isOtherForm(order, seen))
      breaches.push({
        code: 'page/form',
        detail: `${id}: ${seen.quantity} at ${seen.limit_price} told, ${order.quantity} at ${order.price} by the books`,
      });
    const sum = sums.get(id);
    const average = sum === undefined ? null : sum.quote / sum.quantity;
    if (average !== null && Math.abs(Number(seen.average_price ?? 0) - average) > average * 1e-6)
      breaches.push({ code: 'page/average', detail: `${id}: at ${seen.average_price} told, ${average} by the books` });
  }
  return breaches;
}

/** Another size than in the books, or another limit. */
function isOtherForm({ price, quantity }: Order, seen: OrderBody): boolean {
  return (
    readE8(seen.quantity) !== Number(quantity) ||
    (seen.limit_price !== null && readE8(seen.limit_price) !== Number(price))
  );
}

interface Sum {
  quantity: number;
  quote: number;
  fee: number;
}
function sumTrades(trades: readonly Trade[]): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { clientOrderId: id, commission, quantity, quote } of trades) {
    const sum = sums.get(id) ?? { quantity: 0, quote: 0, fee: 0 };
    sums.set(id, sum);
    sum.quantity += Number(quantity) / 1e8;
    sum.quote += Number(quote) / 1e8;
    sum.fee += Number(commission) / 1e8;
  }
  return sums;
}

/**
 * Each decision tells its own part of its orders: the parts add up to their size, to what was executed, and to its fees.
 * @except of the size: it ended before the exchange had shown which of two forms it has
 */
function findExecutionBreaches(history: History): readonly Breach[] {
  const { exchange } = history.world;
  const reported = new Map<string, { size: number; quantityE8: number; fee: number; isWhole: boolean }>();
  for (const { event, id, rootId } of history.decisions.values()) {
    const action = event.decision.effective?.action;
    if (id !== rootId || !ASKS.has(event.decision.kind) || (action !== 'open' && action !== 'exit')) continue;
    for (const order of history.reportedOf(id)?.execution.orders ?? []) {
      const sum = reported.get(order.client_order_id) ?? { size: 0, quantityE8: 0, fee: 0, isWhole: true };
      reported.set(order.client_order_id, sum);
      sum.size += readE8(order.quantity);
      sum.quantityE8 += readE8(order.filled_quantity);
      sum.fee += order.fee_usdt ?? 0;
      sum.isWhole &&= order.fee_usdt !== null || readE8(order.filled_quantity) === 0;
    }
  }
  const sums = sumTrades(booked(history));
  const amended = amendedIds(history);
  const unsettled = unsettledIds(history);
  const breaches: Breach[] = [];
  for (const order of exchange.world.state.orders.values()) {
    const { clientOrderId: id } = order;
    if (order.updatedMs < exchange.world.state.nowMs - KEPT_DAYS * DAY_MS) continue;
    const sum = reported.get(id);
    const known = history.orders.get(id);
    if (known === undefined || known.planned.protective || known.decision.event.decision.kind === 'standing') continue;
    const quantityE8 = Number(order.executed);
    if ((sum?.quantityE8 ?? 0) !== quantityE8)
      breaches.push({
        code: 'page/execution',
        detail: `${id}: its decisions tell of ${sum?.quantityE8 ?? 0} of ${quantityE8}`,
      });
    const size = Number(order.quantity);
    // An amend to no more than what has filled cancels the rest: the exchange keeps the old size, and nobody asks for it.
    const isCutOff = order.status === 'CANCELED' && sum?.size === quantityE8 && amended.has(id);
    if (sum !== undefined && sum.size !== size && known.planned.quantity_e8 === size && !isCutOff && !unsettled.has(id))
      breaches.push({
        code: 'page/execution-size',
        detail: `${id}: its decisions tell of a size of ${sum.size}, not ${size}`,
      });
    const fee = sums.get(id)?.fee ?? 0;
    if (sum?.isWhole === true && Math.abs(sum.fee - fee) > 1e-6)
      breaches.push({ code: 'page/execution-fee', detail: `${id}: fees of ${sum.fee} told, ${fee} by the books` });
    if (sum?.isWhole === false) breaches.push({ code: 'page/execution-fee', detail: `${id}: its fees are not told` });
  }
  return breaches;
}

/** Orders of which the exchange took another form. */
function amendedIds({ events }: History): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { event } of events)
    if (event.kind === 'order_intent' && event.payload.action === 'amended') ids.add(event.payload.client_order_id);
  return ids;
}

/** Orders of which the last that was recorded is that they may have another form. */
function unsettledIds({ events }: History): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { event } of events) {
    if (event.kind !== 'order_intent') continue;
    const { action, client_order_id: id } = event.payload;
    if (action === 'amend') ids.add(id);
    else if (action === 'amended' || action === 'amend_failed') ids.delete(id);
  }
  return ids;
}

/**
 * Turnover and fees of the last day are those of the books.
 * @except a person trades by hand
 * @except the machine’s clock jumps
 * @except the daemon is away
 */
function findDayBreaches(history: History): readonly Breach[] {
  const { exchange, gate, venue } = history.world;
  if (gate === null || venue.hands.some(({ what }) => what === 'order')) return [];
  const nowMs = exchange.world.state.nowMs;
  // Its clock may lie hours off, and what was filled while it was away counts when it is read.
  const isUnsure = history.plan.steps.some(
    ({ do: step }) => (step.kind === 'trouble' && step.trouble.kind === 'clock') || step.kind === 'away',
  );
  if (isUnsure) return [];
  const since = (fromMs: number, value: (trade: Trade) => bigint): number =>
    booked(history).reduce((sum, trade) => (trade.timeMs > fromMs ? sum + Number(value(trade)) / 1e8 : sum), 0);
  const { fees_24h_usdt: fees, turnover_24h_usdt: turnover } = gate.getAccount();
  const breaches: Breach[] = [];
  const compare = (code: string, reported: number, value: (trade: Trade) => bigint): void => {
    const [least, most] = [since(nowMs - DAY_MS + SLACK_MS, value), since(nowMs - DAY_MS - SLACK_MS, value)];
    if (reported < least - CENT || reported > most + CENT)
      breaches.push({ code, detail: `${reported} told, by the books ${least.toFixed(4)} to ${most.toFixed(4)}` });
  };
  compare('page/fees', fees, (trade) => trade.commission);
  compare('page/turnover', turnover, (trade) => trade.quote);
  return breaches;
}
