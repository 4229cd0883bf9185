import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noteClock } from '../../../daemon/gate/state/clock-moves.ts';
import { GateState } from '../../../daemon/gate/state/gate-state.ts';
import { possibleFills } from '../../../daemon/gate/state/orders.ts';
import { applyFill, applySnapshot, createPosition, type PositionState } from '../../../daemon/gate/state/positions.ts';
import { rescalePosition } from '../../../daemon/gate/state/rescale.ts';
import { dateFill } from '../../../daemon/gate/state/shares.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

const CLOSES = { side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;

function sharesOf(position: PositionState): Readonly<Record<string, number>> {
  return Object.fromEntries([...position.shares].sort());
}

for (const origin of ['operator', 'gate'] as const)
  test(`the fill of an exit of the ${origin} that becomes known late takes nothing of what was opened after it`, () => {
    const ledger = new FoldedLedger();
    ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    const send = (agent: string, id: string, lots: number, atMs: number, change = {}, by = {}): void => {
      const orders = [{ client_order_id: id, lots, ...change }];
      ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request: by, orders }));
    };
    const report = (id: string, lots: number, atMs: number, filledAtMs: number): void => {
      ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: lots, venue_at_ms: filledAtMs }));
    };
    send('gamma', 'g', 199, T0);
    report('g', 199, T0 + 20, T0 + 10);
    send('ops', 'x', 150, T0 + 50, CLOSES, { origin });
    send('alpha', 'a', 99, T0 + 80);
    report('a', 99, T0 + 100, T0 + 90);
    report('x', 150, T0 + 10_000, T0 + 60);
    assert.deepEqual(sharesOf(ledger.state.position('BTCUSDT')), { alpha: 99, gamma: 49 });
    assert.deepEqual(sharesOf(ledger.refold().position('BTCUSDT')), { alpha: 99, gamma: 49 });
    // One that fills afterwards comes out of both.
    send('ops', 'y', 74, T0 + 20_000, CLOSES, { origin });
    report('y', 74, T0 + 20_100, T0 + 20_090);
    assert.deepEqual(sharesOf(ledger.state.position('BTCUSDT')), { alpha: 49, gamma: 25 });
  });

interface Fill {
  readonly agent: string | null;
  readonly lots: number;
}

