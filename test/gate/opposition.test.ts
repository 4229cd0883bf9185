import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide.ts';
import type { Side } from '../../daemon/core/request.ts';
import { bareAsk, bareRequest } from '../../daemon/gate/plan/standing.ts';
import type { LiveInputs } from '../../daemon/gate/snapshot/inputs.ts';
import { buildContext } from '../../daemon/gate/snapshot/snapshot.ts';
import type { GateState } from '../../daemon/gate/state/gate-state.ts';
import { basePolicy } from '../core/decision-fixture.ts';
import { BTC_RULES, type DecisionPlan, decisionEvent, FoldedLedger, orderEvent, T0 } from './fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const INPUTS: LiveInputs = { nowMs: T0, clockSkewMs: 1, account: null, symbols: new Map() };
const ID = 'o-1';

/** A ledger with one order of alice, a buy of ten lots on its way, unless `change` says otherwise. */
function withOrder(change: Partial<DecisionPlan['orders'][number]> = {}): FoldedLedger {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  ledger.append(decisionEvent({ id: 'd-1', atMs: T0, agent: 'alice', orders: [{ client_order_id: ID, ...change }] }));
  return ledger;
}
/** Who keeps `agent` from buying and from selling. */
function opposedTo(state: GateState, agent: string): readonly (string | null)[] {
  const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent };
  const context = buildContext(state, INPUTS, request, compilePolicy(basePolicy, 'test', agent), bareAsk(PLACE));
  return [context.exposure.opposed_by_short, context.exposure.opposed_by_long];
}
const NOBODY = [null, null];
const BY_A_BUY = [null, 'alice'];
const cancelAsked = {
  kind: 'order_intent',
  at_ms: T0,
  payload: { action: 'cancel', client_order_id: ID, lots: null, price_ticks: null, reason: 'test' },
} as const;

describe('OPPOSES_AGENT: an order of another agent is its direction until nothing of it can fill', () => {
  it('counts it on its way, on either side, and never for the agent itself', () => {
    assert.deepEqual(opposedTo(withOrder().state, 'bob'), BY_A_BUY, 'a buy');
    assert.deepEqual(opposedTo(withOrder({ side: 'sell' }).state, 'bob'), ['alice', null], 'a sell');
    assert.deepEqual(opposedTo(withOrder().state, 'alice'), NOBODY, 'its own');
  });

  it('counts it unsent, resting, unknown, lost, and down to the last lot', () => {
    assert.deepEqual(opposedTo(withOrder({ delay_ms: 500 }).state, 'bob'), BY_A_BUY, 'a slice that waits');
    for (const status of ['working', 'unknown', 'lost'] as const) {
      const ledger = withOrder();
      ledger.append(orderEvent(ID, T0, { status }));
      assert.deepEqual(opposedTo(ledger.state, 'bob'), BY_A_BUY, status);
    }
    const ledger = withOrder({ side: 'sell' });
    ledger.append(orderEvent(ID, T0, { status: 'partially_filled', executed_lots: 9 }));
    assert.deepEqual(opposedTo(ledger.state, 'bob'), ['alice', null], 'one lot is left');
  });

  it('counts the rest of an order whose fills were closed again', () => {
    const ledger = withOrder();
    ledger.append(orderEvent(ID, T0, { status: 'partially_filled', executed_lots: 9 }));
    const exit = { client_order_id: 'o-2', lots: 9, side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;
    ledger.append(decisionEvent({ id: 'd-2', atMs: T0, agent: 'alice', orders: [exit] }));
    ledger.append(orderEvent('o-2', T0, { status: 'filled', executed_lots: 9 }));
    assert.equal(ledger.state.position('BTCUSDT').shares.size, 0, 'alice holds no share');
    assert.deepEqual(opposedTo(ledger.state, 'bob'), BY_A_BUY, 'one lot may still fill');
    ledger.append(orderEvent(ID, T0, { status: 'canceled', executed_lots: 9 }));
    assert.deepEqual(opposedTo(ledger.state, 'bob'), NOBODY, 'none may');
  });

  it('counts it while its cancel is asked for and not proven, and no longer once its end is', () => {
    for (const status of ['canceled', 'expired', 'rejected', 'not_placed'] as const) {
      const ledger = withOrder();
      ledger.append(orderEvent(ID, T0, { status: 'working' }));
      ledger.append(cancelAsked);
      assert.deepEqual(opposedTo(ledger.state, 'bob'), BY_A_BUY, 'asked for');
      ledger.append(orderEvent(ID, T0, { status }));
      assert.deepEqual(opposedTo(ledger.state, 'bob'), NOBODY, status);
    }
    const filled = withOrder();
    filled.append(orderEvent(ID, T0, { status: 'filled', executed_lots: 10 }));
    assert.deepEqual(opposedTo(filled.state, 'bob'), BY_A_BUY, 'what it filled is its share');
  });

  it('takes no direction from exits, from other symbols, or from orders of nobody', () => {
    assert.deepEqual(opposedTo(withOrder({ reduce_only: true }).state, 'bob'), NOBODY, 'an exit');
    assert.deepEqual(opposedTo(withOrder({ symbol: 'ETHUSDT' }).state, 'bob'), NOBODY, 'another symbol');
    const ledger = new FoldedLedger();
    const foreign = {
      close_position: false,
      kind: 'regular',
      lots: 10,
      order_type: 'limit',
      price_ticks: 600_000,
      reduce_only: false,
      side: 'buy',
      symbol: 'BTCUSDT',
      trigger_ticks: null,
    } as const;
    ledger.append(orderEvent('web-1', T0, { foreign }));
    assert.equal(ledger.state.orders.all.size, 1, 'it is known');
    assert.deepEqual(opposedTo(ledger.state, 'bob'), NOBODY, 'placed by somebody else');
  });

  it('denies the opposite side and not the same one, and says the same after a restart', () => {
    const ledger = withOrder();
    const policy = compilePolicy(basePolicy, 'test', 'bob');
    const denials = (state: GateState, agent: string, side: Side): readonly string[] => {
      const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent, side, requested_notional: 300 };
      const context = buildContext(state, INPUTS, request, policy, bareAsk(PLACE));
      return decide(request, context, policy).reasons.map((reason) => reason.code);
    };
    for (const state of [ledger.state, ledger.refold()]) {
      assert.ok(denials(state, 'bob', 'sell').includes('OPPOSES_AGENT'), 'bob sells against a buy of alice');
      assert.ok(!denials(state, 'bob', 'buy').includes('OPPOSES_AGENT'), 'bob buys as alice does');
      assert.ok(!denials(state, 'alice', 'sell').includes('OPPOSES_AGENT'), 'alice is not another agent to herself');
    }
  });
});
