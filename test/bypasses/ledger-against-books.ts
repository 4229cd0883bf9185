import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DecisionEvent, OrderEvent, OrderIntentEvent, PlannedOrder } from '../../daemon/engine/records/events.ts';
import { lotE8, readE8, rulesOf, tickE8 } from '../../daemon/engine/records/units.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { BookOrder, Books } from '../daemon/harness.ts';
import { grossUsdt, openOrders, worstUsdt } from './attempts.ts';
import type { KilledDaemon } from './killed-daemon.ts';
import { GROSS_CAP_USDT, SYMBOL_CAP_USDT } from './killed-policy.ts';

/** What the ledger's file says, read past the daemon. */
export interface LedgerTale {
  /** Orders of decisions, by client order id, as they were decided last. */
  readonly planned: ReadonlyMap<string, PlannedOrder>;
  /** Last thing that was recorded of each. */
  readonly outcome: ReadonlyMap<string, OrderEvent>;
  /** Decision ids by request id of the agent. */
  readonly byRequest: ReadonlyMap<string, readonly string[]>;
}

export function readLedger(world: KilledDaemon): LedgerTale {
  const planned = new Map<string, PlannedOrder>();
  const outcome = new Map<string, OrderEvent>();
  const byRequest = new Map<string, string[]>();
  const forms = new Map<string, OrderIntentEvent>();
  const reader = openLedgerReader(join(world.home, 'paper', 'ledger.db'));
  try {
    for (const { kind, payload } of reader.iterateEvents()) {
      if (kind === 'decision') {
        const event = payload as DecisionEvent;
        for (const order of event.orders) planned.set(order.client_order_id, order);
        takeAmend(event, forms);
        const id = event.request.request_id;
        if (id !== null && event.decision.kind === 'tool')
          byRequest.set(id, [...(byRequest.get(id) ?? []), event.decision.decision_id]);
      } else if (kind === 'order') {
        const event = payload as OrderEvent;
        outcome.set(event.client_order_id, event);
      } else if (kind === 'order_intent') settleAmend(payload as OrderIntentEvent, forms, planned);
    }
  } finally {
    reader.close();
  }
  return { planned, outcome, byRequest };
}

/** An amend is decided like an order, and is the order's form once it is proven. */
function takeAmend(event: DecisionEvent, forms: Map<string, OrderIntentEvent>): void {
  const { effective, kind } = event.decision;
  const id = event.request.client_order_id;
  if (kind !== 'tool' || effective?.action !== 'amend' || id === null) return;
  const { lots, price_ticks } = effective;
  const { rules } = event.context.market;
  if (rules === null || lots === null || price_ticks === null) return;
  const steps = rulesOf(rules);
  const form = { quantity_e8: lots * lotE8(steps), price_e8: price_ticks * tickE8(steps) };
  forms.set(id, { action: 'amend', client_order_id: id, ...form, reason: '' });
}
function settleAmend(
  event: OrderIntentEvent,
  forms: Map<string, OrderIntentEvent>,
  planned: Map<string, PlannedOrder>,
): void {
  const id = event.client_order_id;
  const [form, order] = [forms.get(id), planned.get(id)];
  if (event.action === 'amended' && form?.quantity_e8 != null && order !== undefined)
    planned.set(id, { ...order, quantity_e8: form.quantity_e8, price_e8: form.price_e8 });
  if (event.action === 'amended' || event.action === 'amend_failed') forms.delete(id);
}

const STATUS: Readonly<Record<string, string>> = {
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  FILLED: 'filled',
  NEW: 'working',
  PARTIALLY_FILLED: 'partially_filled',
};
const NOTHING_SENT: ReadonlySet<string> = new Set(['canceled', 'not_placed', 'rejected']);

const idOf = (order: BookOrder): string => String(order.client_order_id);

