import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { countFilesNeeded } from '../../daemon/boot/entrances.ts';
import { readEnv } from '../../daemon/config/config.ts';
import { MAX_CONNECTIONS } from '../../daemon/http/entrance/connections.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';

async function start(t: TestContext, home: string): Promise<Daemon> {
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_LOG_LEVEL: 'silent',
  });
  const log = createLogger({ level: 'silent', secrets: [] });
  const daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
  t.after(() => daemon.close());
  return daemon;
}
const makeHome = (t: TestContext, more = '') => join(tempFolder(t, 'entrance'), `home${more}`);

test("the command line takes the operator's entrance, also while the agents' one is full [TM-40]", async (t) => {
  const home = makeHome(t);
  const daemon = await start(t, home);
  assert.equal(daemon.operatorAddress, `unix:${join(home, 'paper', 'operator.sock')}`);
  assert.equal(statSync(join(home, 'paper', 'operator.sock')).mode & 0o777, 0o600);
  // Only its home says where it is.
  const env = { HOLDFAST_HOME: home };
  const port = Number(new URL(daemon.url).port);
  const silent: Socket[] = Array.from({ length: 1_100 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => {
    for (const socket of silent) socket.destroy();
  });
  assert.equal((await holdfast('halt --reason flood --json', env)).code, 0);
  const status = await holdfast('resume --reason over --json', env);
  assert.equal(status.code, 0, status.err);
  assert.equal((JSON.parse(status.out) as { state: string }).state, 'active');
  const order = await holdfast('order BTCUSDT buy 200 --json', { ...env, HOLDFAST_PORT: '1' });
  assert.equal(order.code, 4, 'an agent does not enter there');
  await daemon.close();
  assert.ok(!existsSync(join(home, 'paper', 'operator.sock')), 'it is gone with the daemon');
});

test('where a path is too long for a socket the entrance is a port of its own, which the command line finds', async (t) => {
  const home = makeHome(t, 'x'.repeat(100));
  const daemon = await start(t, home);
  assert.match(daemon.operatorAddress, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(readFileSync(join(home, 'paper', 'operator.url'), 'utf8').trim(), daemon.operatorAddress);
  const { code, err } = await holdfast('reduce --json', { HOLDFAST_HOME: home });
  assert.equal(code, 0, err);
});

test('the files that a start asks for are those of all entrances together', () => {
  const remoteConsole = { origin: 'https://desk.example.ts.net', port: 7434 };
  assert.ok(countFilesNeeded({ remoteConsole: null }) >= 2 * MAX_CONNECTIONS + 256);
  assert.ok(countFilesNeeded({ remoteConsole }) >= 3 * MAX_CONNECTIONS + 256);
});
