import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccountLock } from '../../daemon/boot/account-lock.ts';
import { readEnv } from '../../daemon/config/config.ts';
import type { Environment } from '../../daemon/config/settings.ts';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, type StartOptions, startDaemon } from '../../daemon/main.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { parseAccountAlias } from '../../daemon/venue/tables/parse-account.ts';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from './harness.ts';

const log = createLogger({ level: 'silent', secrets: [] });

function openFolder(t: TestContext): string {
  return tempFolder(t, 'accounts');
}

const answer = (alias: string | null) =>
  alias === null
    ? { kind: 'failed', detail: 'HTTP 503', cause: 'other', retryAfterMs: null }
    : { kind: 'ok', value: alias === '' ? null : alias };
const telling = (alias: string | null, venue = 'binance-demo') =>
  ({ venue, fetchAccountAlias: async () => answer(alias) }) as unknown as VenuePort;

/** What a daemon looks at every few seconds it looks at all the time. */
const HASTY: TimePort = {
  ...SYSTEM_TIME,
  every: (ms, fn, options) => SYSTEM_TIME.every(Math.min(ms, 50), fn, options),
};

/** The same, of what it looks at every five seconds at least; nothing else is looked at before the test is over. */
const WITHIN_FIVE_SECONDS: TimePort = {
  ...SYSTEM_TIME,
  every: (ms, fn, options) => (ms <= 5_000 ? HASTY.every(ms, fn, options) : SYSTEM_TIME.every(ms, fn, options)),
};

const alertsOf = ({ ledger }: Daemon): string =>
  [...ledger.iterateEvents({ kind: 'alert' })].map(({ payload }) => JSON.stringify(payload)).join('\n');
const stateOf = ({ gate }: Daemon): string => gate.readiness().trading_state;

/** Daemons of one exchange, each with a home of its own. */
async function openMachine(t: TestContext) {
  const folder = openFolder(t);
  const sim = await startExchangeSim({ seed: 7, enforceLimits: false });
  const closers: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closers) await close();
    await sim.close();
  });
  const start = async (home: string, env: Environment = {}, options: Partial<StartOptions> = {}) => {
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: join(folder, home),
      HOLDFAST_PORT: '0',
      HOLDFAST_PAPER_URL: sim.url,
      HOLDFAST_LOCK_FOLDER: join(folder, 'locks'),
      ...env,
    });
    const daemon = await startDaemon(config, secrets, {
      log,
      signal: AbortSignal.timeout(60_000),
      time: HASTY,
      ...options,
    });
    closers.push(() => daemon.close());
    return daemon;
  };
  const lockFolder = join(folder, 'locks');
  /** What a daemon of another home would hold. */
  const lock = (home: string, baseUrl: string, apiKey = 'paper') =>
    new AccountLock({ home, lockFolder, venue: 'paper' }, { venue: 'paper', baseUrl, apiKey, secret: 's' });
  return { folder, lock, lockFolder, sim, start };
}

test('a second daemon of one account on one machine refuses to start, and names home and process of the first [TM-49]', async (t) => {
  const { folder, sim, start } = await openMachine(t);
  const first = await start('first');
  const named = { name: 'StartError', message: new RegExp(`home ${join(folder, 'first')}, pid ${process.pid}\\b`) };
  await assert.rejects(start('second'), named);
  // Whoever closes everything without a daemon is not held up.
  const emergency = await holdfast('flatten --emergency', { HOLDFAST_PAPER_URL: sim.url });
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
  await start('third', { HOLDFAST_LOCK_FOLDER: elsewhere });
});

test('two keys of one account are one account once the venue has told its name', async (t) => {
  const lockFolder = join(openFolder(t), 'locks');
  const open = (home: string, apiKey: string) =>
    new AccountLock({ home, lockFolder, venue: 'binance-demo' }, { venue: 'binance-demo', apiKey, secret: 's' });
  const first = open('/homes/first', 'key-1');
  await first.holdAlias(telling('SgsR'), log);
  const second = open('/homes/second', 'key-2');
  await assert.rejects(second.holdAlias(telling('SgsR'), log), /home \/homes\/first/);
  second.release();
  const third = open('/homes/third', 'key-2');
  await third.holdAlias(telling('oCmY'), log);
  await open('/homes/fourth', 'key-3').holdAlias(telling(null), log);
  assert.throws(() => open('/homes/fifth', 'key-3'), /home \/homes\/fourth/);
  first.release();
  await open('/homes/sixth', 'key-1').holdAlias(telling('SgsR'), log);
  // Keys are in no name.
  assert.doesNotMatch(readdirSync(lockFolder).join(' '), /key-|SgsR/);
  for (const rows of [[{ accountAlias: 'SgsR', asset: 'BNB' }], [null, { asset: 'BNB' }, { accountAlias: 'SgsR' }]])
    assert.equal(parseAccountAlias(rows), 'SgsR');
  for (const without of [[], [{ asset: 'BNB' }], [{ accountAlias: '', asset: 'BNB' }]])
    assert.equal(parseAccountAlias(without), null, 'then the key alone counts');
});

