import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ExitCause } from '../../../daemon/gate/events.ts';
import { type ExitHands, ExitPump } from '../../../daemon/gate/plan/exit-pump.ts';
import { type ExitGroup, ExitTurns, findEndings } from '../../../daemon/gate/plan/exits.ts';
import { MAKES_ROOM } from '../../../daemon/gate/state/displaced-exits.ts';
import type { ExitTarget } from '../../../daemon/gate/state/exit-targets.ts';
import type { GateState } from '../../../daemon/gate/state/gate-state.ts';
import { isTerminal, type OrderState } from '../../../daemon/gate/state/orders.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';
import { FoldedExits } from '../state/folded-exits.ts';

const RUNGS = 4;
const AGENTS = ['alice', 'bob'] as const;

/** What all groups would send now, in turn, while nothing is sent. */
function planExits(state: GateState, servedAt: (agent: string) => number = () => 0): readonly ExitGroup[] {
  const turns = new ExitTurns(state, state.targets.open, RUNGS, servedAt);
  const groups: ExitGroup[] = [];
  for (let group = turns.next(); group !== null; group = turns.next()) groups.push(group);
  return groups;
}

/** The book of exits against a venue that fills what it is told to, and never more than the position. */
class Model {
  readonly ledger = new FoldedLedger();
  /** Lots asked for and executed, by decision. */
  readonly asked = new Map<string, number>();
  #count = 0;

  constructor(holdings: Readonly<Record<string, number>>) {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    for (const [agent, lots] of Object.entries(holdings)) if (lots > 0) this.open(agent, lots);
  }
  get state() {
    return this.ledger.state;
  }
  #id(): string {
    this.#count += 1;
    return `${this.#count}`;
  }
  open(agent: string, lots: number): void {
    this.report(this.sendOpening(agent, lots), 'filled', lots);
  }
  sendOpening(agent: string, lots: number): string {
    const id = this.#id();
    const orders = [{ client_order_id: `o-${id}`, lots, time_in_force: 'IOC' } as const];
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs: T0, agent, orders }));
    return `o-${id}`;
  }
  report(id: string, status: string, executedLots: number, atMs = T0): void {
    this.ledger.append(orderEvent(id, atMs, { status: status as 'filled', executed_lots: executedLots }));
  }
  held(agent: string): number {
    return this.state.position('BTCUSDT').shares.get(agent) ?? 0;
  }
  /** A permitted exit that waits for its turn. */
  ask(
    agent: string,
    lots: number,
    bound: string,
    cause: ExitCause = 'agent',
    isWhole = lots >= this.held(agent),
  ): string {
    const id = this.#id();
    const order = { client_order_id: `x-${id}`, lots, side: 'sell', reduce_only: true, delay_ms: 1 } as const;
    const origin = cause === 'agent' ? 'agent' : cause === 'operator' ? 'operator' : 'gate';
    const effective = { action: 'exit', side: 'sell', lots } as const;
    this.ledger.append(
      decisionEvent({ id: `d-${id}`, atMs: T0, agent, request: { origin }, effective, orders: [order] }),
    );
    this.ledger.append({
      kind: 'exit_target',
      at_ms: T0,
      payload: {
        action: 'opened',
        agent,
        cause,
        client_order_id: `x-${id}`,
        decision_id: `d-${id}`,
        is_whole: isWhole,
        key: `${agent} ${bound}`,
        lots,
        origin,
        scope: 'own',
        side: 'sell',
        symbol: 'BTCUSDT',
      },
    });
    this.asked.set(`d-${id}`, lots);
    return `d-${id}`;
  }
  plan() {
    return planExits(this.state);
  }
  /** One pass of the pump: what is planned is decided and on its way. */
  pass(): OrderState[] {
    for (const { target, reason, detail } of findEndings(this.state, [...this.state.targets.open], RUNGS))
      this.ledger.append({
        kind: 'exit_target',
        at_ms: T0,
        payload: { action: 'ended', decision_id: target.decisionId, detail, filled_lots: target.filledLots, reason },
      });
    const sent: OrderState[] = [];
    // Whatever was sent for one group is on its way when the next one is sized.
    for (let group = this.plan()[0]; group !== undefined; group = this.plan()[0]) {
      sent.push(this.send(group));
      assert.ok(sent.length <= 50, 'the plan ends');
    }
    return sent;
  }
  /** A group's order is decided and on its way. */
  send(group: ExitGroup): OrderState {
    const id = this.#id();
    const [parent] = group.targets;
    const order = { client_order_id: `s-${id}`, lots: group.lots, side: 'sell', reduce_only: true } as const;
    const effective = { action: 'exit', side: 'sell', lots: group.lots } as const;
    const { agent, decisionId, origin } = parent!;
    const more = { kind: 'slice', parent: decisionId, agent, request: { origin }, effective } as const;
    const event = decisionEvent({ id: `d-${id}`, atMs: T0, ...more, orders: [{ ...order, time_in_force: 'IOC' }] });
    const context = { ...event.payload.context, exit_rung: group.rung };
    this.ledger.append({ ...event, payload: { ...event.payload, context } });
    const known = this.state.orders.all.get(`s-${id}`);
    assert.ok(known !== undefined);
    return known;
  }
  live(): OrderState[] {
    return [...this.state.orders.all.values()].filter(
      (order) => order.reduceOnly && order.sentAtMs !== null && !isTerminal(order.status),
    );
  }
}

