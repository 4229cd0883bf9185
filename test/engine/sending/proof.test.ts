import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ended } from '../../../daemon/driver/driver.ts';
import type { EvidenceKind, OrderEvent } from '../../../daemon/engine/records/decisions.ts';
import type { CancelOutcome, SubmitOutcome } from '../../../daemon/engine/records/venue.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { inLots, LOT_E8, orderEvent, TICK_E8 } from '../fold-fixture.ts';
import { settle } from '../manual-time.ts';
import { FAILED, found, HORIZON_MS, NOT_FOUND, ProofWorld, rejection, shown } from '../proof-fixture.ts';

const worlds: ProofWorld[] = [];
function start(): ProofWorld {
  const world = new ProofWorld();
  worlds.push(world);
  return world;
}
function restart(world: ProofWorld, downMs = 0): ProofWorld {
  const next = world.restart(downMs);
  worlds.push(next);
  return next;
}
afterEach(() => {
  for (const world of worlds.splice(0)) {
    const folded = new GateState();
    for (const event of world.events) folded.apply(event);
    assert.deepEqual(
      [...folded.orders.all.values()],
      [...world.core.state.orders.all.values()],
      'a restart sees the same',
    );
    world.stop();
  }
});
function later<T>(): { readonly promise: Promise<T>; end(value: T): void } {
  let end: (value: T) => void = () => undefined;
  return { promise: new Promise<T>((resolve) => (end = resolve)), end: (value) => end(value) };
}
const SELL = { side: 'sell', reduceOnly: true } as const;

const formOf = (lots: number, ticks: number) => ({ quantityE8: lots * LOT_E8, priceE8: ticks * TICK_E8 });

describe('a late answer to a request takes back nothing that was proven', () => {
  const UNKNOWN: SubmitOutcome = { kind: 'unknown', detail: 'timeout' };
  const REFUSED: SubmitOutcome = { kind: 'rejected', rejection: rejection() };
  const DUPLICATE: SubmitOutcome = { kind: 'accepted', order: null };
  const OLD: SubmitOutcome = { kind: 'accepted', order: shown('o-1', SELL) };

  for (const [name, report] of [
    ['working', shown('o-1', SELL)],
    ['partially_filled', shown('o-1', { ...SELL, status: 'partially_filled', executedLots: 3 })],
  ] as const)
    for (const [late, outcome] of [
      ['time-out', UNKNOWN],
      ['refusal', REFUSED],
      ['"duplicate"', DUPLICATE],
      ['older report', OLD],
    ] as const)
      it(`a POST's late ${late} of an order that a list showed ${name}`, async () => {
        const world = start();
        const answer = later<SubmitOutcome>();
        world.script.submit = () => answer.promise;
        world.script.list = () => [report];
        const { order, sent } = world.place('o-1');
        await world.time.advance(3_000);
        await world.core.run(world.feed.pollOrders(['BTCUSDT']));
        const before = [order.status, inLots(order.executedE8), world.events.length];
        assert.equal(order.status, name);
        await world.time.advance(7_000);
        answer.end(outcome);
        assert.equal((await sent).kind, 'accepted', 'whoever sent it is told that it was placed');
        await world.time.advance(60_000);
        assert.deepEqual([order.status, inLots(order.executedE8), world.events.length], before, 'nothing changed');
        assert.deepEqual([world.lookups, world.isReducing()], [0, false], 'nobody looks for it, nobody else suffers');
      });

  for (const [name, report] of [
    ['filled', { status: 'filled', executedLots: 10 }],
    ['canceled', { status: 'canceled', executedLots: 2 }],
  ] as const)
    it(`a POST's late time-out of an order that a lookup showed ${name}`, async () => {
      const world = start();
      const answer = later<SubmitOutcome>();
      world.script.submit = () => answer.promise;
      const { order, sent } = world.place('o-1');
      const proof = world.proof;
      proof.adopt(order, shown('o-1', { ...SELL, ...report }), proof.ask());
      const before = world.events.length;
      answer.end(UNKNOWN);
      await sent;
      await world.time.advance(60_000);
      assert.deepEqual([order.status, inLots(order.executedE8)], [name, report.executedLots]);
      assert.deepEqual([world.events.length, world.isReducing()], [before, false]);
    });

  it('a POST that nothing was seen of is unknown, and is looked for', async () => {
    const world = start();
    const { order, sent } = world.place('o-1');
    assert.equal((await sent).kind, 'unknown');
    assert.deepEqual([order.status, world.isReducing()], ['unknown', true]);
    world.script.lookup = () => found('o-1', SELL);
    await world.time.advance(250);
    assert.deepEqual([order.status, world.isReducing()], ['working', false]);
  });

  it('an order that is unknown is known as soon as a list shows it, while lookups fail', async () => {
    const world = start();
    const { order, sent } = world.place('o-1');
    await sent;
    world.script.list = () => [shown('o-1', SELL)];
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.equal(order.status, 'working');
    await world.time.advance(5_000);
    assert.equal(world.isReducing(), false, 'its symbol is open again');
  });
});

