import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  endedByOperator,
  endedEvent,
  rejectedEvent,
  stalledEvent,
  unknownEvent,
} from '../../../daemon/engine/orders/evidence.ts';
import { isTerminal, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { VenueOrder } from '../../../daemon/engine/records/venue.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { forAll } from '../../for-all.ts';
import { asListed, inLots, LOT_E8 } from '../fold-fixture.ts';
import { ProofWorld, rejection, shown } from '../proof-fixture.ts';

type Word =
  | { readonly kind: 'shown'; readonly status: VenueOrder['status']; readonly executed: number }
  | { readonly kind: 'listed'; readonly executed: number }
  | { readonly kind: 'absent'; readonly status: 'not_placed' | 'canceled' | 'lost' }
  | { readonly kind: 'unknown' | 'refused' | 'stalled' | 'unsent' | 'operator' | 'other event' };
/** A word on an order, in answer to what was asked for at some step before: `age` steps ago. */
interface Observation {
  readonly word: Word;
  readonly age: number;
  readonly times: number;
}

const words: fc.Arbitrary<Word> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('shown' as const),
      status: fc.constantFrom('working', 'partially_filled', 'filled', 'canceled', 'expired'),
      executed: fc.integer({ min: 0, max: 10 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('listed' as const), executed: fc.integer({ min: 0, max: 10 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('absent' as const),
      status: fc.constantFrom('not_placed', 'canceled', 'lost'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('unknown', 'unknown', 'refused', 'stalled', 'unsent', 'operator', 'other event'),
    }),
  },
);
const observations = fc.array(
  fc.record({ word: words, age: fc.integer({ min: 0, max: 12 }), times: fc.integer({ min: 1, max: 2 }) }),
  { minLength: 1, maxLength: 25 },
);

class Watched {
  readonly world = new ProofWorld();
  readonly asks = [this.world.proof.ask()];
  readonly order: OrderState;
  /** Place among the asks of the newest answer that showed the order. */
  shownAt = -1;

  constructor(timeInForce: 'GTC' | 'IOC') {
    const orders = [{ client_order_id: 'o-1', time_in_force: timeInForce }];
    this.world.decide({ id: 'd-1', orders });
    this.order = this.world.order('o-1');
  }

  /** Takes in a word in answer to the ask of that place. */
  take(word: Word, at: number): void {
    const { core, proof } = this.world;
    const { order } = this;
    const ask = this.asks[at] ?? proof.ask();
    switch (word.kind) {
      case 'shown':
        proof.adopt(order, shown('o-1', { status: word.status, executedLots: word.executed }), ask);
        this.shownAt = Math.max(this.shownAt, at);
        return;
      case 'listed':
        if (!isTerminal(order)) return;
        core.append('order', {
          ...endedEvent(core, order, 'open at the venue after all'),
          status: 'working',
          evidence: { asked_seq: ask.seq, kind: 'shown' },
          executed_e8: Math.max(order.executedE8, word.executed * LOT_E8),
          foreign: asListed(10, 600_000),
        });
        return;
      case 'absent':
        proof.recordAbsent(order, { status: word.status, detail: 'absent' }, ask);
        return;
      case 'unknown':
        proof.record(order, unknownEvent(core, order, 'timeout', core.nowMs()));
        return;
      case 'refused':
        proof.record(order, rejectedEvent(core, order, rejection()));
        return;
      case 'stalled':
        proof.record(order, stalledEvent(core, order, 'stalled'));
        return;
      case 'unsent':
        proof.end(order, 'dropped');
        return;
      case 'operator':
        proof.record(order, endedByOperator(core, order, 'ended'));
        return;
      case 'other event':
        core.append('alert', { code: 'TEST', detail: '', symbol: null });
    }
  }
}

const isLive = (status: string): boolean => status === 'working' || status === 'partially_filled';

/** What must hold of one step, from what the view was to what it is. */
function checkStep(watched: Watched, before: OrderState, word: Word, at: number): void {
  const { order } = watched;
  const step = `${before.status} -> ${order.status} by ${JSON.stringify(word)}`;
  assert.ok(inLots(order.executedE8) >= inLots(before.executedE8), `executed lots fell: ${step}`);
  assert.equal(
    inLots(watched.world.core.state.position('BTCUSDT').quantityE8),
    inLots(order.executedE8),
    'what was executed is held',
  );
  if (order.status === before.status) return;
  assert.ok(order.status !== 'in_flight' && order.status !== 'pending_send', step);
  if (order.status === 'unknown') assert.equal(before.status, 'in_flight', step);
  if (before.status === 'partially_filled') assert.notEqual(order.status, 'working', step);
  if (isTerminal(before)) {
    assert.equal(word.kind, 'listed', `an end was undone: ${step}`);
    assert.ok(!before.isEndShown, `an end that the venue showed was undone: ${step}`);
    assert.ok((watched.asks[at]?.seq ?? -1) >= (before.endedSeq ?? 0), `by a list of before the end: ${step}`);
    return;
  }
  if (word.kind === 'stalled') assert.ok(before.shownSeq !== null && order.status === 'lost', step);
  if (before.shownSeq === null) return;
  assert.ok(order.status !== 'not_placed' && order.status !== 'rejected', `it was placed: ${step}`);
  if (!isLive(before.status)) return;
  if (order.status === 'lost' && word.kind === 'stalled') return;
  if (word.kind === 'absent') assert.ok(at >= watched.shownAt, `by an absence of before it was shown: ${step}`);
  else assert.equal(word.kind, 'shown', `a life was undone: ${step}`);
}

describe('what was proven of an order is not unproven', () => {
  const run = (timeInForce: 'GTC' | 'IOC', steps: readonly Observation[]): void => {
    const watched = new Watched(timeInForce);
    for (const { word, age, times } of steps) {
      watched.asks.push(watched.world.proof.ask());
      const at = Math.max(0, watched.asks.length - 1 - age);
      for (let i = 0; i < times; i += 1) {
        const before = structuredClone(watched.order);
        const records = watched.world.events.length;
        watched.take(word, at);
        checkStep(watched, before, word, at);
        const isRecorded = watched.world.events.length > records;
        if (i > 0 && word.kind !== 'other event' && word.kind !== 'listed')
          assert.ok(!isRecorded, `said again it is no news: ${JSON.stringify(word)}`);
      }
    }
    const folded = new GateState();
    for (const event of watched.world.events) folded.apply(event);
    assert.deepEqual([...folded.orders.all.values()], [watched.order], 'the ledger folds to the same view');
    assert.equal(folded.orders.live.get('BTCUSDT')?.size ?? 0, isTerminal(watched.order) ? 0 : 1);
  };
  for (const timeInForce of ['GTC', 'IOC'] as const)
    it(`by any words in any order, late and twice (${timeInForce})`, () => {
      forAll([observations], { numRuns: 3_000, seed: 64 }, (steps) => run(timeInForce, steps));
    });

  it('so that all pictures of one life, in any order, make up its newest one', () => {
    const lives = fc
      .record({
        fills: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        end: fc.constantFrom('canceled', 'expired', 'filled', null),
        noise: fc.array(fc.constantFrom('unknown', 'refused', 'unsent'), { maxLength: 4 }),
      })
      .chain(({ fills, end, noise }) => {
        const pictures: Word[] = [{ kind: 'shown', status: 'working', executed: 0 }];
        let executed = 0;
        for (const lots of fills) {
          executed = Math.min(9, executed + lots);
          pictures.push({ kind: 'shown', status: 'partially_filled', executed });
        }
        const last = end === 'filled' ? 10 : executed;
        if (end !== null) pictures.push({ kind: 'shown', status: end, executed: last });
        const all: { word: Word; at: number }[] = pictures.map((word, at) => ({ word, at }));
        for (const kind of noise) all.push({ word: { kind }, at: 0 });
        const status = end ?? (executed > 0 ? 'partially_filled' : 'working');
        return fc.record({
          order: fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
          last: fc.constant({ status, executed: last }),
        });
      });
    forAll([lives], { numRuns: 1_000, seed: 65 }, ({ order, last }) => {
      const watched = new Watched('GTC');
      for (let i = 0; i < 5; i += 1) watched.asks.push(watched.world.proof.ask());
      // What is not sent, or refused, before anything was shown has ended; here something was.
      watched.take({ kind: 'shown', status: 'working', executed: 0 }, 0);
      for (const { word, at } of order) watched.take(word, at);
      assert.deepEqual({ status: watched.order.status, executed: inLots(watched.order.executedE8) }, last);
    });
  });
});
