import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONDITIONS, nextCall, noCalls, shouldRun } from '../../../daemon/engine/protect/countdowns.ts';
import type { ForeignOrder, OrderEvent, OrderStatus } from '../../../daemon/engine/records/decisions.ts';
import type { CountdownEvent } from '../../../daemon/engine/records/venue-events.ts';
import { decisionEvent, FoldedLedger, LOT_E8, T0, TICK_E8 } from '../fold-fixture.ts';

const FOREIGN: ForeignOrder = {
  close_position: false,
  kind: 'regular',
  quantity_e8: 5 * LOT_E8,
  order_type: 'LIMIT',
  price_e8: 500_000 * TICK_E8,
  reduce_only: false,
  side: 'buy',
  symbol: 'BTCUSDT',
  trigger_e8: null,
};

function reported(id: string, status: OrderStatus, more: Partial<OrderEvent> = {}): OrderEvent {
  return {
    average_price: null,
    client_order_id: id,
    detail: null,
    executed_e8: 0,
    foreign: null,
    retryable: false,
    status,
    venue_at_ms: T0,
    venue_order_id: `v-${id}`,
    ...more,
  };
}

/** An opening that was planned, and what became of it. */
function opening(status: OrderStatus = 'working', more: Partial<OrderEvent> = {}): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
  if (status !== 'in_flight') ledger.append({ kind: 'order', at_ms: T0, payload: reported('o-1', status, more) });
  return ledger;
}

interface Case {
  readonly name: string;
  readonly ledger: () => FoldedLedger;
  /** The one condition that says no. */
  readonly against: string;
}
const AGAINST: readonly Case[] = [
  { name: 'an opening that is still on its way', ledger: () => opening('in_flight'), against: 'opens' },
  { name: 'an opening that has ended', ledger: () => opening('canceled'), against: 'opens' },
  {
    name: "somebody else's order beside it",
    ledger: () => {
      const ledger = opening();
      ledger.append({ kind: 'order', at_ms: T0, payload: reported('f-1', 'working', { foreign: FOREIGN }) });
      return ledger;
    },
    against: 'own',
  },
  {
    name: 'lots that it has filled already',
    ledger: () => opening('partially_filled', { executed_e8: 3 * LOT_E8, average_price: 60_000 }),
    against: 'sparesStops',
  },
];

describe('the countdown of a symbol runs', () => {
  it('while an opening rests there, or may rest', () => {
    for (const status of ['working', 'unknown', 'lost'] as const)
      assert.ok(shouldRun(opening(status).state, 'BTCUSDT', 'unknown'), status);
    assert.ok(!shouldRun(opening().state, 'ETHUSDT', 'unknown'));
  });

  it('beside a position where it spares conditional orders, and nowhere else [TM-62]', () => {
    const { state } = opening('partially_filled', { executed_e8: 3 * LOT_E8, average_price: 60_000 });
    assert.deepEqual(
      (['regular', 'all', 'unknown'] as const).map((scope) => shouldRun(state, 'BTCUSDT', scope)),
      [true, false, false],
    );
  });

  for (const { against, ledger, name } of AGAINST)
    it(`not with ${name}, and would without its condition (${against})`, () => {
      const { state } = ledger();
      assert.equal(shouldRun(state, 'BTCUSDT', 'unknown'), false);
      const conditions = CONDITIONS as Record<string, () => boolean>;
      const holds = conditions[against];
      assert.ok(holds !== undefined);
      conditions[against] = () => true;
      try {
        assert.equal(shouldRun(state, 'BTCUSDT', 'unknown'), true);
      } finally {
        conditions[against] = holds;
      }
    });
});

