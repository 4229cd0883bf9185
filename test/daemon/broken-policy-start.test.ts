import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

describe('a start on a policy file that cannot be used', () => {
  const world = suiteWorld({ wall: true });
  let text: string;
  before(async () => {
    text = readFileSync(world.policyPath, 'utf8');
    await world.mustPlace('filled', { requested_notional: 1_000 });
  });

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
      await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.3 });
      writeFileSync(world.policyPath, text);
      await until('the mended file is in force', async () => (await errorOf()) === null, 10_000);
    });
});