const step = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'pass', 'report', 'report', 'open'),
  agent: fc.constantFrom(...AGENTS),
  share: fc.constantFrom(0.1, 0.5, 1),
  bound: fc.constantFrom('at any price', 'within 5'),
  which: fc.nat(10),
  filled: fc.nat(12),
  status: fc.constantFrom('unknown', 'lost', 'expired', 'filled', 'rejected', 'not_placed'),
});
const holdings = fc.record({ alice: fc.integer({ min: 1, max: 20 }), bob: fc.integer({ min: 0, max: 20 }) });

/** Plays steps; `check` sees the model after each. */
function play(
  held: { alice: number; bob: number },
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
): Model {
  const model = new Model(held);
  const owned: Record<string, number> = { ...held };
  for (const { kind, agent, share, bound, which, filled, status } of steps) {
    if (kind === 'ask') {
      const lots = Math.max(1, Math.floor(share * model.held(agent)));
      if (model.held(agent) > 0) model.ask(agent, lots, bound);
    } else if (kind === 'open') {
      const lots = 1 + (filled % 5);
      model.open(agent, lots);
      owned[agent] = (owned[agent] ?? 0) + lots;
    } else if (kind === 'pass') {
      const working = new Map<string, number>();
      model.pass();
      for (const order of model.live())
        for (const { key } of model.state.targets.targetsOf(order).slice(0, 1))
          if (order.status === 'in_flight') working.set(key, (working.get(key) ?? 0) + 1);
      for (const [key, count] of working) assert.equal(count, 1, `one working order of ${key}`);
    } else {
      const order = model.live()[which % Math.max(1, model.live().length)];
      if (order === undefined) continue;
      const refused = status === 'rejected' || status === 'not_placed';
      if (refused && order.executedLots > 0) continue;
      const { lots: position } = model.state.position('BTCUSDT');
      const more = status === 'filled' ? order.lots - order.executedLots : refused ? 0 : filled;
      const total = Math.min(order.lots, order.executedLots + Math.min(more, Math.max(0, position)));
      model.report(order.clientOrderId, status === 'filled' && total < order.lots ? 'expired' : status, total);
    }
    for (const name of AGENTS) {
      const closed = [...model.state.orders.all.values()]
        .filter((order) => order.reduceOnly && order.agent === name)
        .reduce((sum, order) => sum + order.executedLots, 0);
      assert.ok(closed <= (owned[name] ?? 0), `${name} closed ${closed} of ${owned[name]}`);
    }
  }
  return model;
}

test('BY-36 no order of fills, losses and ends closes more than the share; credits are what the orders filled', () => {
  fc.assert(
    fc.property(holdings, fc.array(step, { maxLength: 40 }), (held, steps) => {
      const model = play(held, steps);
      const credited = new Map<OrderState, number>();
      for (const id of model.asked.keys()) {
        const target = model.state.targets.find(id);
        let own = 0;
        for (const { order, filledLots } of target?.allotments ?? []) {
          credited.set(order, (credited.get(order) ?? 0) + filledLots);
          own += filledLots;
        }
        assert.equal(target?.filledLots, own, 'a target tells the sum of its parts');
        assert.ok(
          (target?.filledLots ?? 0) <= (target?.askedLots ?? 0) || target?.isWhole === true,
          'never more than asked',
        );
      }
      for (const [order, lots] of credited) assert.equal(lots, order.executedLots, order.clientOrderId);
    }),
    { seed: 36, numRuns: 400 },
  );
});

