import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { auditorOf } from '../../daemon/boot/ledger/audit-span.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { codesIn, DaemonWorld, type DaemonWorldOptions, type Mutable, order, until } from './harness.ts';

/** Runs a scenario on a daemon of its own and always closes it. */
async function withWorld(options: DaemonWorldOptions, scenario: (world: DaemonWorld) => Promise<void>): Promise<void> {
  const world = await DaemonWorld.start({ ...options, real: true });
  try {
    await scenario(world);
  } finally {
    await world.close();
  }
}

/** Two orders a minute; slices of a later regime would need more than that, so there are none. */
function oneSlice(spec: Mutable<IntendedPolicySpec>): void {
  spec.budgets.order_rate = { max: 2, window_ms: 60_000 };
  for (const regime of ['volatile', 'extreme'] as const)
    Object.assign(spec.market.regimes[regime], { slices: 1, order_rate: 0.5 });
}

describe('clauses of the specification, judged at the books of the exchange', () => {
  it('SAE-M1 SAE-T SAE-OOS-TOOL: what is outside the intended spec never reaches the exchange [TM-7 PK-39 PK-41 TD-1]', () =>
    withWorld({ policy: { 'scope.symbols': ['BTCUSDT'] } }, async (world) => {
      const asks: readonly [object, string][] = [
        [order({ symbol: 'ETHUSDT' }), 'SCOPE_SYMBOL'],
        [order({ venue: 'binance-live' }), 'SCOPE_VENUE'],
        [order({ account: 'savings' }), 'SCOPE_ACCOUNT'],
      ];
      for (const [ask, code] of asks) {
        const { body } = await world.tool('place_order', ask);
        assert.equal(body.decision.decision, 'BLOCK');
        assert.equal(codesIn(body)[0], code);
      }
      const foreign = await world.call<{ decision: { decision: string } }>('POST', '/v1/intercept', {
        tool: 'withdraw',
        args: { to: 'x' },
      });
      assert.equal(foreign.body.decision.decision, 'BLOCK');
      assert.equal((await world.books()).orders.length, 0);
    }));

  it('SAE-R SAE-OOS-CAP SAE-M3: repeated asks for more end exactly inside order, symbol and gross caps [TM-8 PK-7 PK-8 PK-9]', () =>
    withWorld({ policy: { 'temporal.duplicate_window_ms': 1 } }, async (world) => {
      for (let i = 0; i < 8; i += 1) {
        for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
          await world.place({ symbol, requested_notional: 3000 + i, requested_leverage: 125, max_slippage_bps: 20 });
        }
        await world.advance(1_000);
      }
      const { positions, orders } = await world.books();
      const notional = positions.map((position) => Math.abs(Number(position.quantity)) * Number(position.mark_price));
      for (const usdt of notional) assert.ok(usdt <= 2_000 * 1.001, `symbol ${usdt}`);
      const gross = notional.reduce((sum, usdt) => sum + usdt, 0);
      assert.ok(gross <= 3_000 * 1.001 && gross > 1_500, `gross ${gross}`);
      for (const placed of orders) assert.ok(Number(placed.quantity) * Number(placed.price) <= 1_000.01);
      for (const position of positions) assert.ok(position.leverage <= 3, `leverage ${position.leverage}`);
    }));

  it('SAE-M2 SAE-TRUST: an injection signal cuts the budgets to 0.4 while it lasts, for its agent [PK-117 PK-128 TF-65 TF-66 TF-67]', () =>
    withWorld({}, async (world) => {
      const signal = { kind: 'injection', scope: { agent: 'agent' }, severity: 0.9, ttl_ms: 60_000 };
      const refused = await world.call(
        'POST',
        '/v1/signals',
        { ...signal, ttl_ms: 90_000_000 },
        world.token('monitor'),
      );
      assert.equal(refused.status, 400);
      assert.equal((await world.call('POST', '/v1/signals', signal, world.token('monitor'))).status, 200);
      const cut = await world.dryRun('place_order', order({ requested_notional: 900 }));
      assert.equal(cut.body.decision.decision, 'LIMIT');
      assert.equal(cut.body.decision.constraints.notional_cap, 400);
      assert.ok(codesIn(cut.body).includes('TRUST_TIGHTENED'));
      const other = await world.dryRun('place_order', order({ requested_notional: 900 }), world.createAgent('other'));
      assert.equal(other.body.decision.constraints.notional_cap, 1_000);
      await world.advance(61_000);
      const after = await world.dryRun('place_order', order({ requested_notional: 900 }));
      assert.equal(after.body.decision.constraints.notional_cap, 1_000);
    }));

  it('SAE-M4: the order rate counts sends, and the wait that it names is the wait that helps [PK-10 PK-174 TD-1]', () =>
    withWorld({ policy: oneSlice }, async (world) => {
      for (const notional of [200, 260])
        assert.notEqual((await world.place({ requested_notional: notional })).body.decision.decision, 'BLOCK');
      const third = await world.place({ requested_notional: 320 });
      assert.deepEqual(codesIn(third.body), ['RATE']);
      const wait = third.body.decision.retry_after_ms ?? 0;
      assert.ok(wait > 0 && wait <= 60_000);
      await world.advance(wait);
      assert.notEqual((await world.place({ requested_notional: 320 })).body.decision.decision, 'BLOCK');
    }));

  it('SAE-M SAE-M5 SAE-OOS-STATE: a jump is extreme at once: 1x, a quarter of the notional, five spaced slices, a cooldown [AN-13 AN-14 PK-43 PK-74 PK-85]', () =>
    withWorld({ policy: { 'market.collar_bps': 1000 } }, async (world) => {
      await world.setMark('ETHUSDT', 2_850);
      const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 900, requested_leverage: 3 });
      assert.equal(body.decision.decision, 'LIMIT');
      assert.equal(body.decision.budget.regime, 'extreme');
      const { leverage_cap, notional_cap, cooldown_ms, staging_plan } = body.decision.constraints;
      assert.deepEqual(
        { leverage_cap, notional_cap, cooldown_ms, slices: staging_plan.length },
        { leverage_cap: 1, notional_cap: 250, cooldown_ms: 120_000, slices: 5 },
      );
      assert.equal(body.execution.state, 'staging');
      for (let slice = 1; slice < 5; slice += 1) {
        await world.advance(2_000);
        await until(`slice ${slice} is sent`, async () => (await world.books()).orders.length === slice + 1);
      }
      const total = staging_plan.reduce((sum, slice) => sum + Number(slice.quantity), 0);
      await until('every slice is filled', async () => Math.abs((await world.position('ETHUSDT')) - total) < 1e-9);
      const again = await world.place({ symbol: 'ETHUSDT', requested_notional: 130 });
      assert.ok(codesIn(again.body).includes('COOLDOWN'));
    }));

  it('SAE-U SAE-DD: drawdown tiers halve the budgets, then leave only exits, and clear by themselves', () =>
    withWorld(
      {
        policy: (spec) => {
          Object.assign(spec.budgets, {
            order_notional_usdt: 9_000,
            symbol_notional_usdt: 9_000,
            gross_notional_usdt: 9_000,
          });
          Object.assign(spec.account.concentration, { floor_usdt: 9_000 });
          Object.assign(spec.account.daily_loss, { tiers: [{ at: 0.9, reduce_only: true }] });
          Object.assign(spec.market, { collar_bps: 3_000 });
        },
      },
      async (world) => {
        await world.place({ requested_notional: 9_000 });
        const held = await world.position('BTCUSDT');
        assert.ok(held > 0.1);
        await world.setMark('BTCUSDT', 55_800);
        const halved = await world.dryRun('place_order', order({ symbol: 'ETHUSDT' }));
        assert.ok(
          codesIn(halved.body).includes('ACCOUNT_DRAWDOWN') || halved.body.decision.budget.account.notional === 0.5,
        );
        assert.equal(halved.body.decision.budget.account.notional, 0.5);
        await world.setMark('BTCUSDT', 51_600);
        const refused = await world.place({ symbol: 'ETHUSDT' });
        assert.ok(codesIn(refused.body).includes('ACCOUNT_DRAWDOWN'));
        assert.equal(
          (await world.tradingState()).layers.find((layer) => layer.layer === 'condition')?.state,
          'reducing',
        );
        await world.setMark('BTCUSDT', 60_000);
        assert.equal(
          (await world.tradingState()).layers.some((layer) => layer.layer === 'condition'),
          false,
        );
        const exit = await world.tool('close_position', { symbol: 'BTCUSDT' });
        assert.notEqual(exit.body.decision.decision, 'BLOCK');
        assert.equal(await world.position('BTCUSDT'), 0);
      },
    ));

  it('SAE-M6 SAE-AUDIT SAE-SAME-CODE: every decision is derived again and what it saw is rebuilt from the ledger alone [TM-5]', () =>
    withWorld({}, async (world) => {
      await world.place({ requested_notional: 700 });
      await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 500 });
      await world.place({ symbol: 'NOPEUSDT' });
      await world.dryRun('place_order', order({ requested_notional: 9_000 }));
      await world.advance(5_000);
      await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
      await world.restart();
      await world.tool('cancel_all', {});
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      const { ledger } = world.daemon;
      const auditor = auditorOf(ledger);
      const result = verifyLedger(ledger, auditor);
      assert.ok(result.ok, JSON.stringify(result));
      assert.ok(result.decisions >= 7);
    }));
});
