import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { awaitsReading } from '../../../daemon/gate/plan/exit-caps.ts';
import { ExitTurns, findEndings } from '../../../daemon/gate/plan/exits.ts';
import type { ExitTarget } from '../../../daemon/gate/state/exit-targets.ts';
import type { OrderState } from '../../../daemon/gate/state/orders.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';
import { accountEvent } from '../state/folded-exits.ts';

const RUNGS = 40;

interface Sent {
  readonly order: OrderState;
  /** What the venue has executed of it, at once. */
  readonly executed: number;
  isTold: boolean;
}

/** Alice's book of exits, and a venue that executes at once, tells of it when it likes, and sells short. */
class LaggingVenue {
  readonly ledger = new FoldedLedger();
  readonly sent: Sent[] = [];
  /** Signed lots at the venue. */
  lots = 0;
  /** What may be closed, once something was opened, for exits that were asked for before; never negative. */
  readonly openings: { readonly seq: number; room: number }[] = [];
  #count = 0;
  #atMs = T0;

  constructor() {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  }
  get state() {
    return this.ledger.state;
  }
  get open(): readonly ExitTarget[] {
    return [...this.state.targets.open];
  }
  /** Lots that the gate knows of. */
  get known(): number {
    return Math.max(0, this.state.position('BTCUSDT').shares.get('alice') ?? 0);
  }
  #next(): string {
    this.#count += 1;
    this.#atMs += 10;
    return `${this.#count}`;
  }

  trade(side: 'buy' | 'sell', lots: number, isTold: boolean): void {
    const id = this.#next();
    const orders = [{ client_order_id: `o-${id}`, side, lots, time_in_force: 'IOC' } as const];
    const { seq } = this.ledger.append(decisionEvent({ id: `d-${id}`, atMs: this.#atMs, orders }));
    if (side === 'buy') this.openings.push({ seq, room: Math.max(0, this.lots) });
    this.lots += side === 'buy' ? lots : -lots;
    this.#show(`o-${id}`, lots, isTold);
  }

  /** Somebody sells by hand: nobody tells the gate. */
  sellByHand(lots: number): void {
    this.lots -= Math.min(lots, this.lots);
  }

  /** The last order of which nothing was told ends. */
  tell(index: number): void {
    const late = this.sent.filter((one) => !one.isTold);
    const one = late[index % Math.max(1, late.length)];
    if (one === undefined) return;
    one.isTold = true;
    this.#next();
    const { clientOrderId: id, lots } = one.order;
    const status = one.executed === lots ? 'filled' : 'expired';
    const told = { status, executed_lots: one.executed, venue_at_ms: this.#atMs } as const;
    this.ledger.append(orderEvent(id, this.#atMs, told));
  }

  /** The account is read; when it changed last, it does not say. */
  read(afterMs = 0): void {
    this.#next();
    this.#atMs += afterMs;
    this.ledger.append(accountEvent(this.lots, this.#atMs, T0));
  }

  ask(share: number): void {
    const lots = Math.ceil(this.known * share);
    if (lots === 0) return;
    const id = this.#next();
    const order = { client_order_id: `x-${id}`, lots, side: 'sell', reduce_only: true, delay_ms: 1 } as const;
    const effective = { action: 'exit', side: 'sell', lots } as const;
    this.ledger.append(decisionEvent({ id: `d-${id}`, atMs: this.#atMs, effective, orders: [order] }));
    this.ledger.append({
      kind: 'exit_target',
      at_ms: this.#atMs,
      payload: {
        action: 'opened',
        agent: 'alice',
        cause: 'agent',
        client_order_id: `x-${id}`,
        decision_id: `d-${id}`,
        is_whole: share === 1,
        key: `alice ${id}`,
        lots,
        origin: 'agent',
        scope: 'own',
        side: 'sell',
        symbol: 'BTCUSDT',
      },
    });
  }

  /** Sends what may go out; `depth`: lots that the book takes of each. Returns what was sent. */
  pass(depth: number, isTold: boolean): number {
    for (const { target, reason, detail } of findEndings(this.state, this.open, RUNGS))
      this.#end(target, reason, detail);
    const turns = new ExitTurns(this.state, this.open, RUNGS, () => 0);
    let sent = 0;
    for (let group = turns.next(); group !== null; group = turns.next()) {
      const [parent] = group.targets as readonly [ExitTarget];
      const id = this.#next();
      const order = { client_order_id: `s-${id}`, lots: group.lots, side: 'sell', reduce_only: true } as const;
      const effective = { action: 'exit', side: 'sell', lots: group.lots } as const;
      const slice = { kind: 'slice', parent: parent.decisionId, effective } as const;
      const orders = [{ ...order, time_in_force: 'IOC' } as const];
      this.ledger.append(decisionEvent({ id: `d-${id}`, atMs: this.#atMs, ...slice, orders }));
      const executed = Math.min(group.lots, depth, Math.max(0, this.lots));
      this.lots -= executed;
      for (const opening of this.openings) if (parent.seq < opening.seq) opening.room -= executed;
      this.#show(`s-${id}`, executed, isTold);
      sent += group.lots;
    }
    return sent;
  }

  #end(target: ExitTarget, reason: NonNullable<ExitTarget['end']>['reason'], detail: string): void {
    this.#next();
    const { decisionId, filledLots } = target;
    const payload = { action: 'ended', decision_id: decisionId, detail, filled_lots: filledLots, reason } as const;
    this.ledger.append({ kind: 'exit_target', at_ms: this.#atMs, payload });
  }

  #show(id: string, executed: number, isTold: boolean): void {
    const order = this.state.orders.all.get(id);
    assert.ok(order !== undefined);
    this.sent.push({ order, executed, isTold: false });
    if (isTold) this.tell(this.sent.filter((one) => !one.isTold).length - 1);
    else this.ledger.append(orderEvent(id, this.#atMs, { status: 'working' }));
  }
}

const step = fc.record({
  kind: fc.constantFrom('buy', 'buy', 'sell', 'ask', 'ask', 'pass', 'pass', 'tell', 'read'),
  lots: fc.integer({ min: 1, max: 20 }),
  share: fc.constantFrom(0.5, 1),
  depth: fc.constantFrom(1, 5, 1_000),
  isTold: fc.boolean(),
});

test('an exit closes nothing that was opened after it, however late the venue tells of fills; and it ends', () => {
  let closed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 24 }), (steps) => {
      const venue = new LaggingVenue();
      for (const { depth, isTold, kind, lots, share } of steps) {
        if (kind === 'buy' || kind === 'sell') venue.trade(kind, lots, isTold);
        else if (kind === 'ask') venue.ask(share);
        else if (kind === 'pass') closed += venue.pass(depth, isTold);
        else if (kind === 'tell') venue.tell(lots);
        else venue.read();
        for (const { room } of venue.openings) assert.ok(room >= 0, `${-room} lots too many`);
      }
      // Once everything is told and read, what was asked for is closed.
      for (let round = 0; round === 0 || (round < 60 && venue.open.length > 0); round += 1) {
        while (venue.sent.some(({ isTold }) => !isTold)) venue.tell(0);
        venue.read();
        venue.pass(1_000, true);
        for (const { room } of venue.openings) assert.ok(room >= 0, `${-room} lots too many at last`);
      }
      assert.deepEqual(
        venue.open.map(({ leftLots }) => leftLots),
        [],
      );
      assert.equal(venue.known, Math.max(0, venue.lots));
    }),
    { seed: 41, numRuns: 2_000 },
  );
  assert.ok(closed > 1_000);
});

/** A close of four lots came back with three of them; its agent has opened nine since. */
function cutShort(byHand: number): LaggingVenue {
  const venue = new LaggingVenue();
  venue.trade('buy', 4, true);
  venue.ask(1);
  venue.sellByHand(byHand);
  assert.equal(venue.pass(3, true), 4);
  venue.trade('buy', 9, true);
  return venue;
}

test('what filled in part waits for a reading of the account, beside what was opened since', () => {
  for (const byHand of [0, 1]) {
    const venue = cutShort(byHand);
    assert.equal(venue.pass(1_000, true), 0, 'a thin book, or a sale by hand: nobody can tell yet');
    assert.ok(awaitsReading(venue.state), 'the next reading is recorded');
    venue.read();
    assert.ok(!awaitsReading(venue.state));
    assert.equal(venue.pass(1_000, true), byHand === 0 ? 1 : 0);
    assert.equal(venue.lots, 9);
    for (let second = 0; second < 12; second += 1) venue.read(1_000);
    assert.equal(venue.pass(1_000, true), 0);
    assert.deepEqual([venue.lots, venue.known, venue.open.length], [9, 9, 0], 'it is over, whoever closed the last');
  }
});

test('what a reading lacks and what an order may have filled are the same lots', () => {
  const venue = new LaggingVenue();
  venue.trade('sell', 99, false);
  venue.trade('buy', 199, true);
  venue.ask(1);
  venue.trade('buy', 199, true);
  venue.read();
  assert.equal(venue.pass(1_000, true), 100);
  venue.tell(0);
  assert.equal(venue.pass(1_000, true), 0);
  assert.deepEqual([venue.lots, venue.known, venue.open.length], [199, 199, 0]);
});

test('what filled in part goes on at once where nothing was opened since', () => {
  const venue = new LaggingVenue();
  venue.trade('buy', 4, true);
  venue.ask(1);
  assert.equal(venue.pass(3, true), 4);
  assert.equal(venue.pass(1_000, true), 1, 'reduceOnly keeps it inside the position');
});
