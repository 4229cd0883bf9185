import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { armLedger, checkLiveFiles } from '../../daemon/boot/live.ts';
import { readEnv } from '../../daemon/config/config.ts';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { checkArming } from '../../daemon/engine/openings/arming.ts';
import type { ArmingEvent } from '../../daemon/engine/records/people-events.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { ACCOUNT_NAME, startDaemon } from '../../daemon/main.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { tempFolder } from '../temp-folder.ts';
import type { Mutable } from './harness.ts';

const log = createLogger({ level: 'silent', secrets: [] });
const HOUR_MS = 3_600_000;

function makeHome(t: TestContext): string {
  return tempFolder(t, 'start');
}

class VenueAsked extends Error {}

/** A live home with a ledger; `start` says whether the venue was so much as created. */
function makeLive(t: TestContext) {
  const home = makeHome(t);
  const policyPath = join(home, 'policy.yaml');
  const text = readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8');
  const spec = parse(text) as Mutable<IntendedPolicySpec>;
  spec.scope.venues = ['binance-live'];
  writeFileSync(policyPath, stringify(spec), { mode: 0o600 });
  const parsed = parsePolicy(readFileSync(policyPath, 'utf8'), policyPath);
  assert.ok(parsed.ok, 'the policy of the test is valid');
  const { version } = JSON.parse(readFileSync(join(findPackageFolder(), 'package.json'), 'utf8')) as {
    version: string;
  };
  const ledgerPath = join(home, 'binance-live', 'ledger.db');
  const open = () => {
    const now = (): number => Date.now();
    return openLedger({ path: ledgerPath, venue: 'binance-live', account: ACCOUNT_NAME, now, time: SYSTEM_TIME });
  };
  open().close();
  /** No verb records that: a ledger is of one account. */
  const armOther = (): void => {
    const ledger = open();
    const payload = {
      account: 'other',
      effective_at_ms: 0,
      expires_at_ms: 9e15,
      policy_hash: 'f',
      set_by: 'test',
      version,
    };
    ledger.appendSync([{ kind: 'arming', at_ms: 1, payload }]);
    ledger.close();
  };
  let venues = 0;
  const start = async (env: Readonly<Record<string, string>> = { HOLDFAST_LIVE_ARMED: '1' }): Promise<void> => {
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_VENUE: 'binance-live',
      HOLDFAST_POLICY: policyPath,
      BINANCE_LIVE_API_KEY: 'k'.repeat(64),
      BINANCE_LIVE_API_SECRET: 's'.repeat(64),
      ...env,
    });
    const createVenue = (): never => {
      venues += 1;
      throw new VenueAsked('the venue was created');
    };
    await startDaemon(config, secrets, { log, signal: new AbortController().signal, createVenue });
  };
  const arm = (change: Partial<ArmingEvent> & { readonly hours?: number } = {}): void => {
    armLedger({
      venue: 'binance-live',
      time: SYSTEM_TIME,
      ledgerPath,
      account: ACCOUNT_NAME,
      version: change.version ?? version,
      policyHash: change.policy_hash ?? parsed.policy.hash,
      loosenDelayMs: change.effective_at_ms ?? 0,
      hours: change.hours ?? 1,
      setBy: 'test',
    });
  };
  /** As a daemon leaves it that has run before. */
  const run = (): void => {
    const ledger = open();
    ledger.putPolicy(parsed.policy.spec);
    const { hash, spec: inForce } = parsed.policy;
    const payload = { action: 'in_force', detail: 'first start', hash, name: inForce.name, set_by: 'start' };
    ledger.appendSync([{ kind: 'policy', at_ms: 1, payload }]);
    ledger.close();
  };
  return { start, arm, armOther, run, policyPath, created: () => venues };
}

test('BY-28: binance-live that was never armed for this account is refused before the venue is created [AP-57]', async (t) => {
  const live = makeLive(t);
  const refusals: [string, RegExp, () => void, Record<string, string>?][] = [
    ['no arming', /not armed: the ledger contains no arming.*holdfast arm --policy.*--emergency/, () => undefined],
    ['an arming for another account', /no arming for this account/, () => live.armOther()],
    ['an environment that does not permit it', /HOLDFAST_LIVE_ARMED is not set/, () => live.arm(), {}],
  ];
  for (const [what, message, prepare, env] of refusals) {
    prepare();
    await assert.rejects(live.start(env), { name: 'StartError', message }, what);
    assert.equal(live.created(), 0, `${what}: the venue was created`);
  }
  const starts: [string, () => void][] = [
    ['armed', () => live.arm()],
    ['armed anew, which takes effect later', () => live.arm({ effective_at_ms: HOUR_MS })],
    ['with an arming that has expired', () => live.arm({ hours: 0 })],
    ['with an arming for another policy', () => live.arm({ policy_hash: 'f' })],
    ['with an arming for another version', () => live.arm({ version: '0.0.0' })],
    ['with an arming for another account after its own', () => live.armOther()],
  ];
  for (const [what, prepare] of starts) {
    prepare();
    await assert.rejects(live.start(), VenueAsked, `${what}, it goes on to the venue with its exits`);
  }
});