describe('an amend is proven by the form that the venue shows', () => {
  const started = async (): Promise<{
    world: ProofWorld;
    end: (outcome: SubmitOutcome) => void;
    sent: Promise<unknown>;
  }> => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    const answer = later<SubmitOutcome>();
    world.script.amend = () => answer.promise;
    const decided = world.decide({
      id: 'd-2',
      request: { client_order_id: 'o-1', intent: 'modify' },
      effective: { action: 'amend', lots: 6, price_ticks: 610_000, leverage: null },
      orders: [],
    });
    return { world, end: answer.end, sent: world.core.run(world.sender.sendAmend(world.order('o-1'), decided)) };
  };
  const NEW = shown('o-1', { ...SELL, lots: 6, priceTicks: 610_000 });
  const form = (world: ProofWorld) => {
    const { quantityE8, priceE8, amend } = world.order('o-1');
    return [inLots(quantityE8), (priceE8 ?? 0) / TICK_E8, amend];
  };
  const change = (world: ProofWorld) => world.core.state.changes.find('d-2');

  for (const outcome of [
    { kind: 'unknown', detail: 'timeout' },
    { kind: 'rejected', rejection: rejection() },
  ] as const)
    it(`so that a late "${outcome.kind}" changes nothing`, async () => {
      const { world, end, sent } = await started();
      world.script.list = () => [NEW];
      await world.core.run(world.feed.pollOrders(['BTCUSDT']));
      assert.deepEqual(form(world), [6, 610_000, null]);
      const before = world.events.length;
      end(outcome);
      await sent;
      await world.time.advance(30_000);
      assert.deepEqual([world.events.length, world.isReducing()], [before, false]);
      assert.deepEqual([change(world)?.isSettled, change(world)?.refusal], [true, null]);
    });

  it('and one that has filled is no longer looked for', async () => {
    const { world, end, sent } = await started();
    world.script.list = () => [];
    world.script.lookup = () =>
      found('o-1', { ...SELL, lots: 6, priceTicks: 610_000, status: 'filled', executedLots: 6 });
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.deepEqual([world.order('o-1').status, ...form(world)], ['filled', 6, 610_000, null]);
    const before = world.events.length;
    end({ kind: 'unknown', detail: 'timeout' });
    await sent;
    await world.time.advance(30_000);
    assert.deepEqual([world.events.length, world.isReducing()], [before, false]);
  });

  it('and one that ended in its old form has failed, whatever the answer to it would have been', async () => {
    const { world, end, sent } = await started();
    world.script.list = () => [];
    world.script.lookup = () => found('o-1', { ...SELL, status: 'canceled' });
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.deepEqual([world.order('o-1').status, ...form(world)], ['canceled', 10, 600_000, null]);
    assert.equal(change(world)?.refusal, 'it is canceled already');
    end({ kind: 'unknown', detail: 'timeout' });
    await sent;
    assert.deepEqual([change(world)?.refusal, world.isReducing()], ['it is canceled already', false]);
  });

  it('not by its old form, until what was sent can no longer arrive, and not by one answer', async () => {
    const { world, end, sent } = await started();
    world.script.list = () => [shown('o-1', SELL)];
    world.script.lookup = () => found('o-1', SELL);
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.deepEqual(world.order('o-1').amend, formOf(6, 610_000));
    end({ kind: 'unknown', detail: '503' });
    await sent;
    await world.time.advance(HORIZON_MS);
    assert.deepEqual([world.order('o-1').amend !== null, world.isReducing()], [true, true]);
    await world.time.advance(700);
    assert.notEqual(world.order('o-1').amend, null, 'one answer');
    await world.time.advance(1_000);
    assert.deepEqual([...form(world), world.isReducing()], [10, 600_000, null, false]);
  });

  it('and the late answer of one is not taken for that of the next', async () => {
    const { world, end, sent } = await started();
    world.script.list = () => [NEW];
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    world.decide({
      id: 'd-3',
      request: { client_order_id: 'o-1', intent: 'modify' },
      effective: { action: 'amend', lots: 4, price_ticks: 620_000, leverage: null },
      orders: [],
    });
    end({ kind: 'accepted', order: NEW });
    await sent;
    assert.deepEqual(form(world), [6, 610_000, formOf(4, 620_000)], 'the second one is open');
    const settled = world.events.filter((event) => event.kind === 'order_intent' && event.payload.action === 'amended');
    assert.equal(settled.length, 1, 'and nothing is recorded of the first again');
  });

  it('waits no longer after a restart for what was sent before it', async () => {
    const { world } = await started();
    let next = restart(world);
    next.script.lookup = () => found('o-1', SELL);
    await next.time.advance(HORIZON_MS - 1_000);
    next = restart(next);
    await next.time.advance(4_000);
    assert.deepEqual([...form(next), next.isReducing()], [10, 600_000, null, false]);
  });

  it("somebody else's change of an order does not stay open after a restart, whoever placed it", async () => {
    for (const isOurs of [true, false]) {
      let world = start();
      const id = isOurs ? 'o-1' : 'web_1';
      world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
      if (isOurs) await world.place('o-1').sent;
      world.script.list = () => [shown(id, SELL)];
      await world.core.run(world.feed.pollOrders());
      const changed = shown(id, { ...SELL, lots: 12 });
      world.script.list = () => [changed];
      world.script.lookup = () => ({ kind: 'found', order: changed });
      await world.core.run(world.feed.pollOrders());
      assert.deepEqual(world.order(id).amend, formOf(12, 600_000));
      world = restart(world);
      for (let i = 0; i < 4; i += 1) {
        await world.time.advance(4_000);
        await world.core.run(world.feed.pollOrders());
      }
      assert.deepEqual(
        [inLots(world.order(id).quantityE8), world.order(id).amend, world.isReducing()],
        [12, null, false],
      );
      assert.equal(world.alerts('ORDER_CHANGED'), isOurs ? 1 : 0);
    }
  });
});