test('BY-15 every exit ends: where the venue fills, what was asked for is closed, and nothing is left working', () => {
  fc.assert(
    fc.property(holdings, fc.array(step, { maxLength: 20 }), (held, steps) => {
      const model = play(held, steps);
      for (let round = 0; round < 60 && (model.state.targets.open.size > 0 || model.live().length > 0); round += 1) {
        model.pass();
        for (const order of model.live()) {
          const { lots: position } = model.state.position('BTCUSDT');
          const left = Math.min(order.lots - order.executedLots, Math.max(0, position));
          const isAll = order.executedLots + left === order.lots;
          model.report(order.clientOrderId, isAll ? 'filled' : 'expired', order.executedLots + left);
        }
      }
      assert.equal(model.state.targets.open.size, 0);
      for (const id of model.asked.keys()) {
        const target = model.state.targets.find(id);
        assert.ok(target?.end !== null && target !== null);
        if (target.leftLots > 0)
          assert.ok(target.end.reason === 'exhausted' || target.end.reason === 'canceled', target.end.reason);
      }
    }),
    { seed: 15, numRuns: 300 },
  );
});

test('fills go to the oldest request first, and a restart folds the very same book', () => {
  const model = new Model({ alice: 10 });
  const ids = [
    model.ask('alice', 3, 'at any price'),
    model.ask('alice', 4, 'at any price'),
    model.ask('alice', 9, 'at any price'),
  ];
  const [order, ...more] = model.pass();
  assert.deepEqual([order?.lots, more.length], [10, 0], 'they add up to the share, in one order');
  model.report(order!.clientOrderId, 'expired', 5);
  const filled = (): (number | undefined)[] => ids.map((id) => model.state.targets.find(id)?.filledLots);
  assert.deepEqual(filled(), [3, 2, 0]);
  const again = model.ledger.refold().targets;
  assert.deepEqual(
    ids.map((id) => [again.find(id)?.leftLots, again.find(id)?.rung]),
    ids.map((id) => [model.state.targets.find(id)?.leftLots, model.state.targets.find(id)?.rung]),
  );
});

test('who goes first: the operator, one for a refused stop, a cut, then the agents in turn', () => {
  const model = new Model({ alice: 5, bob: 5 });
  model.ask('alice', 1, 'x');
  model.ask('bob', 1, 'x');
  model.ask('gate', 1, 'cut', 'cut');
  model.ask('gate', 1, 'stop', 'stop');
  model.ask('ops', 1, 'x', 'operator');
  const order = planExits(model.state, (agent) => (agent === 'alice' ? 2 : 1));
  assert.deepEqual(
    order.map(({ targets }) => (targets[0]?.cause === 'agent' ? targets[0].agent : targets[0]?.cause)),
    ['operator', 'stop', 'cut', 'bob', 'alice'],
  );
});

test('BY-36 beside another agent, lots of unknown outcome count as closed; a sole holder sends its next exit at once', () => {
  for (const bob of [0, 5]) {
    const model = new Model({ alice: 5, bob });
    model.ask('alice', 5, 'at any price');
    const [first] = model.pass();
    assert.equal(first?.lots, 5);
    assert.deepEqual(model.pass(), [], 'one at a time');
    model.ask('alice', 5, 'at any price');
    assert.deepEqual(model.pass(), [], 'the second waits for the first');
    model.report(first.clientOrderId, 'unknown', 0);
    const sent = model.pass().map(({ lots }) => lots);
    assert.deepEqual(sent, bob === 0 ? [5] : []);
    model.report(first.clientOrderId, 'not_placed', 0);
    if (bob > 0)
      assert.deepEqual(
        model.pass().map(({ lots }) => lots),
        [5],
        'it was never placed',
      );
  }
});

test('an operator who closes the whole waits for nothing, one who closes a part does not close it twice', () => {
  for (const [lots, again] of [
    [10, [10]],
    [4, []],
  ] as const) {
    const model = new Model({ alice: 10 });
    model.ask('operator', lots, 'x', 'operator', lots === 10);
    const [first] = model.pass();
    model.report(first!.clientOrderId, 'unknown', 0);
    assert.deepEqual(
      model.pass().map((order) => order.lots),
      again,
    );
  }
});

