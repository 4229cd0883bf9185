import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AlertChannelsBody } from '../../daemon/contract/types/alerts.ts';
import { DaemonWorld, until } from './harness.ts';

const ROUTES = `channels:
  desk: { exec: { command: [/bin/true] } }
routes:
  - { channels: [desk], severity: critical }
`;

describe('a start whose named file of alert routes cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-alerts-'));
  const file = join(folder, 'routes.yaml');
  let world: DaemonWorld;
  before(async () => {
    writeFileSync(file, ROUTES);
    world = await DaemonWorld.start({ wall: true, env: { HOLDFAST_ALERTS: file, HOLDFAST_ALERTS_EXEC: '1' } });
    await world.mustPlace('filled', { requested_notional: 1_000 });
    await until('the routes are in force', async () => (await channels()).length === 1);
  });
  after(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const channels = async () => (await world.operator<AlertChannelsBody>('GET', '/v1/alerts/channels')).body.channels;
  const errorOf = async (): Promise<string | null> => (await world.ready()).body.alert_routes_error;
  const refusals = (): number =>
    [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(({ payload }) =>
      JSON.stringify(payload).includes('ALERT_ROUTES_REFUSED'),
    ).length;

  const spoilt: readonly (readonly [string, () => void, RegExp])[] = [
    ['missing', () => rmSync(file), /does not exist/],
    ['broken', () => writeFileSync(file, 'channels: 7\n'), /channels/],
  ];
  for (const [what, spoil, said] of spoilt)
    it(`goes on with the routes in force, and its exits, and says so as long as it is so: ${what} [AL-72 AL-73]`, async () => {
      const reported = refusals();
      spoil();
      await world.restart();
      await until('it is told', async () => said.test((await errorOf()) ?? ''), 10_000);
      await world.sleep(3_000);
      assert.match((await errorOf()) ?? '', said, 'it stays');
      assert.equal(refusals(), reported + 1);
      assert.deepEqual((await channels()).length, 1);
      await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.3 });
      writeFileSync(file, ROUTES);
      await until('the file is back', async () => (await errorOf()) === null, 10_000);
    });
});

it('a named file that is missing is told of, also where no routes were ever in force [AL-2]', async (t) => {
  const world = await DaemonWorld.of(t, { wall: true, env: { HOLDFAST_ALERTS: '/nowhere/routes.yaml' } });
  const errorOf = async (): Promise<string | null> => (await world.ready()).body.alert_routes_error;
  await until('it is told', async () => (await errorOf()) === 'does not exist', 10_000);
});
