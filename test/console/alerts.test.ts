import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startReceiver } from '../alerts/receiver.ts';
import { until } from '../daemon/harness.ts';
import { tempFolder } from '../temp-folder.ts';
import { closeBrowser, findInaccessible, openPage, openWorld, panel, signIn, WITHOUT_BROWSER } from './browser.ts';

after(closeBrowser);
const SOON_MS = 60_000;

test('alerts that reach nobody, and routes that wait, stand above the alerts', { skip: WITHOUT_BROWSER }, async (t) => {
  const receiver = await startReceiver(500);
  t.after(() => receiver.close());
  const home = tempFolder(t, 'console');
  writeFileSync(join(home, 'secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const routes = {
    channels: { desk: { webhook: { url: receiver.url, secret: { file: 'secret' } } } },
    routes: [{ channels: ['desk'], severity: 'info' }],
  };
  writeFileSync(join(home, 'alerts.yaml'), JSON.stringify(routes));
  const world = await openWorld(t, { wall: false, home });
  const { gate } = world.daemon;
  await until('routes are in force', () => gate.getAlertChannels().hash !== null, SOON_MS);
  gate.core.alert('ORDER_LOST', 'an order is lost', 'BTCUSDT');
  await until('it fails', () => gate.getAlertChannels().channels[0]?.failing_since_ms != null, SOON_MS);
  await world.advance(3_601_000);
  await until('it is silent', () => gate.readiness().alert_channels_silent.includes('desk'), SOON_MS);
  writeFileSync(join(home, 'alerts.yaml'), '{"channels": {}, "routes": []}');
  await until('less waits', () => gate.readiness().pending_alert_routes !== null, SOON_MS);
  const seat = await openPage(t, world);
  await signIn(seat);
  await panel(seat.page, 'alerts').getByText('nothing was delivered to desk').waitFor();
  await panel(seat.page, 'alerts')
    .getByText(/^Looser alert routes wait.*channels\.desk is gone/)
    .waitFor();
  assert.deepEqual(await findInaccessible(seat.page), []);
  receiver.behaviour = 200;
  await until('it delivers again', () => gate.readiness().alert_channels_silent.length === 0, SOON_MS);
  await panel(seat.page, 'alerts').getByText('nothing was delivered to desk').waitFor({ state: 'detached' });
  assert.deepEqual(seat.complaints, []);
});