/** True of every instant, also while the daemon lies dead: nothing is at the exchange that no decision on disk asked for. */
export function everyOrderIsDecided(books: Books, ledger: LedgerTale): void {
  const ids = books.orders.map(idOf);
  assert.equal(new Set(ids).size, ids.length, `an order is at the exchange twice: ${ids.join(', ')}`);
  const slices = new Set<string>();
  for (const order of books.orders) {
    const planned = ledger.planned.get(idOf(order));
    assert.ok(planned !== undefined, `the exchange has ${idOf(order)}, which no decision on disk asked for`);
    assert.equal(planned.symbol, order.symbol, `${idOf(order)}: symbol`);
    assert.equal(planned.side.toUpperCase(), order.side, `${idOf(order)}: side`);
    assert.equal(planned.reduce_only, order.reduce_only, `${idOf(order)}: reduce-only`);
    if (planned.reduce_only) continue;
    // An exit may climb its ladder; an opening slice is sent once.
    const slice = idOf(order).replace(/-[0-9a-z]+$/, '');
    assert.ok(!slices.has(slice), `slice ${slice} was sent twice`);
    slices.add(slice);
  }
}

export function staysBelowTheCaps(books: Books): void {
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
    const worst = worstUsdt(books, symbol);
    assert.ok(worst <= SYMBOL_CAP_USDT, `${symbol} could hold ${worst} USDT`);
  }
  assert.ok(grossUsdt(books) <= GROSS_CAP_USDT, `the account could hold ${grossUsdt(books)} USDT`);
}

/** Once everything is known: the ledger says of every order what the exchange did, and of every other that it was not sent. */
export function ledgerTellsWhich(books: Books, ledger: LedgerTale): void {
  everyOrderIsDecided(books, ledger);
  const sent = new Map(books.orders.map((order) => [idOf(order), order]));
  for (const [id, planned] of ledger.planned) {
    const recorded = ledger.outcome.get(id);
    assert.ok(recorded !== undefined, `the ledger does not tell what became of ${id}`);
    const order = sent.get(id);
    if (order === undefined) {
      assert.ok(NOTHING_SENT.has(recorded.status), `${id} is ${recorded.status}; the exchange never had it`);
      assert.equal(recorded.executed_e8, 0, `${id}: executed lots of an order that was not placed`);
      continue;
    }
    assert.equal(recorded.status, STATUS[String(order.status)], `${id}: status`);
    assert.equal(recorded.executed_e8, readE8(String(order.executed_quantity)), `${id}: executed lots`);
    assert.equal(planned.quantity_e8, readE8(String(order.quantity)), `${id}: lots`);
  }
}

/** The daemon's views after recovery: what rests is reserved, nothing else is, and positions are the exchange's. */
export async function viewsEqualTheBooks(world: KilledDaemon, books: Books): Promise<void> {
  const resting = new Map(openOrders(books).map((order) => [idOf(order), order]));
  const live = await world.orders('?open=true');
  assert.deepEqual(live.map((order) => order.client_order_id).sort(), [...resting.keys()].sort(), 'live orders');
  for (const order of live) {
    const book = resting.get(order.client_order_id);
    const left = Number(book?.quantity) - Number(book?.executed_quantity);
    // An opening order counts at the mark or at its own price, whichever is more.
    const mark = books.positions.find((position) => position.symbol === order.symbol)?.mark_price;
    const worth = left * Math.max(Number(mark), Number(book?.price));
    const reserved = order.reserved_notional_usdt;
    assert.ok(Math.abs(reserved - worth) < 0.01, `${order.client_order_id}: ${reserved} USDT reserved for ${worth}`);
  }
  const held = books.positions.filter((position) => Number(position.quantity) !== 0);
  const shown = await world.positions();
  assert.deepEqual(
    shown.map((position) => [position.symbol, Number(position.quantity)]).sort(),
    held.map((position) => [position.symbol, Number(position.quantity)]).sort(),
    'positions',
  );
}
