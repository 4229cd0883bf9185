import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonWorld } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const CAP_USDT = 1_000;

describe('caps of one agent on its turnover', () => {
  const world = suiteWorld({
    policy: {
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      'temporal.duplicate_exempt': ['BTCUSDT'],
      agents: { default: { budgets: { turnover_usdt_per_day: CAP_USDT } } },
    },
  });

  it('SAE-BUDGET orders that rest together fill no more than the cap of the day', async () => {
    const asks = [1, 2, 3].map((i) =>
      world.place({ order_type: 'limit', limit_price: 59_500 - i, requested_notional: 600 + 60 * i }),
    );
    const verdicts = (await Promise.all(asks)).map((answer) => answer.body.decision.decision).sort();
    assert.deepEqual(verdicts, ['ALLOW', 'BLOCK', 'LIMIT'], 'the whole, the rest of the cap, nothing');
    const reported = (await world.limits('BTCUSDT')).symbols[0];
    const day = reported?.budgets.find(({ component }) => component === 'turnover_usdt_per_day');
    assert.deepEqual([day?.code, day?.used], ['BUDGET_AGENT', 0]);
    assert.ok(
      Math.abs((day?.remaining ?? 0) - (reported?.opening.buy.remaining_usdt ?? Number.NaN)) < 1e-6,
      `${day?.remaining} USDT of turnover are left, and ${reported?.opening.buy.remaining_usdt} to open`,
    );
    await world.setMark('BTCUSDT', 59_000);
    await world.advance(2_000);
    const { orders } = await world.books();
    const filled = orders.reduce((sum, row) => sum + Number(row.executed_notional_usdt), 0);
    assert.ok(filled > CAP_USDT / 2 && filled <= CAP_USDT, `${filled} USDT were traded`);
  });
});

describe('turnover of an agent whose position a stop closes', () => {
  it('SAE-BUDGET is that of its opening and of the stop', async (t) => {
    const world = await DaemonWorld.of(t, {
      policy: {
        'account.concentration': { share: 0.99, floor_usdt: 3_000 },
        'temporal.duplicate_exempt': ['BTCUSDT'],
        protection: { required: true, stop_bps: 50 },
        agents: { default: { budgets: { turnover_usdt_per_day: CAP_USDT } } },
      },
    });
    await world.mustPlace('filled', { requested_notional: 300 });
    await world.advance(3_000);
    await world.sleep(500);
    await world.setMark('BTCUSDT', 59_600);
    for (let i = 0; i < 3; i += 1) {
      await world.advance(3_000);
      await world.sleep(1_000);
    }
    assert.equal(await world.position('BTCUSDT'), 0, 'the stop has closed it');
    const { orders } = await world.books();
    const traded = orders.reduce((sum, row) => sum + Number(row.executed_notional_usdt), 0);
    const day = (await world.limits('BTCUSDT')).symbols[0]?.budgets.find(
      ({ component }) => component === 'turnover_usdt_per_day',
    );
    assert.ok(traded > 400 && Math.abs((day?.used ?? 0) - traded) < 1, `${day?.used} counted, ${traded} traded`);
  });
});

describe('trades whose commission is written as in the documentation, negative where it was paid', () => {
  it('ATK-CHURN use up the fees of the day [SAE-BUDGET]', async (t) => {
    const asDocumented = (body: unknown): unknown =>
      (body as readonly { readonly commission: string }[]).map((row) => ({ ...row, commission: `-${row.commission}` }));
    const world = await DaemonWorld.of(t, {
      rewrites: new Map([['/fapi/v1/userTrades', asDocumented]]),
      policy: { ...UNPACED, 'budgets.fees_usdt_per_day': 2 },
    });
    const refusals = new Set<string>();
    let turns = 0;
    while (refusals.size === 0 && turns < 12) {
      const { body } = await world.place({ requested_notional: 900 });
      if (body.decision.decision === 'BLOCK') for (const { code } of body.decision.reasons) refusals.add(code);
      else await world.tool('close_position', { symbol: 'BTCUSDT' });
      turns += 1;
      for (let i = 0; i < 3; i += 1) await world.advance(2_000);
    }
    assert.ok(refusals.has('BUDGET_FEES'), `${[...refusals]} after ${turns} turns of about 0.9 USDT of fees each`);
  });
});
