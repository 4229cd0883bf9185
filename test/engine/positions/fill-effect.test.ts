import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyFill } from '../../../daemon/engine/positions/fills.ts';
import { addFill, believe, createLotBook } from '../../../daemon/engine/positions/lot-book.ts';
import { createPosition, ownE8 } from '../../../daemon/engine/positions/positions.ts';
import { forAll } from '../../for-all.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

const SYMBOL = 'BTCUSDT';

/** Alice quotes both sides of a flat symbol: an order `sell` and an order `buy` of so many lots. */
function quoted(sellLots: number, buyLots: number): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  for (const [id, side, lots] of [
    ['sell', 'sell', sellLots],
    ['buy', 'buy', buyLots],
  ] as const)
    ledger.append(decisionEvent({ id: `d-${id}`, atMs: T0, orders: [{ client_order_id: id, side, lots }] }));
  return ledger;
}
function fill(ledger: FoldedLedger, id: string, lots: number, atMs: number): void {
  ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: lots, average_price: 60_000 }));
}
function flipClock(ledger: FoldedLedger): readonly [side: string | null, atMs: number | null] {
  const clocks = [ledger.state, ledger.refold()].map(({ pacing }) => {
    const { lastOpenFillAtMs, lastOpenFillSide } = pacing.readSymbol(SYMBOL);
    return [lastOpenFillSide, lastOpenFillAtMs] as const;
  });
  assert.deepEqual(clocks[0], clocks[1], 'a restart knows the same');
  return clocks[0] ?? [null, null];
}
const executed = ({ state: { pacing } }: FoldedLedger, side: 'buy' | 'sell', lots: number): number =>
  pacing.countExecutions({ agent: 'alice', symbol: SYMBOL, side, quantityE8: lots * LOT_E8 }, T0 + 10_000, 60_000, 0);

describe('a resting buy whose fill comes after a short was opened', () => {
  it('leaves the flip interval running from the fill that opened the short, when it only closes [PK-26]', () => {
    const ledger = quoted(10, 10);
    fill(ledger, 'sell', 10, T0 + 1_000);
    fill(ledger, 'buy', 10, T0 + 2_000);
    assert.deepEqual(flipClock(ledger), ['sell', T0 + 1_000]);
  });

  it('counts for the repeated-execution breaker only once it has opened', () => {
    const ledger = quoted(10, 10);
    fill(ledger, 'sell', 10, T0 + 1_000);
    fill(ledger, 'buy', 10, T0 + 2_000);
    assert.equal(executed(ledger, 'sell', 10), 1);
    assert.equal(executed(ledger, 'buy', 10), 0);
  });

  it('sets the flip interval anew when it turns the position [PK-26]', () => {
    const ledger = quoted(10, 11);
    fill(ledger, 'sell', 10, T0 + 1_000);
    fill(ledger, 'buy', 11, T0 + 2_000);
    assert.deepEqual(flipClock(ledger), ['buy', T0 + 2_000]);
    assert.equal(executed(ledger, 'buy', 11), 1);
  });
});

describe('a fill that opens', () => {
  it('starts the flip interval while the rules of its symbol are not known yet', () => {
    const ledger = new FoldedLedger();
    ledger.append(decisionEvent({ id: 'd-buy', atMs: T0, orders: [{ client_order_id: 'buy' }] }));
    ledger.append(orderEvent('buy', T0 + 1_000, { status: 'filled', executed_lots: 10 }));
    assert.deepEqual(flipClock(ledger), ['buy', T0 + 1_000]);
  });
});

describe('an opening whose fill is told after an exit has closed it', () => {
  it('starts the flip interval all the same', () => {
    const ledger = quoted(10, 10);
    const exit = { client_order_id: 'exit', lots: 10, reduce_only: true, side: 'sell' } as const;
    ledger.append(
      decisionEvent({ id: 'd-exit', atMs: T0, effective: { action: 'exit', side: 'sell' }, orders: [exit] }),
    );
    fill(ledger, 'exit', 10, T0 + 1_000);
    assert.deepEqual(flipClock(ledger), [null, null]);
    fill(ledger, 'buy', 10, T0 + 2_000);
    assert.equal(ledger.state.position(SYMBOL).quantityE8, 0);
    assert.deepEqual(flipClock(ledger), ['buy', T0 + 2_000]);
    fill(ledger, 'sell', 10, T0 + 3_000);
    assert.deepEqual(flipClock(ledger), ['sell', T0 + 3_000]);
  });
});

