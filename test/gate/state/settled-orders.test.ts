import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { OrderStatus } from '../../../daemon/gate/api/decisions.ts';
import type { DecisionEvent, GateEvent } from '../../../daemon/gate/events.ts';
import { KEEP_ENDED_MS, LOOK_AGAIN_MS, SETTLE_AFTER_MS } from '../../../daemon/gate/state/ended-orders.ts';
import { GateState } from '../../../daemon/gate/state/gate-state.ts';
import { GraphReader, writeGraph } from '../../../daemon/gate/state/graph-text.ts';
import { HashIndex } from '../../../daemon/gate/state/hash-index.ts';
import { keeps } from '../../../daemon/gate/state/keep.ts';
import { findNewest, newestFirst, type OrderState, planOrders } from '../../../daemon/gate/state/orders.ts';
import { SettledOrders } from '../../../daemon/gate/state/settled-orders.ts';
import { generatePlan } from '../../../scripts/explore/generate.ts';
import { playPlan } from '../../../scripts/explore/run-plan.ts';
import { World } from '../../../scripts/explore/world.ts';
import {
  BTC_RULES,
  DAY,
  decisionEvent,
  FoldedLedger,
  inLots,
  LOT_E8,
  orderEvent,
  T0,
  tradeEvent,
} from '../fold-fixture.ts';
import { FoldedClaims } from './folded-claims.ts';

class Kept {
  static {
    keeps(
      Kept,
      (view) => ({ held: view.held }),
      (kept) => new Kept(kept.held),
    );
  }
  readonly held: unknown;
  constructor(held: unknown) {
    this.held = held;
  }
}
const textOf = (held: object): string => [...writeGraph(held)].join('\n');
function readBack(state: GateState): GateState {
  const reader = new GraphReader();
  for (const line of writeGraph(state)) reader.take(line);
  return reader.root as GateState;
}

const OF_ORDERS = new Set(['orders', 'claims', 'changes', 'uncontained', 'readAs']);
const live = (state: GateState): readonly string[] =>
  [...state.orders.live.values()].flatMap((orders) => [...orders]).map(({ clientOrderId }) => clientOrderId);

/** Whatever can be asked of two states is answered alike; `ids`: of everything that was ever recorded. */
function assertSame(settling: GateState, plain: GateState, ids: Ids, when: string): void {
  const sorted = <T>(map: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const book of ['all', 'byDecision', 'byVenueId'] as const) {
    assert.deepEqual(sorted<unknown>(settling.orders[book]), sorted<unknown>(plain.orders[book]), `${when}: ${book}`);
    assert.equal(settling.orders[book].size, plain.orders[book].size, when);
    for (const [key] of plain.orders[book]) assert.ok(settling.orders[book].has(key), `${when}: ${book} ${key}`);
  }
  for (const id of ids.orders)
    assert.deepEqual(settling.orders.all.get(id), plain.orders.all.get(id), `${when}: ${id}`);
  for (const id of ids.decisions) {
    assert.deepEqual(settling.claims.find(id), plain.claims.find(id), `${when}: claim ${id}`);
    assert.deepEqual(settling.changes.find(id), plain.changes.find(id), `${when}: change ${id}`);
  }
  assert.deepEqual(live(settling), live(plain), when);
  const rest = (state: GateState) => new Kept(Object.entries(state).filter(([name]) => !OF_ORDERS.has(name)));
  assert.equal(textOf(rest(settling)), textOf(rest(plain)), when);
  for (const whose of [null, 'alice', 'bob']) {
    const isWanted = ({ agent }: Pick<OrderState, 'agent'>): boolean => whose === null || agent === whose;
    const newest = [...plain.orders.all.values()].filter(isWanted).sort(newestFirst);
    for (const count of [1, 3, 1_000])
      assert.deepEqual(findNewest(settling.orders, isWanted, count).slice(0, count), newest.slice(0, count), when);
  }
}

interface Ids {
  readonly orders: Set<string>;
  readonly decisions: Set<string>;
}
function noteIds(ids: Ids, event: GateEvent): void {
  if (event.kind === 'order') ids.orders.add(event.payload.client_order_id);
  if (event.kind !== 'decision') return;
  ids.decisions.add(event.payload.decision.decision_id);
  for (const { client_order_id } of event.payload.orders) ids.orders.add(client_order_id);
}

const SETTLE_AT_ONCE = 0;
function setBackEvent(atMs: number): Omit<Extract<GateEvent, { kind: 'state' }>, 'seq'> {
  const payload = {
    clears_at_ms: null,
    clears_when: '',
    layer: 'boot',
    name: null,
    reason: '',
    scope: 'account',
  } as const;
  return { kind: 'state', at_ms: atMs, payload: { ...payload, clock_set_back: true, set_by: 'test', state: 'active' } };
}