test('shares are the same whenever the fill of an exit of all becomes known', () => {
  const agent = fc.constantFrom('alice', 'bob', 'carol');
  const opening = fc.record({ agent, lots: fc.integer({ min: 1, max: 50 }) });
  const later = fc.record({
    agent,
    part: fc.constantFrom(0.3, 1),
    lots: fc.integer({ min: 1, max: 50 }),
    isExit: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(opening, { minLength: 1, maxLength: 6 }),
      fc.array(later, { maxLength: 8 }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      fc.nat(8),
      (openings, laters, share, known) => {
        const total = openings.reduce((sum, { lots }) => sum + lots, 0);
        const exit: Fill = { agent: null, lots: Math.max(1, Math.floor(total * share)) };
        const inTurn = createPosition('BTCUSDT');
        let atMs = 0;
        const play = (position: PositionState, { agent, lots }: Fill, isExit: boolean, at: number): void =>
          applyFill(position, isExit ? 'sell' : 'buy', lots, agent, 60_000, at, true, isExit);
        for (const fill of openings) play(inTurn, fill, false, atMs);
        const late = structuredClone(inTurn);
        const exitAtMs = atMs + 1;
        atMs = exitAtMs;
        play(inTurn, exit, true, exitAtMs);
        laters.forEach((step, index) => {
          if (index === known) play(late, exit, true, exitAtMs);
          const held = inTurn.shares.get(step.agent) ?? 0;
          const fill = { agent: step.agent, lots: step.isExit ? Math.ceil(held * step.part) : step.lots };
          if (fill.lots === 0) return;
          atMs += 1;
          for (const position of [inTurn, late]) play(position, fill, step.isExit, atMs);
        });
        if (known >= laters.length) play(late, exit, true, exitAtMs);
        assert.deepEqual(sharesOf(late), sharesOf(inTurn));
        assert.equal(late.lots, inTurn.lots);
      },
    ),
    { seed: 11, numRuns: 500 },
  );
});

test('shares are the same in whatever order fills become known', () => {
  const fill = fc.record({
    agent: fc.constantFrom('alice', 'bob', 'carol', null),
    side: fc.constantFrom('buy', 'buy', 'sell'),
    lots: fc.integer({ min: 1, max: 60 }),
    agentsFirst: fc.boolean(),
  } as const);
  fc.assert(
    fc.property(
      fc.array(fill, { minLength: 2, maxLength: 10 }).chain((fills) =>
        fc.record({
          fills: fc.constant(fills),
          known: fc.shuffledSubarray([...fills.keys()], { minLength: fills.length }),
        }),
      ),
      ({ fills, known }) => {
        const inTurn = createPosition('BTCUSDT');
        const late = createPosition('BTCUSDT');
        const play = (position: PositionState, index: number): void => {
          const { agent, agentsFirst, lots, side } = fills[index]!;
          applyFill(position, side, lots, agent, 60_000, T0 + index, agentsFirst);
        };
        for (const index of fills.keys()) play(inTurn, index);
        for (const index of known) play(late, index);
        assert.equal(late.lots, inTurn.lots);
        assert.deepEqual(sharesOf(late), sharesOf(inTurn));
        assert.deepEqual(late.fills, inTurn.fills);
      },
    ),
    { seed: 23, numRuns: 1000 },
  );
});

test('shares are the same once trades have told when the lots of a late report filled', () => {
  const fill = fc.record({
    order: fc.nat(3),
    lots: fc.integer({ min: 1, max: 60 }),
  } as const);
  const order = fc.record({
    agent: fc.constantFrom('alice', 'bob', 'carol', null),
    side: fc.constantFrom('buy', 'buy', 'sell'),
    agentsFirst: fc.boolean(),
  } as const);
  fc.assert(
    fc.property(
      fc.array(order, { minLength: 4, maxLength: 4 }),
      fc.array(fill, { minLength: 2, maxLength: 10 }).chain((fills) =>
        fc.record({
          fills: fc.constant(fills),
          told: fc.shuffledSubarray([...fills.keys()], { minLength: fills.length }),
          // Up to which fill each report of an order tells.
          reports: fc.array(fc.nat(fills.length - 1), { maxLength: 4 }),
        }),
      ),
      (orders, { fills, reports, told }) => {
        const inTurn = createPosition('BTCUSDT');
        const late = createPosition('BTCUSDT');
        fills.forEach(({ lots, order: number }, index) => {
          const { agent, agentsFirst, side } = orders[number]!;
          applyFill(inTurn, side, lots, agent, 60_000, T0 + index, agentsFirst, false, null);
        });
        const tell = (number: number, upTo: number, before: number): number => {
          const lots = fills.reduce((sum, each, i) => sum + (each.order === number && i <= upTo ? each.lots : 0), 0);
          const { agent, agentsFirst, side } = orders[number]!;
          if (lots > before)
            applyFill(late, side, lots - before, agent, 60_000, T0 + upTo, agentsFirst, false, `o-${number}`);
          return Math.max(lots, before);
        };
        for (const number of orders.keys()) {
          let known = 0;
          for (const upTo of [...reports, fills.length]) known = tell(number, upTo, known);
        }
        for (const index of told) {
          const { lots, order: number } = fills[index]!;
          dateFill(late, late.lots, `o-${number}`, lots, T0 + index);
        }
        assert.equal(late.lots, inTurn.lots);
        assert.deepEqual(sharesOf(late), sharesOf(inTurn));
      },
    ),
    { seed: 29, numRuns: 1000 },
  );
});

test('what had filled before a cancel is shared out by its trade, not by the cancel', () => {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const send = (agent: string, id: string, lots: number, atMs: number, change = {}, by = {}): void => {
    const orders = [{ client_order_id: id, lots, ...change }];
    ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request: by, orders }));
  };
  const report = (id: string, status: 'filled' | 'canceled', lots: number, atMs: number): void => {
    ledger.append(orderEvent(id, atMs, { status, executed_lots: lots, venue_at_ms: atMs }));
  };
  send('bob', 'b', 100, T0);
  report('b', 'filled', 100, T0 + 10);
  // Half of it fills at 20; an operator's exit sells 100 at 30; then it is canceled, which tells of the half.
  send('alice', 'a', 100, T0 + 11);
  send('ops', 'x', 100, T0 + 25, CLOSES, { origin: 'operator' });
  report('x', 'filled', 100, T0 + 30);
  report('a', 'canceled', 50, T0 + 40);
  assert.deepEqual(sharesOf(ledger.state.position('BTCUSDT')), { alice: 50 });
  ledger.append(tradeEvent('1', 'a', T0 + 60, { at_venue_ms: T0 + 20, lots: 50, side: 'buy' }));
  assert.deepEqual(sharesOf(ledger.state.position('BTCUSDT')), { alice: 17, bob: 33 });
  assert.deepEqual(sharesOf(ledger.refold().position('BTCUSDT')), { alice: 17, bob: 33 });
});

