import { readE8 } from '../../../daemon/engine/records/units.ts';
import { ORDERS_PER_10S } from '../../../daemon/exchange-sim/faults/limits.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import { START_MS } from '../market.ts';
import type { SendRecord } from '../records.ts';
import type { WireRecord } from '../wire.ts';

export const UNIT = 1e-8;
/** Decisions are as old as this when their order arrives, at most: until then older marks and policies may count, ms. */
const DECISION_AGE_MS = 6_000;
/** Lots are whole, books have a spread. */
export const TOLERANCE = 1.005;
const WINDOW_MS = 10_000;

/**
 * At every send that adds to what may be opened, that and what is held stays inside the account's caps, by the books: those
 * of the policy, as its own decision has tightened them. [TM-2 TM-8]
 * @except a person has traded by hand within six seconds
 */
export function findCapBreaches(history: History): readonly Breach[] {
  const { world } = history;
  const breaches: Breach[] = [];
  for (const send of world.venue.sends) {
    const { wire, symbol, quantityE8, marks, restingBuys, restingSells } = send;
    if (send.addsNothing) continue;
    const order = history.orders.get(wire.clientId ?? '');
    if (order === undefined || order.planned.reduce_only || wire.servedAtMs === null) continue;
    const atMs = wire.servedAtMs;
    // What the owner has just done at the exchange nobody knows yet.
    if (isOwnersHandIn(history, null, atMs - DECISION_AGE_MS, atMs)) continue;
    const sent = openedE8(send);
    const isBuy = wire.params.text('side') === 'BUY';
    const caps = minOf(loosestCaps(history, atMs), tightenedCaps(history, wire));
    let gross = 0;
    for (const name of quantityE8.keys()) {
      const held = quantityE8.get(name) ?? 0;
      const mine = name === symbol ? sent : 0;
      const up = Math.max(0, held) + (restingBuys.get(name) ?? 0) + (isBuy ? mine : 0);
      const down = Math.max(0, -held) + (restingSells.get(name) ?? 0) + (isBuy ? 0 : mine);
      const notional = Math.max(up, down) * UNIT * lowestMark(history, name, atMs, marks);
      gross += notional;
      if (name === symbol && notional > caps.symbol * TOLERANCE)
        breaches.push({
          code: 'cap/symbol',
          detail: `${wire.clientId} at ${at(atMs)}: ${symbol} ${Math.round(notional)} USDT of ${caps.symbol}`,
        });
    }
    if (gross > caps.gross * TOLERANCE)
      breaches.push({
        code: 'cap/gross',
        detail: `${wire.clientId} at ${at(atMs)}: ${Math.round(gross)} USDT of ${caps.gross}`,
      });
    const notional = sent * UNIT * lowestMark(history, symbol, atMs, marks);
    if (notional > caps.order * TOLERANCE)
      breaches.push({
        code: 'cap/order',
        detail: `${wire.clientId} at ${at(atMs)}: ${Math.round(notional)} USDT of ${caps.order}`,
      });
  }
  return breaches;
}

/** The quantity that a request opens; what an amended order has filled is held already. */
export function openedE8({ executed, wire }: SendRecord): number {
  return Math.max(0, readE8(wire.params.text('quantity') ?? '0') - executed);
}

/** What is held and rests on the side of an opening as it is sent, whoever's, and the opening itself, USDT. */
export function openedBy(send: SendRecord, mark: number): { readonly beside: number; readonly own: number } {
  const { quantityE8, restingBuys, restingSells, symbol, wire } = send;
  const isBuy = wire.params.text('side') === 'BUY';
  const held = (isBuy ? 1 : -1) * (quantityE8.get(symbol) ?? 0);
  const resting = (isBuy ? restingBuys : restingSells).get(symbol) ?? 0;
  return { beside: Math.max(0, held + resting) * UNIT * mark, own: openedE8(send) * UNIT * mark };
}

interface Caps {
  readonly order: number;
  readonly symbol: number;
  readonly gross: number;
}

/** Of the decision that sent it; an amend has one of its own, of which it is not told here. */
function tightenedCaps({ decisions }: History, { clientId, method, sentAtMs }: WireRecord): Caps | null {
  if (method !== 'POST') return null;
  const sending = [...decisions.values()].findLast(
    ({ atMs, event }) => atMs <= sentAtMs && event.orders.some((planned) => planned.client_order_id === clientId),
  );
  const budget = sending?.event.decision.budget?.budget;
  if (budget === undefined) return null;
  return {
    order: budget.order_notional_usdt,
    symbol: budget.symbol_notional_usdt,
    gross: budget.gross_notional_usdt,
  };
}

function minOf(a: Caps, b: Caps | null): Caps {
  if (b === null) return a;
  return {
    order: Math.min(a.order, b.order),
    symbol: Math.min(a.symbol, b.symbol),
    gross: Math.min(a.gross, b.gross),
  };
}

export function loosestCaps(history: History, atMs: number): Caps {
  const { policies } = history.world;
  let loosest = { order: 0, symbol: 0, gross: 0 };
  for (const [index, { policy }] of policies.entries()) {
    const untilMs = policies.find(({ mayWait }, later) => later > index && !mayWait)?.atMs ?? Number.POSITIVE_INFINITY;
    if (untilMs < atMs - DECISION_AGE_MS || (policies[index]?.atMs ?? 0) > atMs) continue;
    const { budgets } = policy.spec;
    loosest = {
      order: Math.max(loosest.order, budgets.order_notional_usdt),
      symbol: Math.max(loosest.symbol, budgets.symbol_notional_usdt),
      gross: Math.max(loosest.gross, budgets.gross_notional_usdt),
    };
  }
  return loosest;
}

export function lowestMark(
  history: History,
  symbol: string,
  atMs: number,
  atSend: ReadonlyMap<string, number>,
): number {
  return Math.min(...marksSeen(history, symbol, atMs, atSend));
}
/** Marks that the decision may have seen, those of the send among them: marks are noted at steps alone. */
export function marksSeen(
  { world }: History,
  symbol: string,
  atMs: number,
  atSend: ReadonlyMap<string, number>,
): readonly number[] {
  const noted = world.venue.marks.filter((entry) => entry.symbol === symbol && entry.atMs <= atMs);
  const since = noted.findLastIndex((entry) => entry.atMs < atMs - DECISION_AGE_MS);
  const seen = noted.slice(Math.max(0, since)).map(({ mark }) => mark);
  const last = atSend.get(symbol);
  return last === undefined ? seen : [...seen, last];
}

/** Orders stay below the venue's limit, counted as the venue counts. [EX-38] */
export function findOrderRateBreaches(history: History): readonly Breach[] {
  const windows = new Map<number, number>();
  for (const { path, method, servedAtMs } of history.world.wire.records) {
    if (path !== '/fapi/v1/order' || method === 'DELETE' || servedAtMs === null) continue;
    const slot = Math.floor((START_MS + servedAtMs) / WINDOW_MS);
    windows.set(slot, (windows.get(slot) ?? 0) + 1);
  }
  const worst = Math.max(0, ...windows.values());
  if (worst <= ORDERS_PER_10S) return [];
  const agents = new Set(history.world.calls.map((call) => call.agent));
  return [
    {
      code: 'order-limit',
      detail: `${worst} orders within 10 s, the venue takes ${ORDERS_PER_10S}; agents: ${[...agents].join(', ')}`,
    },
  ];
}
