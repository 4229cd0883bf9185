import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { OrderEvent } from '../../daemon/engine/records/decisions.ts';
import { type Mutable, until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

/** Slices of an order, of which the first goes out at once. */
const SLICES = 4;

describe('slices that wait when nobody stands for them any more', () => {
  const world = suiteWorld({ policy: { 'market.regimes.calm.slices': SLICES, 'temporal.duplicate_window_ms': 1_000 } });
  beforeEach(async () => {
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.advance(120_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  const staged = async (token: string): Promise<{ readonly id: string; readonly quantity: number }> => {
    const { body } = await world.place({ requested_notional: 1000 }, token);
    assert.equal(body.decision.constraints.staging_plan.length, SLICES, JSON.stringify(body.decision.reasons));
    return { id: body.decision.decision_id, quantity: await world.position('BTCUSDT') };
  };
  const letAllFallDue = async (): Promise<void> => {
    for (let step = 0; step < SLICES; step += 1) {
      await world.advance(2_001);
      await world.sleep(60);
    }
  };
  const edit = async (change: (spec: Mutable<IntendedPolicySpec>) => void): Promise<void> => {
    const spec = parse(readFileSync(world.policyPath, 'utf8')) as Mutable<IntendedPolicySpec>;
    change(spec);
    writeFileSync(world.policyPath, stringify(spec));
    const { core } = world.daemon.gate;
    const before = core.policyHash;
    await until('the policy is in force', () => core.policyHash !== before);
  };
  const revoke = async (agent: string): Promise<void> => {
    const { tokens } = world.daemon.ledger;
    const [token] = tokens.listTokens().filter(({ name, revoked_at_ms }) => name === agent && revoked_at_ms === null);
    const { status } = await world.operator('POST', `/v1/tokens/${token?.id}/revoke`, { reason: 'it was stolen' });
    assert.equal(status, 200);
  };
  const executionOf = async (id: string) => (await world.decided(id)).execution;

  it('are not sent, and their records say why', async () => {
    const { id, quantity } = await staged(world.createAgent('stolen'));
    // While it has another one, the agent itself may go on.
    world.daemon.ledger.tokens.createToken({ role: 'agent', name: 'stolen spare', agent: 'stolen' });
    assert.ok(quantity > 0, 'the first one was sent');
    await revoke('stolen');
    await letAllFallDue();
    assert.equal(await world.position('BTCUSDT'), quantity, 'nothing more was opened');
    const { orders, slices_dropped: dropped, state } = await executionOf(id);
    assert.deepEqual(
      orders.map(({ status }) => status),
      ['filled', 'canceled', 'canceled', 'canceled'],
    );
    assert.equal(dropped, 3, 'whatever dropped them, the answer counts them');
    assert.notEqual(state, 'staging', 'nothing is still to come');
    const [last] = orders.slice(-1);
    const ends = world.records<OrderEvent>('order');
    assert.match(ends.find((end) => end.client_order_id === last?.client_order_id)?.detail ?? '', /token is revoked/);
  });

  it('go on when another token of the agent is', async () => {
    const first = world.createAgent('renewed');
    const { quantity } = await staged(first);
    const { tokens } = world.daemon.ledger;
    const spare = tokens.createToken({ role: 'agent', name: 'renewed spare', agent: 'renewed' });
    tokens.revokeToken(spare.record.id);
    await letAllFallDue();
    assert.ok(Math.abs((await world.position('BTCUSDT')) - SLICES * quantity) < 1e-9);
  });

  it('go on under a tighter policy by which nobody is asked', async () => {
    const { quantity } = await staged(world.createAgent('tightened'));
    await edit((spec) => {
      spec.budgets.fees_usdt_per_day -= 1;
    });
    await letAllFallDue();
    assert.ok(Math.abs((await world.position('BTCUSDT')) - SLICES * quantity) < 1e-9);
  });

  it('are not sent under a policy by which a person has to look at the order [AP-39]', async () => {
    const { id, quantity } = await staged(world.createAgent('unseen'));
    await edit((spec) => {
      spec.approvals = { when: [{}], window_ms: 600_000, expiry_ms: 120_000 };
    });
    await letAllFallDue();
    assert.equal(await world.position('BTCUSDT'), quantity, 'nothing more was opened');
    assert.deepEqual(
      (await executionOf(id)).orders.map(({ status }) => status),
      ['filled', 'canceled', 'canceled', 'canceled'],
    );
  });
});