describe('the next call about a countdown', () => {
  const WANTED_MS = 30_000;
  const set = { ...noCalls(), setForMs: WANTED_MS, setAtMs: 0, triedAtMs: 0 };
  const wanted = { mayRun: true, wantedMs: WANTED_MS };
  const unwanted = { mayRun: true, wantedMs: 0 };

  it('sets it at once, again at a third of its time, and after a second where that failed', () => {
    assert.equal(nextCall(noCalls(), { ...wanted, mayRun: false }, 0), 'set');
    assert.equal(nextCall(set, wanted, 9_999), null);
    assert.equal(nextCall(set, wanted, 10_000), 'set');
    assert.equal(nextCall({ ...set, triedAtMs: 10_000 }, wanted, 10_999), null);
    assert.equal(nextCall({ ...set, triedAtMs: 10_000 }, wanted, 11_000), 'set');
    assert.equal(nextCall({ ...set, isSetting: true }, wanted, 20_000), null);
    assert.equal(nextCall(set, { ...wanted, wantedMs: 60_000 }, 1_000), 'set', 'another time was asked for');
  });

  it('ends it at once, beside a call that sets, and again every second until that is proven', () => {
    assert.equal(nextCall(set, unwanted, 1), 'end');
    assert.equal(nextCall({ ...set, isSetting: true }, unwanted, 1), 'end');
    assert.equal(nextCall({ ...set, isEnding: true, endTriedAtMs: 1 }, unwanted, 2_000), null);
    assert.equal(nextCall({ ...set, endTriedAtMs: 1 }, unwanted, 1_000), null);
    assert.equal(nextCall({ ...set, endTriedAtMs: 1 }, unwanted, 1_001), 'end');
    assert.equal(nextCall(set, { ...unwanted, mayRun: false }, 1), null);
  });
});

describe('records say when a countdown was due', () => {
  const note = (action: CountdownEvent['action'], sentMs: number) =>
    ({
      kind: 'countdown',
      at_ms: T0 + sentMs,
      payload: { action, countdown_ms: action === 'ended' ? 0 : 120_000, sent_at_ms: T0 + sentMs, symbol: 'BTCUSDT' },
    }) as const;
  const due = ({ state }: FoldedLedger, ms: number): boolean => state.countdowns.wasDue('BTCUSDT', T0 + ms);

  it('not before its time, nor while it is set again in time, nor after its end', () => {
    const ledger = new FoldedLedger();
    assert.equal(due(ledger, 0), false);
    ledger.append(note('asked', 0));
    ledger.append(note('set', 10));
    assert.deepEqual([due(ledger, 118_999), due(ledger, 119_010)], [false, true], 'but for clocks that are apart');
    ledger.append(note('set', 40_000));
    assert.deepEqual([due(ledger, 158_000), due(ledger, 160_000)], [false, true]);
    assert.equal(ledger.state.countdowns.mayRun('BTCUSDT'), true);
    ledger.append(note('ended', 50_000));
    assert.equal(due(ledger, 170_000), false);
    assert.equal(ledger.state.countdowns.mayRun('BTCUSDT'), false);
  });

  it('from then on until it was set or ended again, also once that is long ago', () => {
    const ledger = new FoldedLedger();
    ledger.append(note('asked', 0));
    ledger.append(note('set', 0));
    ledger.append(note('ended', 3_600_000));
    ledger.append(note('asked', 3_700_000));
    ledger.append(note('set', 3_740_000));
    assert.deepEqual(
      [118_000, 120_000, 3_600_000, 3_602_000, 3_800_000].map((ms) => due(ledger, ms)),
      [false, true, true, false, false],
    );
    const refolded = ledger.refold().countdowns;
    assert.equal(refolded.wasDue('BTCUSDT', T0 + 200_000), true);
  });

  it('may have been at any time where a recovery says that records are missing', () => {
    const ledger = new FoldedLedger();
    ledger.state.rules.set('BTCUSDT', {} as never);
    const recovery = { at_venue_ms: T0, epoch: T0 / 1_000, set_by: 'test', take_over: false };
    ledger.append({ kind: 'recovery', at_ms: T0, payload: recovery });
    assert.deepEqual([ledger.state.countdowns.mayRun('BTCUSDT'), due(ledger, -1)], [true, true]);
    ledger.append(note('ended', 500));
    assert.deepEqual(
      [ledger.state.countdowns.mayRun('BTCUSDT'), due(ledger, -1), due(ledger, 5_000)],
      [false, true, false],
    );
  });
});
