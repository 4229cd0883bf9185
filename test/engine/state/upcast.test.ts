import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { lotE8, tickE8 } from '../../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { forAll } from '../../for-all.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';
import { accountEvent, FoldedClaims } from '../folded-claims.ts';
import { textOf } from '../text-of.ts';

const COARSER: SymbolRules = { ...BTC_RULES, lotScale: 100, tickScale: 1 };
const OLD_NAMES = {
  quantity_e8: 'lots',
  executed_e8: 'executed_lots',
  filled_e8: 'filled_lots',
  price_e8: 'price_ticks',
  trigger_e8: 'trigger_ticks',
} as const;

/** An event as a daemon of before fixed units recorded it, when these steps were in force. */
function asBefore(event: GateEvent, steps: SymbolRules): GateEvent {
  const inSteps = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inSteps);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const old = (OLD_NAMES as { readonly [name: string]: string })[name];
        if (old === undefined) return [name, inSteps(member)];
        const step = old.endsWith('ticks') ? tickE8(steps) : lotE8(steps);
        return [old, typeof member === 'number' ? member / step : member];
      }),
    );
  };
  const { context, decision, ...planned } = event.payload as {
    readonly context?: unknown;
    readonly decision?: unknown;
  };
  const payload = { ...(inSteps(event.kind === 'rules' ? {} : planned) as object) };
  if (event.kind === 'rules') return event;
  return { ...event, payload: event.kind === 'decision' ? { ...payload, context, decision } : payload } as GateEvent;
}
const foldedText = (events: readonly GateEvent[]): string => {
  const state = new GateState();
  for (const event of events) state.apply(event);
  return textOf(state);
};

/** A history in which everything that counts lots or ticks is recorded once. */
function history(filled: number): FoldedClaims {
  const book = new FoldedClaims();
  book.read(7, T0);
  book.adopt('alice');
  book.open('o-1', 20, { rests: true });
  book.report('o-1', 'partially_filled', filled, T0 + 1, { average_price: 60_000 });
  book.ledger.append(tradeEvent('t-1', 'o-1', T0 + 2, { lots: filled }));
  book.list('web-1', 3);
  book.exit('x-1', 5, { isWhole: false, atMs: T0 + 3 });
  book.report('x-1', 'expired', 2, T0 + 4);
  book.end('x-1', 'exhausted', T0 + 5);
  book.takeProfit('tp', 4, { atMs: T0 + 6 });
  book.report('tp', 'working', 0, T0 + 7);
  book.amend('tp', 3, T0 + 8);
  const stop = {
    client_order_id: 's-1',
    kind: 'algo',
    lots: 25,
    protective: true,
    reduce_only: true,
    side: 'sell',
  } as const;
  book.ledger.append(
    decisionEvent({ id: 'd-s', atMs: T0 + 9, orders: [{ ...stop, price_ticks: null, trigger_ticks: 580_000 }] }),
  );
  book.ledger.append(orderEvent('s-1', T0 + 10, { status: 'working' }));
  return book;
}

test('records in lots and ticks fold as those in units of 1e-8 do [DESIGN 12.4]', () => {
  forAll([fc.integer({ min: 1, max: 19 })], { seed: 3, numRuns: 20 }, (filled) => {
    const { events } = history(filled).ledger;
    const before = events.map((event) => asBefore(event, BTC_RULES));
    assert.match(JSON.stringify(before), /"executed_lots":.*"trigger_ticks":580000/);
    assert.equal(foldedText(before), foldedText(events));
  });
});

test('a position in lots of which nobody knows the size was not read', () => {
  const ledger = new FoldedLedger();
  const shown = accountEvent(7, T0);
  ledger.append(asBefore({ ...shown, seq: 1 }, BTC_RULES));
  const { accounts, positions } = ledger.state;
  assert.deepEqual(ledger.state.account?.unread, ['BTCUSDT']);
  assert.deepEqual([positions.get('BTCUSDT')?.quantityE8 ?? 0, accounts.unrealised('BTCUSDT', 61_000).size], [0, 0]);
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  ledger.append(accountEvent(7, T0 + 5));
  assert.deepEqual(accounts.books.get('BTCUSDT')?.held.lots.parts, [{ owner: null, quantityE8: 7 * LOT_E8 }]);
});

test('they keep the steps that were on record, whatever the venue has changed since', () => {
  const { events } = history(5).ledger;
  const seq = events.length + 1;
  const change = { kind: 'rules', at_ms: T0 + 20, seq, payload: { rules: COARSER } } as const;
  const later = {
    ...orderEvent('o-1', T0 + 21, { status: 'filled', executed_lots: 20, average_price: 60_000 }),
    seq: seq + 1,
  };
  const reported = [...events, change, later] as GateEvent[];
  const before = reported.map((event) => asBefore(event, event.seq > seq ? COARSER : BTC_RULES));
  assert.equal(foldedText(before), foldedText(reported));
  const state = new GateState();
  for (const event of before) state.apply(event);
  assert.equal(state.position('BTCUSDT').quantityE8, (7 + 20 - 2) * LOT_E8);
});
