import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { at, type Breach } from '../breach.ts';
import { executedFor, type History } from '../history.ts';
import { sectionOf } from './budgets.ts';
import { lostAtMs, opens, rawOf } from './raw.ts';

/**
 * One request id of one agent is decided once: no two permitted decisions of a tool bear it [TM-3]. Agents that call with
 * tokens have one set of ids for each.
 */
export function findRequestsTwice(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const known = new Map<string, string>();
  for (const { agent, atMs, event, id, origin } of rawOf(history).decisions) {
    const { authority, decision, request, route } = event;
    if (decision.kind !== 'tool' || request.request_id === null || decision.decision === 'BLOCK') continue;
    const key = `${origin} ${agent} ${authority?.words[0] ?? ''} ${route} ${request.request_id}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, id);
    else breaches.push({ code: 'second/request-twice', detail: `${id} at ${at(atMs)} is ${first} again: ${key}` });
  }
  return breaches;
}

/**
 * A client order id is one order at the exchange, in one symbol, of one side and one size [TM-44].
 * @except the exchange refused the first, and its record is lost since
 */
export function findIdsTwice(history: History): readonly Breach[] {
  const { exchange, homes, wire } = history.world;
  const breaches: Breach[] = [];
  const orderOf = new Map<string, number>();
  for (const { clientOrderId, orderId } of exchange.world.state.orders.values()) {
    const first = orderOf.get(clientOrderId);
    if (first !== undefined && /^hf/.test(clientOrderId))
      breaches.push({ code: 'second/id-twice', detail: `${clientOrderId} is the order ${first} and ${orderId}` });
    orderOf.set(clientOrderId, orderId);
  }
  const said = new Map<string, string>();
  for (const { clientId, life, method, params, path, sentAtMs, status } of wire.records) {
    if (method !== 'POST' || path !== '/fapi/v1/order' || clientId === null || homes.isSecond(life)) continue;
    const words = ['symbol', 'side', 'quantity', 'reduceOnly'].map((name) => params.text(name) ?? '').join(' ');
    const first = said.get(clientId);
    if (first !== undefined && first !== words)
      breaches.push({
        code: 'second/id-twice',
        detail: `${clientId}, sent at ${at(sentAtMs)}, is "${words}", and was "${first}"`,
      });
    // Nobody can know that it was given: not even the exchange has it.
    const isGone = status !== null && status !== 200 && Number.isFinite(lostAtMs(history, sentAtMs));
    if (!isGone) said.set(clientId, words);
  }
  return breaches;
}

/** While the last word about an order is that it is unknown or lost, nothing that opens is permitted in its symbol [EX-17]. */
export function findOpenedUnproven(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const unproven = new Map<string, string>();
  for (const { atMs, event } of history.events) {
    if (event.kind === 'order') {
      const { client_order_id: id, status } = event.payload;
      const symbol = history.orders.get(id)?.planned.symbol;
      if (symbol !== undefined && (status === 'unknown' || status === 'lost')) unproven.set(id, symbol);
      else unproven.delete(id);
    } else if (event.kind === 'decision') {
      const decision = history.decisions.get(event.payload.decision.decision_id);
      if (decision === undefined || !opens(decision) || event.payload.orders.length === 0) continue;
      for (const [id, symbol] of unproven)
        if (symbol === decision.symbol)
          breaches.push({
            code: 'second/opened-unproven',
            detail: `${decision.id} at ${at(atMs)} opens in ${symbol} while nobody knows what became of ${id}`,
          });
    }
  }
  return breaches;
}

interface Earlier {
  readonly id: string;
  readonly atMs: number;
  readonly event: DecisionEvent;
  /** At which it was made of lots, USDT; null: none was sent. */
  readonly priceOf: number | null;
}
function priceOf({ decision: { effective } }: DecisionEvent): number | null {
  return effective == null || effective.quantity === null ? null : effective.notional / Number(effective.quantity);
}
/** Whole lots of the size that was sent: a quantity as it is, a notional at the price. */
function lotsAt({ context: { market }, request }: DecisionEvent, price: number | null): number | null {
  const { quantity, requested_notional: usdt } = request;
  const size = quantity ?? (usdt === null || price === null ? null : usdt / price);
  if (size === null || market.rules === null) return null;
  return Math.floor((size * market.rules.lot_scale) / market.rules.lot_mantissa + 1e-9);
}

/**
 * Within `temporal.duplicate_window_ms` of a permitted opening one is refused that asks for the same: agent, symbol,
 * side, order type and lots, at the price of the earlier one and in whichever unit [PK-24].
 * @except it names a decision that it repeats
 * @except the symbol is exempt
 * @except nothing of the earlier one was filled
 * @except people have approved it
 */
export function findEqualTwice(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const breaches: Breach[] = [];
  const past = new Map<string, Earlier[]>();
  for (const decision of raw.decisions) {
    const { agent, event, id, symbol } = decision;
    const { decision: decided, request } = event;
    const spec = raw.policyAt(decision.seq);
    if (decided.kind !== 'tool' || !opens(decision) || event.orders.length === 0 || spec === null) continue;
    const { temporal } = spec;
    const own = (sectionOf(spec, agent).temporal ?? {}) as Partial<typeof temporal>;
    const windowMs = Math.max(temporal.duplicate_window_ms, own.duplicate_window_ms ?? 0);
    const exempt = own.duplicate_exempt ?? temporal.duplicate_exempt;
    const key = [agent, symbol, decided.effective?.side, request.order_type].join(' ');
    const earlier = past.get(key) ?? [];
    const before = earlier.findLast((each) => lotsAt(event, each.priceOf) === lotsAt(each.event, each.priceOf));
    past.set(key, [...earlier, { id, atMs: decided.at_ms, event, priceOf: priceOf(event) }]);
    const isRepeat = before !== undefined && decided.at_ms - before.atMs < windowMs;
    if (isRepeat && executedFor(history, before.id) === 0) continue;
    const isNamed = request.after_decision_id !== null || exempt.includes(symbol ?? '');
    if (!isRepeat || isNamed || event.context.approval?.grant != null) continue;
    breaches.push({ code: 'second/equal-twice', detail: `${id} is ${before.id} again within ${windowMs} ms: ${key}` });
  }
  return breaches;
}
