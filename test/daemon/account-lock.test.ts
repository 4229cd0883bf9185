import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccountLock } from '../../daemon/boot/account-lock.ts';
import { readEnv } from '../../daemon/config/config.ts';
import type { Environment } from '../../daemon/config/settings.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import type { VenuePort } from '../../daemon/gate/venue-port.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { startDaemon } from '../../daemon/main.ts';
import { parseAccountAlias } from '../../daemon/venue/parse-account.ts';
import { holdfast } from '../cli/run.ts';

const log = createLogger({ level: 'silent', secrets: [] });

function openFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-accounts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Daemons of one exchange, each with a home of its own. */
async function openMachine(t: TestContext) {
  const folder = openFolder(t);
  const sim = await startExchangeSim({ seed: 7, enforceLimits: false });
  const closers: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closers) await close();
    await sim.close();
  });
  const start = async (home: string, env: Environment = {}) => {
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: join(folder, home),
      HOLDFAST_PORT: '0',
      HOLDFAST_PAPER_URL: sim.url,
      XDG_RUNTIME_DIR: folder,
      ...env,
    });
    const daemon = await startDaemon(config, secrets, { log, signal: AbortSignal.timeout(60_000) });
    closers.push(() => daemon.close());
    return daemon;
  };
  return { folder, sim, start };
}

test('a second daemon of one account on one machine refuses to start, and names home and process of the first [TM-49]', async (t) => {
  const { folder, sim, start } = await openMachine(t);
  const first = await start('first');
  const named = { name: 'StartError', message: new RegExp(`home ${join(folder, 'first')}, pid ${process.pid}\\b`) };
  await assert.rejects(start('second'), named);
  // Whoever closes everything without a daemon is not held up.
  const emergency = await holdfast(['flatten', '--emergency'], { HOLDFAST_PAPER_URL: sim.url });
  assert.equal(emergency.code, 0, emergency.err);
  // By another name of its address, too.
  await assert.rejects(start('second', { HOLDFAST_PAPER_URL: sim.url.replace('127.0.0.1', 'localhost') }), named);
  await first.close();
  await (await start('second')).close();
});

test('other accounts, and daemons of other users, do not meet that lock', async (t) => {
  const { folder, start } = await openMachine(t);
  await start('first');
  // Each paper daemon that has an exchange of its own has an account of its own.
  await start('second', { HOLDFAST_PAPER_URL: undefined });
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  await start('third', { XDG_RUNTIME_DIR: elsewhere });
});

test('two keys of one account are one account once the venue has told its name', async (t) => {
  const runtimeFolder = join(openFolder(t), 'holdfast');
  const open = (home: string, apiKey: string) =>
    new AccountLock({ home, runtimeFolder, venue: 'binance-demo' }, { venue: 'binance-demo', apiKey, secret: 's' });
  const telling = (alias: string | null) =>
    ({
      venue: 'binance-demo',
      fetchAccountAlias: async () =>
        alias === null
          ? { kind: 'failed', detail: 'HTTP 503', consequence: 'none', retryAfterMs: null }
          : { kind: 'ok', value: alias },
    }) as unknown as VenuePort;
  const first = open('/homes/first', 'key-1');
  await first.holdAlias(telling('SgsR'), log);
  const second = open('/homes/second', 'key-2');
  await assert.rejects(second.holdAlias(telling('SgsR'), log), /home \/homes\/first/);
  // What it held before it was refused is free again.
  const third = open('/homes/third', 'key-2');
  await third.holdAlias(telling('oCmY'), log);
  await open('/homes/fourth', 'key-3').holdAlias(telling(null), log);
  assert.throws(() => open('/homes/fifth', 'key-3'), /home \/homes\/fourth/);
  first.release();
  await open('/homes/sixth', 'key-1').holdAlias(telling('SgsR'), log);
  // Keys are in no name.
  assert.doesNotMatch(readdirSync(runtimeFolder).join(' '), /key-|SgsR/);
  assert.equal(parseAccountAlias([{ accountAlias: 'SgsR', asset: 'BNB' }]), 'SgsR');
});

test('a daemon that was killed leaves no lock behind', async (t) => {
  const runtimeFolder = join(openFolder(t), 'holdfast');
  const access = "{ venue: 'binance-demo', apiKey: 'key', secret: 's' }";
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { AccountLock } from ${JSON.stringify(new URL('../../daemon/boot/account-lock.ts', import.meta.url).href)};
       const lock = new AccountLock({ home: '/gone', runtimeFolder: ${JSON.stringify(runtimeFolder)}, venue: 'binance-demo' }, ${access});
       setInterval(() => lock, 1000);
       console.log('held');`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');
  const open = () =>
    new AccountLock(
      { home: '/next', runtimeFolder, venue: 'binance-demo' },
      { venue: 'binance-demo', apiKey: 'key', secret: 's' },
    );
  assert.throws(open, new RegExp(`home /gone, pid ${holder.pid}`));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  open().release();
});

test('accounts are locked in a folder of the user alone: the runtime folder, else one under the temporary folder', (t) => {
  const folder = openFolder(t);
  const read = (env: Environment) => readEnv(env).config.runtimeFolder;
  assert.equal(read({ XDG_RUNTIME_DIR: folder }), join(folder, 'holdfast'));
  for (const unusable of ['relative', join(folder, 'absent'), '/'])
    if (process.getuid?.() !== 0 || unusable !== '/')
      assert.match(read({ XDG_RUNTIME_DIR: unusable }), /^(?:\/run\/user\/\d+\/holdfast|\/tmp\/holdfast-\d+)$/);
  const open = () =>
    new AccountLock(
      { home: '/home', runtimeFolder: read({ XDG_RUNTIME_DIR: folder }), venue: 'binance-demo' },
      { venue: 'binance-demo', apiKey: 'key', secret: 's' },
    );
  open().release();
  assert.equal(statSync(join(folder, 'holdfast')).mode & 0o777, 0o700);
  chmodSync(join(folder, 'holdfast'), 0o777);
  open().release();
  assert.equal(statSync(join(folder, 'holdfast')).mode & 0o777, 0o700, 'one of its own is closed to others');
  rmSync(join(folder, 'holdfast'), { recursive: true });
  symlinkSync(folder, join(folder, 'holdfast'));
  assert.throws(open, /no folder of this user.*XDG_RUNTIME_DIR/);
  rmSync(join(folder, 'holdfast'));
  // The note for whoever is refused decides nothing: without it a daemon starts all the same.
  open().release();
  const note = readdirSync(join(folder, 'holdfast')).find((name) => name.endsWith('.json'))!;
  rmSync(join(folder, 'holdfast', note));
  mkdirSync(join(folder, 'holdfast', note));
  open().release();
});
