import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld, order, until } from './harness.ts';

describe('a start on a policy file that cannot be used', () => {
  let world: DaemonWorld;
  let text: string;
  before(async () => {
    world = await DaemonWorld.start({ wall: true });
    text = readFileSync(world.policyPath, 'utf8');
    const { body } = await world.tool('place_order', order({ requested_notional: 1_000 }));
    assert.equal(body.execution.state, 'filled');
  });
  after(() => world.close());

  const errorOf = async (): Promise<string | null> => (await world.ready()).body.policy_error;
  const refusals = (): number =>
    [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(({ payload }) =>
      JSON.stringify(payload).includes('POLICY_REFUSED'),
    ).length;

  const broken: readonly (readonly [string, () => void, RegExp])[] = [
    ['no policy', () => writeFileSync(world.policyPath, 'hello\n'), /\(document\)/],
    ['gone', () => rmSync(world.policyPath), /does not exist/],
    [
      'for another venue',
      () =>
        writeFileSync(
          world.policyPath,
          text.replace(/venues: *\[?[^\n]*\n(?: +- [^\n]*\n)*/, 'venues: [binance-live]\n'),
        ),
      /scope\.venues/,
    ],
  ];
  for (const [name, spoil, said] of broken)
    it(`goes on with the policy in force, and says so: ${name} [AN-172]`, async () => {
      const { hash } = (await world.operator<{ hash: string }>('GET', '/v1/policy')).body;
      const reported = refusals();
      spoil();
      await world.restart();
      assert.equal((await world.operator<{ hash: string }>('GET', '/v1/policy')).body.hash, hash);
      await until('it is told', async () => said.test((await errorOf()) ?? ''), 10_000);
      await world.sleep(2_000);
      assert.equal(refusals(), reported + 1);
      const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.3 });
      assert.equal(body.execution.state, 'filled', 'exits pass');
      writeFileSync(world.policyPath, text);
      await until('the mended file is in force', async () => (await errorOf()) === null, 10_000);
    });
});
