import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Origin } from '../../daemon/core/request.ts';
import { capOf, isRefutedBesideYounger, waitsForReading } from '../../daemon/gate/plan/exit-caps.ts';
import type { ExitTarget } from '../../daemon/gate/state/exit-targets.ts';
import { applySnapshot } from '../../daemon/gate/state/positions.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from './fold-fixture.ts';

/** Long positions of agents, and exits that sell them. */
class Book extends FoldedLedger {
  #count = 0;

  constructor(held: Readonly<Record<string, number>>) {
    super();
    this.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    for (const [agent, lots] of Object.entries(held)) {
      const id = this.#send(agent, lots, false, 'agent');
      this.append(orderEvent(id, T0, { status: 'filled', executed_lots: lots }));
    }
  }
  #send(agent: string, lots: number, reduceOnly: boolean, origin: Origin, tif: 'IOC' | 'GTC' = 'IOC'): string {
    this.#count += 1;
    const id = `o-${this.#count}`;
    const side = reduceOnly ? ('sell' as const) : ('buy' as const);
    const order = { client_order_id: id, lots, side, reduce_only: reduceOnly, time_in_force: tif };
    this.append(decisionEvent({ id: `d-${this.#count}`, atMs: T0, agent, request: { origin }, orders: [order] }));
    return id;
  }
  exit(agent: string, lots: number, origin: Origin = 'agent'): string {
    return this.#send(agent, lots, true, origin);
  }
  open(agent: string, lots: number, tif: 'IOC' | 'GTC' = 'IOC'): string {
    return this.#send(agent, lots, false, 'agent', tif);
  }
  /** A reading of the account shows so many, and is not believed yet. */
  reads(lots: number): void {
    const shown = {
      entry_price: 60_000,
      liquidation_price: null,
      lots,
      maintenance_margin_usdt: 0,
      mark_price: 60_000,
      symbol: 'BTCUSDT',
      unrealised_pnl_usdt: 0,
      updated_at_ms: T0 + 10,
    };
    const mayFill = { unproven: true, buyLots: 0, sellLots: 0 };
    applySnapshot(this.state.position('BTCUSDT'), shown, T0 + 10, null, mayFill);
  }
  /** Lots that another exit of all that `agent` holds may send now. */
  cap(agent: string, roomLots: number, scope: 'own' | 'account' = 'own', origin: Origin = 'agent'): number {
    const what = { agent, origin, scope, side: 'sell', symbol: 'BTCUSDT', roomLots };
    const asked = { ...what, isWhole: true, openings: null, openedAtMs: T0 + 1 };
    return capOf(this.state, asked as ExitTarget, roomLots);
  }
}