describe('SAE-AUDIT: settled orders', () => {
  for (const seed of [13, 48, 53]) {
    test(`say what objects would, through world ${seed} and what comes late`, async (t) => {
      const plan = generatePlan(seed);
      const world = new World(plan.seed, plan.setup);
      t.after(() => world.close());
      await playPlan(world, plan);
      const events = [...world.ledger.iterateEvents()].filter(({ kind }) => kind !== 'genesis');
      const plain = new GateState(Number.POSITIVE_INFINITY);
      let settling = new GateState(SETTLE_AT_ONCE);
      const ids: Ids = { orders: new Set(), decisions: new Set() };
      let seq = 0;
      let most = 0;
      const apply = (event: GateEvent, when: string | null): void => {
        seq = event.seq;
        noteIds(ids, event);
        plain.apply(event);
        settling.apply(event);
        most = Math.max(most, [...settling.orders.settled.numbers()].length);
        if (when === null) return;
        assertSame(settling, plain, ids, when);
        settling = readBack(settling);
      };
      for (const [i, event] of events.entries())
        apply(event as unknown as GateEvent, i % 9 === 0 ? `record ${event.seq} (${event.kind})` : null);
      assert.ok(most > 0, 'some are settled');
      const nowMs = plain.latestEventAtMs;
      const late = (event: Omit<GateEvent, 'seq'>, when: string): void =>
        apply({ ...event, seq: seq + 1 } as GateEvent, when);
      const { held } = settling.orders.all;
      const someIds = [...plain.orders.all.keys()].filter((id) => !held.has(id)).slice(0, 12);
      assert.ok(someIds.length > 2, 'late words are of settled orders');
      for (const [i, id] of someIds.entries()) {
        const order = plain.orders.all.get(id)!;
        const { symbol, venueOrderId: venue_order_id } = order;
        const executed_lots = inLots(order.executedE8) + 1;
        if (i % 3 === 0)
          late(orderEvent(id, nowMs, { status: 'filled', executed_lots, venue_order_id }), `a word on ${id}`);
        if (i % 3 === 1) late(tradeEvent(`late-${i}`, id, nowMs, { symbol, lots: 1 }), `a trade of ${id}`);
      }
      assert.ok(!settling.orders.settled.isEmpty, 'some stay settled');
      for (const rules of [...plain.rules.values()])
        late(
          { kind: 'rules', at_ms: nowMs, payload: { rules: { ...rules, lotScale: rules.lotScale * 10 } } } as never,
          'rules',
        );
      const tick = (atMs: number): Omit<GateEvent, 'seq'> =>
        ({ kind: 'alert', at_ms: atMs, payload: { code: 'T', detail: '', severity: 'info' } }) as never;
      late(tick(nowMs), 'settled again');
      assert.ok(!settling.orders.settled.isEmpty, 'some are settled when the clock is set back');
      // To before all of it: every time of every order moves.
      const backMs = nowMs - DAY;
      late(setBackEvent(backMs), 'the clock was set back');
      // Each order leaves at its time.
      for (const afterMs of [60_000, KEEP_ENDED_MS - 1, KEEP_ENDED_MS, KEEP_ENDED_MS + 60_000])
        late(tick(backMs + afterMs), `${afterMs} ms after that`);
    });
  }

  test('are settled so long after their end: before, at, after', () => {
    for (const [ageMs, held] of [
      [SETTLE_AFTER_MS - 1, 1],
      [SETTLE_AFTER_MS, 0],
      [SETTLE_AFTER_MS + 1, 0],
    ] as const) {
      const ledger = filledOrders(1);
      ledger.append({ kind: 'alert', at_ms: T0 + 10 + ageMs, payload: { code: 'T', detail: '', symbol: null } });
      assert.equal(ledger.state.orders.all.held.size, held, `${ageMs} ms after its end`);
      assert.ok(ledger.state.orders.all.has('o-0'));
    }
  });

  test('whose trades came late, or that something late was heard of, are looked at once more: before, at, after', () => {
    const untilMs = T0 + 10 + SETTLE_AFTER_MS + LOOK_AGAIN_MS;
    for (const [atMs, held] of [
      [untilMs - 1, ['o-0', 'o-1']],
      [untilMs, []],
      [untilMs + 1, []],
    ] as const) {
      const ledger = filledOrders(2, ['o-1']);
      const tick = (tickMs: number): void =>
        void ledger.append({ kind: 'alert', at_ms: tickMs, payload: { code: 'T', detail: '', symbol: null } });
      tick(T0 + 10 + SETTLE_AFTER_MS);
      assert.deepEqual([...ledger.state.orders.all.held.keys()], ['o-1']);
      ledger.append(tradeEvent('t-1', 'o-1', T0 + 20 + SETTLE_AFTER_MS));
      ledger.append(orderEvent('o-0', T0 + 20 + SETTLE_AFTER_MS, { status: 'filled', executed_lots: 10 }));
      assert.deepEqual([...ledger.state.orders.all.held.keys()].sort(), ['o-0', 'o-1']);
      tick(atMs);
      assert.deepEqual([...ledger.state.orders.all.held.keys()].sort(), held, `${atMs - T0}`);
      assert.equal(readBack(ledger.state).orders.all.held.size, held.length);
    }
  });

  test('are not looked at a third time, nor because the views were read from a checkpoint', () => {
    const ledger = filledOrders(1, ['o-0']);
    const tick = { kind: 'alert', payload: { code: 'T', detail: '', symbol: null } } as const;
    const lateMs = T0 + 10 + SETTLE_AFTER_MS + LOOK_AGAIN_MS;
    ledger.append({ ...tick, at_ms: lateMs });
    const { seq } = ledger.append(tradeEvent('t-0', 'o-0', lateMs + 1));
    for (const state of [ledger.state, readBack(ledger.state)]) {
      state.apply({ ...tick, at_ms: lateMs + DAY, seq: seq + 1 } as never);
      assert.deepEqual([...state.orders.all.held.keys()], ['o-0']);
    }
  });

  test('of which trades are not read yet stay objects, and so do all orders of their decision', () => {
    const ledger = new FoldedLedger();
    ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    const orders = ['o-1', 'o-2'].map((id) => ({ client_order_id: id }));
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders }));
    ledger.append(orderEvent('o-1', T0 + 1, { status: 'canceled' }));
    ledger.append(orderEvent('o-2', T0 + 2, { status: 'filled', executed_lots: 10 }));
    readAccount(ledger, T0 + 3);
    ledger.append({ kind: 'alert', at_ms: T0 + DAY, payload: { code: 'T', detail: '', symbol: null } });
    assert.deepEqual([...ledger.state.orders.all.held.keys()], ['o-1', 'o-2']);
  });

  test('leave at their time though the claim of their exit stays longer, and it leaves at its own', () => {
    const endedMs = T0 + 5_000;
    const { ledger } = filledExit(endedMs);
    const tick = (atMs: number): void =>
      void ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'T', detail: '', symbol: null } });
    const { claims, orders } = ledger.state;
    tick(T0 + DAY);
    assert.equal(orders.all.held.size, 0);
    for (const [atMs, hasOrder, hasClaim] of [
      [T0 + KEEP_ENDED_MS - 1, true, true],
      [T0 + KEEP_ENDED_MS, false, true],
      [endedMs + KEEP_ENDED_MS - 1, false, true],
      [endedMs + KEEP_ENDED_MS, false, false],
    ] as const) {
      tick(atMs);
      const found = [orders.all.has('c-1'), orders.byDecision.has('d-c-1'), claims.find('d-c-1') !== null];
      assert.deepEqual(found, [hasOrder, hasOrder, hasClaim], `${atMs - T0}`);
      assert.deepEqual([...orders.all.keys()], hasOrder ? ['o-1', 'c-1'] : []);
    }
  });

  test('stay objects while the claim of their exit is open, or ended too short a while ago', () => {
    const atMs = T0 + SETTLE_AFTER_MS;
    for (const [endedMs, isHeld] of [
      [null, true],
      [T0 + 1, true],
      [T0, false],
    ] as const) {
      const { ledger } = filledExit(endedMs);
      ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'T', detail: '', symbol: null } });
      assert.equal(ledger.state.orders.all.held.has('c-1'), isHeld, `${endedMs}`);
    }
  });

  test('of a change that is kept stay objects: it says what became of them', () => {
    const ledger = filledOrders(1);
    const effective = { action: 'cancel', client_order_id: 'o-0' } as never;
    const cancel = decisionEvent({
      id: 'd-9',
      atMs: T0 + 20,
      effective,
      orders: [],
      request: { client_order_id: 'o-0' },
    });
    ledger.append(cancel);
    ledger.append({ kind: 'alert', at_ms: T0 + DAY, payload: { code: 'T', detail: '', symbol: null } });
    assert.equal(ledger.state.changes.find('d-9')?.orders[0], ledger.state.orders.all.held.get('o-0'));
    assert.ok(ledger.state.orders.all.held.has('o-0'));
  });

  test('say what objects would where there are hundreds of them, until the last has left', () => {
    const plain = new GateState(Number.POSITIVE_INFINITY);
    let settling = new GateState();
    const ids: Ids = { orders: new Set(), decisions: new Set() };
    const { events } = filledOrders(300, [], 60_000);
    const apply = (event: GateEvent): void => {
      noteIds(ids, event);
      plain.apply(event);
      settling.apply(event);
    };
    const compare = (when: string): void => {
      assertSame(settling, plain, ids, when);
      settling = readBack(settling);
    };
    let seq = 0;
    for (const event of events) {
      seq = event.seq;
      apply(event);
    }
    const late = (event: Omit<GateEvent, 'seq'>): void => apply({ ...event, seq: ++seq } as GateEvent);
    const tick = (atMs: number): void =>
      late({ kind: 'alert', at_ms: atMs, payload: { code: 'T', detail: '', symbol: null } } as never);
    const endMs = events.at(-1)!.at_ms;
    tick(endMs + DAY);
    assert.equal(settling.orders.all.held.size, 0, 'all are settled');
    compare('all are settled');
    // Of every block, also of those that were packed.
    for (const i of [0, 1, 63, 64, 65, 127, 200, 255, 256, 290, 299])
      late(tradeEvent(`late-${i}`, `o-${i}`, endMs + DAY, { lots: 1 }));
    assert.equal(settling.orders.all.held.size, 11, 'a late word brings objects back');
    compare('something late was heard of some');
    // Each leaves at its time: that of each block, and of each order around the end of one.
    for (const i of [0, 1, 30, 62, 63, 64, 65, 126, 127, 128, 200, 298, 299]) {
      tick(T0 + 60_000 * i + 10 + KEEP_ENDED_MS - 1);
      compare(`before order ${i} leaves`);
      tick(T0 + 60_000 * i + 10 + KEEP_ENDED_MS);
      compare(`order ${i} has left`);
    }
    tick(endMs + DAY + KEEP_ENDED_MS);
    compare('all have left');
    assert.equal(plain.orders.all.size, 0);
    assert.ok(settling.orders.settled.isEmpty);
  });

  test('take less than 120 characters each', () => {
    const COUNT = 500;
    const ledger = filledOrders(COUNT);
    ledger.append({ kind: 'alert', at_ms: T0 + DAY, payload: { code: 'T', detail: '', symbol: null } });
    const { orders } = ledger.state;
    assert.deepEqual([orders.all.held.size, orders.byDecision.held.size, orders.byVenueId.held.size], [0, 0, 0]);
    assert.equal(orders.all.size, COUNT);
    const settled = textOf(orders.settled).length / COUNT;
    assert.ok(settled < 120, `${settled} bytes an order`);
  });

  test('are read as copies that nobody can change', () => {
    const ledger = filledOrders(2);
    ledger.append({ kind: 'alert', at_ms: T0 + DAY, payload: { code: 'T', detail: '', symbol: null } });
    const order = ledger.state.orders.all.get('o-1')!;
    assert.throws(() => {
      order.executedE8 = 0;
    }, TypeError);
    assert.equal(ledger.state.orders.byVenueId.get('BTCUSDT v-o-1'), order, 'asked for twice, it is one object');
  });

  test('are not taken where a text would not give back the same bits', () => {
    const build = (change: Partial<OrderState>): OrderState =>
      Object.assign(
        planOrders(
          decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }).payload as DecisionEvent,
          T0,
        )[0]!,
        { status: 'canceled' as OrderStatus, sentAtMs: T0 + 1, updatedAtMs: T0 + 5, ...change },
      );
    const take = (order: OrderState): boolean =>
      new SettledOrders().add({ decisionId: 'd-1', orders: [order], claim: null }) !== null;
    assert.ok(take(build({})));
    assert.ok(take(build({ detail: 'words "in" quotes \u2028', averagePrice: 0.1 + 0.2, tradedUsdtE8: 5e-324 })));
    const odd: readonly Partial<OrderState>[] = [
      { tradedUsdtE8: -0 },
      { averagePrice: Number.NaN },
      { feesUsdt: Number.POSITIVE_INFINITY },
      { updatedAtMs: 0.1 },
      { decisionId: 'd-2' },
      { detail: undefined as unknown as null },
    ];
    for (const change of odd) assert.ok(!take(build(change)), JSON.stringify(change));
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.string(), (price, usdt, detail) => {
        const settled = new SettledOrders();
        const order = build({ averagePrice: price, tradedUsdtE8: usdt, detail });
        const number = settled.add({ decisionId: 'd-1', orders: [order], claim: null });
        if (number === null) return Object.is(price, -0) || Object.is(usdt, -0) || !Number.isFinite(price + usdt);
        assert.deepEqual(settled.take(number).orders, [order]);
        return settled.isEmpty;
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('keep no shared text that no row uses', () => {
    const settled = new SettledOrders();
    const orders = planOrders(
      decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }).payload as DecisionEvent,
      T0,
    );
    const number = settled.add({ decisionId: 'd-1', orders, claim: null })!;
    assert.equal([...settled.named()].length, 1);
    settled.dropOrder(number);
    assert.equal([...settled.named()].length, 0);
    assert.equal(settled.find('client', 'o-1'), null);
  });
});

