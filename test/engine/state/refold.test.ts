import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownE8 } from '../../../daemon/engine/orders/holding.ts';
import { longE8, shortE8 } from '../../../daemon/engine/positions/positions.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { forAll } from '../../for-all.ts';
import { asListed, inLots, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';
import { reread, textOf } from '../text-of.ts';

type Step = { what: number; lots: number; dt: number; late: number; agent: number };
function play(steps: Step[], onEach: (book: FoldedClaims) => void): void {
  const book = new FoldedClaims();
  book.read(5, T0);
  let now = T0;
  let n = 0;
  const orders: { id: string; lots: number; done: number; traded: number }[] = [];
  for (const { what, lots, dt, late, agent } of steps) {
    now += dt;
    n += 1;
    const who = ['alice', 'bob'][agent]!;
    const at = now - late;
    if (what === 0) {
      book.open(`o-${n}`, lots, { agent: who, atMs: now, rests: late > 3 });
      orders.push({ id: `o-${n}`, lots, done: 0, traded: 0 });
    } else if (what === 1) {
      book.exit(`x-${n}`, lots, { agent: who, atMs: now });
      orders.push({ id: `x-${n}`, lots, done: 0, traded: 0 });
    } else if (what === 2 && orders.length > 0) {
      const o = orders[n % orders.length]!;
      o.done = Math.min(o.lots, o.done + lots);
      book.report(o.id, o.done === o.lots ? 'filled' : 'partially_filled', o.done, now, { venue_at_ms: at });
    } else if (what === 3 && orders.length > 0) {
      const o = orders[n % orders.length]!;
      if (o.done > o.traded) {
        book.ledger.append(
          tradeEvent(String(n), o.id, now, {
            lots: o.done - o.traded,
            at_venue_ms: at - 1,
            side: o.id[0] === 'x' ? 'sell' : 'buy',
          } as never),
        );
        o.traded = o.done;
      }
    } else if (what === 4) book.read(inLots(book.position.quantityE8) + (lots % 4 === 0 ? lots - 4 : 0), now, at);
    else if (what === 5)
      book.ledger.append(tradeEvent(`l${n}`, `autoclose-${n}`, now, { lots, side: 'sell', at_venue_ms: at } as never));
    else if (what === 6) book.adopt(who, now);
    else if (what === 7) {
      book.list(`w-${n}`, lots, { atMs: now });
      book.report(`w-${n}`, 'filled', lots, now, { venue_at_ms: at });
    }
    onEach(book);
  }
}
const step = fc.record({
  what: fc.integer({ min: 0, max: 7 }),
  lots: fc.integer({ min: 1, max: 9 }),
  dt: fc.constantFrom(0, 1, 5, 1000, 11000, 400000),
  late: fc.integer({ min: 0, max: 8 }),
  agent: fc.constantFrom(0, 0, 0, 1),
});
void asListed;
void shortE8;
void longE8;

test('a restart from a checkpoint goes on as the fold from records does; parts have one sign and one entry an owner', () => {
  forAll([fc.array(step, { minLength: 5, maxLength: 40 }), fc.nat(39)], { numRuns: 300 }, (steps, cut) => {
    let at = 0;
    let copy: GateState | null = null;
    let seen = 0;
    play(steps, (book) => {
      at += 1;
      const { events, state } = book.ledger;
      if (copy === null) {
        if (at > cut % steps.length) {
          copy = reread(textOf(state), new GateState());
          seen = events.length;
        }
      } else {
        for (const event of events.slice(seen)) copy.apply(event);
        seen = events.length;
        assert.deepEqual(copy.position('BTCUSDT'), state.position('BTCUSDT'));
      }
      const { lots } = book.position.book;
      const owners = new Set(lots.parts.map(({ owner }) => owner));
      assert.equal(owners.size, lots.parts.length);
      assert.ok(
        lots.parts.every(
          ({ quantityE8 }) => quantityE8 !== 0 && Math.sign(quantityE8) === Math.sign(lots.parts[0]!.quantityE8),
        ),
      );
      assert.ok(lots.owedE8 * (lots.parts[0]?.quantityE8 ?? 0) >= 0, 'owed against held');
      assert.ok(!Object.is(book.position.quantityE8, -0));
      const refolded = book.ledger.refold();
      assert.equal(refolded.position('BTCUSDT').quantityE8, book.position.quantityE8);
      assert.equal(ownE8(refolded.position('BTCUSDT')), ownE8(book.position));
    });
  });
});