test('files that others can write refuse a first live start, and keep no home that has run before from its exits', (t) => {
  const home = makeHome(t);
  const policy = join(home, 'policy.yaml');
  writeFileSync(policy, '', { mode: 0o600 });
  const { config } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_POLICY: policy,
    HOLDFAST_VENUE: 'binance-live',
    BINANCE_LIVE_API_KEY: 'k',
    BINANCE_LIVE_API_SECRET: 's',
  });
  const ledgerPath = join(home, 'ledger.db');
  chmodSync(home, 0o700);
  // As an editor leaves it under umask 002.
  chmodSync(policy, 0o664);
  const said = `others can write ${policy}; run: chmod go-w ${policy}`;
  assert.throws(() => checkLiveFiles(config, ledgerPath), { name: 'StartError', message: said });
  writeFileSync(ledgerPath, '', { mode: 0o600 });
  const findProblem = checkLiveFiles(config, ledgerPath);
  assert.equal(findProblem(), said);
  chmodSync(policy, 0o644);
  assert.equal(findProblem(), null);
  chmodSync(policy, 0o664);
  assert.equal(findProblem(), null, 'what a running daemon has read is not read again unless it is saved');
  mkdirSync(join(home, 'tokens'));
  writeFileSync(join(home, 'tokens', 'operator.token'), 'hf_x');
  assert.match(checkLiveFiles(config, ledgerPath)() ?? '', /no plaintext token; remove them/);
});

test('an armed home that has never run is refused like a new one, for files that others can write and missing routes', async (t) => {
  const live = makeLive(t);
  const env = { HOLDFAST_LIVE_ARMED: '1', HOLDFAST_ALERTS: '/nowhere/routes.yaml' };
  live.arm();
  await assert.rejects(live.start(env), { name: 'StartError', message: /routes\.yaml: does not exist/ });
  chmodSync(live.policyPath, 0o664);
  await assert.rejects(live.start(), { name: 'StartError', message: /others can write .*policy\.yaml; run: chmod/ });
  assert.equal(live.created(), 0);
  live.run();
  await assert.rejects(live.start(env), VenueAsked, 'one that has run goes on to the venue with its exits');
});

test('a named file of alert routes that is missing or broken refuses a first start, which makes no ledger [AL-74]', async (t) => {
  const home = makeHome(t);
  const alerts = join(home, 'routes.yaml');
  const start = (): Promise<unknown> => {
    const { config, secrets } = readEnv({ HOLDFAST_HOME: home, HOLDFAST_PORT: '0', HOLDFAST_ALERTS: alerts });
    return startDaemon(config, secrets, { log, signal: new AbortController().signal });
  };
  const message = `the file of alert routes ${alerts}: does not exist`;
  await assert.rejects(start(), { name: 'StartError', message });
  writeFileSync(alerts, 'channels: 7\n');
  await assert.rejects(start(), { name: 'StartError', message: /routes\.yaml: .*channels/ });
  assert.deepEqual(readdirSync(home), ['routes.yaml']);
});

test('an arming is judged by account, policy, version and time [AN-133]', () => {
  const arming: ArmingEvent = {
    account: 'main',
    effective_at_ms: 10,
    expires_at_ms: 20,
    policy_hash: 'h',
    set_by: 'test',
    version: '1',
  };
  const bound = { account: 'main', policyHash: 'h', version: '1' };
  assert.equal(checkArming(arming, bound, 10), null, 'in effect from its first instant');
  assert.notEqual(checkArming(arming, bound, 20), null, 'over at its last');
});

test('a port that is in use is named with the ways out', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { config, secrets } = readEnv({ HOLDFAST_HOME: makeHome(t), HOLDFAST_PORT: String(port) });
  await assert.rejects(startDaemon(config, secrets, { log, signal: new AbortController().signal }), {
    name: 'StartError',
    message: new RegExp(`port ${port} .*another daemon.*--port or HOLDFAST_PORT`),
  });
});

test('a first start without a policy is refused with a place to look at, and makes no ledger', async (t) => {
  const home = makeHome(t);
  const file = join(home, 'policy.yaml');
  const start = (): Promise<unknown> => {
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_POLICY: file,
    });
    return startDaemon(config, secrets, { log, signal: new AbortController().signal });
  };
  await assert.rejects(start(), { name: 'StartError', message: `the policy file ${file} does not exist` });
  writeFileSync(file, 'hello\n');
  // A violation of the whole document has a name.
  await assert.rejects(start(), { name: 'StartError', message: /\n {2}\(document\): / });
  assert.deepEqual(readdirSync(home), ['policy.yaml']);
});
