import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../../daemon/core/context.ts';
import type { ExecutionRequest } from '../../../daemon/core/request.ts';
import { grantOf } from '../../../daemon/engine/callers/approvals.ts';
import { planSlice, sliceAsk } from '../../../daemon/engine/guard/executor.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import { parentAsk } from '../../../daemon/engine/plan/orders.ts';
import type { Ask } from '../../../daemon/engine/readings/inputs.ts';
import type { RequestedApproval } from '../../../daemon/engine/records/people-events.ts';
import { fromE8, lotE8 } from '../../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { basePolicy, buildCase, decideCase } from '../../core/decision-fixture.ts';
import { forAll } from '../../for-all.ts';
import {
  BTC_RULES,
  decisionEvent,
  FoldedLedger,
  LOT_E8,
  orderEvent,
  T0,
  TICK_E8,
  tradeEvent,
} from '../fold-fixture.ts';
import { accountEvent } from '../folded-claims.ts';
import { textOf } from '../text-of.ts';

const FINER: SymbolRules = { ...BTC_RULES, lotScale: 10_000, tickScale: 100 };
const COARSER: SymbolRules = { ...BTC_RULES, lotScale: 100, tickScale: 1 };
/** Finer, coarser, and steps of which neither is a multiple of the other. */
const steps = fc.record({
  lotMantissa: fc.constantFrom(1, 2, 5, 25),
  lotScale: fc.constantFrom(1, 10, 100, 1000, 10_000, 100_000_000),
  tickMantissa: fc.constantFrom(1, 2, 5, 25),
  tickScale: fc.constantFrom(1, 10, 100, 100_000_000),
});
const PLACE = { account: 'main', venue: 'paper' };
const POLICY = compilePolicy(basePolicy, 'test', 'alice');
const NOW = T0 + 60_000;

/** 16 lots bought, 14 more rest, of which some are filled, and an exit of 15 rests. `others`: lots of nobody beside. */
function held(filled = 5, others = 0): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  if (others > 0) ledger.append(accountEvent(others, T0 - 1));
  const plan = (id: string, order: object): void => {
    ledger.append(
      decisionEvent({ id: `d-${id}`, atMs: T0, orders: [{ client_order_id: id, price_ticks: 600_001, ...order }] }),
    );
  };
  plan('bought', { lots: 16 });
  ledger.append(orderEvent('bought', T0, { status: 'filled', executed_lots: 16, average_price: 60_000 }));
  ledger.append(tradeEvent('t-1', 'bought', T0, { lots: 16 }));
  plan('rests', { lots: 14 });
  ledger.append(orderEvent('rests', T0, { status: 'partially_filled', executed_lots: filled, average_price: 60_000 }));
  plan('exit', { lots: 15, side: 'sell', reduce_only: true });
  ledger.append(orderEvent('exit', T0, {}));
  return ledger;
}
function orderOf(ledger: FoldedLedger, id: string): OrderState {
  const order = ledger.state.orders.all.get(id);
  assert.ok(order !== undefined, id);
  return order;
}
const change = (ledger: FoldedLedger, rules: SymbolRules): void => {
  ledger.append({ kind: 'rules', at_ms: T0 + 1, payload: { rules } });
};
/** All that is folded, but for the rules. */
const folded = ({ state }: FoldedLedger): string => {
  const rules = new Map(state.rules);
  (state.rules as Map<string, SymbolRules>).clear();
  const text = textOf(state);
  for (const [symbol, known] of rules) (state.rules as Map<string, SymbolRules>).set(symbol, known);
  return text;
};
function contextOf({ state }: FoldedLedger, request: Partial<ExecutionRequest>, ask: Partial<Ask> = {}) {
  const live = {
    mark: 60_000,
    markAtMs: NOW,
    bid: 60_000,
    ask: 60_000,
    quoteAtMs: NOW,
    fundingRate8h: 0,
    fundingAtMs: NOW,
    features: null,
    heldRegime: 'calm',
  } as const;
  const inputs = { nowMs: NOW, clockSkewMs: 0, account: null, symbols: new Map([['BTCUSDT', live]]) };
  const asked = { ...buildCase({ request: { agent: 'alice' } }).request, request_id: null, ...request };
  return buildContext({ state, inputs, request: asked, policy: POLICY, ask: { ...parentAsk(PLACE), ...ask } });
}
const CLOSE = { intent: 'close', reduce_only: true, side: 'sell' } as const;
/** Quantities and prices of a context, in units of one. */
const lotsIn = ({ market }: ExecutionContext, lots: number): number => {
  assert.ok(market.rules !== null);
  return (lots * market.rules.lot_mantissa) / market.rules.lot_scale;
};

