import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Side } from '../../../daemon/core/request.ts';
import { ownE8, unownedE8 } from '../../../daemon/engine/orders/holding.ts';
import { applyFill, type FillEffect } from '../../../daemon/engine/positions/fills.ts';
import {
  createPosition,
  longE8,
  type PositionState,
  setLeverage,
  shortE8,
  surelyHeldE8,
} from '../../../daemon/engine/positions/positions.ts';
import { applySnapshot, type PossibleFills } from '../../../daemon/engine/positions/snapshot.ts';
import type { PositionRecord } from '../../../daemon/engine/records/venue-events.ts';
import { forAll } from '../../for-all.ts';

const T0 = 1_740_960_000_000;
const NONE = { unproven: false, buyE8: 0, sellE8: 0 };
const UNPROVEN = { unproven: true, buyE8: 0, sellE8: 0 };
const OWN = { owner: 'a', agentsFirst: false };
/** A fill of the holder. */
function fill(position: PositionState, side: Side, lots: number, atMs: number, reduceOnly = false): void {
  applyFill(position, { side, quantityE8: lots, price: 60_000, atMs, ...OWN, reduceOnly, order: null, seq: 0 });
}
function byHand(position: PositionState, side: Side, quantityE8: number, atMs: number): FillEffect {
  const whose = { owner: null, agentsFirst: false };
  return applyFill(position, {
    side,
    quantityE8,
    price: 60_000,
    atMs,
    ...whose,
    reduceOnly: false,
    order: null,
    seq: 0,
  });
}
function held(lots: number): PositionState {
  const position = createPosition('BTCUSDT');
  position.holder = 'a';
  fill(position, lots > 0 ? 'buy' : 'sell', Math.abs(lots), T0);
  return position;
}
function snapshot(
  position: PositionState,
  shown: PositionRecord | null,
  requestedAtMs: number,
  leverage: number | null,
  possible: PossibleFills,
): void {
  applySnapshot(position, { record: shown, requestedAtMs, leverage, seq: 1 }, possible);
}
function record(lots: number, updatedAtMs: number): PositionRecord {
  return {
    entry_price: 60_000,
    liquidation_price: null,
    quantity_e8: lots,
    maintenance_margin_usdt: 0,
    mark_price: 60_000,
    symbol: 'BTCUSDT',
    unrealised_pnl_usdt: 0,
    updated_at_ms: updatedAtMs,
  };
}

