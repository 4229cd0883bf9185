import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SeenIds } from '../../../daemon/engine/kept/collections.ts';
import {
  createOrderBook,
  EndedOrders,
  isTerminal,
  KEEP_ENDED_MS,
  type OrderBook,
  type OrderState,
  planOrders,
} from '../../../daemon/engine/orders/orders.ts';
import type { DecisionEvent, OrderStatus } from '../../../daemon/engine/records/decisions.ts';
import type { SignalEvent } from '../../../daemon/engine/records/people-events.ts';
import { KEEP_UNPROVEN_MS } from '../../../daemon/engine/state/views.ts';
import { forAll } from '../../for-all.ts';
import { BTC_RULES, DAY, decisionEvent, FoldedLedger, inLots, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

const STATUSES: readonly OrderStatus[] = ['working', 'unknown', 'filled', 'canceled', 'expired', 'rejected'];

function ledgerWithRules(): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  return ledger;
}
/** An event that concerns no order: time passes. */
function tick(ledger: FoldedLedger, atMs: number): void {
  ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'TEST', detail: '', symbol: null } });
}

describe('SAE-AUDIT: views forget what can no longer matter, as a function of the events alone', () => {
  it('keeps an ended order for its whole time: before, at, after', () => {
    for (const [ageMs, isKept] of [
      [KEEP_UNPROVEN_MS - 1, true],
      [KEEP_UNPROVEN_MS, false],
      [KEEP_UNPROVEN_MS + 1, false],
    ] as const) {
      const ledger = ledgerWithRules();
      ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
      ledger.append(orderEvent('o-1', T0 + 1_000, { status: 'filled', executed_lots: 10 }));
      ledger.append(tradeEvent('t-1', 'o-1', T0 + 1_000));
      tick(ledger, T0 + 1_000 + ageMs);
      const { orders } = ledger.state;
      const found = [orders.all.has('o-1'), orders.byDecision.has('d-1'), orders.byVenueId.has('BTCUSDT v-o-1')];
      assert.deepEqual(found, [isKept, isKept, isKept], `${ageMs} ms after its end`);
      assert.equal(inLots(ledger.state.position('BTCUSDT').quantityE8), 10, 'what it filled stays');
    }
  });

  it('keeps each ended order for its own time when one before it lives again, or the clock is set back', () => {
    const build = (id: string): OrderState => {
      const [order] = planOrders(
        decisionEvent({ id: `d-${id}`, atMs: T0, orders: [{ client_order_id: id }] }).payload as DecisionEvent,
        T0,
      );
      assert.ok(order !== undefined);
      return Object.assign(order, { status: 'canceled' });
    };
    const [a, b, c] = [build('o-1'), build('o-2'), build('o-3')];
    const left = (change: (ended: EndedOrders, book: OrderBook) => void, nowMs: number): readonly string[] => {
      const book = createOrderBook();
      for (const order of [a, b, c]) {
        book.all.set(order.clientOrderId, order);
        book.byDecision.set(order.decisionId ?? '', [order]);
      }
      const ended = new EndedOrders();
      ended.add(a, T0 + 1);
      ended.add(b, T0 + 2);
      ended.add(c, T0 + 3);
      change(ended, book);
      ended.dropOld(book, nowMs + KEEP_ENDED_MS, () => true);
      return [...book.all.keys()];
    };
    assert.deepEqual(
      left(() => {}, T0 + 1),
      ['o-2', 'o-3'],
    );
    const revive = (ended: EndedOrders): void => ended.remove(a);
    assert.deepEqual(left(revive, T0 + 1), ['o-1', 'o-2', 'o-3'], 'what lives stays, and the others are not older');
    assert.deepEqual(left(revive, T0 + 2), ['o-1', 'o-3']);
    const dropAndRevive = (ended: EndedOrders, book: OrderBook): void => {
      ended.dropOld(book, T0 + 1 + KEEP_ENDED_MS, () => true);
      ended.remove(c);
    };
    assert.deepEqual(left(dropAndRevive, T0 + 1), ['o-2', 'o-3'], 'one has left, the next is not older for it');
    assert.deepEqual(left(dropAndRevive, T0 + 2), ['o-3']);
  });

  it('never forgets what may still fill, however old, and drops a decision whole', () => {
    const ledger = ledgerWithRules();
    const orders = ['o-1', 'o-2', 'o-3'].map((id) => ({ client_order_id: id }));
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders }));
    ledger.append(orderEvent('o-1', T0 + 1, { status: 'canceled' }));
    ledger.append(orderEvent('o-2', T0 + 2, { status: 'unknown' }));
    ledger.append(orderEvent('o-3', T0 + 3, { status: 'filled', executed_lots: 10 }));
    ledger.append(tradeEvent('t-3', 'o-3', T0 + 3));
    tick(ledger, T0 + 300 * DAY);
    assert.deepEqual([...ledger.state.orders.all.keys()], ['o-1', 'o-2', 'o-3'], 'one of them is not known');
    ledger.append(orderEvent('o-2', T0 + 301 * DAY, { status: 'canceled' }));
    tick(ledger, T0 + 301 * DAY + KEEP_UNPROVEN_MS - 1);
    assert.equal(ledger.state.orders.all.size, 3, 'the last of them has just ended');
    // It is looked at every two hours.
    tick(ledger, T0 + 301 * DAY + KEEP_UNPROVEN_MS + KEEP_ENDED_MS);
    assert.equal(ledger.state.orders.all.size, 0, 'all of them are over');
    assert.equal(ledger.state.orders.byDecision.size, 0, 'and so is the decision');
  });

  it('keeps an order until its trades are read, as long as the exchange may tell of them', () => {
    for (const [readAfterDays, isKept] of [
      [8, true],
      [89, true],
      [91, false],
    ] as const) {
      const ledger = ledgerWithRules();
      ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
      ledger.append(orderEvent('o-1', T0, { status: 'filled', executed_lots: 10 }));
      tick(ledger, T0 + readAfterDays * DAY);
      const { orders } = ledger.state;
      assert.equal(orders.all.has('o-1'), isKept, `${readAfterDays} days`);
      assert.equal(ledger.refold().orders.byVenueId.has('BTCUSDT v-o-1'), isKept, 'the same after a restart');
      ledger.append(tradeEvent('t-1', 'o-1', T0));
      tick(ledger, T0 + readAfterDays * DAY + KEEP_UNPROVEN_MS);
      assert.equal(orders.all.has('o-1'), false, 'then it leaves');
    }
  });

  it('keeps the same orders after a restart; whatever is live is there, whatever is gone had ended', () => {
    const step = fc.record({
      stepMs: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 4 * DAY })),
      order: fc.integer({ min: 0, max: 11 }),
      status: fc.constantFrom(...STATUSES),
      executed: fc.integer({ min: 0, max: 10 }),
    });
    forAll([fc.array(step, { maxLength: 60 })], { seed: 21, numRuns: 150 }, (steps) => {
      const ledger = ledgerWithRules();
      const planned = new Set<number>();
      const ended = new Set<string>();
      let now = T0;
      for (const { stepMs, order, status, executed } of steps) {
        now += stepMs;
        const decision = Math.floor(order / 3);
        if (!planned.has(decision)) {
          planned.add(decision);
          const orders = [0, 1, 2].map((slice) => ({ client_order_id: `o-${decision * 3 + slice}` }));
          ledger.append(decisionEvent({ id: `d-${decision}`, atMs: now, orders }));
        }
        if (isTerminal({ status })) ended.add(`o-${order}`);
        ledger.append(orderEvent(`o-${order}`, now, { status, executed_lots: executed }));
        const again = ledger.refold();
        const { orders } = ledger.state;
        assert.deepEqual([...again.orders.all.keys()], [...orders.all.keys()], 'the same orders after a restart');
        assert.deepEqual([...again.orders.byVenueId.keys()], [...orders.byVenueId.keys()], 'the same venue ids');
        assert.equal(
          inLots(again.position('BTCUSDT').quantityE8),
          inLots(ledger.state.position('BTCUSDT').quantityE8),
          'the same position',
        );
        for (const live of orders.live.get('BTCUSDT') ?? [])
          assert.equal(orders.all.get(live.clientOrderId), live, `${live.clientOrderId} is live and forgotten`);
        for (const known of planned)
          for (const id of [0, 1, 2].map((slice) => `o-${known * 3 + slice}`))
            assert.ok(orders.all.has(id) || ended.has(id), `${id} is gone and had not ended`);
      }
    });
  });

  it('takes a trade in once, also when its page comes again a month later', () => {
    const ledger = ledgerWithRules();
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
    ledger.append(orderEvent('o-1', T0 + 10, { status: 'filled', executed_lots: 10 }));
    ledger.append(tradeEvent('t-1', 'o-1', T0 + 10));
    const fees = ledger.state.pacing.account.fees.sum(T0 + 20);
    ledger.append(tradeEvent('t-1', 'o-1', T0 + 10));
    assert.equal(ledger.state.pacing.account.fees.sum(T0 + 20), fees, 'the fee is counted once');
    tick(ledger, T0 + 30 * DAY);
    assert.equal(ledger.state.seenTrades.has('BTCUSDT', 't-1'), true, 'the newest trade is what pages begin at');
  });

  it('keeps an id at most so much older than the newest of its scope: before, at, after', () => {
    for (const [ageMs, isKept] of [
      [999, true],
      [1_000, true],
      [1_001, false],
    ] as const) {
      const seen = new SeenIds(1_000);
      assert.equal(seen.add('BTCUSDT', 'a', T0), true);
      assert.equal(seen.add('BTCUSDT', 'a', T0), false, 'known');
      seen.add('ETHUSDT', 'b', T0 + 50_000);
      seen.add('BTCUSDT', 'c', T0 + ageMs);
      assert.equal(seen.has('BTCUSDT', 'a'), isKept, `${ageMs} ms older than the newest`);
      assert.equal(seen.has('ETHUSDT', 'b'), true, 'scopes do not touch each other');
    }
  });

  it('takes a transfer in once, and forgets signals that expired a day ago', () => {
    const ledger = ledgerWithRules();
    const payload = { amount_usdt: 500, at_venue_ms: T0, transfer_id: 'x-1' };
    for (let i = 0; i < 2; i += 1) ledger.append({ kind: 'transfer', at_ms: T0 + i, payload });
    assert.equal(ledger.state.equity.transfersUsdt, 500, 'one transfer');
    const signal = (id: string, expiresAtMs: number): SignalEvent => ({
      account: null,
      agent: null,
      evidence_hash: null,
      expires_at_ms: expiresAtMs,
      kind: 'injection',
      set_by: 'monitor',
      severity: 1,
      signal_id: id,
      symbol: null,
    });
    for (let hour = 0; hour < 100; hour += 1) {
      const now = T0 + 1 + hour * 3_600_000;
      ledger.append({ kind: 'signal', at_ms: now, payload: signal(`s-${hour}`, now + 1_800_000) });
      assert.deepEqual(ledger.state.activeSignals(now, 'main', 'alice', 'BTCUSDT'), ['injection']);
      assert.deepEqual(ledger.state.activeSignals(now + 1_800_000, 'main', 'alice', 'BTCUSDT'), []);
    }
    assert.equal(ledger.state.signals.size, 25, 'those of a day and the newest');
  });
});
