import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOwnedLots, moveLots, type OwnedLots } from '../../../daemon/gate/state/owned-lots.ts';
import { applyFill, createPosition, type PositionState } from '../../../daemon/gate/state/positions.ts';
import { dateFill } from '../../../daemon/gate/state/shares.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

const CUT = { side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;

test('a cut that fills in trades of one lot each comes out of all shares in proportion', () => {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const fill = (agent: string, id: string, lots: number, change = {}, by = {}): void => {
    const orders = [{ client_order_id: id, lots, ...change }];
    ledger.append(decisionEvent({ id: `d-${id}`, atMs: T0, agent, request: by, orders }));
    ledger.append(orderEvent(id, T0 + 10, { status: 'filled', executed_lots: lots, venue_at_ms: T0 + 10 }));
  };
  for (const [agent, lots] of [
    ['alice', 10],
    ['bob', 10],
    ['carol', 60],
  ] as const)
    fill(agent, agent, lots);
  fill('gate', 'x', 40, CUT, { origin: 'gate' });
  const due = { alice: 5, bob: 5, carol: 30 };
  const shares = (): unknown => Object.fromEntries([...ledger.state.position('BTCUSDT').shares].sort());
  assert.deepEqual(shares(), due, 'by the report of the order');
  for (let number = 1; number <= 40; number += 1) {
    const trade = { at_venue_ms: T0 + 10, lots: 1, side: 'sell' } as const;
    ledger.append(tradeEvent(`${number}`, 'x', T0 + 20, trade));
    assert.deepEqual(shares(), due, `after ${number} of its trades`);
  }
  assert.deepEqual([...ledger.refold().position('BTCUSDT').shares].sort(), Object.entries(due));
  assert.ok(ledger.state.position('BTCUSDT').fills.length <= 5, 'its trades are kept as one fill');
});

const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;

interface Drawn {
  readonly held: readonly number[];
  readonly trades: readonly number[];
}
const drawn = fc.record({
  held: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: NAMES.length }),
  trades: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
});
function sum(lots: readonly number[]): number {
  return lots.reduce((all, one) => all + one, 0);
}

/** What each agent is left with, exactly. */
function exactOf({ held, trades }: Drawn): readonly number[] {
  return held.map((share) => share * (1 - Math.min(1, sum(trades) / sum(held))));
}

test('however many trades an order fills in, shares are as if it had filled in one, whenever it is told', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), fc.boolean(), (world, draw, isLate) => {
      const cut = Math.min(sum(world.trades), sum(world.held));
      const start = (): PositionState => {
        const position = createPosition('BTCUSDT');
        world.held.forEach((lots, index) => {
          applyFill(position, 'buy', lots, NAMES[index] ?? '', 60_000, T0 + index);
        });
        return position;
      };
      const atMs = T0 + 100;
      const [atOnce, byTrades] = [start(), start()];
      // Reports tell of it then, or later than its trades; meanwhile another order fills.
      const toldAtMs = atMs + (isLate ? 5 : 0);
      const other = (position: PositionState): void =>
        applyFill(position, 'buy', 3, 'erin', 60_000, atMs + (isLate ? 1 : 0), false, false, 'y');
      applyFill(atOnce, 'sell', cut, null, 60_000, atMs, true, true, 'x');
      other(atOnce);
      const first = 1 + (draw % cut);
      applyFill(byTrades, 'sell', first, null, 60_000, toldAtMs, true, true, 'x');
      other(byTrades);
      if (cut > first) applyFill(byTrades, 'sell', cut - first, null, 60_000, toldAtMs, true, true, 'x');
      let left = cut;
      for (const lots of world.trades) {
        const told = Math.min(left, lots);
        left -= told;
        if (told > 0) dateFill(byTrades, byTrades.lots, 'x', told, atMs);
      }
      assert.deepEqual([...byTrades.shares].sort(), [...atOnce.shares].sort());
      exactOf(world).forEach((exact, index) => {
        const share = byTrades.shares.get(NAMES[index] ?? '') ?? 0;
        assert.ok(Math.abs(share - exact) <= 1, `${NAMES[index]}: ${share}, ${exact} exactly`);
      });
    }),
    { seed: 31, numRuns: 1000 },
  );
});

test('what the trades of an order have cost whom follows the same parts, to a lot', () => {
  fc.assert(
    fc.property(drawn, (world) => {
      const book: OwnedLots = createOwnedLots('BTCUSDT', T0);
      const trade = { atMs: T0 + 1, lotUsdt: 60, agentsFirst: true, isUnknown: false } as const;
      world.held.forEach((lots, index) => {
        const agent = NAMES[index] ?? '';
        moveLots(book, { ...trade, agent, side: 'buy', lots, of: agent });
      });
      let left = sum(world.held);
      for (const each of world.trades) {
        const lots = Math.min(left, each);
        left -= lots;
        if (lots > 0) moveLots(book, { ...trade, agent: null, side: 'sell', lots, of: 'x' });
      }
      assert.equal(sum([...book.shares.values()]), left);
      exactOf(world).forEach((exact, index) => {
        const share = book.shares.get(NAMES[index] ?? '') ?? 0;
        assert.ok(Math.abs(share - exact) <= 1, `${NAMES[index]}: ${share}, ${exact} exactly`);
      });
    }),
    { seed: 37, numRuns: 1000 },
  );
});
