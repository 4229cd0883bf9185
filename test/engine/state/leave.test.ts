import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KEEP_ENDED_MS } from '../../../daemon/engine/orders/orders.ts';
import type { EvidenceKind, OrderEvent } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { fromRows, KEEP_UNPROVEN_MS } from '../../../daemon/engine/state/views.ts';
import { generatePlan } from '../../../scripts/explore/generate.ts';
import { playPlan } from '../../../scripts/explore/run-plan.ts';
import { World } from '../../../scripts/explore/world.ts';
import { BTC_RULES, DAY, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { accountEvent, FoldedClaims } from '../folded-claims.ts';
import { textOf } from '../text-of.ts';

const ENDED_MS = T0 + 10;
const tick = (ledger: FoldedLedger, atMs: number): void =>
  void ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'T', detail: '', symbol: null } });
const proof = (kind: EvidenceKind) => ({ evidence: { asked_seq: 1, kind } });

/** An order that ended as it is said, of which its trades are read; the account was read afterwards. */
function endedOrder(end: Partial<OrderEvent> & { readonly executed_lots?: number }, isTraded = true): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
  ledger.append(orderEvent('o-1', ENDED_MS, end));
  if (isTraded && end.executed_lots !== undefined) ledger.append(tradeEvent('t-1', 'o-1', ENDED_MS));
  ledger.append(accountEvent(end.executed_lots ?? 0, ENDED_MS + 1));
  return ledger;
}