describe('a cancel', () => {
  const resting = async (): Promise<ProofWorld> => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    return world;
  };

  for (const proven of ['canceled', 'filled'] as const)
    it(`whose time-out comes after the order was shown ${proven} changes nothing`, async () => {
      const world = await resting();
      const answer = later<CancelOutcome>();
      world.script.cancel = () => answer.promise;
      world.script.lookup = () => found('o-1', { ...SELL, status: proven, executedLots: proven === 'filled' ? 10 : 0 });
      const asked = ended(world.canceler.cancel(world.order('o-1'), 'test'));
      await world.core.run(world.feed.pollOrders(['BTCUSDT']));
      assert.equal(world.order('o-1').status, proven);
      const before = world.events.length;
      world.script.lookup = () => NOT_FOUND;
      const { lookups } = world;
      answer.end({ kind: 'unknown', detail: 'timeout' });
      await asked;
      await world.time.advance(30_000);
      assert.deepEqual([world.events.length, world.lookups, world.isReducing()], [before, lookups, false]);
    });

  it('that is lost, with lookups that fail, leaves the order working and the symbol open', async () => {
    const world = await resting();
    await ended(world.canceler.cancel(world.order('o-1'), 'test'));
    await world.time.advance(60_000);
    assert.deepEqual([world.order('o-1').status, world.isReducing(), world.lookups], ['working', false, 1]);
  });
});