test('a close has what a cut took too much of, before an earlier opening of another agent was known', () => {
  for (const isKnownInTurn of [true, false]) {
    const ledger = new FoldedLedger();
    ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    const send = (agent: string, id: string, lots: number, atMs: number, change = {}, by = {}): void => {
      const orders = [{ client_order_id: id, lots, ...change }];
      const effective = 'reduce_only' in change ? ({ action: 'exit', side: 'sell', lots } as const) : {};
      ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, request: by, effective, orders }));
    };
    const report = (id: string, lots: number, atMs: number, filledAtMs: number): void => {
      ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: lots, venue_at_ms: filledAtMs }));
    };
    send('alice', 'a', 100, T0);
    report('a', 100, T0 + 20, T0 + 10);
    send('bob', 'b', 100, T0 + 20);
    if (isKnownInTurn) report('b', 100, T0 + 40, T0 + 30);
    send('alice', 'x', 100, T0 + 45, { ...CLOSES, delay_ms: 1_000 });
    ledger.append({
      kind: 'exit_target',
      at_ms: T0 + 45,
      payload: {
        action: 'opened',
        agent: 'alice',
        cause: 'agent',
        client_order_id: 'x',
        decision_id: 'd-x',
        is_whole: true,
        key: 'alice',
        lots: 100,
        origin: 'agent',
        scope: 'own',
        side: 'sell',
        symbol: 'BTCUSDT',
      },
    });
    send('gate', 'c', 60, T0 + 50, CLOSES, { origin: 'gate' });
    report('c', 60, T0 + 70, T0 + 60);
    if (!isKnownInTurn) report('b', 100, T0 + 5_000, T0 + 30);
    for (const state of [ledger.state, ledger.refold()]) {
      assert.deepEqual(sharesOf(state.position('BTCUSDT')), { alice: 70, bob: 70 });
      const target = state.targets.find('d-x');
      assert.deepEqual([target?.leftLots, target?.roomLots], [70, 70], isKnownInTurn ? 'in turn' : 'late');
    }
  }
});

/** Alice held 20 lots when an exit was sent; bob opened 10 at `openedAtMs`. */
function heldByTwo(openedAtMs: number): PositionState {
  const position = createPosition('BTCUSDT');
  applyFill(position, 'buy', 20, 'alice', 60_000, T0);
  applyFill(position, 'buy', 10, 'bob', 60_000, openedAtMs);
  return position;
}

test('what was opened after a late fill is told in the lots of the rules in force', () => {
  const position = heldByTwo(T0 + 20);
  rescalePosition(position, { lots: { up: 10, down: 1 }, ticks: { up: 1, down: 1 } });
  applyFill(position, 'sell', 150, null, 60_000, T0 + 10, true, true);
  assert.deepEqual(sharesOf(position), { alice: 50, bob: 100 });
});

test('where lots do not divide, what is known late comes out of what is held by then', () => {
  const position = heldByTwo(T0 + 20);
  rescalePosition(position, { lots: { up: 1, down: 3 }, ticks: { up: 1, down: 1 } });
  assert.deepEqual(sharesOf(position), { alice: 6, bob: 3 });
  applyFill(position, 'sell', 3, null, 60_000, T0 + 10, true, true);
  assert.deepEqual(sharesOf(position), { alice: 4, bob: 2 });
});

test('what was opened under a clock that was set back since was opened before what fills now', () => {
  const state = new GateState();
  state.positions.set('BTCUSDT', heldByTwo(T0 + 60_000));
  noteClock(state, { clock_set_back: true }, T0 + 10);
  const position = state.position('BTCUSDT');
  applyFill(position, 'sell', 15, null, 60_000, T0 + 20, true, true);
  assert.deepEqual(sharesOf(position), { alice: 10, bob: 5 });
});

test('a reading that takes lots from shares is where their history begins', () => {
  const position = heldByTwo(T0 + 20);
  const none = possibleFills([]);
  const shown = { entry_price: 1, liquidation_price: null, lots: 25, maintenance_margin_usdt: 0, mark_price: 1 };
  const record = { ...shown, symbol: 'BTCUSDT', unrealised_pnl_usdt: 0, updated_at_ms: T0 + 30 };
  applySnapshot(position, record, T0 + 40, null, none);
  assert.deepEqual(sharesOf(position), { alice: 17, bob: 8 });
  applyFill(position, 'sell', 5, null, 60_000, T0 + 10, true, true);
  assert.deepEqual(sharesOf(position), { alice: 14, bob: 6 });
});

test('what a trade corrects leaves the day with what it corrects', () => {
  const HOUR = 3_600_000;
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const fill = (id: string, atMs: number): void => {
    const orders = [{ client_order_id: id, lots: 10, time_in_force: 'IOC' } as const];
    ledger.append(decisionEvent({ id: `d-${id}`, atMs, orders }));
    ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: 10 }));
  };
  const turnover = (atMs: number): readonly number[] => {
    const { pacing } = ledger.state;
    return [pacing.account, pacing.readAgent('alice')].map((window) => Math.round(window.turnover.sum(atMs)));
  };
  fill('a', T0);
  fill('b', T0 + 10 * HOUR);
  assert.deepEqual(turnover(T0 + 10 * HOUR), [1200, 1200], 'at the bound of the orders');
  const toldAtMs = T0 + 25 * HOUR;
  ledger.append(tradeEvent('1', 'a', toldAtMs, { at_venue_ms: T0, lots: 10, price: 59_000 }));
  assert.deepEqual(turnover(toldAtMs), [600, 600], 'the first is a day old, and so is what corrects it');
  ledger.append(tradeEvent('2', 'b', toldAtMs, { at_venue_ms: T0 + 10 * HOUR, lots: 10, price: 59_000 }));
  assert.deepEqual(turnover(toldAtMs), [590, 590]);
  assert.deepEqual(turnover(T0 + 35 * HOUR), [0, 0]);
});