for (const cause of ['operator', 'stop'] as const)
  test(`a whole exit (${cause}) of unknown outcome goes out again only while nothing was opened after it`, () => {
    const replay = (held: number, openAfter: (model: Model) => void): readonly number[] => {
      const model = new Model({ alice: 10 });
      const before = model.sendOpening('alice', 5);
      // Somebody else's lots: no agent's.
      model.state.position('BTCUSDT').lots += held;
      model.ask(cause, 10 + (cause === 'operator' ? held : 0), 'x', cause, true);
      const [first] = model.pass();
      model.report(before, 'expired', 0);
      openAfter(model);
      model.report(first!.clientOrderId, 'unknown', 0);
      return model.pass().map((order) => order.lots);
    };
    const opening = (status: string | null, filled: number) => (model: Model) => {
      const id = model.sendOpening('bob', 7);
      if (status !== null) model.report(id, status, filled);
    };
    const none = () => undefined;
    assert.deepEqual(replay(0, none), [10], 'nothing was opened');
    assert.deepEqual(replay(0, opening('rejected', 0)), [10], 'what was refused has opened nothing');
    assert.deepEqual(replay(0, opening(null, 0)), [], 'one on its way may fill before it');
    assert.deepEqual(replay(0, opening('expired', 2)), [], 'a part of one was filled');
    assert.deepEqual(replay(0, opening('filled', 7)), [], 'one was filled');
    assert.deepEqual(replay(3, none), cause === 'operator' ? [13] : [], 'the gate leaves what is somebody else’s');
  });

test("an operator's exit on its way closes a part of each share: an agent's beside it closes the rest of its own", () => {
  const model = new Model({ alice: 6, bob: 6 });
  model.ask('ops', 6, 'x', 'operator', false);
  const [first] = model.pass();
  model.ask('alice', 6, 'at any price');
  const [beside] = model.pass();
  assert.equal(beside?.lots, 3);
  model.report(beside.clientOrderId, 'filled', 3);
  model.report(first!.clientOrderId, 'filled', 6);
  assert.deepEqual([model.held('alice'), model.held('bob')], [1, 2]);
  assert.deepEqual(
    model.pass().map(({ lots }) => lots),
    [1],
    'what its own share has left',
  );
});

test("what an operator's exit on its way may have closed is not made up by what was opened since", () => {
  const model = new Model({ alice: 4 });
  model.ask('ops', 4, 'x', 'operator');
  const [first] = model.pass();
  model.ask('alice', 4, 'at any price');
  const opening = model.sendOpening('alice', 4);
  assert.deepEqual(model.pass(), []);
  model.report(first!.clientOrderId, 'filled', 4);
  model.report(opening, 'filled', 4);
  assert.deepEqual(model.pass(), []);
  assert.deepEqual([model.held('alice'), model.state.targets.open.size], [4, 0]);
});

test("an agent's exit beside an operator's of all that was held leaves alone what another opened since", () => {
  const model = new Model({ alice: 299, carol: 43 });
  model.ask('ops', 342, 'x', 'operator');
  const [first] = model.pass();
  const opening = model.sendOpening('bob', 142);
  model.report(opening, 'filled', 142, T0 + 20);
  model.ask('alice', 299, 'at any price');
  assert.deepEqual(model.pass(), [], 'all of its share may be closed already');
  model.report(first!.clientOrderId, 'filled', 342, T0 + 10);
  assert.deepEqual(model.pass(), []);
  assert.deepEqual([model.held('alice'), model.held('bob'), model.held('carol')], [0, 142, 0]);
});

test('beside an exit of all on its way what was opened since is held to the part that is sure to be left', () => {
  const model = new Model({ alice: 300 });
  model.ask('ops', 300, 'x', 'operator');
  model.pass();
  model.report(model.sendOpening('bob', 100), 'filled', 100, T0 + 20);
  model.ask('bob', 100, 'at any price');
  assert.deepEqual(
    model.pass().map(({ lots }) => lots),
    [25],
    'should that exit fill now, it takes three quarters of each share',
  );
});

test('what another exit on its way may have closed is not made up by what was opened since', () => {
  const model = new Model({ alice: 199 });
  model.ask('alice', 99, 'within 5');
  assert.deepEqual(
    model.pass().map(({ lots }) => lots),
    [99],
  );
  model.ask('alice', 199, 'at any price');
  const [rest] = model.pass();
  assert.equal(rest?.lots, 100);
  model.report(rest.clientOrderId, 'filled', 100);
  model.open('alice', 99);
  assert.deepEqual(model.pass(), [], 'the first has no answer yet');
});