describe('a cancel that is asked for while the order is on its way', () => {
  for (const [form, asked] of [
    ['GTC', 'is sent once its answer is lost, though no look-up answers'],
    ['IOC', 'is not sent: such an order cannot rest'],
  ] as const)
    it(`${form}: ${asked}`, async () => {
      const world = start();
      const answer = later<SubmitOutcome>();
      world.script.submit = () => answer.promise;
      let cancels = 0;
      world.script.cancel = () => {
        cancels += 1;
        return { kind: 'canceled', order: shown('o-1', { ...SELL, status: 'canceled' }) };
      };
      const { order, sent } = world.place('o-1', { time_in_force: form });
      await settle();
      await ended(world.canceler.cancel(order, 'halted'));
      assert.deepEqual([order.status, order.cancelRequested, cancels], ['in_flight', true, 0]);
      answer.end({ kind: 'unknown', detail: 'timeout' });
      await sent;
      await Promise.all(world.canceler.retryUnproven().map(ended));
      assert.deepEqual([order.status, cancels], form === 'GTC' ? ['canceled', 1] : ['unknown', 0]);
    });

  it('is sent again, at a distance, until the end is proven', async () => {
    const world = start();
    let cancels = 0;
    world.script.cancel = () => {
      cancels += 1;
      return { kind: 'unknown', detail: 'timeout' };
    };
    const { order, sent } = world.place('o-1');
    await sent;
    await ended(world.canceler.cancel(order, 'halted'));
    for (let second = 0; second < 60; second += 1) {
      await Promise.all(world.canceler.retryUnproven().map(ended));
      await world.time.advance(1_000);
    }
    assert.ok(cancels >= 10 && cancels <= 13, `${cancels} in a minute`);
  });
});

describe('only answers count', () => {
  it('45 s without one raise no ORDER_LOST, nor does an hour', async () => {
    const world = start();
    const { order, sent } = world.place('o-1');
    await sent;
    await world.time.advance(45_000);
    assert.deepEqual([order.status, world.alerts('ORDER_LOST')], ['unknown', 0]);
    await world.time.advance(3_600_000);
    assert.deepEqual([order.status, world.alerts('ORDER_LOST'), world.statuses('o-1')], ['unknown', 0, ['unknown']]);
  });

  it('a few answers among failures are not enough; twelve past the horizon are, and are told once', async () => {
    const world = start();
    const { order, sent } = world.place('o-1');
    // The trades are not to be had, so that absence is never proven.
    world.script.trades = () => null;
    await sent;
    let answers = 11;
    world.script.lookup = () => {
      if (world.core.nowMs() < order.plannedAtMs + 2 * HORIZON_MS || answers === 0) return FAILED;
      answers -= 1;
      return NOT_FOUND;
    };
    await world.time.advance(600_000);
    assert.deepEqual([answers, order.status], [0, 'unknown']);
    answers = 30;
    await world.time.advance(600_000);
    assert.deepEqual([answers, order.status], [0, 'lost']);
    assert.deepEqual([world.statuses('o-1'), world.alerts('ORDER_LOST')], [['unknown', 'lost'], 1]);
    const next = restart(world);
    next.script.lookup = () => NOT_FOUND;
    await next.time.advance(600_000);
    assert.deepEqual(
      [next.statuses('o-1'), next.alerts('ORDER_LOST')],
      [['unknown', 'lost'], 1],
      'after a restart, too',
    );
  });

  it('answers before the horizon prove nothing', async () => {
    const world = start();
    world.script.lookup = () => NOT_FOUND;
    const { order, sent } = world.place('o-1');
    await sent;
    await world.time.advance(HORIZON_MS);
    assert.equal(order.status, 'unknown');
    await world.time.advance(15_000);
    assert.equal(order.status, 'not_placed');
  });

  it('a list that shows the order ends a row of answers without it', async () => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    const { order, sent } = world.place('o-1');
    await sent;
    // A copy that lags: it neither lists nor finds the order, and now and then another one does.
    world.script.lookup = () => NOT_FOUND;
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    for (let i = 0; i < 20; i += 1) {
      await world.time.advance(2_000);
      world.script.list = () => [shown('o-1', SELL)];
      await world.core.run(world.feed.pollOrders(['BTCUSDT']));
      world.script.list = () => [];
      await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    }
    assert.deepEqual([order.status, world.isReducing()], ['working', false]);
  });

  it('an old list does not bring back what the venue showed as ended', async () => {
    const world = start();
    world.script.submit = () => ({
      kind: 'accepted',
      order: shown('o-1', { ...SELL, status: 'canceled', executedLots: 4 }),
    });
    const { order, sent } = world.place('o-1');
    await sent;
    world.script.list = () => [shown('o-1', SELL)];
    await world.time.advance(10_000);
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.deepEqual([order.status, inLots(order.executedE8)], ['canceled', 4], 'though no lookup answers');
    assert.equal(world.lookups, 0, 'and none is needed');
  });

  it('an old lookup of the first order under an id says nothing of the second', async () => {
    const world = start();
    world.script.list = () => [shown('web_1', { venueOrderId: '2' })];
    await world.core.run(world.feed.pollOrders());
    world.script.list = () => [];
    world.script.lookup = () => found('web_1', { venueOrderId: '1', status: 'canceled' });
    await world.core.run(world.feed.pollOrders());
    assert.equal(world.order('web_1').status, 'working');
  });
});

