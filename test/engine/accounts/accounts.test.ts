import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { DAY, decisionEvent, LOT_E8, T0, tradeEvent } from '../fold-fixture.ts';
import { Reported } from '../reported-accounts.ts';
import { reread, textOf } from '../text-of.ts';

const MINUTE = 60_000;

describe('accounts by agent', () => {
  test("an agent's lots close at what they cost it, though the exchange averages over the account [AN-183]", () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1 });
    reported.fill({ agent: 'bob', side: 'buy', lots: 10, price: 62_000, atMs: T0 + 2 });
    // By the exchange the lots cost 61,000 each.
    reported.fill({ agent: 'alice', side: 'sell', lots: 10, price: 62_000, atMs: T0 + 3, realised: 10 });
    assert.equal(reported.figures('alice')?.realisedUsdt, 20);
    assert.equal(reported.figures('bob')?.realisedUsdt, 0);
    assert.deepEqual(reported.accounts.unrealised('BTCUSDT', 62_000), new Map([['bob', 0]]));
    reported.fill({ agent: 'bob', side: 'sell', lots: 10, price: 62_000, atMs: T0 + 4, realised: 10 });
    assert.equal(reported.figures('bob')?.realisedUsdt, 0);
    assert.equal(reported.accounts.days.resultOf('alice', T0, T0), 20);
  });

  test("an operator's exit takes lots, profit and fee of nobody's lots first, then of the holder's", () => {
    const reported = new Reported([{ lots: 10, entry_price: 60_000 }]);
    reported.fill({ agent: 'alice', side: 'buy', lots: 30, price: 60_000, atMs: T0 + 1 });
    reported.fill({
      agent: 'operator',
      origin: 'operator',
      side: 'sell',
      lots: 20,
      price: 61_000,
      atMs: T0 + 3,
      fee: 4,
    });
    assert.deepEqual(
      [null, 'alice', 'operator'].map((name) => [
        reported.figures(name)?.realisedUsdt,
        reported.figures(name)?.feesUsdt,
      ]),
      [
        [10, 2],
        [10, 2],
        [undefined, undefined],
      ],
    );
  });

  test("a stop and a cut take the holder's lots first, then nobody's", () => {
    const reported = new Reported([{ lots: 10, entry_price: 60_000 }]);
    reported.fill({ agent: 'alice', side: 'buy', lots: 30, price: 60_000, atMs: T0 + 1 });
    reported.fill({ agent: 'gate', origin: 'gate', side: 'sell', lots: 35, price: 61_000, atMs: T0 + 3, fee: 7 });
    assert.deepEqual(
      [null, 'alice', 'gate'].map((name) => [reported.figures(name)?.realisedUsdt, reported.figures(name)?.feesUsdt]),
      [
        [5, 1],
        [30, 6],
        [undefined, undefined],
      ],
    );
  });

  test('an opening that is told late is closed by the exit that waited for it, and not by what was opened since', () => {
    const reported = new Reported();
    reported.fill({ agent: 'gate', origin: 'gate', side: 'sell', lots: 30, price: 59_000, atMs: T0 + 2, fee: 9 });
    reported.fill({ agent: 'alice', side: 'sell', lots: 20, price: 57_000, atMs: T0 + 4 });
    reported.fill({ agent: 'alice', side: 'buy', lots: 30, price: 60_000, atMs: T0 + 1 });
    assert.deepEqual([reported.figures('alice')?.realisedUsdt, reported.figures('alice')?.feesUsdt], [-30, 9]);
    assert.deepEqual(reported.accounts.unrealised('BTCUSDT', 57_500), new Map([['alice', -10]]));
    reported.income(T0 + 9, [{ at_venue_ms: T0 + 5, amount_usdt: 4 }]);
    assert.equal(reported.figures('alice')?.fundingUsdt, 4);
  });

  test('a trade of nobody here closes what agents hold, and opens for nobody', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1 });
    reported.ledger.append(tradeEvent('t', null, T0 + 2, { fee_usdt: 3, lots: 30, price: 59_000, side: 'sell' }));
    assert.equal(reported.figures('alice')?.realisedUsdt, -10);
    assert.equal(reported.figures('alice')?.feesUsdt, 1);
    assert.equal(reported.figures(null)?.feesUsdt, 2);
    assert.deepEqual(reported.accounts.unrealised('BTCUSDT', 58_000), new Map([[null, 20]]));
  });

  test('funding is split over the shares at its instant, anew where a trade before it is told later [AN-185]', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 30, price: 60_000, atMs: T0 + 1 });
    const late = { lots: 10, price: 60_000, side: 'buy', fee_usdt: 0.5 } as const;
    reported.ledger.append(
      decisionEvent({ id: 'db', atMs: T0 + 2, agent: 'bob', orders: [{ client_order_id: 'ob' }] }),
    );
    // The list of income is ahead of the trades, and one trade is of after the funding.
    reported.income(T0 + 9, [
      { at_venue_ms: T0 + 3, trade_id: 'b', type: 'COMMISSION', amount_usdt: -0.5 },
      { at_venue_ms: T0 + 5, amount_usdt: -8 },
    ]);
    assert.equal(reported.figures('alice')?.fundingUsdt, -8);
    reported.ledger.append(tradeEvent('b', 'ob', T0 + 3, late));
    reported.fill({ agent: 'alice', side: 'sell', lots: 30, price: 60_000, atMs: T0 + 6 });
    assert.equal(reported.figures('alice')?.fundingUsdt, -6);
    assert.equal(reported.figures('bob')?.fundingUsdt, -2);
    assert.deepEqual([...reported.accounts.unreportedSymbols()], []);
  });

  test('funding that comes after later trades goes to those who held at its instant', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1 });
    reported.fill({ agent: 'alice', side: 'sell', lots: 10, price: 60_000, atMs: T0 + 6 });
    reported.fill({ agent: 'bob', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 7 });
    reported.income(T0 + 9, [{ at_venue_ms: T0 + 5, amount_usdt: 4 }]);
    assert.equal(reported.figures('alice')?.fundingUsdt, 4);
    assert.equal(reported.figures('bob')?.fundingUsdt, 0);
  });

  for (const setBackMs of [0, 20_000])
    test(`the lots of a symbol that could not be read at first count from the reading that shows them, ${setBackMs} ms set back`, () => {
      const reported = new Reported([], ['BTCUSDT']);
      reported.fill({ agent: 'alice', side: 'sell', lots: 5, price: 60_000, atMs: T0 + 1, fee: 2 });
      reported.read(T0 + MINUTE, [], ['BTCUSDT']);
      assert.deepEqual(reported.accounts.unrealised('BTCUSDT', 60_000), new Map(), 'nobody knows what was held');
      assert.deepEqual([reported.figures('alice')?.realisedUsdt, reported.figures('alice')?.feesUsdt], [0, 2]);
      if (setBackMs > 0) reported.setBack(T0 + MINUTE - setBackMs);
      const atMs = T0 + MINUTE + 10 - setBackMs;
      reported.read(atMs, [{ lots: 15, entry_price: 50_000 }]);
      assert.deepEqual(reported.accounts.unrealised('BTCUSDT', 60_000), new Map([[null, 150]]));
      assert.deepEqual(
        reported.accounts.days.openingOf(T0 - (T0 % DAY)).get(null),
        new Map([['BTCUSDT', 150]]),
        'it won that before today',
      );
      reported.fill({ agent: 'alice', side: 'buy', lots: 5, price: 60_000, atMs: atMs + 1 });
      reported.read(atMs + 2, [{ lots: 20 }]);
      assert.deepEqual(reported.accounts.books.get('BTCUSDT')?.held.lots.parts, [
        { owner: null, quantityE8: 15 * LOT_E8 },
        { owner: 'alice', quantityE8: 5 * LOT_E8 },
      ]);
    });

  test('a booking counts once however often it is told, and a trade once', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1, fee: 0.3 });
    reported.ledger.append(tradeEvent('1', 'o1', T0 + 1, { fee_usdt: 0.3 }));
    const row = { at_venue_ms: T0 + 1, amount_usdt: -0.3, income_id: 'x', trade_id: '1', type: 'COMMISSION' };
    reported.income(T0 + 9, [row]);
    reported.income(T0 + 19, [row]);
    const day = reported.accounts.days.find(T0);
    assert.equal(day?.booked.commission, -0.3);
    assert.equal(day?.reported.feesUsdt, 0.3);
    assert.equal(reported.figures('alice')?.feesUsdt, 0.3);
  });

  test('a booking counts once though the clock was days ahead meanwhile, and then set back', () => {
    const reported = new Reported();
    const row = (id: string, atMs: number, amount: number) =>
      ({ at_venue_ms: atMs, amount_usdt: amount, income_id: id, trade_id: null, type: 'FUNDING_FEE' }) as const;
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1, fee: 0 });
    const first = row('x', T0 + 10, -1);
    reported.income(T0 + 9, [first]);
    reported.income(T0 + 5 * DAY, [row('y', T0 + 5 * DAY, -2)]);
    reported.accounts.setBack(T0 + 20);
    // The list of before the jump is read again, and time goes on.
    reported.income(T0 + 30, [first]);
    for (let day = 1; day < 5; day += 1) reported.income(T0 + day * DAY, [row(`z${day}`, T0 + day * DAY, -4)]);
    assert.equal(reported.accounts.days.total.booked.funding, -1 - 2 - 4 * 4);
  });

  test('a trade that income should contain by now counts as told, one that is newer does not yet', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1, fee: 0.3 });
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + MINUTE, fee: 0.3 });
    reported.income(T0 + 9, []);
    assert.equal(reported.accounts.days.find(T0)?.reported.feesUsdt, 0.3);
    assert.equal(reported.accounts.unconfirmed.length, 1);
  });

  test('a day begins with what was held, whatever trades come before its first reading [AN-204]', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + DAY - 5 });
    reported.read(T0 + DAY + 10, [{ lots: 10, mark_price: 61_000 }]);
    reported.fill({ agent: 'alice', side: 'sell', lots: 10, price: 62_000, atMs: T0 + DAY + 20 });
    assert.equal(
      reported.accounts.days
        .openingOf(T0 + DAY)
        .get('alice')
        ?.get('BTCUSDT'),
      10,
    );
    reported.read(T0 + 2 * DAY + 10);
    assert.equal(
      reported.accounts.days
        .openingOf(T0 + DAY)
        .get('alice')
        ?.get('BTCUSDT'),
      10,
    );
    assert.equal(reported.accounts.days.openingOf(T0 + 2 * DAY).size, 0);
  });

  test('35 days are kept, and the total of all [AN-203]', () => {
    const reported = new Reported();
    for (let day = 0; day < 60; day += 1)
      reported.fill({
        agent: 'alice',
        side: day % 2 === 0 ? 'buy' : 'sell',
        lots: 10,
        price: 60_000 + day,
        atMs: T0 + day * DAY + 1,
        fee: 1,
      });
    assert.equal(reported.accounts.days.between(0, T0 + 99 * DAY).length, 35);
    assert.equal(reported.accounts.days.oldestMs, T0 + 25 * DAY);
    assert.equal(reported.totals('alice')?.feesUsdt, 60);
  });

  test('slippage is against the middle of the book that the decision saw [AN-188]', () => {
    const reported = new Reported();
    const decision = decisionEvent({ id: 'd', atMs: T0 + 1, orders: [{ client_order_id: 'o', lots: 10 }] });
    const { ask, bid } = decision.payload.context.market;
    assert.ok(ask !== null && bid !== null);
    reported.ledger.append(decision);
    reported.ledger.append(tradeEvent('1', 'o', T0 + 2, { price: (ask + bid) / 2 + 5, lots: 10 }));
    const figures = reported.figures('alice');
    assert.ok(Math.abs((figures?.slippageUsdt ?? 0) - 5 * 0.01) < 1e-9);
    assert.equal(figures?.slippageOfUsdt, figures?.turnoverUsdt);
  });

  test('a checkpoint keeps all of it', () => {
    const reported = new Reported();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1, fee: 0.3 });
    reported.income(T0 + 9, [
      { at_venue_ms: T0 + 5, amount_usdt: -8 },
      { at_venue_ms: T0 + 6, trade_id: 'z', type: 'COMMISSION' },
    ]);
    reported.read(T0 + DAY, [{ lots: 10 }]);
    const text = textOf(reported.ledger.state);
    assert.equal(textOf(reread(text, new GateState())), text);
    assert.equal(textOf(reported.ledger.refold()), text);
  });
});
