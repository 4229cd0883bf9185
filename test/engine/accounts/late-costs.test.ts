import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveInputs, SymbolInputs } from '../../../daemon/engine/readings/inputs.ts';
import { viewLosses } from '../../../daemon/engine/snapshot/agent-losses.ts';
import { DAY, decisionEvent, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { Reported } from '../reported-accounts.ts';

const HOUR = 3_600_000;
const SYMBOL = 'BTCUSDT';

function adopt({ ledger }: Reported, agent: string, atMs: number): void {
  const payload = { action: 'adopted', agent, passkey_id: null, quantity_e8: 0, reason: '', set_by: 'ops' } as const;
  ledger.append({ kind: 'holder', at_ms: atMs, payload: { ...payload, symbol: SYMBOL } });
}
function trade({ ledger }: Reported, id: number, atMs: number, side: 'buy' | 'sell', lots: number, price = 60_000) {
  ledger.append(tradeEvent(String(id), null, atMs, { fee_usdt: 0, lots, price, side }));
}
function lossOf({ ledger }: Reported, agent: string, nowMs: number, mark: number) {
  const live = { mark, markAtMs: nowMs } as SymbolInputs;
  const inputs: LiveInputs = { nowMs, clockSkewMs: 0, account: null, symbols: new Map([[SYMBOL, live]]) };
  const { day_usdt: day, week_usdt: week } = viewLosses(ledger.state, inputs, agent);
  return { day, week };
}
const heldAt = ({ accounts }: Reported, mark: number) => [...accounts.unrealised(SYMBOL, mark)];
const ownersOf = ({ ledger }: Reported) => ledger.state.position(SYMBOL).book.lots.parts.map(({ owner }) => owner);

test('what is recovered is nobody-s, in accounts as in positions', () => {
  const reported = new Reported();
  reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1_000 });
  const payload = { at_venue_ms: T0 + 999, epoch: 1, set_by: 'ops', take_over: false };
  reported.ledger.append({ kind: 'recovery', at_ms: T0 + 999, payload });
  assert.deepEqual(heldAt(reported, 50_000), [[null, -10_000]]);
  assert.deepEqual(ownersOf(reported), [null]);
});

test('what is closed on an order that was decided after an adoption is of the new owner, also where our clock is ahead', () => {
  for (const fill of [{ agent: 'gate', origin: 'gate' as const }, { agent: 'alice' }]) {
    const reported = new Reported([{ lots: 1_000, entry_price: 60_000 }]);
    adopt(reported, 'alice', T0 + 1_060);
    reported.fill({ ...fill, side: 'sell', lots: 400, price: 50_000, atMs: T0 + 1_050 });
    assert.equal(reported.figures('alice')?.realisedUsdt, -4_000);
    assert.equal(reported.figures(null), undefined);
    assert.deepEqual(heldAt(reported, 50_000), [['alice', -6_000]]);
  }
});

test('what opens on an order that was decided after a recovery is its agent-s, in accounts as in positions', () => {
  const reported = new Reported();
  reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1_000 });
  const payload = { at_venue_ms: T0 + 1_000, epoch: 1, set_by: 'ops', take_over: false };
  reported.ledger.append({ kind: 'recovery', at_ms: T0 + 1_060, payload });
  const order = { client_order_id: 'x', lots: 5, side: 'buy' } as const;
  reported.ledger.append(decisionEvent({ agent: 'alice', atMs: T0 + 1_070, id: 'd', orders: [order] }));
  const filled = { average_price: 60_000, executed_lots: 5, status: 'filled', venue_at_ms: T0 + 1_050 } as const;
  reported.ledger.append(orderEvent('x', T0 + 1_080, filled));
  reported.ledger.append(tradeEvent('6', 'x', T0 + 1_050, { fee_usdt: 0, lots: 5, price: 60_000, side: 'buy' }));
  assert.deepEqual(heldAt(reported, 50_000), [
    [null, -100],
    ['alice', -50],
  ]);
  assert.deepEqual(ownersOf(reported), [null, 'alice']);
});

test('an adoption goes behind what was recorded before it, whatever is recorded later of an earlier order', () => {
  const reported = new Reported();
  const decision = { agent: 'alice', atMs: T0 + 100, id: 'd', orders: [{ client_order_id: 'x', lots: 10 }] };
  reported.ledger.append(decisionEvent(decision));
  trade(reported, 7, T0 + 1_000, 'buy', 10);
  adopt(reported, 'bob', T0 + 900);
  reported.ledger.append(tradeEvent('6', 'x', T0 + 950, { fee_usdt: 0, lots: 10, price: 60_000, side: 'buy' }));
  assert.deepEqual(heldAt(reported, 50_000), [['bob', -200]]);
});

test('lots of which the trades are listed after they were adopted are adopted', () => {
  for (const late of [false, true]) {
    const reported = new Reported();
    const buy = () => trade(reported, 7, T0 + 1_000, 'buy', 1_000);
    if (!late) buy();
    adopt(reported, 'alice', T0 + 2_000);
    if (late) buy();
    assert.deepEqual(heldAt(reported, 50_000), [['alice', -10_000]]);
  }
});

test('lots of an agent whose trades are listed after a recovery are nobody-s', () => {
  const reported = new Reported();
  const order = { client_order_id: 'x', lots: 10, side: 'buy' } as const;
  reported.ledger.append(decisionEvent({ agent: 'alice', atMs: T0 + 100, id: 'd', orders: [order] }));
  const payload = { at_venue_ms: T0 + 2_000, epoch: 1, set_by: 'ops', take_over: false };
  reported.ledger.append({ kind: 'recovery', at_ms: T0 + 2_000, payload });
  reported.ledger.append(tradeEvent('6', 'x', T0 + 950, { fee_usdt: 0, lots: 10, price: 60_000, side: 'buy' }));
  assert.deepEqual(heldAt(reported, 50_000), [[null, -100]]);
});