const toLast = (hash: number): number => (hash > 3 ? 57 + hash : hash);
test('an index of hashes finds all rows of a hash, also of equal ones, after rows were dropped, and read back', () => {
  fc.assert(
    // Of the last slots there are at first, they go on among the first ones.
    fc.property(
      fc.array(fc.integer({ min: -6, max: 6 }).map(toLast), { maxLength: 300, size: 'max' }),
      fc.nat(300),
      (hashes, from) => {
        const index = new HashIndex();
        for (const [row, hash] of hashes.entries()) index.add(hash, row);
        index.dropBefore(from);
        const reader = new GraphReader();
        for (const line of writeGraph(index)) reader.take(line);
        for (const known of [index, reader.root as HashIndex])
          for (const hash of [-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 59, 62, 63, 64])
            assert.deepEqual(
              [...known.find(hash)],
              hashes.flatMap((one, row) => (one === hash && row >= from ? [row] : [])),
            );
      },
    ),
    { seed: 3, numRuns: 200 },
  );
});

function readAccount(ledger: FoldedLedger, atMs: number): void {
  const sums = { available_usdt: 1e5, initial_margin_usdt: 0, maintenance_margin_usdt: 0, margin_balance_usdt: 1e5 };
  const payload = { ...sums, leverage: {}, margin_ratio: 0, positions: [], requested_at_ms: atMs, wallet_usdt: 1e5 };
  ledger.append({ kind: 'account', at_ms: atMs, payload });
}