describe('the horizon is an instant in the ledger', () => {
  it('a restart does not begin it anew, however many there are', async () => {
    let world = start();
    world.script.submit = () => new Promise(() => undefined);
    world.place('o-1');
    world.script.lookup = () => NOT_FOUND;
    world = restart(world, 1_000);
    const sinceMs = world.core.nowMs();
    while (world.order('o-1').status === 'unknown' && world.core.nowMs() < sinceMs + 60_000) {
      await world.time.advance(1_500);
      world = restart(world, 100);
    }
    assert.equal(world.order('o-1').status, 'not_placed');
    assert.ok(world.core.nowMs() - sinceMs <= HORIZON_MS + 3_300, `${world.core.nowMs() - sinceMs} ms`);
  });

  it('runs from the send, not from when its answer was given up', async () => {
    const world = start();
    const answer = later<SubmitOutcome>();
    world.script.submit = () => answer.promise;
    world.script.lookup = () => NOT_FOUND;
    const { order, sent } = world.place('o-1');
    await world.time.advance(10_000);
    answer.end({ kind: 'unknown', detail: 'timeout' });
    await sent;
    await world.time.advance(1_000);
    assert.equal(order.status, 'not_placed', 'ten seconds after the send it can no longer arrive');
  });

  for (const hours of [-1, 1])
    it(`that a clock ${hours} h off wrote there holds nothing up for longer than the same span of wall time`, async () => {
      const world = start();
      world.skewMs = hours * 3_600_000;
      world.script.lookup = () => NOT_FOUND;
      const { order, sent } = world.place('o-1');
      await sent;
      world.skewMs = 0;
      await world.time.advance(HORIZON_MS + 16_000);
      assert.equal(order.status, 'not_placed');
    });
});

describe('one alert and one record a state', () => {
  it('a search that throws is told once, goes on, and is told again only when it failed anew', async () => {
    const world = start();
    world.script.lookup = () => {
      throw new Error('defect');
    };
    const { order, sent } = world.place('o-1');
    await sent;
    const tick = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 50) {
        world.resolver.sweep();
        await world.time.advance(50);
      }
    };
    await tick(30_000);
    assert.deepEqual([world.alerts('RESOLVE_FAILED'), world.statuses('o-1')], [1, ['unknown']]);
    const before = world.events.length;
    await tick(10_000);
    assert.equal(world.events.length, before, 'nothing is recorded while nothing changes');
    world.script.lookup = () => found('o-1', SELL);
    await tick(6_000);
    assert.deepEqual([order.status, world.isReducing()], ['working', false], 'it went on all the time');
  });

  it('an unchanged list or lookup leaves no record', async () => {
    const world = start();
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    const before = world.events.length;
    world.script.list = () => [shown('o-1', SELL)];
    for (let i = 0; i < 5; i += 1) await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.equal(world.events.length, before);
  });
});

