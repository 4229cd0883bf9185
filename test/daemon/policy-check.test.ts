import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PolicyCheckBody, ReloadBody } from '../../daemon/contract/types/policy.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { holdfast } from '../cli/run.ts';
import { DaemonWorld } from './harness.ts';

test('policy check refuses a cap below the smallest order at the venue of the daemon that runs', async (t) => {
  const world = await DaemonWorld.of(t, { real: true });
  const file = join(world.home, 'small.yaml');
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(file, text.replace('order_notional_usdt: 1000', 'order_notional_usdt: 30'));
  const env = { HOLDFAST_HOME: world.home, HOLDFAST_PORT: new URL(world.daemon.url).port };
  const asked = await holdfast(['policy', 'check', file], env);
  assert.equal(asked.code, 5, asked.err);
  assert.match(
    asked.out,
    /^budgets\.order_notional_usdt: lies below the smallest order of BTCUSDT at the venue: .*\(found 30; allowed: at least 6\d(?:\.\d+)?\)\n$/m,
  );
  assert.equal((await holdfast(['policy', 'check', world.policyPath], env)).code, 0, 'the policy in force');
  // The minimum notional of BTCUSDT is 50, but one lot is worth 60.
  const lots = join(world.home, 'lots.yaml');
  writeFileSync(lots, text.replace('order_notional_usdt: 1000', 'order_notional_usdt: 55'));
  const belowLots = await holdfast(['policy', 'check', lots], env);
  assert.equal(belowLots.code, 5);
  assert.match(belowLots.out, /^budgets\.order_notional_usdt: lies below the smallest order of BTCUSDT.*found 55;/m);
  const { body } = await world.operator<{ markets: { symbol: string; smallest_order_usdt: number }[] }>(
    'GET',
    '/v1/market',
  );
  const published = body.markets.find(({ symbol }) => symbol === 'BTCUSDT')?.smallest_order_usdt ?? 0;
  assert.ok(published > 55 && published < 70, 'the same figure as the market tells');
  // The home of the daemon says where an operator enters, whatever the port: another home knows no daemon.
  const inside = await holdfast(['policy', 'check', file], { HOLDFAST_HOME: world.home });
  assert.equal(inside.code, 5, 'by the entrance of the operator');
  const alone = await holdfast(['policy', 'check', file], {
    HOLDFAST_HOME: join(world.home, 'other'),
    HOLDFAST_PORT: '1',
  });
  assert.equal(alone.code, 0, 'nobody knows the venue');
  assert.match(alone.out, /^warning: budgets\.order_notional_usdt: may lie below/);
});

test('a symbol that the venue does not list is named before the policy is in force', async (t) => {
  const world = await DaemonWorld.of(t);
  const text = readFileSync(world.policyPath, 'utf8');
  const { body } = await world.operator<PolicyCheckBody>('POST', '/v1/policy/check', {
    text: text.replace('[BTCUSDT, ETHUSDT]', '[BTCUSDT, ETHUSDT, NOSUCHUSDT]'),
  });
  assert.ok(body.ok, JSON.stringify(body));
  assert.deepEqual(body.warnings, ['scope.symbols[2]: NOSUCHUSDT is not listed at the venue: nothing is opened there']);
});

test('a pending policy says when the file holds something else by now, and is not accepted then', async (t) => {
  const world = await DaemonWorld.of(t);
  const { policies } = world.daemon.gate;
  const text = readFileSync(world.policyPath, 'utf8');
  const offer = (changed: string) => {
    const parsed = parsePolicy(changed, 'p.yaml');
    return policies.offer(parsed.ok ? parsed : { ok: false, violations: parsed.violations }, 'file');
  };
  const looser = text.replace('leverage: 3 ', 'leverage: 4 ');
  assert.ok(looser !== text);
  const pending = async () => (await world.ready()).body.pending_policy;
  await offer(looser);
  const first = await pending();
  assert.equal(first?.file_differs, false);
  await offer(looser.replace('leverage: 4 ', 'leverage: four '));
  assert.deepEqual(await pending(), { ...first, file_differs: true }, 'a broken file');
  await offer(looser);
  assert.equal((await pending())?.file_differs, false, 'the pending text is back');
  await policies.offer({ ok: false, problem: 'does not exist' }, 'file');
  assert.equal((await pending())?.file_differs, true, 'a file that is gone');
  const accept = () => world.operator<ReloadBody>('POST', '/v1/policy/reload', { hash: first?.hash });
  const refused = await accept();
  assert.equal(refused.status, 409, 'nobody accepts what the file holds no more');
  assert.match(JSON.stringify(refused.body), /the policy file holds it no more/);
  await offer(looser);
  const accepted = await accept();
  const { status, hash } = accepted.body;
  assert.deepEqual({ status, hash }, { status: 'in_force', hash: first?.hash }, 'what was looked at is accepted');
  assert.equal(await pending(), null);
});
