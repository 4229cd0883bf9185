import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AlertChannelsBody } from '../../daemon/contract/types/alerts.ts';
import { DaemonWorld, until } from '../daemon/harness.ts';
import { findFreePort } from '../free-port.ts';
import { tempFolder } from '../temp-folder.ts';
import { startReceiver } from './receiver.ts';

const SOON_MS = 60_000;
const ORIGIN = 'https://desk.example.ts.net';

/** A daemon that sends its alerts, and what a message of each code linked to. */
async function openWorld(t: TestContext, env: Readonly<Record<string, string>>) {
  const receiver = await startReceiver();
  const home = tempFolder(t, 'links');
  writeFileSync(join(home, 'hook.secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const channels = { desk: { webhook: { url: receiver.url, secret: { file: 'hook.secret' } } } };
  const routes = [{ channels: ['desk'], severity: 'info' }];
  writeFileSync(join(home, 'alerts.yaml'), JSON.stringify({ channels, routes }));
  const world = await DaemonWorld.start({
    real: true,
    home,
    env,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  t.after(async () => {
    await world.close();
    await receiver.close();
  });
  const inForce = async () => (await world.operator<AlertChannelsBody>('GET', '/v1/alerts/channels')).body.hash;
  await until('the routes are in force', async () => (await inForce()) !== null, SOON_MS);
  const linkOf = async (code: string): Promise<string> => {
    const find = () =>
      receiver.received
        .map(({ text }) => JSON.parse(text).data)
        .findLast(({ alerts }) => alerts.some((each: { code: string }) => each.code === code));
    await until(`${code} arrives`, () => find() !== undefined, SOON_MS);
    return find().console_url;
  };
  return { world, linkOf };
}

test('a request for approval links to its card at the remote console, anything else to that console [AL-76]', async (t) => {
  const port = await findFreePort();
  const { linkOf, world } = await openWorld(t, {
    HOLDFAST_CONSOLE_ORIGIN: ORIGIN,
    HOLDFAST_CONSOLE_PORT: String(port),
  });
  world.daemon.gate.core.alert('ORDER_LOST', 'what happened', 'BTCUSDT');
  assert.equal(await linkOf('ORDER_LOST'), `${ORIGIN}/`);
  const { body } = await world.place({ requested_notional: 600 });
  assert.equal(await linkOf('APPROVAL_REQUESTED'), `${ORIGIN}/#/approvals/${body.decision.decision_id}`);
});

test('without a remote console every message links to the local one', async (t) => {
  const { linkOf, world } = await openWorld(t, {});
  await world.place({ requested_notional: 600 });
  assert.equal(await linkOf('APPROVAL_REQUESTED'), world.daemon.consoleAddress);
});
