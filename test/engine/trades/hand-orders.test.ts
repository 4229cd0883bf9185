import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceKind, OrderEvent } from '../../../daemon/engine/records/decisions.ts';
import { orderEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const LOT_E8 = 100_000;
const FOREIGN: OrderEvent['foreign'] = {
  symbol: 'BTCUSDT',
  side: 'buy',
  order_type: 'LIMIT',
  kind: 'regular',
  reduce_only: false,
  close_position: false,
  trigger_e8: null,
  quantity_e8: 40 * LOT_E8,
  price_e8: null,
};

/** A hand's order that had bought 10 lots at 60,000 before it was listed, and buys 10 more at 61,000 and 20 at 62,000. */
for (const readFirst of [true, false])
  test(`what a hand's order had filled before it was listed counts once, at its price; its trades are read ${readFirst ? 'before' : 'after'} [PK-14]`, () => {
    const { ledger } = new FoldedClaims();
    const { account } = ledger.state.pacing;
    const turnover = (): number => Math.round(account.turnover.sum(T0 + 60_000) * 100) / 100;
    const first = (): void => {
      ledger.append(tradeEvent('1', 'by-hand', T0, { lots: 10, price: 60_000 }));
    };
    const fill = (atMs: number, lots: number, average: number, foreign: OrderEvent['foreign']): void => {
      const status = lots === 40 ? 'filled' : 'partially_filled';
      ledger.append(orderEvent('by-hand', T0 + atMs, { status, executed_lots: lots, average_price: average, foreign }));
    };
    if (readFirst) first();
    fill(1_000, 10, 60_000, FOREIGN);
    const before = readFirst ? 600 : 0;
    assert.equal(turnover(), before);
    fill(2_000, 20, 60_500, null);
    assert.equal(turnover(), before + 610, 'ten lots at 61,000');
    fill(3_000, 40, 61_250, null);
    assert.equal(turnover(), before + 610 + 1_240, 'twenty at 62,000');
    if (!readFirst) first();
    ledger.append(tradeEvent('2', 'by-hand', T0 + 2_000, { lots: 10, price: 61_000 }));
    ledger.append(tradeEvent('3', 'by-hand', T0 + 3_000, { lots: 20, price: 62_000 }));
    assert.equal(turnover(), 600 + 610 + 1_240);
  });

test("a hand's order that is listed again: what it filled meanwhile is told, and its next fill has its own price [PK-14]", () => {
  const { ledger } = new FoldedClaims();
  const { account } = ledger.state.pacing;
  const say = (atMs: number, change: Partial<OrderEvent> & { readonly executed_lots: number }, kind: EvidenceKind) =>
    ledger.append(orderEvent('by-hand', T0 + atMs, { ...change, evidence: { asked_seq: 1_000, kind } }));
  const partly = { status: 'partially_filled' } as const;
  say(1_000, { ...partly, executed_lots: 10, average_price: 60_000, foreign: FOREIGN }, 'shown');
  say(2_000, { status: 'canceled', executed_lots: 10 }, 'absent');
  say(3_000, { ...partly, executed_lots: 20, average_price: 60_500, foreign: FOREIGN }, 'shown');
  say(4_000, { ...partly, executed_lots: 30, average_price: 61_000 }, 'shown');
  assert.equal(account.turnover.sum(T0 + 60_000), 620, 'ten lots at 62,000');
});

test('a trade of before the listing lowers no turnover [PK-14]', () => {
  const { ledger } = new FoldedClaims();
  const { account } = ledger.state.pacing;
  const fill = (atMs: number, lots: number, average: number, foreign: OrderEvent['foreign']): void => {
    const told = { status: 'partially_filled', executed_lots: lots, average_price: average, foreign } as const;
    ledger.append(orderEvent('by-hand', T0 + atMs, told));
  };
  fill(1_000, 10, 60_000, FOREIGN);
  fill(2_000, 20, 60_500, null);
  ledger.append(tradeEvent('1', 'by-hand', T0, { lots: 10, price: 60_000 }));
  assert.equal(account.turnover.sum(T0 + 60_000), 610 + 600);
});

test('a trade that is read before the report of its lots counts once [PK-14]', () => {
  const { ledger } = new FoldedClaims();
  const { account } = ledger.state.pacing;
  const fill = (atMs: number, lots: number, average: number, foreign: OrderEvent['foreign']): void => {
    const told = { status: 'partially_filled', executed_lots: lots, average_price: average, foreign } as const;
    ledger.append(orderEvent('by-hand', T0 + atMs, told));
  };
  fill(1_000, 10, 60_000, FOREIGN);
  ledger.append(tradeEvent('2', 'by-hand', T0 + 2_000, { lots: 10, price: 61_000 }));
  fill(2_500, 20, 60_500, null);
  assert.equal(account.turnover.sum(T0 + 60_000), 610);
});