test('an exit waits for its opening behind more trades than are kept, and loses what it lost', () => {
  for (const trades of [10, 1_001]) {
    const reported = new Reported();
    const order = { client_order_id: 'x1', lots: 1_000, side: 'buy' } as const;
    reported.ledger.append(decisionEvent({ id: 'd1', atMs: T0 + 400, agent: 'alice', orders: [order] }));
    const filled = { average_price: 60_000, executed_lots: 1_000, status: 'filled', venue_at_ms: T0 + 500 } as const;
    reported.ledger.append(orderEvent('x1', T0 + 500, filled));
    reported.fill({ agent: 'gate', origin: 'gate', side: 'sell', lots: 1_000, price: 50_000, atMs: T0 + 1_000 });
    for (let i = 1; i <= trades; i += 1)
      trade(reported, 100 + i, T0 + 2_000 + i, Math.floor(i / 2) % 2 === 0 ? 'buy' : 'sell', 1);
    const bound = 10_000 + 1_000 * 0.001 * 60_000 * 0.0005;
    assert.deepEqual(lossOf(reported, 'alice', T0 + HOUR, 60_000), { day: bound, week: bound });
    reported.ledger.append(tradeEvent('50', 'x1', T0 + 500, { fee_usdt: 0, lots: 1_000, price: 60_000, side: 'buy' }));
    assert.deepEqual(lossOf(reported, 'alice', T0 + HOUR, 60_000), { day: 10_000, week: 10_000 });
    assert.equal(reported.figures('alice')?.realisedUsdt, -10_000);
    assert.ok(heldAt(reported, 50_000).every(([owner]) => owner === null));
    reported.read(T0 + DAY, []);
    assert.deepEqual(lossOf(reported, 'alice', T0 + DAY + 1, 40_000), { day: 0, week: 10_000 });
  }
});

test('an exit that closed nothing has left nothing flat [EX-66]', () => {
  const reported = new Reported();
  const exit = { agent: 'operator', origin: 'operator', side: 'sell', lots: 10, price: 60_000 } as const;
  reported.fill({ ...exit, atMs: T0 + 5_000 });
  assert.equal(reported.accounts.wasFlatSince(SYMBOL, T0 + 4_000), false);
  reported.fill({ agent: 'alice', side: 'buy', lots: 30, price: 60_000, atMs: T0 + 1_000 });
  assert.equal(reported.accounts.wasFlatSince(SYMBOL, T0 + 4_000), false);
  reported.fill({ ...exit, lots: 20, atMs: T0 + 6_000 });
  assert.equal(reported.accounts.wasFlatSince(SYMBOL, T0 + 4_000), true);
});

test('what adopted lots had gained is nobody-s gain or loss, between midnight and the first reading of the day', () => {
  const reported = new Reported();
  reported.read(T0 + 1);
  reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 50_000, atMs: T0 + HOUR });
  reported.read(T0 + DAY + 1, [{ lots: 1_000 }]);
  adopt(reported, 'bob', T0 + 2 * DAY + 1);
  const losses = (nowMs: number) => ['alice', 'bob'].map((agent) => lossOf(reported, agent, nowMs, 60_000).day);
  assert.deepEqual(losses(T0 + 2 * DAY + 2), [0, 0]);
  reported.read(T0 + 2 * DAY + 5, [{ lots: 1_000 }]);
  assert.deepEqual(losses(T0 + 2 * DAY + 9), [0, 0]);
});

test('a gain that was adopted hides no loss of the week', () => {
  const reported = new Reported();
  reported.read(T0 + 1);
  reported.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 50_000, atMs: T0 + HOUR });
  reported.read(T0 + DAY + 1, [{ lots: 1_000 }]);
  adopt(reported, 'bob', T0 + DAY + HOUR);
  reported.fill({ agent: 'bob', side: 'sell', lots: 1_000, price: 51_000, atMs: T0 + DAY + 2 * HOUR });
  const nowMs = T0 + DAY + 3 * HOUR;
  assert.deepEqual(lossOf(reported, 'bob', nowMs, 51_000), { day: 9_000, week: 9_000 });
  assert.deepEqual(lossOf(reported, 'alice', nowMs, 51_000), { day: 0, week: -10_000 });
  // Of a day before it nothing changes.
  assert.deepEqual([...reported.accounts.days.openingOf(T0).keys()], []);
});

test('bookings of one list are put among trades at once', (t) => {
  const reported = new Reported();
  for (let i = 1; i <= 1_000; i += 1) trade(reported, i, T0 + 60 * i, i % 2 === 1 ? 'buy' : 'sell', 1);
  const { days } = reported.accounts;
  const post = t.mock.method(days, 'post', days.post.bind(days));
  const row = { amount_usdt: 0.01, type: 'API_REBATE' };
  reported.income(
    T0 + 61_000,
    Array.from({ length: 1_000 }, (_, i) => ({ ...row, at_venue_ms: T0 + 60 * i + 30 })),
  );
  assert.ok(post.mock.callCount() < 10_000, `${post.mock.callCount()}`);
  assert.equal(reported.totals(null)?.otherUsdt, 10);
});

test('an owner of nothing has no row, in whatever order trades are listed', () => {
  const [inOrder, late] = [false, true].map((isLate) => {
    const reported = new Reported();
    const sell = () => trade(reported, 7, T0 + 2_000, 'sell', 10);
    if (isLate) sell();
    reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1_000 });
    if (!isLate) sell();
    return [reported.figures(null), reported.totals(null), reported.figures('alice')];
  });
  assert.deepEqual(late, inOrder);
  assert.equal(late?.[0], undefined);
});
