import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide.ts';
import type { Side } from '../../daemon/core/request.ts';
import { bareAsk, bareRequest } from '../../daemon/gate/plan/standing.ts';
import type { LiveInputs } from '../../daemon/gate/snapshot/inputs.ts';
import { buildContext } from '../../daemon/gate/snapshot/snapshot.ts';
import type { GateState } from '../../daemon/gate/state/gate-state.ts';
import { basePolicy } from '../core/decision-fixture.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from './fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const INPUTS: LiveInputs = { nowMs: T0, clockSkewMs: 1, account: null, symbols: new Map() };

function contextFor(state: GateState, agent: string, scope: 'own' | 'account' = 'own') {
  const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent };
  const policy = compilePolicy({ ...basePolicy, exits: { ...basePolicy.exits, scope } }, 'test', agent);
  return buildContext(state, INPUTS, request, policy, bareAsk(PLACE));
}
/** Lots that would close what `agent` buys now, and what it sells. */
function beyond(state: GateState, agent: string, scope: 'own' | 'account' = 'own'): readonly [number, number] {
  const { exits_beyond_long: long = 0, exits_beyond_short: short = 0 } = contextFor(state, agent, scope).exposure;
  return [long, short];
}

class Book extends FoldedLedger {
  #count = 0;

  constructor() {
    super();
    this.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  }
  #send(agent: string, lots: number, side: Side, reduceOnly: boolean, tif: 'IOC' | 'GTC'): string {
    this.#count += 1;
    const id = `o-${this.#count}`;
    const order = { client_order_id: id, lots, side, reduce_only: reduceOnly, time_in_force: tif } as const;
    this.append(decisionEvent({ id: `d-${this.#count}`, atMs: T0, agent, orders: [order] }));
    return id;
  }
  opened(agent: string, lots: number, side: Side = 'buy'): void {
    this.ended(this.#send(agent, lots, side, false, 'IOC'), lots);
  }
  exit(agent: string, lots: number, side: Side = 'sell', tif: 'IOC' | 'GTC' = 'IOC'): string {
    return this.#send(agent, lots, side, true, tif);
  }
  ended(id: string, lots: number): void {
    this.append(orderEvent(id, T0, { status: lots === 0 ? 'canceled' : 'filled', executed_lots: lots }));
  }
}

describe('EXITS_IN_FLIGHT: what exits on their way may close beyond what is held', () => {
  it('is nothing while what they were sent for is held', () => {
    const book = new Book();
    book.opened('alice', 10);
    book.exit('alice', 10);
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0]);
    assert.equal('exits_beyond_long' in contextFor(book.state, 'alice').exposure, false);
  });

  it('is what is left of them once somebody else has closed it, until they have ended', () => {
    for (const side of ['buy', 'sell'] as const) {
      const book = new Book();
      const closing = side === 'buy' ? 'sell' : 'buy';
      const of = (lots: number): readonly [number, number] => (side === 'buy' ? [lots, 0] : [0, lots]);
      book.opened('alice', 10, side);
      const late = book.exit('alice', 6, closing);
      const other = book.exit('bob', 10, closing);
      assert.deepEqual(beyond(book.state, 'carol'), of(6), 'both on their way');
      book.ended(other, 10);
      assert.equal(book.state.position('BTCUSDT').lots, 0);
      for (const agent of ['alice', 'carol']) assert.deepEqual(beyond(book.state, agent), of(6), agent);
      book.append(orderEvent(late, T0, { status: 'unknown' }));
      assert.deepEqual(beyond(book.state, 'alice'), of(6), 'unknown');
      assert.deepEqual(beyond(book.refold(), 'alice'), of(6), 'after a restart');
      book.ended(late, 0);
      assert.deepEqual(beyond(book.state, 'alice'), [0, 0], 'ended');
    }
  });

  it("is an agent's own part beyond its share where its share bounds it, though others hold more", () => {
    const book = new Book();
    book.opened('alice', 10);
    book.opened('bob', 10);
    book.exit('alice', 6);
    book.exit('alice', 6);
    assert.deepEqual(beyond(book.state, 'alice'), [2, 0]);
    assert.deepEqual(beyond(book.state, 'bob'), [0, 0], "another agent's opening is not kept by it");
    assert.deepEqual(beyond(book.state, 'alice', 'account'), [0, 0], 'it may close all');
  });

  it('counts what a reading lacks as not held, unless an exit on its way may be what it shows', () => {
    const book = new Book();
    book.opened('alice', 10);
    const reads = (atMs: number): void => {
      const position = book.state.position('BTCUSDT');
      position.disputedLots = 4;
      book.state.account = { positions: [], requested_at_ms: atMs } as unknown as NonNullable<GateState['account']>;
    };
    reads(T0 - 1);
    book.exit('alice', 3);
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0], 'four are held');
    book.exit('alice', 3);
    assert.deepEqual(beyond(book.state, 'alice'), [2, 0]);
    assert.deepEqual(beyond(book.state, 'bob'), [2, 0], 'of all');
    reads(T0 + 1);
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0], 'the six that lack may be those of the exits');
  });

  it('counts neither what rests, nor what is lost, which does not arrive any more', () => {
    const book = new Book();
    const resting = book.exit('alice', 5, 'sell', 'GTC');
    assert.deepEqual(beyond(book.state, 'alice'), [5, 0]);
    book.append(orderEvent(resting, T0, { status: 'working' }));
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0], 'it rests');
    const lost = book.exit('alice', 5);
    book.append(orderEvent(lost, T0, { status: 'lost' }));
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0], 'it is lost');
  });

  it('counts no order of a person: a take-profit and a stop for all that is held rest for as long as they want', () => {
    const book = new Book();
    book.opened('alice', 10);
    for (const [id, triggerTicks] of [
      ['app-1', 620_000],
      ['app-2', 580_000],
    ] as const) {
      const shown = {
        close_position: false,
        kind: 'algo',
        lots: 10,
        order_type: 'STOP_MARKET',
        price_ticks: null,
      } as const;
      const foreign = {
        ...shown,
        reduce_only: true,
        side: 'sell',
        symbol: 'BTCUSDT',
        trigger_ticks: triggerTicks,
      } as const;
      book.append(orderEvent(id, T0, { status: 'working', foreign, venue_order_id: id }));
    }
    assert.equal(book.state.orders.all.get('app-1')?.foreign, true);
    assert.deepEqual(beyond(book.state, 'alice'), [0, 0]);
  });

  it('denies the side that they would close, and no other', () => {
    const book = new Book();
    book.exit('alice', 1);
    const policy = compilePolicy(basePolicy, 'test', 'alice');
    const denials = (side: Side): readonly string[] => {
      const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent: 'alice', side, requested_notional: 300 };
      const context = buildContext(book.state, INPUTS, request, policy, { ...bareAsk(PLACE), phase: 'parent' });
      return decide(request, context, policy).reasons.map(({ code }) => code);
    };
    assert.ok(denials('buy').includes('EXITS_IN_FLIGHT'));
    assert.ok(!denials('sell').includes('EXITS_IN_FLIGHT'));
  });
});