test('what was opened after an exit was asked for is not closed by it; what was sent before it is', () => {
  const model = new Model({ alice: 5 });
  const before = model.sendOpening('alice', 3);
  const whole = model.ask('alice', 5, 'at any price', 'agent', true);
  const after = model.sendOpening('alice', 4);
  model.report(model.pass()[0]!.clientOrderId, 'filled', 5);
  model.report(after, 'filled', 4);
  assert.deepEqual(model.pass(), [], 'those are a new request');
  model.report(before, 'filled', 3);
  const [second] = model.pass();
  assert.equal(second?.lots, 3);
  model.report(second.clientOrderId, 'filled', 3);
  model.pass();
  assert.equal(model.state.targets.find(whole)?.end?.reason, 'filled');
  assert.equal(model.held('alice'), 4);
});

/** Whose exits close lots of before, beside which something may have been opened. */
const CALLERS = [
  { origin: 'agent', scope: 'own' },
  { origin: 'agent', scope: 'account' },
  { origin: 'gate', scope: 'own' },
  { origin: 'gate', scope: 'account' },
  { origin: 'operator', scope: 'account' },
] as const;

test('what the venue says is not held is closed beside what was opened since only once a reading agrees that it is', () => {
  for (const [by, hasOpened] of CALLERS.flatMap((by) => [[by, false] as const, [by, true] as const])) {
    const book = new FoldedExits();
    const planned = (): number[] => {
      const { state } = book.ledger;
      return planExits(state).map(({ lots }) => lots);
    };
    book.open('o-1', 10);
    book.report('o-1', 'filled', 10);
    book.exit('x-1', 10, by);
    book.report('x-1', 'rejected', 0, T0 + 20, { detail: 'ReduceOnly Order is rejected.', venue_order_id: null });
    if (hasOpened) book.open('o-2', 5, T0 + 30);
    assert.deepEqual(planned(), hasOpened ? [] : [10], 'reduceOnly keeps it inside while nothing was opened');
    if (hasOpened) book.report('o-2', 'filled', 5, T0 + 30);
    book.read(hasOpened ? 15 : 10, T0 + 10);
    assert.deepEqual(planned(), hasOpened ? [] : [10], 'a reading of before says nothing of it');
    book.read(10, T0 + 38, T0 + 1);
    assert.deepEqual(planned(), hasOpened ? [] : [10], 'nor does one that lags behind');
    book.read(hasOpened ? 6 : 1, T0 + 40);
    assert.deepEqual(planned(), [1], 'all but one were closed by somebody');
  }
});

test('what a reading lacks is not closed beside what was opened since, whoever asked for it', () => {
  for (const by of CALLERS) {
    const book = new FoldedExits();
    const { state } = book.ledger;
    const planned = (): number[] => planExits(state).map(({ lots }) => lots);
    const isGateExiting = (): boolean => new ExitPump({ state } as ExitHands).isGateExiting('BTCUSDT');
    book.open('o-1', 13);
    book.report('o-1', 'filled', 13, T0 + 5);
    // An exit of four of them is on its way, and nobody knows that it has filled.
    book.sell('s-1', 4, T0 + 6);
    book.read(9, T0 + 10);
    book.exit('x-1', 13, { ...by, atMs: T0 + 20 });
    book.report('x-1', 'expired', 9, T0 + 30);
    assert.equal(isGateExiting(), by.origin === 'gate');
    book.open('o-2', 1, T0 + 40);
    book.report('o-2', 'filled', 1, T0 + 45);
    book.read(1, T0 + 50);
    assert.deepEqual(planned(), [], `${by.origin}: the only lot that is held was opened since`);
    assert.equal(isGateExiting(), false, 'and the gate may close that one by another exit');
    book.report('s-1', 'filled', 4, T0 + 60, { venue_at_ms: T0 + 7 });
    assert.deepEqual(planned(), []);
    const { end, leftLots, roomLots } = book.find('x-1');
    assert.deepEqual([end, leftLots, roomLots], [null, 0, 0], `${by.origin}: nothing of it is left`);
  }
});