describe('SAE-AUDIT: what has ended leaves the views once nothing more is heard of it', () => {
  test('two hours after an end that the venue has shown: before, at, after', () => {
    for (const [ageMs, isHeld] of [
      [KEEP_ENDED_MS - 1, true],
      [KEEP_ENDED_MS, false],
      [KEEP_ENDED_MS + 1, false],
    ] as const) {
      const ledger = endedOrder({ status: 'filled', executed_lots: 10, ...proof('shown') });
      tick(ledger, ENDED_MS + ageMs);
      const { all, byDecision, byVenueId } = ledger.state.orders;
      const found = [all.has('o-1'), byDecision.has('d-1'), byVenueId.has('BTCUSDT v-o-1')];
      assert.deepEqual(found, [isHeld, isHeld, isHeld], `${ageMs} ms after its end`);
      assert.equal(ledger.rows.length, isHeld ? 0 : 1);
    }
  });

  test('after seven days where more may be heard', () => {
    const cases: readonly (readonly [string, FoldedLedger, boolean])[] = [
      ['refused', endedOrder({ status: 'rejected', ...proof('answer') }), false],
      ['never sent', endedOrder({ status: 'canceled', venue_order_id: null, ...proof('unsent') }), false],
      ['absent', endedOrder({ status: 'canceled', ...proof('absent') }), true],
      ['of an older record', endedOrder({ status: 'canceled' }), true],
      ['without its trades', endedOrder({ status: 'filled', executed_lots: 10, ...proof('shown') }, false), true],
    ];
    for (const [what, ledger, isHeld] of cases) {
      tick(ledger, ENDED_MS + KEEP_ENDED_MS);
      tick(ledger, ENDED_MS + KEEP_UNPROVEN_MS - 1);
      assert.equal(ledger.state.orders.all.has('o-1'), isHeld, what);
    }
    for (const [what, ledger] of cases.slice(2, 4)) {
      // It is looked at every two hours.
      tick(ledger, ENDED_MS + KEEP_UNPROVEN_MS + KEEP_ENDED_MS);
      assert.ok(!ledger.state.orders.all.has('o-1'), `${what}: then it leaves`);
    }
  });

  test('with the other orders of its decision, and after its claim has ended', () => {
    const book = new FoldedClaims();
    const { ledger } = book;
    const end = (id: string, atMs: number, side: 'buy' | 'sell'): void => {
      ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: 10, ...proof('shown') }));
      ledger.append(tradeEvent(`t-${id}`, id, atMs, { side }));
    };
    book.open('o-1', 10);
    end('o-1', ENDED_MS, 'buy');
    book.exit('c-1', 10);
    end('c-1', ENDED_MS, 'sell');
    book.read(0, ENDED_MS + 1);
    tick(ledger, ENDED_MS + DAY);
    const { claims, orders } = ledger.state;
    assert.deepEqual([...orders.all.keys()], ['c-1'], 'the claim is open');
    const ended = {
      action: 'ended',
      decision_id: 'd-c-1',
      detail: 'x',
      filled_e8: 10 * LOT_E8,
      reason: 'filled',
    } as const;
    ledger.append({ kind: 'exit_target', at_ms: ENDED_MS + DAY, payload: ended });
    const claim = structuredClone(claims.find('d-c-1'));
    tick(ledger, ENDED_MS + DAY + KEEP_ENDED_MS);
    assert.deepEqual([orders.all.size, claims.find('d-c-1')], [0, null]);
    assert.deepEqual(fromRows(ledger.readEndedOrders({ decisionId: 'd-c-1' })).claim, claim);
    assert.equal(fromRows(ledger.readEndedOrders({ decisionId: 'd-o-1' })).claim, null);
  });

  test('and an intent of which nothing was filled is no duplicate afterwards either', () => {
    const isRepeated = (end: Parameters<typeof endedOrder>[0]): boolean => {
      const ledger = endedOrder(end);
      tick(ledger, ENDED_MS + DAY);
      const [parent] = ledger.events.flatMap((event) => (event.kind === 'decision' ? [event.payload.request] : []));
      const { agent, intent, order_type: orderType, quantity, requested_notional, side, symbol } = parent!;
      const ask = { agent, intent, orderType, side, size: { quantity, requested_notional }, symbol: symbol ?? '' };
      const { requests } = ledger.state;
      return (
        requests.findDuplicate(ask, ENDED_MS + DAY, 7 * DAY, { isAnswered: () => false, isUnfilled: () => false }) !==
        null
      );
    };
    assert.deepEqual(
      [
        isRepeated({ status: 'filled', executed_lots: 10, ...proof('shown') }),
        isRepeated({ status: 'canceled', ...proof('shown') }),
      ],
      [true, false],
    );
  });

  for (const seed of [13, 48, 53]) {
    test(`and no other view notices, through world ${seed} with half a day in the middle of it`, async (t) => {
      const plan = generatePlan(seed);
      const world = new World(plan.seed, plan.setup);
      t.after(() => world.close());
      await playPlan(world, plan);
      const records = [...world.ledger.iterateEvents()].filter(({ kind }) => kind !== 'genesis');
      const [leaving, staying] = [new GateState(), new GateState()];
      staying.orders.ended.dropOld = () => [];
      let left = 0;
      for (const [i, record] of records.entries()) {
        const event = { ...record, at_ms: record.at_ms + (i < records.length / 2 ? 0 : DAY / 2) };
        left += leaving.apply(event as unknown as GateEvent).length;
        staying.apply(event as unknown as GateEvent);
        if (i % 9 === 0) assert.equal(othersOf(leaving), othersOf(staying), `record ${event.seq} (${event.kind})`);
      }
      assert.ok(left > 0, 'some have left');
      const live = (state: GateState) => [...state.orders.live.values()].flatMap((orders) => [...orders]);
      assert.deepEqual(live(leaving), live(staying));
      for (const [id, order] of leaving.orders.all) assert.deepEqual(order, staying.orders.all.get(id));
    });
  }
});

/** All views but those of orders, as a checkpoint has them. `requests` note what has left. */
function othersOf(state: GateState): string {
  const OF_ORDERS = new Set(['orders', 'claims', 'changes', 'uncontained', 'readAs', 'requests']);
  return textOf(Object.fromEntries(Object.entries(state).filter(([name]) => !OF_ORDERS.has(name))));
}