/** An opening and its exit, both filled at `T0` with their trades; null: the claim of the exit is open. */
function filledExit(endedMs: number | null): FoldedClaims {
  const book = new FoldedClaims();
  const { ledger } = book;
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10);
  ledger.append(tradeEvent('t-1', 'o-1', T0));
  book.exit('c-1', 10);
  book.report('c-1', 'filled', 10);
  ledger.append(tradeEvent('t-2', 'c-1', T0, { side: 'sell' }));
  const ended = {
    action: 'ended',
    decision_id: 'd-c-1',
    detail: '',
    filled_e8: 10 * LOT_E8,
    reason: 'filled',
  } as const;
  const end = (atMs: number): void => void ledger.append({ kind: 'exit_target', at_ms: atMs, payload: ended });
  if (endedMs === T0) end(T0);
  book.read(0, T0 + 1);
  if (endedMs !== null && endedMs > T0) end(endedMs);
  return book;
}

/** Orders that filled at `T0 + 10`, each so much later than the one before, with their trades but for those of `untold`. */
function filledOrders(count: number, untold: readonly string[] = [], everyMs = 0): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const acts: { readonly atMs: number; readonly run: () => unknown }[] = [];
  for (let i = 0; i < count; i += 1) {
    const atMs = T0 + i * everyMs;
    const agent = i % 50 < 20 ? 'bob' : 'alice';
    const filled = { status: 'filled', executed_lots: 10, average_price: 60_000.1 } as const;
    const orders = [{ client_order_id: `o-${i}` }];
    acts.push({ atMs, run: () => ledger.append(decisionEvent({ id: `d-${i}`, atMs, agent, orders })) });
    acts.push({ atMs: atMs + 10, run: () => ledger.append(orderEvent(`o-${i}`, atMs + 10, filled)) });
    if (!untold.includes(`o-${i}`))
      acts.push({ atMs: atMs + 10, run: () => ledger.append(tradeEvent(`t-${i}`, `o-${i}`, atMs + 10)) });
    acts.push({ atMs: atMs + 11, run: () => readAccount(ledger, atMs + 11) });
  }
  // As they happen.
  for (const { run } of acts.sort((a, b) => a.atMs - b.atMs)) run();
  return ledger;
}