test('who was served in this pass goes after the others, and each group is sized when it is its turn', () => {
  const model = new Model({ alice: 10, bob: 4 });
  for (const bound of ['a', 'b']) model.ask('alice', 6, bound);
  model.ask('bob', 4, 'a');
  const served = new Map<string, number>();
  const turns = new ExitTurns(model.state, model.state.targets.open, RUNGS, (agent) => served.get(agent) ?? 0);
  const sent: string[] = [];
  for (let group = turns.next(); group !== null; group = turns.next()) {
    const [{ agent }] = group.targets as [ExitTarget];
    sent.push(`${agent} ${group.lots}`);
    served.set(agent, sent.length);
    model.send(group);
  }
  assert.deepEqual(sent, ['alice 6', 'bob 4', 'alice 4']);
});

describe('BY-15 an exit at its own price of which one order is unknown and one rests', () => {
  /** Another agent's exit closes the same nine lots. */
  const crowd = (): FoldedExits => {
    const book = new FoldedExits();
    book.open('o-1', 9);
    book.report('o-1', 'filled', 9, T0 + 1);
    book.read(9, T0 + 2);
    book.exit('x-1', 9, { atMs: T0 + 3 });
    book.report('x-1', 'unknown', 0, T0 + 4);
    book.takeProfit('x-2', 3, { atMs: T0 + 5, parent: 'x-1' });
    book.report('x-2', 'working', 0, T0 + 6, { venue_order_id: '2' });
    book.exit('y-1', 9, { atMs: T0 + 7, agent: 'bob', delayMs: 1 });
    return book;
  };
  const endings = (book: FoldedExits): readonly string[] =>
    findEndings(book.ledger.state, book.ledger.state.targets.open, RUNGS).map(
      ({ reason, target }) => `${target.decisionId} ${reason}`,
    );
  const planned = (book: FoldedExits): readonly string[] =>
    planExits(book.ledger.state).map(({ lots, rung, targets: [target] }) => `${target?.decisionId} ${lots} ${rung}`);

  test('makes room, waits for what it made room for, and goes on with all that is left', () => {
    const book = crowd();
    book.cancel('x-2', MAKES_ROOM, T0 + 8);
    book.report('x-2', 'canceled', 0, T0 + 9, { venue_order_id: '2' });
    assert.deepEqual(planned(book), ['d-y-1 9 0'], 'not put back in the way of the other one');
    book.report('x-1', 'not_placed', 0, T0 + 10);
    assert.deepEqual([endings(book), planned(book)], [[], ['d-y-1 9 0']], 'nobody has canceled it');
    book.end('y-1', 'exhausted', T0 + 11);
    assert.deepEqual(planned(book), ['d-x-1 9 0']);
    const restarted = book.ledger.refold();
    assert.deepEqual(
      planExits(restarted).map(({ lots }) => lots),
      [9],
      'a restart goes on alike',
    );
  });
  for (const [what, canceled, untilMs] of [
    ['its caller cancels it before that is proven', 'x-2', 9],
    ['its caller cancels all of it', null, 9],
  ] as const)
    test(`is over when ${what}`, () => {
      const book = crowd();
      book.cancel('x-2', MAKES_ROOM, T0 + 8);
      const request = { client_order_id: canceled, intent: 'cancel', symbol: 'BTCUSDT' } as const;
      book.ledger.append(decisionEvent({ id: 'd-c', atMs: T0 + untilMs, request, orders: [] }));
      book.report('x-2', 'canceled', 0, T0 + 10, { venue_order_id: '2' });
      book.report('x-1', 'not_placed', 0, T0 + 11);
      assert.deepEqual(endings(book), ['d-x-1 canceled']);
    });
  test('two that made room for one another both go on', () => {
    const book = crowd();
    book.cancel('x-2', MAKES_ROOM, T0 + 8);
    book.report('x-2', 'canceled', 0, T0 + 9, { venue_order_id: '2' });
    book.takeProfit('y-2', 3, { atMs: T0 + 10, parent: 'y-1' });
    book.report('y-2', 'working', 0, T0 + 11, { venue_order_id: '3' });
    book.cancel('y-2', MAKES_ROOM, T0 + 12);
    book.report('y-2', 'canceled', 0, T0 + 13, { venue_order_id: '3' });
    book.report('x-1', 'not_placed', 0, T0 + 14);
    assert.deepEqual([endings(book), planned(book)], [[], ['d-x-1 9 0', 'd-y-1 9 0']]);
  });
});
