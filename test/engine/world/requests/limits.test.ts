import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BudgetLine, LimitsBody, SymbolLimits } from '../../../../daemon/contract/types/limits.ts';
import { order, type ToolBody } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('GET /v1/limits is what a decision uses', () => {
  let momentum: string;
  const world = suiteWorld({
    policy: (spec) => {
      spec.account.concentration = { share: 0.5, floor_usdt: 500 };
      spec.temporal.breaker = { ...spec.temporal.breaker, repeats: 100 };
      Object.assign(spec.agents, {
        momentum: { budgets: { order_notional_usdt: 200, leverage: 2 } },
        // A lot at the mark, and less than a lot at the bound of ten basis points.
        onelot: { budgets: { order_notional_usdt: 60.03 } },
        bitcoin: { scope: { symbols: ['BTCUSDT'] } },
      });
    },
  });
  before(async () => {
    momentum = world.createAgent('momentum');
  });

  const limitsOf = async (symbol: string, token?: string): Promise<SymbolLimits> => {
    const { body } = await world.call<LimitsBody>('GET', `/v1/limits?symbol=${symbol}`, undefined, token);
    const [limits] = body.symbols;
    assert.ok(limits !== undefined, 'one symbol is described');
    return limits;
  };
  const lineOf = (limits: SymbolLimits, component: BudgetLine['component']): BudgetLine => {
    const found = limits.budgets.find((line) => line.component === component);
    assert.ok(found !== undefined, `${component} is listed`);
    return found;
  };
  const dry = async (ask: object, token?: string): Promise<ToolBody['decision']> =>
    (await world.call<ToolBody>('POST', '/v1/dry-run/place_order', order(ask), token)).body.decision;
  const slippage = (limits: SymbolLimits): number => lineOf(limits, 'slippage_bps').limit;

  it('SAE-BUDGET an agent with caps of its own is shown those, and no budget cuts an ask of what remains [AN-122 AN-124 TD-22 TD-31 TM-8 TM-20]', async () => {
    const limits = await limitsOf('BTCUSDT', momentum);
    assert.equal(lineOf(limits, 'order_notional_usdt').limit, 200, 'its own cap');
    assert.equal(lineOf(limits, 'order_notional_usdt').code, 'BUDGET_AGENT');
    assert.equal(lineOf(limits, 'order_notional_usdt').remaining, 200, 'of which all is left');
    assert.equal(lineOf(limits, 'leverage').limit, 2, 'its own leverage');
    assert.equal(limits.leverage_cap, 2, 'its own leverage cap');
    const ask = { requested_notional: 200, requested_leverage: 2, max_slippage_bps: slippage(limits) };
    const within = await dry(ask, momentum);
    assert.deepEqual(
      within.reasons.map(({ code }) => code),
      ['LOT_ROUNDING'],
      'within remaining, lots of 60 USDT alone make it smaller',
    );
    assert.equal((await dry({ ...ask, requested_notional: 400 }, momentum)).decision, 'LIMIT', 'beyond it');
  });

  it('SAE-BUDGET concentration bounds what remains, and is named [AN-119 AN-121 TD-20 TD-21 TD-29]', async () => {
    const limits = await limitsOf('ETHUSDT');
    assert.deepEqual(limits.opening.buy, { blocked_by: [], bound_by: 'BUDGET_CONCENTRATION', remaining_usdt: 500 });
    const { base, code, limit, remaining, used } = lineOf(limits, 'concentration_usdt');
    assert.deepEqual(
      [code, base, limit, used, remaining],
      ['BUDGET_CONCENTRATION', 500, 500, 0, 500],
      'in a line of its own',
    );
    const cap = lineOf(limits, 'order_notional_usdt');
    assert.equal(cap.remaining, cap.limit, 'and in no other');
    const product = Object.values(limits.factors).reduce((all, { notional }) => all * notional, cap.base);
    assert.ok(Math.abs(product - cap.limit) < 1e-6, `${product}, ${cap.limit}`);
    const ask = { symbol: 'ETHUSDT', max_slippage_bps: slippage(limits) };
    for (const side of ['buy', 'sell'] as const) {
      const whole = await dry({ ...ask, side, requested_notional: limits.opening[side].remaining_usdt });
      assert.equal(whole.decision, 'ALLOW', `a ${side} of what remains`);
      assert.equal((await dry({ ...ask, side, requested_notional: 600 })).decision, 'LIMIT', `a ${side} of more`);
    }
  });

  it('a size that is below the minimum at the widest bound alone does not block the side', async () => {
    const token = world.createAgent('onelot');
    const { opening } = await limitsOf('BTCUSDT', token);
    assert.deepEqual([opening.buy.remaining_usdt, opening.buy.blocked_by], [60.03, []]);
    const within = await dry({ requested_notional: 300, max_slippage_bps: 0 }, token);
    assert.deepEqual([within.decision, within.effective?.quantity], ['LIMIT', '0.001']);
    assert.equal((await dry({ requested_notional: 300, max_slippage_bps: 10 }, token)).decision, 'BLOCK');
  });

  it('SAE-T nothing remains of a symbol that is not in the scope of this agent [AN-119 AN-120]', async () => {
    const limits = await limitsOf('ETHUSDT', world.createAgent('bitcoin'));
    assert.equal(limits.in_scope, false, 'out of scope');
    assert.deepEqual([...new Set(limits.budgets.map((line) => line.remaining))], [0], 'nothing is left');
    assert.equal(limits.opening.buy.remaining_usdt, 0, 'no opening either');
    assert.ok(limits.opening.buy.blocked_by.includes('SCOPE_SYMBOL'), 'and why');
  });

  it('a symbol that the policy does not name has no limits: the answer lists those that it names', async () => {
    for (const symbol of ['FOO', 'DOGEUSDT']) {
      const { body, status } = await world.call<{ error?: { message: string } }>('GET', `/v1/limits?symbol=${symbol}`);
      assert.deepEqual(
        [status, body.error?.message],
        [400, 'symbol: is not traded here; there is BTCUSDT, ETHUSDT'],
        symbol,
      );
    }
  });

  it('BY-02 resting orders reserve turnover at the worse of mark and limit, and their fees [AN-83]', async () => {
    const { body } = await world.place({ order_type: 'limit', limit_price: 58_000, requested_notional: 240 });
    const lots = Number(body.execution.orders[0]?.quantity);
    assert.ok(lots > 0, JSON.stringify(body.decision.reasons));
    const mark = (await world.operator<{ markets: { mark_price: number }[] }>('GET', '/v1/market?symbol=BTCUSDT')).body
      .markets[0]?.mark_price;
    const limits = await limitsOf('BTCUSDT');
    const turnover = lineOf(limits, 'turnover_usdt_per_day');
    assert.ok(Math.abs(turnover.reserved - lots * (mark ?? 0)) < 0.01, `${turnover.reserved} USDT at the mark`);
    assert.ok(lineOf(limits, 'fees_usdt_per_day').reserved > 0, 'its fees are reserved');
    const [resting] = await world.orders('?open=true');
    assert.ok(Math.abs((resting?.reserved_notional_usdt ?? 0) - turnover.reserved) < 0.01, 'its order says so');
    const { buy } = limits.opening;
    assert.equal(buy.bound_by, 'BUDGET_CONCENTRATION', 'what rests counts');
    assert.ok(Math.abs(buy.remaining_usdt - (500 - turnover.reserved)) < 0.01, `${buy.remaining_usdt} USDT are left`);
    await world.tool('cancel_all', {});
  });

  it('a side opposite to the position has nothing to open, the other one keeps what it has [AN-119 AN-123 TD-21]', async () => {
    await world.advance(600_000);
    await world.mustPlace('filled', { requested_notional: 120 });
    await world.refresh();
    const { opening, budgets } = await limitsOf('BTCUSDT');
    assert.deepEqual(
      [opening.sell.remaining_usdt, opening.sell.blocked_by],
      [0, ['FLIP', 'AGAINST_POSITION']],
      'a sell would stand against it',
    );
    assert.ok(opening.buy.remaining_usdt > 0, 'a buy adds to it');
    const line = budgets.find((each) => each.code === opening.buy.bound_by);
    assert.equal(line?.component, 'concentration_usdt');
    assert.ok(line.used > 0 && line.base - line.used - line.reserved === line.remaining);
    assert.ok(Math.abs(line.remaining - opening.buy.remaining_usdt) < 1e-6, 'the line that binds says what is left');
    const seen = await limitsOf('BTCUSDT', world.token('operator'));
    assert.deepEqual([seen.opening, seen.held], [opening, 'another'], 'an operator sees what its holder may open');
    assert.deepEqual((await limitsOf('BTCUSDT', momentum)).opening.buy.blocked_by, ['SYMBOL_HELD']);
  });
});
