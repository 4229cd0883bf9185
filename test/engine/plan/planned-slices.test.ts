import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../../daemon/core/context.ts';
import { bareAsk } from '../../../daemon/engine/plan/judge-resting.ts';
import { bareRequest } from '../../../daemon/engine/plan/orders.ts';
import type { LiveInputs, SymbolInputs } from '../../../daemon/engine/readings/inputs.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { basePolicy, withChange } from '../../core/decision-fixture.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const MARK = 60_000;
const BTC: SymbolInputs = {
  mark: MARK,
  markAtMs: T0,
  bid: MARK,
  ask: MARK,
  quoteAtMs: T0,
  fundingRate8h: 0,
  fundingAtMs: T0,
  features: null,
  heldRegime: 'calm',
};
const INPUTS: LiveInputs = { nowMs: T0, clockSkewMs: 1, account: null, symbols: new Map([['BTCUSDT', BTC]]) };

/** What another symbol sees of BTC: ten lots sent in slice 0, ten lots planned in slice 1, both at the mark. */
function viewFromEth(
  slice1: 'planned' | 'resting' | 'filled' | 'dropped',
  own: boolean,
  agent = 'alice',
  policy = basePolicy,
): ExecutionContext {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const at = { price_ticks: (MARK * BTC_RULES.tickScale) / BTC_RULES.tickMantissa, lots: 10 };
  const orders = [
    { client_order_id: 'o-0', slice: 0, ...at },
    { client_order_id: 'o-1', slice: 1, delay_ms: 2000, ...at },
  ];
  ledger.append(decisionEvent({ id: 'd-1', atMs: T0, agent: 'alice', orders }));
  if (slice1 === 'resting') ledger.append(orderEvent('o-1', T0, { status: 'working' }));
  if (slice1 === 'filled')
    ledger.append(orderEvent('o-1', T0, { status: 'filled', executed_lots: 10, average_price: MARK }));
  if (slice1 === 'dropped') ledger.append(orderEvent('o-1', T0, { status: 'canceled' }));
  const symbol = own ? 'BTCUSDT' : 'ETHUSDT';
  const ask = { ...bareAsk(PLACE), own: own ? (ledger.state.orders.all.get('o-1') ?? null) : null };
  const request = bareRequest(PLACE, symbol, T0);
  return buildContext({
    state: ledger.state,
    inputs: INPUTS,
    request: { ...request, agent },
    policy: compilePolicy(policy, 'test', agent),
    ask,
  });
}

describe('slices that are planned and not sent (SAE-R)', () => {
  const lotUsdt = (MARK * BTC_RULES.lotMantissa) / BTC_RULES.lotScale;

  it('count in gross, and what has filled of them alone as counterweight of concentration [PK-9]', () => {
    for (const [state, gross, held] of [
      ['planned', 20, 0],
      ['resting', 20, 0],
      ['filled', 20, 10],
      ['dropped', 10, 0],
    ] as const) {
      const { exposure } = viewFromEth(state, false);
      assert.equal(exposure.gross_other_usdt, gross * lotUsdt, `${state}: gross`);
      assert.equal(exposure.gross_other_sent_usdt, held * lotUsdt, `${state}: held`);
    }
  });

  it('weigh on the turnover and fees of the day with their own fee, the decided one excepted', () => {
    const others = viewFromEth('planned', false).pacing;
    assert.equal(others.pending_turnover_usdt, 20 * lotUsdt, 'both slices are still to come');
    assert.ok(Math.abs(others.pending_fees_usdt - 20 * lotUsdt * BTC_RULES.takerFee) < 1e-9, 'and their fees');
    const own = viewFromEth('planned', true).pacing;
    assert.equal(own.pending_turnover_usdt, 10 * lotUsdt, 'the slice that is decided is not counted beside itself');
  });

  it("weigh on the agent's own turnover and fees alike, and on nobody else's", () => {
    const limited = withChange(basePolicy, { agents: { default: { budgets: { turnover_usdt_per_day: 1_000 } } } });
    const mine = viewFromEth('planned', false, 'alice', limited).agent;
    assert.equal(mine.pending_turnover_usdt, 20 * lotUsdt, 'both slices are still to come');
    assert.ok(Math.abs(mine.pending_fees_usdt - 20 * lotUsdt * BTC_RULES.takerFee) < 1e-9, 'and their fees');
    const own = viewFromEth('planned', true, 'alice', limited).agent;
    assert.equal(own.pending_turnover_usdt, 10 * lotUsdt, 'the slice that is decided is not counted beside itself');
    const other = viewFromEth('planned', false, 'bob', limited).agent;
    assert.deepEqual([other.pending_turnover_usdt, other.pending_fees_usdt], [0, 0], 'they are not of bob');
    assert.equal(viewFromEth('planned', false).agent.pending_turnover_usdt, 0, 'not looked up without own budgets');
  });
});