describe('a fill is counted once, whether the position or the order shows it first (BY-38)', () => {
  it('takes no stale reading for a position on the other side when an exit fills, which crosses no zero', () => {
    const position = held(38);
    snapshot(position, null, T0 + 600, null, UNPROVEN);
    fill(position, 'sell', 9, T0 + 700, true);
    assert.deepEqual([longE8(position), shortE8(position)], [29, 0]);
  });
  it('leaves a reading as it is when fills that it contains become known one by one', () => {
    const position = held(4);
    snapshot(position, record(8, T0 + 500), T0 + 600, null, UNPROVEN);
    fill(position, 'buy', 9, T0 + 300);
    assert.deepEqual([position.quantityE8, position.disputedE8, longE8(position)], [13, 8, 13]);
    fill(position, 'buy', 2, T0 + 700);
    assert.deepEqual([position.quantityE8, position.disputedE8], [15, 10], 'one of later adds to both');
    fill(position, 'sell', 5, T0 + 400);
    assert.deepEqual([position.quantityE8, position.disputedE8], [10, null]);
  });

  it('takes no reading of before our last fills for lots that are held, or lack', () => {
    const position = held(57);
    fill(position, 'sell', 57, T0 + 500);
    snapshot(position, record(57, T0), T0 + 400, null, NONE);
    assert.deepEqual([longE8(position), position.disputedE8, position.behindE8], [0, null, 57], 'all is closed');
    fill(position, 'buy', 4, T0 + 700);
    snapshot(position, record(57, T0), T0 + 800, null, NONE);
    assert.deepEqual([longE8(position), surelyHeldE8(position)], [4, 4]);
    snapshot(position, record(60, T0), T0 + 900, null, UNPROVEN);
    assert.deepEqual([longE8(position), position.behindE8], [60, null], 'those three nobody knows of');
    snapshot(position, record(4, T0 + 700), T0 + 1_000, null, NONE);
    assert.deepEqual([longE8(position), position.disputedE8, position.behindE8], [4, null, null]);
    fill(position, 'buy', 5, T0 + 1_100);
    snapshot(position, record(4, T0 + 700), T0 + 1_200, null, NONE);
    assert.deepEqual([longE8(position), surelyHeldE8(position)], [9, 4], 'a cut takes the smaller count');
  });

  it('leaves lots where a believed reading has put them when a person’s fill in it is reported; until the next one both count', () => {
    const position = createPosition('BTCUSDT');
    snapshot(position, record(-18, T0 + 500), T0 + 600, null, NONE);
    assert.deepEqual([position.quantityE8, unownedE8(position)], [-18, -18]);
    const effect = byHand(position, 'buy', 6, T0 + 500);
    assert.deepEqual(effect, { openings: { lastSide: null, orders: [] }, own: { closed: 0, opened: 0 } });
    assert.deepEqual([position.quantityE8, shortE8(position), surelyHeldE8(position)], [-18, 18, 12]);
    snapshot(position, record(-18, T0 + 500), T0 + 2_600, null, NONE);
    assert.deepEqual([shortE8(position), surelyHeldE8(position)], [18, 18]);
    byHand(position, 'buy', 6, T0 + 501);
    assert.deepEqual([position.quantityE8, shortE8(position)], [-12, 12], 'one of after the reading moves them');
  });

  it('takes a sale of a person out of the holder’s lots once', () => {
    const position = held(10);
    snapshot(position, record(7, T0 + 500), T0 + 600, null, NONE);
    assert.equal(ownE8(position), 7);
    assert.deepEqual(byHand(position, 'sell', 3, T0 + 400).own, { closed: 0, opened: 0 });
    assert.deepEqual([ownE8(position), longE8(position)], [7, 7]);
  });

  it('takes an exit that is reported behind a believed reading from the holder alone, whatever that took of whom', () => {
    for (const [own, unowned, leftUnowned] of [
      [30, 0, 0],
      [10, 12, 0],
      [10, 20, 8],
    ] as const) {
      const position = held(own);
      if (unowned > 0) byHand(position, 'buy', unowned, T0 + 100);
      // A person sells 12, and an exit of 5 fills.
      const shown = own + unowned - 17;
      snapshot(position, record(shown, T0 + 500), T0 + 600, null, NONE);
      fill(position, 'sell', 5, T0 + 500, true);
      assert.deepEqual([position.quantityE8, unownedE8(position)], [shown, leftUnowned], `${own} and ${unowned}`);
      assert.deepEqual([longE8(position), surelyHeldE8(position)], [shown, Math.max(0, shown - 5)]);
    }
  });

  it('has the same of each in the end, whatever a person did beside a fill that is reported behind a reading', () => {
    forAll(
      [fc.nat(20), fc.nat(20), fc.integer({ min: -20, max: 20 }), fc.integer({ min: -40, max: 40 })],
      { numRuns: 2_000 },
      (own, unowned, ours, byPerson) => {
        fc.pre(ours !== 0 && own > 0 && own + ours >= 0 && own + unowned + Math.min(0, ours, byPerson) > 0);
        const shown = own + unowned + ours + byPerson;
        fc.pre(shown > 0 && own + unowned + byPerson > 0);
        const position = held(own);
        if (unowned > 0) byHand(position, 'buy', unowned, T0 + 100);
        snapshot(position, record(shown, T0 + 500), T0 + 600, null, NONE);
        fill(position, ours > 0 ? 'buy' : 'sell', Math.abs(ours), T0 + 400, ours < 0);
        for (const afterMs of [2_600, 4_600, 12_600])
          snapshot(position, record(shown, T0 + 500), T0 + afterMs, null, NONE);
        const taken = Math.max(0, -byPerson - unowned);
        assert.deepEqual([position.quantityE8, position.disputedE8], [shown, null]);
        assert.equal(ownE8(position), own + ours - taken);
      },
    );
  });

  it('leaves no phantom position on the other side when a whole exit was shown first', () => {
    const position = held(10);
    snapshot(position, null, T0 + 600, null, UNPROVEN);
    fill(position, 'sell', 10, T0 + 500);
    assert.equal(longE8(position), 0);
    assert.equal(shortE8(position), 0);
  });

  it('waits for the fill of a resting order that explains the difference, but not for ever', () => {
    const resting = { unproven: false, buyE8: 5, sellE8: 0 };
    const position = held(10);
    snapshot(position, record(13, T0 + 500), T0 + 600, null, resting);
    assert.equal(position.quantityE8, 10);
    assert.equal(longE8(position), 13);
    snapshot(position, record(13, T0 + 500), T0 + 30_000, null, resting);
    assert.equal(position.quantityE8, 10);
    snapshot(position, record(13, T0 + 500), T0 + 61_000, null, resting);
    assert.equal(position.quantityE8, 13);
  });

  it('adopts at once what no order of ours can explain', () => {
    const position = held(10);
    snapshot(position, record(7, T0 + 500), T0 + 600, null, { unproven: false, buyE8: 5, sellE8: 2 });
    assert.equal(position.quantityE8, 7);
    snapshot(position, record(9, T0 + 900), T0 + 1000, null, NONE);
    assert.equal(position.quantityE8, 9);
  });

  it('believes no lasting difference that only two snapshots showed, with a pause between them', () => {
    const position = held(10);
    snapshot(position, null, T0 + 100, null, NONE);
    snapshot(position, null, T0 + 30_000, null, NONE);
    assert.equal(longE8(position), 10);
    snapshot(position, null, T0 + 32_000, null, NONE);
    assert.equal(longE8(position), 0);
  });

  it('never adopts while an order is unknown, however long that lasts', () => {
    const position = held(10);
    snapshot(position, record(4, T0 + 500), T0 + 600, null, UNPROVEN);
    snapshot(position, record(4, T0 + 500), T0 + 600_000, null, UNPROVEN);
    assert.equal(position.quantityE8, 10);
    snapshot(position, record(4, T0 + 500), T0 + 600_100, null, NONE);
    assert.equal(position.quantityE8, 4);
  });
});

