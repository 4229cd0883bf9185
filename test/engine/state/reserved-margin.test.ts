import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reservedMargin } from '../../../daemon/engine/snapshot/exposure.ts';
import {
  BTC_RULES,
  calmFeatures,
  decisionEvent,
  FoldedLedger,
  LOT_E8,
  orderEvent,
  T0,
  TICK_E8,
} from '../fold-fixture.ts';
import { accountEvent } from '../folded-claims.ts';

const LIVE = {
  mark: 60_000,
  markAtMs: T0,
  bid: 60_000,
  ask: 60_000,
  quoteAtMs: T0,
  fundingRate8h: 0,
  fundingAtMs: T0,
  features: calmFeatures(T0),
  heldRegime: 'calm',
} as const;

/** Ten lots of 60 USDT at 1x that rest from 10 ms on; instants in ms since then. */
class Amended {
  readonly #ledger = new FoldedLedger();

  constructor(isShown = true) {
    this.#ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    this.#ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
    if (isShown) this.#ledger.append(orderEvent('o-1', T0 + 10, {}));
  }

  readonly read = (askedMs: number, answeredMs: number): void => {
    const { at_ms, payload, kind } = accountEvent(0, T0 + askedMs);
    this.#ledger.append({ kind, at_ms: at_ms + answeredMs - askedMs, payload });
  };
  readonly amend = (lots: number, atMs: number): void => {
    this.#ledger.append(
      decisionEvent({
        id: 'd-2',
        atMs: T0 + atMs,
        request: { intent: 'modify', client_order_id: 'o-1' },
        effective: { action: 'amend', lots, price_ticks: 600_000, leverage: 1 },
        orders: [],
      }),
    );
  };
  readonly prove = (lots: number, atMs: number): void => {
    const form = { quantity_e8: lots * LOT_E8, price_e8: 600_000 * TICK_E8 };
    const payload = { action: 'amended', client_order_id: 'o-1', ...form, reason: 'accepted' } as const;
    this.#ledger.append({ kind: 'order_intent', at_ms: T0 + atMs, payload });
  };

  readonly proveAbsent = (atMs: number): void => {
    const evidence = { asked_seq: 0, kind: 'absent' } as const;
    this.#ledger.append(orderEvent('o-1', T0 + atMs, { status: 'not_placed', venue_order_id: null, evidence }));
  };
  readonly fill = (lots: number, atMs: number): void => {
    this.#ledger.append(orderEvent('o-1', T0 + atMs, { status: 'filled', executed_lots: lots, average_price: 60_000 }));
  };

  /** Without the fees, USDT. */
  get reserved(): number {
    const all = { own: null, leaving: null };
    const usdt = reservedMargin(this.#ledger.state, new Map([['BTCUSDT', LIVE]]), all, () => true);
    return 60 * Math.round(usdt / 60);
  }
}

describe('margin that a reading of the balance does not contain', () => {
  it('is what an amend adds that was decided after the reading was asked for [BY-39]', () => {
    for (const [what, first] of [
      ['of an order that no reading has shown', () => undefined],
      ['of one that a reading has shown', ({ read }: Amended) => read(12, 15)],
    ] as const) {
      const order = new Amended();
      first(order);
      order.amend(20, 30);
      order.read(20, 40);
      assert.equal(order.reserved, 600, what);
      order.prove(20, 50);
      order.read(45, 60);
      assert.equal(order.reserved, 600, `${what}, read before that is proven`);
      order.read(70, 80);
      assert.equal(order.reserved, 0, `${what}, read after it`);
    }
  });

  it('is what an amended order has filled after the reading was asked for [BY-39]', () => {
    const order = new Amended();
    order.read(12, 15);
    order.amend(20, 30);
    order.prove(20, 35);
    order.fill(20, 45);
    order.read(25, 50);
    assert.equal(order.reserved, 1_200);
    order.read(60, 70);
    assert.equal(order.reserved, 0);
  });

  it('is what an order fills after it was taken for absent, until a reading that was asked for later', () => {
    const order = new Amended(false);
    order.proveAbsent(20);
    order.read(25, 30);
    assert.equal(order.reserved, 0);
    order.fill(10, 45);
    assert.equal(order.reserved, 600);
    order.read(60, 70);
    assert.equal(order.reserved, 0);
  });

  it('is all of an order that is amended before any reading of it', () => {
    const order = new Amended();
    order.amend(20, 30);
    assert.equal(order.reserved, 1_200);
  });
});
