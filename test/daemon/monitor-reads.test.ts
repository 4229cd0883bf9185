import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { suiteWorld } from './suite-world.ts';

const world = suiteWorld();
before(async () => {
  await world.place();
});

const read = (path: string, role: 'agent' | 'monitor' | 'operator') =>
  world.call<Record<string, unknown[]>>('GET', path, undefined, world.token(role));

test('a monitor reads the figures that an operator reads, of all agents [TM-22 TM-63]', async () => {
  for (const path of [
    'account',
    'positions',
    'orders',
    'fills',
    'market',
    'trading-state',
    'signals',
    'alerts',
    'agents',
    'agents/agent',
    'account/history',
    'report?day=today',
  ]) {
    const [seen, all] = [await read(`/v1/${path}`, 'monitor'), await read(`/v1/${path}`, 'operator')];
    assert.equal(seen.status, 200, path);
    assert.deepEqual(seen.body, all.body, path);
  }
  assert.ok(((await read('/v1/orders', 'monitor')).body.orders ?? []).length > 0);
  assert.equal((await read('/v1/limits', 'monitor')).status, 200);
});

test('a monitor reads no decision, no record, no policy and no token, and is told which role does [TM-26]', async () => {
  for (const path of ['decisions', 'decisions/d-1/explain', 'events', 'policy', 'tokens', 'passkeys', 'approvals']) {
    const { status, body } = await read(`/v1/${path}`, 'monitor');
    assert.equal(status, 403, path);
    assert.match(JSON.stringify(body), /A token of role monitor may not call GET .* which takes .*operator/, path);
  }
});
