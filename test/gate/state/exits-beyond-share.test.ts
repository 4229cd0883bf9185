import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closableShare, exitsBeyondShare } from '../../../daemon/gate/state/closable-share.ts';
import { liveOrders } from '../../../daemon/gate/state/orders.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

/** Long positions of so many lots, in the order in which they were opened. */
class Holdings {
  readonly #ledger = new FoldedLedger();
  #orders = 0;

  constructor(holdings: Readonly<Record<string, number>>) {
    this.#ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    for (const [agent, lots] of Object.entries(holdings)) this.fill(agent, lots, { side: 'buy' });
  }
  order(agent: string, lots: number, change: object = {}): string {
    this.#orders += 1;
    const id = `o-${this.#orders}`;
    const orders = [{ client_order_id: id, lots, ...change } as const];
    this.#ledger.append(decisionEvent({ id: `d-${this.#orders}`, atMs: T0 + this.#orders, agent, orders }));
    return id;
  }
  fill(agent: string, lots: number, change: object): void {
    this.#ledger.append(
      orderEvent(this.order(agent, lots, change), T0 + this.#orders, { status: 'filled', executed_lots: lots }),
    );
  }
  /** A take-profit that rests. */
  rest(agent: string, lots: number): string {
    const id = this.order(agent, lots, { side: 'sell', reduce_only: true });
    this.#ledger.append(orderEvent(id, T0 + this.#orders, { status: 'working' }));
    return id;
  }
  cancel(id: string): void {
    const payload = { action: 'cancel', client_order_id: id, lots: null, price_ticks: null, reason: 'test' } as const;
    this.#ledger.append({ kind: 'order_intent', at_ms: T0 + this.#orders, payload });
  }
  beyond(agent: string): readonly string[] {
    const { orders, positions } = this.#ledger.state;
    return exitsBeyondShare(positions.get('BTCUSDT'), liveOrders(orders, 'BTCUSDT'), agent).map(
      (order) => order.clientOrderId,
    );
  }
  /** What an amend of one of its orders may make of that. */
  amendable(agent: string, id: string): number {
    const { orders, positions } = this.#ledger.state;
    const live = liveOrders(orders, 'BTCUSDT');
    return closableShare(positions.get('BTCUSDT'), live, agent, orders.all.get(id) ?? null, true);
  }
}

describe('BY-36 resting exits of an agent stay within its share', () => {
  it('names what a cut has left beyond the share, the newest first: one lot less, as much, one lot more', () => {
    for (const [cut, expected] of [
      [3, []],
      [4, []],
      [5, ['second']],
      [8, ['second']],
      [9, ['second', 'first']],
    ] as const) {
      const shared = new Holdings({ alice: 14, bob: 10 });
      const ids = { [shared.rest('alice', 6)]: 'first', [shared.rest('alice', 4)]: 'second' };
      shared.fill('alice', cut, { side: 'sell', reduce_only: true });
      assert.deepEqual(
        shared.beyond('alice').map((id) => ids[id]),
        expected,
        `${cut} of 14 lots closed, 10 rest`,
      );
    }
  });

  it('takes the newest of those of one millisecond by the number in their ids, not by its letters', () => {
    const ledger = new FoldedLedger();
    ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    const place = (id: string, agent: string, lots: number, change: object): void => {
      const orders = [{ client_order_id: id, lots, ...change }];
      ledger.append(decisionEvent({ id: `d-${id}`, atMs: T0, agent, orders }));
      const status = 'reduce_only' in change ? ('working' as const) : ('filled' as const);
      ledger.append(orderEvent(id, T0, { status, executed_lots: status === 'filled' ? lots : 0 }));
    };
    place('hfbf7171x-0-0', 'alice', 10, { side: 'buy' });
    place('hfbf7171y-0-0', 'bob', 10, { side: 'buy' });
    for (const id of ['hfbf7171z-0-0', 'hfbf71710-0-0', 'hfbf717110-0-0'])
      place(id, 'alice', 5, { side: 'sell', reduce_only: true });
    const { orders, positions } = ledger.state;
    const beyond = exitsBeyondShare(positions.get('BTCUSDT'), liveOrders(orders, 'BTCUSDT'), 'alice');
    assert.deepEqual(
      beyond.map((order) => order.clientOrderId),
      ['hfbf717110-0-0'],
    );
  });

  it('counts exits on their way, and leaves out what is being canceled already', () => {
    const shared = new Holdings({ alice: 10, bob: 10 });
    const id = shared.rest('alice', 6);
    shared.order('alice', 4, { side: 'sell', reduce_only: true, time_in_force: 'IOC' });
    assert.deepEqual(shared.beyond('alice'), []);
    shared.order('alice', 1, { side: 'sell', reduce_only: true, time_in_force: 'IOC' });
    assert.deepEqual(shared.beyond('alice'), [id]);
    shared.cancel(id);
    assert.deepEqual(shared.beyond('alice'), []);
  });

  it('leaves the exits of an agent that holds the whole position, until another is about to join', () => {
    const alone = new Holdings({ alice: 10 });
    const ids = [alone.rest('alice', 10), alone.rest('alice', 10)];
    assert.deepEqual(alone.beyond('alice'), [], 'reduceOnly keeps them within the position');
    alone.order('bob', 5, { side: 'buy' });
    assert.deepEqual(alone.beyond('alice'), [ids[1]]);
  });

  it('names the exits of an agent that holds nothing any more', () => {
    const shared = new Holdings({ alice: 10, bob: 10 });
    const id = shared.rest('alice', 10);
    shared.fill('alice', 10, { side: 'sell', reduce_only: true });
    assert.deepEqual(shared.beyond('alice'), [id]);
  });

  it('an amend makes no room: what the other exits of the agent may close is not left to it', () => {
    const shared = new Holdings({ alice: 10, bob: 10 });
    const first = shared.rest('alice', 3);
    shared.rest('alice', 4);
    assert.equal(shared.amendable('alice', first), 6);
    assert.equal(new Holdings({ alice: 10 }).amendable('alice', ''), 10);
  });
});
