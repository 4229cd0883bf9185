import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteWorld } from './suite-world.ts';

describe('SAE-TRUST: a signal about a name that nobody has', () => {
  const world = suiteWorld();
  before(async () => {
    world.createAgent('momentum');
  });
  const report = async (scope: object) => {
    const signal = { kind: 'narrative', scope, severity: 0.9, ttl_ms: 600_000 };
    return world.call<{ message?: string }>('POST', '/v1/signals', signal, world.token('monitor'));
  };

  for (const [what, scope, says] of [
    ['agent', { agent: 'momentun' }, /agent momentun is not known here; known: .*momentum/],
    ['agent that has only the section of all others', { agent: 'default' }, /agent default is not known here/],
    ['symbol', { symbol: 'BTCUSTD' }, /symbol BTCUSTD is not known here; known: .*BTCUSDT/],
    ['account', { account: 'mian' }, /account mian is not known here; known: main/],
  ] as const)
    test(`of an ${what} is refused with the names that are known, and not recorded`, async () => {
      const { status, body } = await report(scope);
      assert.equal(status, 400);
      assert.match(JSON.stringify(body), says);
      const listed = await world.operator<{ signals: readonly unknown[] }>('GET', '/v1/signals');
      assert.deepEqual(listed.body.signals, []);
    });
  test('is taken under the names that somebody has', async () => {
    assert.equal((await report({ account: 'main', agent: 'momentum', symbol: 'BTCUSDT' })).status, 200);
    const listed = await world.operator<{ signals: readonly unknown[] }>('GET', '/v1/signals');
    assert.equal(listed.body.signals.length, 1);
  });
});
