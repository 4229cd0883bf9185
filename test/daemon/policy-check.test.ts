import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { holdfast } from '../cli/run.ts';
import { DaemonWorld } from './harness.ts';

test('policy check refuses a cap below the smallest order at the venue of the daemon that runs', async (t) => {
  const world = await DaemonWorld.start({ real: true });
  t.after(() => world.close());
  const file = join(world.home, 'small.yaml');
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(file, text.replace('order_notional_usdt: 1000', 'order_notional_usdt: 30'));
  const env = { HOLDFAST_HOME: world.home, HOLDFAST_PORT: new URL(world.daemon.url).port };
  const asked = await holdfast(['policy', 'check', file], env);
  assert.equal(asked.code, 5, asked.err);
  assert.match(
    asked.out,
    /^budgets\.order_notional_usdt: lies below the smallest order of BTCUSDT at the venue: .*\(found 30; allowed: at least 50\)\n$/m,
  );
  assert.equal((await holdfast(['policy', 'check', world.policyPath], env)).code, 0, 'the policy in force');
  // The home of the daemon says where an operator enters, whatever the port: another home knows no daemon.
  const inside = await holdfast(['policy', 'check', file], { ...env, HOLDFAST_PORT: '1' });
  assert.equal(inside.code, 5, 'by the entrance of the operator');
  const alone = await holdfast(['policy', 'check', file], {
    HOLDFAST_HOME: join(world.home, 'other'),
    HOLDFAST_PORT: '1',
  });
  assert.equal(alone.code, 0, 'nobody knows the venue');
  assert.match(alone.out, /^warning: budgets\.order_notional_usdt: may lie below/);
});
