import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { order, until } from './harness.ts';
import { KilledDaemon } from './killed-daemon.ts';

const COMMAND = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));
const OPEN = order({ requested_notional: 200, max_slippage_bps: 50, strategy_id: 'node' });
let world: KilledDaemon;
before(async () => {
  world = await KilledDaemon.start(7);
});
after(() => world.close());

test(`BY-13 on Node ${process.versions.node}: an order, a kill, a restart, an exit and a ledger that verifies`, async () => {
  const opened = await world.tool('place_order', OPEN);
  assert.equal(opened.status, 200);
  // The answer may have come before the exchange's.
  await until(`it is filled: ${JSON.stringify(opened.body)}`, async () => (await world.held('BTCUSDT')) > 0);
  await world.untilKnown();
  const held = await world.held('BTCUSDT');
  await world.kill();
  await world.launch();
  assert.equal(Number((await world.positions())[0]?.quantity), held, 'the position is there again');
  const closed = await world.tool('close_position', { symbol: 'BTCUSDT' });
  await until(`it is closed: ${JSON.stringify(closed.body)}`, async () => (await world.held('BTCUSDT')) === 0);
  const verify = ['audit', 'verify', '--deep', '--ledger', world.ledgerPath, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...verify], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('the command says its version and the Node that it runs on, and nothing on the other stream', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, '--version'], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    new RegExp(`^\\d+\\.\\d+\\.\\d+\\nNode ${process.versions.node} \\(supported: .*24 recommended\\)`),
  );
});