describe('Lots that an exit may send beside those on their way', () => {
  it("are the agent's share less what its own exits may still close", () => {
    const book = new Book({ alice: 10, bob: 5 });
    assert.equal(book.cap('alice', 10), 10);
    const id = book.exit('alice', 6);
    assert.equal(book.cap('alice', 10), 4);
    assert.equal(book.cap('bob', 5), 5, "another agent's exit takes nothing of it");
    book.append(orderEvent(id, T0, { status: 'unknown' }));
    assert.equal(book.cap('alice', 10), 4, 'unknown lots count while others hold a part');
    book.append(orderEvent(id, T0, { status: 'canceled', executed_lots: 2 }));
    assert.equal(book.cap('alice', 8), 8, 'what it did not close is there again');
  });

  it('of a sole holder do not wait for an exit of unknown outcome: reduceOnly keeps it inside', () => {
    const book = new Book({ alice: 10 });
    const id = book.exit('alice', 6);
    assert.equal(book.cap('alice', 10), 4);
    book.append(orderEvent(id, T0, { status: 'unknown' }));
    assert.equal(book.cap('alice', 10), 10);
  });

  it("are less by the agent's part of an operator's exit, which itself waits for nobody", () => {
    const book = new Book({ alice: 10, bob: 5 });
    book.exit('operator', 6, 'operator');
    assert.equal(book.cap('alice', 10), 6, 'two thirds of six come out of its share');
    assert.equal(book.cap('bob', 5), 3);
    assert.equal(book.cap('operator', 15, 'account', 'operator'), 15);
  });

  it('of an agent that may close all are the position less all exits on their way', () => {
    const book = new Book({ alice: 10, bob: 5 });
    book.exit('bob', 5);
    assert.equal(book.cap('alice', 15, 'account'), 10);
  });

  it('leave out what a reading lacks, of which an opening that is not answered yet hides none', () => {
    const book = new Book({ alice: 10 });
    const id = book.open('alice', 4);
    book.reads(4);
    assert.equal(book.cap('alice', 10), 0, 'what is there may be the four that are on their way');
    book.append(orderEvent(id, T0 + 20, { status: 'canceled', executed_lots: 0 }));
    assert.equal(book.cap('alice', 10), 10, 'nothing was opened since: reduceOnly keeps it inside');
    assert.equal(book.cap('alice', 6), 0, 'four of ten were held when it was requested, and six lack');
  });

  it('leave out what a reading lacks, of which an opening at rest hides what it has filled', () => {
    for (const shownLots of [4, 10, 12] as const) {
      const book = new Book({ alice: 10 });
      const id = book.open('alice', 4, 'GTC');
      book.append(orderEvent(id, T0 + 1, { status: 'working' }));
      book.reads(shownLots);
      assert.equal(book.cap('alice', 10), shownLots === 4 ? 0 : 10, 'beside as many as are known, it hides nothing');
    }
  });

  it('leave out what a reading lacks beside what another agent has opened since, not before', () => {
    for (const [filledAtMs, expected] of [
      [T0 + 5, 5],
      [T0, 10],
    ] as const) {
      const book = new Book({ alice: 10 });
      const id = book.open('bob', 7);
      book.append(orderEvent(id, filledAtMs, { status: 'filled', executed_lots: 7 }));
      book.reads(12);
      assert.equal(book.cap('alice', 10), expected);
    }
  });
});

describe('An exit whose order found nothing, or less than it was for', () => {
  const ends = {
    refuted: { status: 'rejected', detail: '-2022: ReduceOnly Order is rejected.' },
    'cut short': { status: 'canceled', executed_lots: 3 },
  } as const;
  for (const [name, end] of Object.entries(ends)) {
    const waits = (opens: 'before' | 'since' | null): readonly boolean[] => {
      const book = new Book({ alice: 10 });
      const opening = opens === null ? null : book.open('bob', 7);
      if (opening !== null) {
        const atMs = opens === 'since' ? T0 + 5 : T0;
        book.append(orderEvent(opening, atMs, { status: 'filled', executed_lots: 7 }));
      }
      const id = book.exit('alice', 10);
      book.append(orderEvent(id, T0 + 8, end));
      const order = book.state.orders.all.get(id);
      assert.ok(order !== undefined);
      const what = { agent: 'alice', origin: 'agent', scope: 'own', side: 'sell', symbol: 'BTCUSDT' };
      const left = { leftLots: 10 - order.executedLots, roomLots: 10 - order.executedLots };
      const allotments = [{ order, lots: 10, filledLots: order.executedLots }];
      const target = { ...what, ...left, allotments, isWhole: true, openings: null, openedAtMs: T0 + 1 } as unknown;
      const asked = target as ExitTarget;
      return [isRefutedBesideYounger(book.state, asked), waitsForReading(book.state, asked)];
    };
    it(`waits for a reading beside what another agent has opened since, where it is ${name}`, () => {
      assert.deepEqual(waits('since'), [true, true], 'it may be that which is held');
      assert.deepEqual(waits('before'), [false, false]);
      assert.deepEqual(waits(null), [false, false]);
    });
  }
});