describe('a fill that is told late', () => {
  const orders = (ledger: FoldedLedger): void => {
    for (const [id, side] of [
      ['buy-1', 'buy'],
      ['sell-1', 'sell'],
      ['sell-2', 'sell'],
    ] as const)
      ledger.append(decisionEvent({ id: `d-${id}`, atMs: T0, orders: [{ client_order_id: id, side, lots: 10 }] }));
  };
  const told = (ledger: FoldedLedger, id: string, lots: number, filledMs: number, atMs: number): void => {
    const event = orderEvent(id, filledMs, { status: 'partially_filled', executed_lots: lots, average_price: 60_000 });
    ledger.append({ ...event, at_ms: atMs });
  };

  it('closes what a later one was taken to have closed, and that one opened [PK-26]', () => {
    const ledger = quoted(10, 10);
    orders(ledger);
    told(ledger, 'buy-1', 4, T0 + 1_000, T0 + 1_000);
    told(ledger, 'sell-2', 3, T0 + 3_000, T0 + 3_000);
    assert.deepEqual(flipClock(ledger), ['buy', T0 + 1_000]);
    told(ledger, 'sell-1', 2, T0 + 2_000, T0 + 4_000);
    assert.deepEqual(flipClock(ledger), ['sell', T0 + 4_000]);
    assert.deepEqual([executed(ledger, 'sell', 10)], [1], 'the one that opened has executed');
  });

  it('leaves the side of the flip interval with the last one that opened [PK-26]', () => {
    const ledger = quoted(10, 10);
    orders(ledger);
    told(ledger, 'sell-1', 5, T0 + 5_000, T0 + 5_000);
    told(ledger, 'buy-1', 3, T0 + 1_000, T0 + 6_000);
    assert.deepEqual(flipClock(ledger), ['sell', T0 + 6_000]);
  });
});

describe('a report that comes after the trade of its order', () => {
  it('is of later than what shares its millisecond and was told before: it closes what that opened [PK-26]', () => {
    const ledger = quoted(10, 10);
    fill(ledger, 'sell', 10, T0 + 1_000);
    ledger.append(tradeEvent('3', 'sell', T0 + 1_000, { side: 'sell' }));
    ledger.append(tradeEvent('4', 'buy', T0 + 1_000));
    const late = orderEvent('buy', T0 + 1_000, { status: 'filled', executed_lots: 10, average_price: 60_000 });
    ledger.append({ ...late, at_ms: T0 + 9_000 });
    assert.deepEqual(flipClock(ledger), ['sell', T0 + 1_000]);
  });
});

describe('the effect of a fill', () => {
  const one = fc.record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    quantityE8: fc.integer({ min: 1, max: 20 }),
    isHolders: fc.boolean(),
    reduceOnly: fc.boolean(),
  });

  it('adds up to its lots, and to what position and holder gained and lost', () => {
    forAll([fc.array(one, { minLength: 1, maxLength: 30 })], { numRuns: 300, seed: 1 }, (fills) => {
      const position = createPosition(SYMBOL);
      position.holder = 'alice';
      for (const [index, { isHolders, reduceOnly, ...drawn }] of fills.entries()) {
        const before = position.quantityE8;
        const closes = before !== 0 && before > 0 === (drawn.side === 'sell');
        // The venue never fills a reduceOnly order beyond zero.
        const isExit = reduceOnly && closes && drawn.quantityE8 <= Math.abs(before);
        const own = ownE8(position);
        const effect = applyFill(position, {
          ...drawn,
          owner: isHolders ? 'alice' : null,
          agentsFirst: false,
          reduceOnly: isExit,
          price: 1,
          atMs: T0 + index,
          order: 'order',
          seq: 0,
        });
        const signed = drawn.side === 'buy' ? drawn.quantityE8 : -drawn.quantityE8;
        assert.equal(position.quantityE8, before + signed);
        const isOpening = !isExit && (!closes || drawn.quantityE8 > Math.abs(before));
        assert.deepEqual(effect.openings.orders, isOpening ? ['order'] : []);
        assert.equal(effect.openings.lastSide, isOpening ? drawn.side : null);
        const gained = ownE8(position) - own;
        assert.equal(Math.abs(gained), effect.own.closed + effect.own.opened);
      }
    });
  });
});

describe('a fill that is told so late that a reading which is summed up has contained it', () => {
  it('changes nothing of what later ones opened', () => {
    const fillOf = (order: string, quantityE8: number, atMs: number, seq: number) =>
      ({
        kind: 'fill',
        agentsFirst: false,
        opens: true,
        owner: 'alice',
        order,
        quantityE8,
        atMs,
        seq,
        trade: 1,
      }) as const;
    const book = createLotBook();
    book.holder = 'alice';
    addFill(book, fillOf('short', -10, T0, 1));
    believe(book, { quantityE8: -10, shownMs: T0 + 1_000, sinceMs: T0 + 1_000, seq: 20 });
    addFill(book, fillOf('first', 4, T0 + 700_000, 30));
    addFill(book, fillOf('closing', 5, T0 + 1_400_000, 31));
    assert.deepEqual(addFill(book, fillOf('late', 4, T0 + 500, 12)).orders, []);
    assert.deepEqual(book.lots.parts, [{ owner: 'alice', quantityE8: -1 }]);
  });
});