test('a daemon that was killed leaves no lock behind', async (t) => {
  const lockFolder = join(openFolder(t), 'locks');
  const access = "{ venue: 'binance-demo', apiKey: 'key', secret: 's' }";
  const holder = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { AccountLock } from ${JSON.stringify(new URL('../../daemon/boot/account-lock.ts', import.meta.url).href)};
       const lock = new AccountLock({ home: '/gone', lockFolder: ${JSON.stringify(lockFolder)}, venue: 'binance-demo' }, ${access});
       setInterval(() => lock, 1000);
       console.log('held');`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');
  const open = () =>
    new AccountLock(
      { home: '/next', lockFolder, venue: 'binance-demo' },
      { venue: 'binance-demo', apiKey: 'key', secret: 's' },
    );
  assert.throws(open, new RegExp(`home /gone, pid ${holder.pid}`));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  open().release();
});

test('a lock that somebody removed is made again, and still keeps a second daemon out', async (t) => {
  const { lockFolder, start } = await openMachine(t);
  const first = await start('first');
  const held = readdirSync(lockFolder);
  rmSync(lockFolder, { recursive: true });
  await until('it is made again', () => existsSync(lockFolder) && readdirSync(lockFolder).length === held.length);
  await assert.rejects(start('second'), /home .*first, pid/);
  assert.equal(stateOf(first), 'active');
  assert.doesNotMatch(alertsOf(first), /ACCOUNT_UNLOCKED/);
});

test('a daemon whose lock another one has taken opens nothing and names that one, until it has ended [TM-49]', async (t) => {
  const { lock, lockFolder, sim, start } = await openMachine(t);
  const first = await start('first', {}, { time: WITHIN_FIVE_SECONDS });
  assert.equal(stateOf(first), 'active');
  rmSync(lockFolder, { recursive: true });
  const other = lock('/homes/other', sim.url);
  await until('it says so', () => /ACCOUNT_UNLOCKED.*home \/homes\/other, pid/.test(alertsOf(first)));
  assert.equal(stateOf(first), 'reducing');
  assert.throws(() => lock('/homes/third', sim.url), /homes\/other/);
  other.release();
  await until('it opens again', () => stateOf(first) === 'active');
  assert.throws(() => lock('/homes/third', sim.url), /home .*first, pid/);
});

test('a folder of locks that cannot be used any more is as bad as a lock of another daemon', async (t) => {
  const { lockFolder, start } = await openMachine(t);
  const first = await start('first');
  rmSync(lockFolder, { recursive: true });
  writeFileSync(lockFolder, '');
  await until('it says so', () => /ACCOUNT_UNLOCKED.*cannot be locked in/.test(alertsOf(first)));
  assert.equal(stateOf(first), 'reducing');
  rmSync(lockFolder);
  await until('it opens again', () => stateOf(first) === 'active');
});

test('while the venue does not tell whose account it is nothing opens, and it is asked again', async (t) => {
  const { lockFolder, start } = await openMachine(t);
  let alias: string | null = null;
  const createVenueOf = async (options: Parameters<typeof createVenue>[0]): Promise<VenuePort> =>
    Object.assign(Object.create(await createVenue(options)) as VenuePort, {
      fetchAccountAlias: async () => answer(alias),
    });
  const first = await start('first', {}, { createVenue: createVenueOf });
  assert.equal(stateOf(first), 'reducing');
  const { ready, waiting_for: waiting } = first.gate.readiness();
  assert.deepEqual(
    [ready, waiting],
    [false, ['the lock of the account: the venue has not told yet whose account this is']],
  );
  assert.doesNotMatch(alertsOf(first), /ACCOUNT_UNLOCKED/, 'the venue may be late');
  alias = 'SgsR';
  await until('it opens', () => stateOf(first) === 'active');
  const named = (home: string, apiKey: string) =>
    new AccountLock(
      { home, lockFolder, venue: 'paper' },
      { venue: 'paper', baseUrl: 'http://127.0.0.1:1', apiKey, secret: 's' },
    );
  const second = named('/homes/second', 'another key');
  await assert.rejects(second.holdAlias(telling('SgsR', 'paper'), log), /home .*first, pid/);
  second.release();
  await first.close();

  // Told late, and held by then.
  alias = null;
  const third = await start('third', {}, { createVenue: createVenueOf });
  const fourth = named('/homes/fourth', 'another key');
  await fourth.holdAlias(telling('SgsR', 'paper'), log);
  alias = 'SgsR';
  await until('somebody is told', () => alertsOf(third).includes('/homes/fourth'));
  assert.equal(stateOf(third), 'reducing');
  fourth.release();
  await until('it opens', () => stateOf(third) === 'active');
  await third.close();

  // Where the venue tells none, the key alone counts, until it tells one.
  alias = '';
  const fifth = await start('fifth', {}, { createVenue: createVenueOf });
  assert.equal(stateOf(fifth), 'active');
  await named('/homes/sixth', 'another key').holdAlias(telling('SgsR', 'paper'), log);
  alias = 'SgsR';
  await until('somebody is told', () => alertsOf(fifth).includes('/homes/sixth'));
  assert.equal(stateOf(fifth), 'reducing');
});

test('daemons of one user find each other whatever a service, a session or a shell has set for each', async (t) => {
  const { folder, start } = await openMachine(t);
  const unset = { HOLDFAST_LOCK_FOLDER: undefined, XDG_RUNTIME_DIR: undefined };
  await start('first', { ...unset, XDG_RUNTIME_DIR: folder });
  for (const env of [{}, { XDG_RUNTIME_DIR: join(folder, 'other') }, { HOME: folder, TMPDIR: folder, USER: 'other' }])
    await assert.rejects(start('second', { ...unset, ...env }), /another daemon trades this account/);
});

test('accounts are locked in the home that the system knows of the user, or in the folder that a setting names', () => {
  const read = (env: Environment) => readEnv(env).config.lockFolder;
  assert.equal(read({ HOME: '/other', XDG_RUNTIME_DIR: '/run/other' }), join(userInfo().homedir, '.holdfast-locks'));
  assert.equal(read({ HOLDFAST_LOCK_FOLDER: '/srv/locks' }), '/srv/locks');
});

test('a start is refused where others could decide who is locked out, and nothing is followed or written there', (t) => {
  const folder = openFolder(t);
  const lockFolder = join(folder, 'locks');
  const open = (path: string | null = lockFolder) =>
    new AccountLock(
      { home: '/home', lockFolder: path, venue: 'binance-demo' },
      { venue: 'binance-demo', apiKey: 'key', secret: 's' },
    );
  const refused = { name: 'StartError', message: /this user alone can write; remove it, or HOLDFAST_LOCK_FOLDER/ };
  open().release();
  assert.equal(statSync(lockFolder).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(lockFolder), [], 'an ended daemon leaves no file');
  chmodSync(lockFolder, 0o777);
  assert.throws(open, refused);
  rmSync(lockFolder, { recursive: true });
  const target = join(folder, 'target');
  mkdirSync(target);
  symlinkSync(target, lockFolder);
  assert.throws(open, refused);
  assert.deepEqual(readdirSync(target), []);
  // What leads nowhere, is a file, or is not there for this user.
  rmSync(target, { recursive: true });
  assert.throws(open, /cannot be locked in .*HOLDFAST_LOCK_FOLDER/);
  assert.throws(() => open(join(import.meta.filename, 'locks')), /cannot be locked in .*HOLDFAST_LOCK_FOLDER/);
  assert.throws(() => open(null), /no home folder of this user; HOLDFAST_LOCK_FOLDER/);
  rmSync(lockFolder);
  if (process.getuid?.() === 0) {
    mkdirSync(lockFolder, { mode: 0o700 });
    chownSync(lockFolder, 12_345, 12_345);
    assert.throws(open, refused);
    chownSync(lockFolder, 0, 0);
  }
  // The note for whoever is refused decides nothing: without it a daemon starts all the same.
  const first = open();
  const note = readdirSync(lockFolder).find((name) => name.endsWith('.json'))!;
  first.release();
  mkdirSync(join(lockFolder, note));
  open().release();
});