describe('what never rests', () => {
  const IOC = { time_in_force: 'IOC' } as const;
  it('ends by its absence although a list showed it working in between', async () => {
    const world = start();
    world.script.lookup = () => NOT_FOUND;
    world.script.trades = () => null;
    const { order, sent } = world.place('o-1', IOC);
    await sent;
    await world.time.advance(HORIZON_MS + 2_000);
    world.script.list = () => [shown('o-1', SELL)];
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    assert.equal(order.status, 'working');
    world.script.list = () => [];
    world.script.trades = () => [];
    await world.time.advance(1_000);
    assert.equal(order.status, 'working', 'not by what was asked for before');
    await world.time.advance(20_000);
    assert.deepEqual([order.status, world.isReducing()], ['canceled', false]);
  });

  it('is looked for until it has ended; shown as working for ever, it is lost, once', async () => {
    const world = start();
    const { order, sent } = world.place('o-1', IOC);
    await sent;
    world.script.lookup = () => found('o-1', SELL);
    await world.time.advance(20_000);
    assert.deepEqual([order.status, world.isReducing()], ['working', true]);
    await world.time.advance(100_000);
    assert.deepEqual([order.status, world.alerts('ORDER_LOST')], ['lost', 1]);
    world.script.lookup = () => found('o-1', { ...SELL, status: 'filled', executedLots: 10 });
    await world.time.advance(5_000);
    assert.deepEqual([order.status, inLots(order.executedE8), world.isReducing()], ['filled', 10, false]);
  });
});

it('a record that is older than what was proven folds to nothing, however it came into the ledger', () => {
  const world = start();
  world.place('o-1');
  const append = (status: OrderEvent['status'], executed: number, kind: EvidenceKind, asked: number): void => {
    const { payload } = orderEvent('o-1', world.core.nowMs(), { status, executed_lots: executed });
    world.core.append('order', { ...payload, evidence: { asked_seq: asked, kind } });
  };
  append('partially_filled', 3, 'shown', 10);
  const view = () => [world.order('o-1').status, inLots(world.order('o-1').executedE8)];
  for (const [status, executed, kind, asked] of [
    ['working', 0, 'shown', 9],
    ['partially_filled', 2, 'shown', 11],
    ['canceled', 0, 'absent', 9],
    ['lost', 0, 'absent', 9],
    ['unknown', 0, 'answer', 12],
    ['rejected', 0, 'answer', 12],
    ['canceled', 0, 'unsent', 12],
    ['canceled', 0, 'operator', 12],
    ['not_placed', 0, 'absent', 12],
  ] as const) {
    append(status, executed, kind, asked);
    assert.deepEqual(view(), ['partially_filled', 3], `${status} by ${kind}`);
  }
  append('canceled', 0, 'absent', 12);
  assert.deepEqual(view(), ['canceled', 3], 'an absence of after it was shown ends it, with what it filled');
});

it('older records fold as they always did', () => {
  const world = start();
  world.place('o-1');
  for (const [status, executed] of [
    ['working', 0],
    ['unknown', 0],
    ['partially_filled', 2],
    ['working', 2],
    ['lost', 2],
    ['unknown', 2],
    ['canceled', 3],
    ['filled', 4],
  ] as const) {
    const { payload } = orderEvent('o-1', world.core.nowMs(), { status, executed_lots: executed });
    world.core.append('order', payload);
    assert.equal(world.order('o-1').status, status === 'filled' ? 'canceled' : status);
    assert.equal(inLots(world.order('o-1').executedE8), executed);
  }
});