describe('an old account answer does not take our leverage setting back (BY-39)', () => {
  const heard = (requestedAtMs: number, leverage: number, confirmedAtMs: number | null = T0): number | null => {
    const position = createPosition('BTCUSDT');
    snapshot(position, null, T0 - 5_000, 1, NONE);
    setLeverage(position, 3, confirmedAtMs);
    snapshot(position, null, requestedAtMs, leverage, NONE);
    return position.leverage;
  };

  it('ignores what was asked for before it was confirmed: before, at, after', () => {
    assert.equal(heard(T0 - 1, 1), 3, 'asked for before');
    assert.equal(heard(T0, 1), null, 'asked for at that instant: not known');
    assert.equal(heard(T0 + 1, 1), null, 'asked for after it');
    assert.equal(heard(T0 + 1, 3), 3, 'confirmed again');
  });
  it('believes what the venue goes on saying: before, at, after ten seconds', () => {
    assert.equal(heard(T0 + 9_999, 1), null, 'before');
    assert.equal(heard(T0 + 10_000, 1), 1, 'at');
    assert.equal(heard(T0 + 10_001, 5), 5, 'after');
  });
  it('knows it again once the venue shows it', () => {
    const position = createPosition('BTCUSDT');
    setLeverage(position, 3, T0);
    for (const [leverage, expected] of [
      [1, null],
      [3, 3],
      [1, null],
    ] as const) {
      snapshot(position, null, T0 + 100, leverage, NONE);
      assert.equal(position.leverage, expected);
    }
    snapshot(position, null, T0 + 20_000, 1, NONE);
    snapshot(position, null, T0 + 20_100, 3, NONE);
    assert.equal(position.leverage, 3, 'after ten seconds every answer counts');
  });
  it('folds older records as before: any answer replaces the setting', () => {
    assert.equal(heard(T0 - 1, 1, null), 1);
  });
});
