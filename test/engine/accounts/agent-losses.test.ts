import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LiveInputs, SymbolInputs } from '../../../daemon/engine/readings/inputs.ts';
import { viewLosses } from '../../../daemon/engine/snapshot/agent-losses.ts';
import { BTC_RULES, DAY, decisionEvent, inLots, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { Reported } from '../reported-accounts.ts';

const HOUR = 3_600_000;
const LONG = { lots: 1_000 };

/** What alice has lost at an instant and a mark. */
function lossesOf(reported: Reported, nowMs: number, mark: number) {
  const live = { mark, markAtMs: nowMs } as SymbolInputs;
  const inputs: LiveInputs = { nowMs, clockSkewMs: 0, account: null, symbols: new Map([['BTCUSDT', live]]) };
  return viewLosses(reported.ledger.state, inputs, 'alice');
}

describe("an agent's own loss", () => {
  test('counts what a position has given back since the week began, though no day of then was read', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
    // The daemon is away on the second day, on which the week begins, and the position is worth 10,000 more by then.
    reported.read(T0 + 2 * DAY + HOUR, [{ ...LONG, mark_price: 70_000 }]);
    reported.read(T0 + 7 * DAY + HOUR, [{ ...LONG, mark_price: 61_000 }]);
    assert.deepEqual(lossesOf(reported, T0 + 7 * DAY + 2 * HOUR, 60_500), { day_usdt: 500, week_usdt: 9_500 });
  });

  for (const [what, price] of [
    ['a gain', 70_000],
    ['a loss', 50_000],
  ] as const)
    test(`begins at midnight: ${what} of before that is realised before the day's first reading`, () => {
      const reported = new Reported();
      reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
      reported.fill({ agent: 'alice', side: 'sell', lots: 1_000, price, atMs: T0 + DAY + 300 });
      assert.equal(lossesOf(reported, T0 + DAY + 500, price).day_usdt, 60_000 - price, 'it is still the day before');
      reported.read(T0 + DAY + 1_000);
      assert.deepEqual(lossesOf(reported, T0 + DAY + HOUR, price), { day_usdt: 0, week_usdt: 60_000 - price });
      reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price, atMs: T0 + DAY + HOUR });
      assert.equal(lossesOf(reported, T0 + DAY + 2 * HOUR, price - 800).day_usdt, 800, 'and this is all of today');
      reported.read(T0 + 2 * DAY, [{ ...LONG, mark_price: price - 500 }]);
      assert.equal(lossesOf(reported, T0 + 2 * DAY + HOUR, price - 800).day_usdt, 300, 'the next one begins as ever');
    });

  for (const aheadMs of [DAY, 9 * DAY])
    test(`counts from now on when the clock was ${aheadMs / DAY} days ahead`, () => {
      const reported = new Reported();
      reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
      reported.read(T0 + aheadMs, [{ ...LONG, mark_price: 59_000 }]);
      reported.fill({ agent: 'alice', side: 'sell', lots: 500, price: 58_000, atMs: T0 + aheadMs + 1, fee: 7 });
      reported.setBack(T0 + HOUR);
      reported.fill({ agent: 'alice', side: 'sell', lots: 500, price: 57_000, atMs: T0 + HOUR + 1, fee: 3 });
      assert.deepEqual(lossesOf(reported, T0 + 2 * HOUR, 57_000), { day_usdt: 2_510, week_usdt: 2_510 });
      // The next day begins with nothing.
      reported.read(T0 + DAY + HOUR);
      assert.deepEqual(lossesOf(reported, T0 + DAY + 2 * HOUR, 57_000), { day_usdt: 0, week_usdt: 2_510 });
    });

  test('counts from the first reading on when that was made by a clock that was ahead', () => {
    const reported = new Reported();
    reported.setBack(T0 - 5 * HOUR);
    reported.read(T0 - 5 * HOUR);
    reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 - 4 * HOUR });
    reported.fill({ agent: 'alice', side: 'sell', lots: 1_000, price: 59_000, atMs: T0 - 3 * HOUR });
    assert.deepEqual(lossesOf(reported, T0 - 2 * HOUR, 59_000), { day_usdt: 1_000, week_usdt: 1_000 });
  });

  /** 1,000 lots (1 BTC) from 60,000, closed at 55,200 in a spike; the mark is back at 59,700. */
  function closedUnread(origin: 'agent' | 'operator' | 'gate', unowned = 0): Reported {
    const reported = new Reported(unowned === 0 ? [] : [{ lots: unowned, entry_price: 60_000 }]);
    reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
    const lots = 1_000 + unowned;
    const agent = origin === 'agent' ? 'alice' : origin;
    const exit = { client_order_id: 'x', lots, side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;
    reported.ledger.append(
      decisionEvent({
        id: 'd-x',
        atMs: T0 + 1_000,
        agent,
        request: { origin },
        orders: [{ ...exit, price_ticks: 552_000 }],
      }),
    );
    reported.ledger.append(
      orderEvent('x', T0 + 2_000, { status: 'filled', executed_lots: lots, average_price: 55_200 }),
    );
    return reported;
  }
  for (const origin of ['agent', 'operator', 'gate'] as const)
    test(`counts an exit of ${origin} at its price before its trades are read, and no more than once afterwards`, () => {
      const reported = closedUnread(origin);
      assert.equal(inLots(reported.ledger.state.position('BTCUSDT').quantityE8), 0, 'by fills nothing is held');
      const FEE = 55_200 * BTC_RULES.takerFee;
      const { day_usdt: unread } = lossesOf(reported, T0 + 5_000, 59_700);
      assert.ok(Math.abs((unread ?? 0) - (4_800 + FEE)) < 1e-6, String(unread));
      reported.ledger.append(
        tradeEvent('t-x', 'x', T0 + 2_000, { fee_usdt: 0, lots: 1_000, price: 55_200, side: 'sell' }),
      );
      assert.ok(Math.abs((lossesOf(reported, T0 + 5_000, 59_700).day_usdt ?? 0) - 4_800) < 1e-6);
    });

  /** 1,000 lots (1 BTC) from 60,000, by report alone; the trade of their close at another price is listed first. */
  function openedUnread(origin: 'agent' | 'operator', closedAt: number): Reported {
    const reported = new Reported();
    reported.ledger.append(
      decisionEvent({
        id: 'd-o',
        atMs: T0 + 1,
        agent: 'alice',
        orders: [{ client_order_id: 'o', lots: 1_000, side: 'buy' }],
      }),
    );
    reported.ledger.append(orderEvent('o', T0 + 2, { status: 'filled', executed_lots: 1_000, average_price: 60_000 }));
    const exit = { client_order_id: 'x', lots: 1_000, side: 'sell', reduce_only: true } as const;
    const agent = origin === 'agent' ? 'alice' : origin;
    reported.ledger.append(decisionEvent({ id: 'd-x', atMs: T0 + 1_000, agent, request: { origin }, orders: [exit] }));
    reported.ledger.append(
      orderEvent('x', T0 + 2_000, { status: 'filled', executed_lots: 1_000, average_price: closedAt }),
    );
    reported.ledger.append(
      tradeEvent('t-x', 'x', T0 + 2_000, { fee_usdt: 20, lots: 1_000, price: closedAt, side: 'sell' }),
    );
    return reported;
  }
  for (const origin of ['agent', 'operator'] as const) {
    for (const mark of [59_700, 61_000])
      test(`counts an opening of unread trades at the price at which ${origin} closed it, whatever the mark (${mark})`, () => {
        const reported = openedUnread(origin, 55_200);
        const { day_usdt: unread } = lossesOf(reported, T0 + 5_000, mark);
        const taker = 60_000 * BTC_RULES.takerFee;
        assert.ok(Math.abs((unread ?? 0) - (4_800 + 20 + taker)) < 1e-6, String(unread));
        reported.ledger.append(
          tradeEvent('t-o', 'o', T0 + 2, { fee_usdt: 12, lots: 1_000, price: 60_000, side: 'buy' }),
        );
        assert.ok(Math.abs((lossesOf(reported, T0 + 5_000, mark).day_usdt ?? 0) - (4_800 + 20 + 12)) < 1e-6);
      });
    test(`counts no gain of an opening of unread trades that ${origin} closed`, () => {
      const { day_usdt: unread } = lossesOf(openedUnread(origin, 63_000), T0 + 5_000, 58_000);
      assert.ok(Math.abs((unread ?? 0) - (20 + 60_000 * BTC_RULES.takerFee)) < 1e-6, String(unread));
    });
  }

  test("counts of an operator's exit what it took of this agent, and not what it took of nobody", () => {
    const reported = closedUnread('operator', 1_000);
    const alone = lossesOf(closedUnread('operator'), T0 + 5_000, 59_700);
    assert.deepEqual(lossesOf(reported, T0 + 5_000, 59_700), alone);
  });
});
