import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { ownE8Of } from '../../../daemon/gate/state/holding.ts';
import type { OrderState } from '../../../daemon/gate/state/orders.ts';
import type { SymbolRules } from '../../../daemon/gate/venue-port.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

const FINER: SymbolRules = { ...BTC_RULES, lotScale: 10_000, tickScale: 100 };

/** 16 lots bought, 14 more rest, of which some are filled, and an exit of 15 rests. */
function held(filled = 5): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const plan = (id: string, order: object): void => {
    ledger.append(
      decisionEvent({ id: `d-${id}`, atMs: T0, orders: [{ client_order_id: id, price_e8: 600_001, ...order }] }),
    );
  };
  plan('bought', { lots: 16 });
  ledger.append(orderEvent('bought', T0, { status: 'filled', executed_e8: 16, average_price: 60_000 }));
  ledger.append(tradeEvent('t-1', 'bought', T0, { quantity_e8: 16 }));
  plan('rests', { lots: 14 });
  ledger.append(orderEvent('rests', T0, { status: 'partially_filled', executed_e8: filled, average_price: 60_000 }));
  plan('exit', { lots: 15, side: 'sell', reduce_only: true });
  ledger.append(orderEvent('exit', T0, {}));
  return ledger;
}
function orderOf(ledger: FoldedLedger, id: string): OrderState {
  const order = ledger.state.orders.all.get(id);
  assert.ok(order !== undefined, id);
  return order;
}
const figures = (ledger: FoldedLedger): unknown => {
  const position = ledger.state.position('BTCUSDT');
  const orders = ['bought', 'rests', 'exit'].map((id) => {
    const {
      quantityE8: lots,
      executedE8: executedLots,
      priceE8: priceTicks,
      tradedE8: tradedLots,
      averagePrice,
    } = orderOf(ledger, id);
    return { lots, executedLots, priceTicks, tradedLots, averagePrice };
  });
  return { lots: position.quantityE8, own: ownE8Of(position, 'alice'), orders };
};
const change = (ledger: FoldedLedger, rules: SymbolRules): void => {
  ledger.append({ kind: 'rules', at_ms: T0 + 1, payload: { rules } });
};

describe('a step that the venue changes while something is held (SAE-R)', () => {
  it('leaves the same quantities and prices, in the new units', () => {
    const ledger = held();
    orderOf(ledger, 'rests').amend = { quantityE8: 20, priceE8: 590_000 };
    ledger.state.position('BTCUSDT').disputedE8 = 30;
    change(ledger, FINER);
    assert.deepEqual(figures(ledger), {
      lots: 210,
      own: 210,
      orders: [
        { lots: 160, executedLots: 160, priceTicks: 6_000_010, tradedLots: 160, averagePrice: 60_000 },
        { lots: 140, executedLots: 50, priceTicks: 6_000_010, tradedLots: 0, averagePrice: 60_000 },
        { lots: 150, executedLots: 0, priceTicks: 6_000_010, tradedLots: 0, averagePrice: null },
      ],
    });
    assert.deepEqual(orderOf(ledger, 'rests').amend, { lots: 200, priceTicks: 5_900_000 });
    assert.equal(ledger.state.position('BTCUSDT').disputedE8, 300);
    // What is filled from now on is told in the new units.
    ledger.append(orderEvent('rests', T0 + 2, { status: 'filled', executed_e8: 140, average_price: 60_000 }));
    assert.equal(ledger.state.position('BTCUSDT').quantityE8, 300);
  });

  it('is nothing where the step is the same, and comes back where it does', () => {
    const ledger = held();
    const before = figures(ledger);
    change(ledger, { ...BTC_RULES, trading: false, observedAtMs: T0 + 1 });
    assert.deepEqual(figures(ledger), before, 'the same step');
    change(ledger, FINER);
    change(ledger, BTC_RULES);
    assert.deepEqual(figures(ledger), before, 'back again');
    assert.deepEqual(ledger.refold().position('BTCUSDT'), ledger.state.position('BTCUSDT'), 'a restart folds the same');
  });

  it('rounds against the requester: more exposure, and less that an agent may close', () => {
    const step = fc.record({
      lotMantissa: fc.constantFrom(1, 2, 5, 25),
      lotScale: fc.constantFrom(1, 10, 100, 1000, 10_000, 100_000_000),
    });
    fc.assert(
      fc.property(step, fc.integer({ min: 1, max: 14 }), (lotStep, filled) => {
        const ledger = held(filled);
        const base = BTC_RULES.lotMantissa / BTC_RULES.lotScale;
        change(ledger, { ...BTC_RULES, ...lotStep });
        const size = lotStep.lotMantissa / lotStep.lotScale;
        const position = ledger.state.position('BTCUSDT');
        const [rests, exit] = [orderOf(ledger, 'rests'), orderOf(ledger, 'exit')];
        const open = rests.quantityE8 - rests.executedE8;
        const slack = 1e-12;
        for (const lots of [position.quantityE8, open, exit.quantityE8])
          assert.ok(Number.isSafeInteger(lots), `${lots} lots`);
        assert.ok(position.quantityE8 * size >= (16 + filled) * base - slack, 'position');
        assert.ok(open * size >= (14 - filled) * base - slack || filled === 14, 'what may still fill');
        assert.ok(ownE8Of(position, 'alice') * size <= (16 + filled) * base + slack, 'the holder’s');
        assert.ok(exit.quantityE8 * size <= 15 * base + slack, 'exit');
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('SAE-M5 lets slices that are not sent only shrink: four of 0.004 become nothing, or less', () => {
    for (const [lots, coarser] of [
      [4, 0],
      [14, 1],
      [20, 2],
    ] as const) {
      const ledger = new FoldedLedger();
      ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
      const orders = [0, 1, 2, 3].map((slice) => ({
        client_order_id: `s-${slice}`,
        slice,
        lots,
        price_ticks: 600_007,
        delay_ms: slice * 2_000,
      }));
      ledger.append(decisionEvent({ id: 'd-staged', atMs: T0, orders }));
      change(ledger, { ...BTC_RULES, lotScale: BTC_RULES.lotScale / 10, tickScale: BTC_RULES.tickScale / 10 });
      const sent = orderOf(ledger, 's-0');
      assert.deepEqual(
        [sent.quantityE8, sent.priceE8],
        [Math.ceil(lots / 10), 60_001],
        'on its way: the larger counts',
      );
      for (const slice of [1, 2, 3]) {
        const unsent = orderOf(ledger, `s-${slice}`);
        assert.deepEqual([unsent.status, unsent.quantityE8, unsent.priceE8], ['pending_send', coarser, 60_000]);
      }
    }
  });

  it('ends a round trip where it would have ended: the trader state of its agent is the same', () => {
    const section = loadVariant('Holdfast').spec.trader_state;
    const risks = [BTC_RULES, FINER].map((rules) => {
      const ledger = held();
      change(ledger, rules);
      const lots = ledger.state.position('BTCUSDT').quantityE8;
      ledger.append(
        decisionEvent({
          id: 'd-out',
          atMs: T0 + 2,
          orders: [{ client_order_id: 'out', quantity_e8: lots, side: 'sell', reduce_only: true }],
        }),
      );
      const end = { status: 'filled', executed_lots: lots, average_price: 59_000 } as const;
      ledger.append(orderEvent('out', T0 + 2, end));
      return ledger.state.trades.risk('alice', T0 + 600_000, section);
    });
    assert.equal(risks[0], risks[1]);
    assert.notEqual(risks[0], section.base_rate, 'it is of a trade that lost');
  });
});
