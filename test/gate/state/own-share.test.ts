import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownShare } from '../../../daemon/gate/state/own-share.ts';
import { createPosition, type PositionState } from '../../../daemon/gate/state/positions.ts';

type Movement = Parameters<typeof ownShare>[1] extends Iterable<infer T> ? T : never;

const SENT_MS = 100_000;
/** A long opening of ten lots whose outcome is not known. */
const OPENING: Movement = {
  agent: 'alpha',
  amend: null,
  executedLots: 0,
  foreign: false,
  lots: 10,
  priceTicks: null,
  reduceOnly: false,
  sentAtMs: SENT_MS,
  side: 'buy',
  status: 'unknown',
  triggerTicks: null,
};
/** The account shows ten lots, none of which is proven. */
function shown(change: Partial<PositionState> = {}): PositionState {
  const read = { disputedLots: 10, disputedSinceMs: SENT_MS + 500, readAtMs: SENT_MS + 5 };
  return { ...createPosition('BTCUSDT'), ...read, ...change };
}
const own = (position: PositionState, orders: readonly Partial<Movement>[] = [{}], agent = 'alpha'): number =>
  ownShare(
    position,
    orders.map((order) => ({ ...OPENING, ...order })),
    agent,
  );

describe("what is an agent's own", () => {
  it('is its share where the account agrees, whatever its openings may have filled', () => {
    const agrees = { disputedLots: null, disputedSinceMs: null };
    assert.equal(own(shown({ ...agrees, lots: 4, shares: new Map([['alpha', 4]]) })), 4);
    assert.equal(ownShare(undefined, [OPENING], 'alpha'), 0);
  });

  it('is what the account shows beyond what is proven, up to what it has ordered', () => {
    assert.equal(own(shown()), 10);
    assert.equal(own(shown({ disputedLots: 4 })), 4);
    assert.equal(own(shown({ disputedLots: 25 })), 10);
    assert.equal(own(shown(), [{ executedLots: 7 }]), 3);
    assert.equal(own(shown({ disputedLots: -10 }), [{ side: 'sell' }]), -10);
  });

  it('is nothing by an order of the other side, one that was not sent, one that reduces, and one of nobody here', () => {
    for (const change of [
      { side: 'sell' },
      { status: 'pending_send' },
      { sentAtMs: null },
      { reduceOnly: true },
      { agent: null, foreign: true },
      { agent: 'beta' },
    ] as const)
      assert.equal(own(shown(), [change]), 0, JSON.stringify(change));
  });

  it('is nothing that a reading shows which is not of after the order', () => {
    assert.equal(own(shown({ disputedSinceMs: SENT_MS })), 10);
    assert.equal(own(shown({ disputedSinceMs: SENT_MS - 1 })), 0);
    assert.equal(own(shown({ readAtMs: SENT_MS - 1_000 })), 10);
    assert.equal(own(shown({ readAtMs: SENT_MS - 1_001 })), 0);
    assert.equal(own(shown({ readAtMs: null })), 10);
  });

  it('leaves out what any other order may have filled, by hand as well', () => {
    for (const other of [{ agent: 'beta' }, { agent: null, foreign: true }, { agent: 'beta', reduceOnly: true }]) {
      assert.equal(own(shown(), [{}, { ...other, lots: 4 }]), 6, JSON.stringify(other));
      assert.equal(own(shown(), [{}, { ...other, lots: 12 }]), 0, JSON.stringify(other));
    }
  });

  it('is no less than its share, and closes what is shown at most', () => {
    const shares = new Map([
      ['alpha', 5],
      ['beta', 5],
    ]);
    assert.equal(own(shown({ lots: 10, disputedLots: 3, shares })), 5);
    assert.equal(own(shown({ lots: 10, disputedLots: 20, shares })), 15);
    // It has closed three of ten before they were proven.
    assert.equal(own(shown({ lots: -3, disputedLots: 7, shares: new Map([['alpha', -3]]) })), 7);
    assert.equal(own(shown({ lots: -10, disputedLots: 0, shares: new Map([['alpha', -10]]) })), 0);
  });
});
