import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from '../../../daemon/core/request.ts';
import * as fills from '../../../daemon/engine/positions/fills.ts';
import { createPosition, longE8, type PositionState } from '../../../daemon/engine/positions/positions.ts';
import { applySnapshot, type PossibleFills } from '../../../daemon/engine/positions/snapshot.ts';

const T0 = 1_740_960_000_000;
const NONE: PossibleFills = { unproven: false, buyE8: 0, sellE8: 0 };
const UNPROVEN: PossibleFills = { unproven: true, buyE8: 0, sellE8: 0 };
interface How {
  readonly order?: string | null;
  readonly seq?: number;
  readonly reduceOnly?: boolean;
}
function fill(position: PositionState, side: Side, lots: number, atMs: number, how: How = {}): void {
  const { order = null, reduceOnly = false, seq = 0 } = how;
  fills.applyFill(position, {
    side,
    quantityE8: lots,
    price: 60_000,
    atMs,
    owner: 'a',
    agentsFirst: false,
    reduceOnly,
    order,
    seq,
  });
}
function read(position: PositionState, lots: number, shownMs: number, askedMs: number, possible = NONE, seq = 1): void {
  const record = {
    entry_price: 60_000,
    liquidation_price: null,
    quantity_e8: lots,
    maintenance_margin_usdt: 0,
    mark_price: 60_000,
    symbol: 'BTCUSDT',
    unrealised_pnl_usdt: 0,
    updated_at_ms: shownMs,
  };
  applySnapshot(position, { record, requestedAtMs: askedMs, leverage: null, seq }, possible);
}
function held(lots: number): PositionState {
  const position = createPosition('BTCUSDT');
  position.holder = 'a';
  fill(position, 'buy', lots, T0);
  return position;
}

test('a fill in doubt counts with and without until the next reading, whatever trades say of another one', () => {
  const position = held(10);
  // A person bought 2.
  read(position, 12, T0 + 50, T0 + 90);
  fill(position, 'buy', 5, T0 + 50, { order: 'f' });
  assert.ok(longE8(position) >= 17, 'f may share its millisecond with the reading');
  fill(position, 'buy', 3, T0 + 120, { order: 'g' });
  assert.ok(longE8(position) >= 20, 'g is of after it');
  // Of the three of g one filled at 45.
  fills.applyTradeTime(position, 'g', { quantityE8: 1, atMs: T0 + 45, number: 1 });
  assert.ok(longE8(position) >= 19, `f and two of g are of after the reading, as far as is known: ${longE8(position)}`);
});

test('an opening and an exit in doubt do not make up for each other', () => {
  const position = held(10);
  read(position, 12, T0 + 50, T0 + 90);
  fill(position, 'buy', 5, T0 + 50, { order: 'f' });
  fill(position, 'sell', 5, T0 + 50, { order: 'x', reduceOnly: true });
  assert.ok(longE8(position) >= 17, `the exit may be in the reading, and the opening not: ${longE8(position)}`);
});

test('a fill that may not be in a believed reading counts also while a later reading is disputed', () => {
  const position = held(10);
  read(position, 12, T0 + 50, T0 + 90);
  // An order is unproven; the next answer is of before, and agrees with nothing.
  read(position, 4, T0 + 40, T0 + 2_090, UNPROVEN);
  assert.equal(longE8(position), 12);
  fill(position, 'buy', 5, T0 + 50);
  assert.ok(longE8(position) >= 17, `${longE8(position)}`);
});

test('an exit that is in a reading moves nothing, whichever fill of that instant was told before it', () => {
  const position = held(10);
  // A person bought 8, and the exit of 5 filled at 50: the reading has both.
  read(position, 13, T0 + 50, T0 + 90, { unproven: false, buyE8: 0, sellE8: 5 }, 10);
  assert.equal(position.quantityE8, 13);
  // An opening that was decided after that reading; the venue dates it into the same millisecond, or before.
  fill(position, 'buy', 2, T0 + 49, { seq: 11 });
  assert.equal(position.quantityE8, 15);
  fill(position, 'sell', 5, T0 + 50, { reduceOnly: true, seq: 5 });
  assert.ok(longE8(position) >= 15, `15 are held at the venue: ${longE8(position)}`);
});