describe('a step that the venue changes while something is held [DESIGN 12.4]', () => {
  it('changes neither state nor history, whatever the step, and a restart folds the same', () => {
    forAll([steps, fc.integer({ min: 1, max: 14 })], { seed: 5, numRuns: 100 }, (step, filled) => {
      const [changed, same] = [held(filled), held(filled)];
      change(changed, { ...BTC_RULES, ...step });
      change(same, BTC_RULES);
      assert.equal(folded(changed), folded(same));
      assert.deepEqual(changed.refold().position('BTCUSDT'), same.state.position('BTCUSDT'));
    });
  });

  it('counts what fills from then on in the same units', () => {
    const ledger = held();
    change(ledger, COARSER);
    ledger.append(orderEvent('rests', T0 + 2, { status: 'filled', executed_lots: 14, average_price: 60_000 }));
    assert.equal(ledger.state.position('BTCUSDT').quantityE8, 30 * LOT_E8);
  });

  it('exposure is rounded up in the snapshot, and what may be closed of a part of the position down [EX-32]', () => {
    let uneven = 0;
    forAll(
      [steps, fc.integer({ min: 1, max: 14 }), fc.boolean()],
      { seed: 6, numRuns: 300 },
      (step, filled, isBeside) => {
        const ledger = held(filled, isBeside ? 7 : 0);
        const rules = { ...BTC_RULES, ...step };
        change(ledger, rules);
        const { position } = { position: ledger.state.position('BTCUSDT') };
        const [all, own] = [fromE8(position.quantityE8), fromE8((16 + filled) * LOT_E8)];
        const size = fromE8(lotE8(rules));
        const context = contextOf(ledger, CLOSE);
        const long = lotsIn(context, context.exposure.long_lots);
        assert.ok(Number.isSafeInteger(context.exposure.long_lots));
        assert.ok(long >= all - 1e-12 && long < all + size - 1e-12, `${long} of ${all} in steps of ${size}`);
        const tick = step.tickMantissa / step.tickScale;
        const least = all * 60_000 + fromE8((14 - filled) * LOT_E8) * 60_000.1;
        const worth = context.exposure.long_units * size * tick;
        assert.ok(worth >= least - 1e-6, `${worth} USDT of ${least}`);
        const closable = lotsIn(context, context.agent.share_lots);
        if (closable < own - 1e-12) uneven += 1;
        // The lots that cover all of a position close it: reduceOnly keeps an order of these inside of it.
        if (isBeside) assert.ok(closable <= own + 1e-12 && closable > own - size - 1e-12, `${closable} of ${own}`);
        else assert.equal(context.agent.share_lots, context.exposure.long_lots);
      },
    );
    assert.ok(uneven > 20, 'steps in which a rest is left');
  });

  it('an amend is judged by all that it leaves to fill: what has filled is rounded down [BY-07]', () => {
    forAll([steps, fc.integer({ min: 1, max: 13 })], { seed: 7, numRuns: 200 }, (step, filled) => {
      const ledger = held(filled);
      const rules = { ...BTC_RULES, ...step };
      change(ledger, rules);
      const order = orderOf(ledger, 'rests');
      const request = { intent: 'modify', client_order_id: 'rests', side: 'buy' } as const;
      const { order: view } = contextOf(ledger, request, { own: order, target: order });
      assert.ok(view !== null);
      for (const more of [1, 2, 5]) {
        const judged = (view.lots + more - view.filled_lots) * lotE8(rules);
        const left = (view.lots + more) * lotE8(rules) - order.executedE8;
        assert.ok(judged >= left, `${judged} of ${left} that may still fill`);
      }
    });
  });

  it('SAE-M5 slices that are not sent shrink to whole lots when they are due, and are refused below one', () => {
    const drawn = buildCase({ request: { agent: 'alice' } });
    const permitted = decideCase(drawn);
    for (const [lots, expected] of [
      [4, null],
      [14, 1],
      [20, 2],
    ] as const) {
      const ledger = new FoldedLedger();
      ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
      const orders = [0, 1].map((slice) => ({
        client_order_id: `s-${slice}`,
        slice,
        lots,
        price_ticks: 600_007,
        delay_ms: slice * 2_000,
      }));
      ledger.append(decisionEvent({ id: 'd-staged', atMs: T0, orders }));
      change(ledger, COARSER);
      const unsent = orderOf(ledger, 's-1');
      assert.deepEqual([unsent.quantityE8, unsent.priceE8], [lots * LOT_E8, 600_007 * TICK_E8], 'as planned');
      const context = contextOf(ledger, {}, sliceAsk(PLACE, unsent));
      assert.deepEqual([context.slice_lots, context.parent_price_ticks], [expected ?? 0, 60_000], 'a buy pays no more');
      const { effective } = permitted;
      assert.ok(effective?.action === 'open');
      const decision = { ...permitted, effective: { ...effective, lots: expected ?? 0, price_ticks: 60_000 } };
      const [planned] = planSlice(decision, unsent, COARSER);
      assert.deepEqual([planned?.quantity_e8, planned?.price_e8], [(expected ?? 0) * 10 * LOT_E8, 600_000 * TICK_E8]);
    }
  });

  it('holds an approval that waits to the quantity and the price that were signed, in the steps of then [AP-48]', () => {
    const signed = { quantity: '0.019', lots: 19, price_ticks: 600_007, worst_price: '60000.7' };
    const granted = (side: 'buy' | 'sell', rules: SymbolRules): readonly number[] => {
      const { lots, price_ticks } = grantOf({ requested: { ...signed, side } as RequestedApproval }, rules);
      return [lots, price_ticks];
    };
    assert.deepEqual(granted('buy', BTC_RULES), [19, 600_007]);
    assert.deepEqual(granted('buy', FINER), [190, 6_000_070]);
    assert.deepEqual(granted('buy', COARSER), [1, 60_000], 'no more, and no dearer');
    assert.deepEqual(granted('sell', COARSER), [1, 60_001], 'nor cheaper');
  });

  it('ends a round trip where it would have ended: the trader state of its agent is the same', () => {
    const section = basePolicy.trader_state;
    const risks = [BTC_RULES, FINER, COARSER].map((rules) => {
      const ledger = held();
      change(ledger, rules);
      const exit = { client_order_id: 'out', lots: 21, side: 'sell', reduce_only: true } as const;
      ledger.append(decisionEvent({ id: 'd-out', atMs: T0 + 2, orders: [exit] }));
      ledger.append(orderEvent('out', T0 + 2, { status: 'filled', executed_lots: 21, average_price: 59_000 }));
      return ledger.state.trades.risk('alice', T0 + 600_000, section);
    });
    assert.deepEqual(risks, [risks[0], risks[0], risks[0]]);
    assert.notEqual(risks[0], section.base_rate, 'it is of a trade that lost');
  });
});
