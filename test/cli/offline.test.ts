import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { AGENT_PATTERN } from '../../daemon/contract/policy/policy-values.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { AGENT_NAME } from '../../daemon/ledger/tokens.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

const POLICIES = fileURLToPath(new URL('../../policies/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../daemon/cli/main.ts', import.meta.url));
const NOW_MS = 1_760_054_400_000;
const home = tempFolder({ after }, 'cli');
const ledgerPath = () => join(home, 'paper', 'ledger.db');
// No daemon listens on port 1.
const run = (...args: string[]) =>
  holdfast(args, { HOLDFAST_HOME: home, HOLDFAST_HEAD_FILE: join(home, 'head'), HOLDFAST_PORT: '1' });

before(() => {
  const ledger = openLedger({
    path: ledgerPath(),
    venue: 'paper',
    account: 'main',
    now: () => NOW_MS,
    time: SYSTEM_TIME,
    reserveBytes: 65536,
  });
  ledger.appendSync([
    { kind: 'alert', at_ms: NOW_MS, payload: { text: 'first' } },
    { kind: 'note', at_ms: NOW_MS, payload: { text: 'second' } },
  ]);
  ledger.close();
});

test('policy check names everything that is wrong, and ends with 5', async () => {
  const good = await run('policy', 'check', join(POLICIES, 'default.yaml'), '--json');
  const answer = JSON.parse(good.out) as { ok: boolean; hash: string };
  assert.deepEqual([good.code, answer.ok, answer.hash.length], [0, true, 64]);
  const file = join(home, 'broken.yaml');
  const text = readFileSync(join(POLICIES, 'default.yaml'), 'utf8');
  writeFileSync(file, text.replace('slippage_bps: 20', 'slipage_bps: 20').replace('leverage: 3 ', 'leverage: -3 '));
  const bad = await run('policy', 'check', file);
  assert.equal(bad.code, 5);
  for (const path of ['budgets.leverage', 'budgets.slipage_bps']) assert.ok(bad.out.includes(path), bad.out);
  assert.match(bad.out, /did you mean "slippage_bps"/);
  assert.equal(bad.out.trim().split('\n').length, 2, 'one message for one mistake');
  assert.equal((await run('policy', 'check', join(home, 'none.yaml'))).code, 2);
});

test('policy explain shows the caps of each regime', async () => {
  const { code, out } = await run('policy', 'explain', join(POLICIES, 'default.yaml'));
  assert.equal(code, 0);
  assert.match(out, /calm +3x[\s\S]*volatile +2x[\s\S]*extreme +1x/);
});

test('policy test runs the shipped cases, and fails on a wrong one and on none', async () => {
  const shipped = await run('policy', 'test', '--json');
  const { files } = JSON.parse(shipped.out) as { files: { passed: number }[] };
  assert.equal(shipped.code, 0, shipped.out);
  assert.ok(files.length >= 2 && files.every((file) => file.passed > 0), shipped.out);
  const file = join(home, 'mine.yaml');
  copyFileSync(join(POLICIES, 'default.yaml'), file);
  const none = await run('policy', 'test', file);
  assert.equal(none.code, 2, 'no cases beside it');
  assert.match(none.err, /mine\.test\.yaml does not exist\. Copy those of the policy/);
  writeFileSync(
    join(home, 'mine.test.yaml'),
    'cases:\n  - name: nothing is wrong\n    expect: { decision: BLOCK, reasons: [] }\n',
  );
  const wrong = await run('policy', 'test', file);
  assert.equal(wrong.code, 5);
  assert.match(wrong.out, /mine.yaml: 0 passed, 1 failed\n {2}FAILED nothing is wrong\n {4}decision: /);
  writeFileSync(join(home, 'mine.test.yaml'), 'cases: []\n');
  assert.equal((await run('policy', 'test', file)).code, 5, 'no case is no green check');
});

test('tokens are created, listed without their secret, and revoked', async () => {
  const digest = 'ab'.repeat(32);
  const created = await run('token', 'create', '--agent', 'momentum', '--skill', digest, '--json');
  const token = JSON.parse(created.out) as { id: string; token: string; role: string; skill_sha256: string };
  assert.deepEqual([created.code, token.role, token.skill_sha256], [0, 'agent', digest]);
  assert.match(token.token, /^hf_[\w-]{43}$/);
  const list = await run('token', 'list', '--json');
  assert.ok(list.out.includes(token.id) && !list.out.includes(token.token));
  assert.match((await run('token', 'list')).out, new RegExp(`${token.id} +agent +momentum +momentum +abababababab`));
  assert.equal((await run('token', 'revoke', token.id)).code, 0);
  const again = await run('token', 'revoke', token.id);
  assert.deepEqual([again.code, again.out], [1, '']);
  const plain = await run('token', 'create', '--role', 'operator');
  assert.match(plain.out, /^hf_[\w-]{43}\n$/, 'standard output holds the token and nothing else');
});

test('a new token is shown though its change cannot be noted, since the former one ends', async () => {
  const unmounted = { HOLDFAST_HOME: home, HOLDFAST_HEAD_FILE: join(home, 'not-mounted', 'head'), HOLDFAST_PORT: '1' };
  for (const args of [
    ['token', 'create', '--agent', 'kept'],
    ['token', 'rotate', 'kept', '--overlap', '0s'],
  ]) {
    const shown = await holdfast(args, unmounted);
    assert.match(shown.out, /^hf_[\w-]{43}\n$/, shown.err);
    assert.equal(shown.code, 0);
    assert.match(shown.err, /not noted everywhere yet: ENOENT/);
  }
});

test('a token expires when it was said to, and rotates into one of the same rights that lives no longer', async () => {
  const create = await run('token', 'create', '--agent', 'swing', '--expires', '10d', '--json');
  const first = JSON.parse(create.out) as { id: string; created_at_ms: number; expires_at_ms: number };
  assert.ok(Math.abs(first.expires_at_ms - first.created_at_ms - 10 * 86_400_000) < 10_000, create.out);
  const before = Date.now();
  const rotated = await run('token', 'rotate', 'swing', '--overlap', '2h', '--json');
  const second = JSON.parse(rotated.out) as typeof first & { agent: string; token: string };
  assert.deepEqual([rotated.code, second.agent], [0, 'swing'], rotated.err);
  assert.match(second.token, /^hf_/);
  assert.equal(second.expires_at_ms, first.expires_at_ms, 'the same end');
  const longer = await run('token', 'rotate', second.id, '--expires', '11d');
  assert.equal(longer.code, 2);
  assert.match(longer.err, /live longer than the one that it replaces.*Create a new token/);
  const { tokens } = JSON.parse((await run('token', 'list', '--json')).out) as { tokens: (typeof first)[] };
  const end = tokens.find(({ id }) => id === first.id)?.expires_at_ms ?? 0;
  assert.ok(Math.abs(end - before - 2 * 3_600_000) < 60_000, 'the former one ends after the overlap');
  const now = await run('token', 'rotate', second.id, '--overlap', '0s', '--expires', '1d');
  assert.deepEqual([now.code, now.out.startsWith('hf_')], [0, true], now.err);
  const brief = await run('token', 'create', '--agent', 'scalp', '--expires', '1h', '--json');
  const { expires_at_ms: briefEndMs } = JSON.parse(brief.out) as typeof first;
  const told = (await run('token', 'rotate', 'scalp', '--overlap', '2h')).err;
  const until = `is valid until ${new Date(briefEndMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  assert.ok(told.includes(until), `not longer than before: ${told}`);
  assert.match(
    (await run('token', 'list')).out,
    new RegExp(`${second.id}.*20\\d\\d.*20\\d\\d.*20\\d\\d`),
    'revoked at once',
  );
  for (const [args, code] of [
    [['rotate', 'nobody'], 1],
    [['rotate', 'swing', '--overlap', '2 weeks'], 2],
    [['create', '--expires', '0d'], 2],
    [['create', '--expires', '-1d'], 2],
  ] as const)
    assert.equal((await run('token', ...args)).code, code, args.join(' '));
  const audit = await run('audit', 'verify');
  assert.equal(audit.code, 0, audit.out + audit.err);
});

test('a token is for the agent `agent` unless something else is said', async () => {
  const digest = 'cd'.repeat(32);
  for (const [args, skill] of [
    [[], null],
    [['--skill', digest], digest],
    [['--role', 'agent'], null],
  ] as const) {
    const { code, out, err } = await run('token', 'create', ...args, '--json');
    assert.equal(code, 0, err);
    const { role, name, agent, skill_sha256 } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([role, name, agent, skill_sha256], ['agent', 'agent', 'agent', skill], args.join(' '));
  }
  for (const role of ['monitor', 'metrics']) {
    const made = JSON.parse((await run('token', 'create', '--role', role, '--json')).out) as Record<string, unknown>;
    assert.deepEqual([made.role, made.name, made.agent], [role, role, null], 'no agent but for agents');
  }
});

test('the agent of a token is written as a policy can name it', async () => {
  assert.equal(AGENT_NAME.source, AGENT_PATTERN, 'one pattern for tokens and policies');
  const { code, out, err } = await run('token', 'create', '--agent', 'my agent');
  assert.deepEqual([code, out], [2, '']);
  assert.ok(err.includes(AGENT_PATTERN), err);
});

test('tokens of an empty home: what to do is said, and no file is left', async () => {
  for (const folder of ['empty', 'empty/paper']) {
    mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
    const { code, err } = await holdfast(['token', 'list', '--home', join(home, 'empty')], {});
    assert.equal(code, 1);
    assert.match(err, /There is no ledger at .*ledger\.db.*\.\/holdfast start/);
  }
  assert.ok(!existsSync(join(home, 'empty', 'paper', 'ledger.db')), 'an empty ledger would not start');
});

test('a ledger that does not exist is named', async () => {
  for (const args of [
    ['token', 'list'],
    ['audit', 'verify'],
    ['audit', 'export'],
  ]) {
    const { code, err } = await holdfast([...args, '--home', join(home, 'nobody')], {});
    assert.equal(code, 1);
    assert.match(err, /nobody/);
  }
});

test('audit verify passes an intact ledger, and knows a head that was noted earlier', async () => {
  const { code, out } = await run('audit', 'verify', '--deep');
  assert.equal(code, 0, out);
  const head = /head (\d+:[0-9a-f]{64})/.exec(out)?.[1] ?? '';
  assert.equal((await run('audit', 'verify', '--head', head)).code, 0);
  const other = await run('audit', 'verify', '--head', `${head.split(':')[0]}:${'0'.repeat(64)}`, '--json');
  assert.deepEqual([other.code, (JSON.parse(other.out) as { problem: string }).problem], [5, 'head']);
});

test('BY-30 audit verify names the first record that was changed', async () => {
  const copy = join(home, 'copy', 'ledger.db');
  mkdirSync(join(home, 'copy'), { mode: 0o700 });
  const source = new Database(ledgerPath());
  source.prepare('VACUUM INTO ?').run(copy);
  source.close();
  const db = new Database(copy);
  db.exec('DROP TRIGGER IF EXISTS events_no_update; UPDATE events SET payload = \'{"text":"forged"}\' WHERE seq = 2');
  db.close();
  const { code, out } = await run('audit', 'verify', '--ledger', copy);
  assert.equal(code, 5, out);
  assert.match(out, /NOT INTACT at record 2 \(hash\)/);
});

test('audit export writes JSON lines to standard output [LE-122]', () => {
  const env = { PATH: process.env.PATH, HOLDFAST_HOME: home };
  const args = [MAIN, 'audit', 'export', '--from', '2'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; seq: number; payload: { text: string } });
  // The verbs before have recorded what they did to tokens.
  const others = records.filter(({ kind }) => kind !== 'token');
  assert.ok(others.length < records.length);
  assert.deepEqual(
    others.map(({ seq, payload }) => [seq, payload.text]),
    [
      [2, 'first'],
      [3, 'second'],
    ],
  );
});

test('audit export of a kind that no record is of names those that there are, and ends with 2', async () => {
  const { code, err, out } = await run('audit', 'export', '--kind', 'nonsense');
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /No record is of kind nonsense\. Kinds: account, .*decision, .*genesis, .*text_erased, .*trade\b/);
});

test('arming is refused for a policy that may not trade live', async () => {
  const { code, err } = await run('arm', '--policy', join(POLICIES, 'default.yaml'));
  assert.equal(code, 5);
  assert.match(err, /does not name binance-live in scope.venues/);
});

test('arming is recorded with its policy, version and expiry, after the delay of the policy [AP-57]', async () => {
  const file = join(home, 'live.yaml');
  const text = readFileSync(join(POLICIES, 'default.yaml'), 'utf8');
  writeFileSync(file, text.replace('venues: [paper, binance-demo]', 'venues: [binance-live]'));
  const { code, out, err } = await run('arm', '--policy', file, '--hours', '2', '--json');
  assert.equal(code, 0, err);
  const arming = JSON.parse(out) as { effective_at_ms: number; expires_at_ms: number; policy_hash: string };
  assert.equal(arming.expires_at_ms - arming.effective_at_ms, 2 * 3_600_000);
  assert.ok(arming.effective_at_ms > Date.now(), 'not at once');
  // The head file of the others notes the ledger of the paper account.
  const live = await holdfast('audit verify --venue binance-live', { HOLDFAST_HOME: home });
  assert.equal(live.code, 0, live.out);
  assert.match(live.out, new RegExp(`armed policy ${arming.policy_hash.slice(0, 12)}`), 'it says who armed');
  writeFileSync(
    file,
    `${text.replace('venues: [paper, binance-demo]', 'venues: [binance-live]')}\napprovals: { when: [{}], window_ms: 600000, expiry_ms: 300000, quorum: 2 }\n`,
  );
  const asked = await run('arm', '--policy', file);
  assert.match(asked.out, /opens nothing until 2 different passkeys have signed/, asked.err);
});

test('audit archive needs an age, says when nothing is that old, and leaves the ledger to a running daemon [LE-62]', async () => {
  assert.equal((await run('audit', 'archive')).code, 2);
  assert.equal((await run('audit', 'archive', '--before', 'soon')).code, 2);
  // An arming has left a ledger of another venue in this home.
  const none = await run('audit', 'archive', '--before', '30d', '--venue', 'paper');
  assert.deepEqual([none.code, /nothing to archive/.test(none.out)], [0, true], none.err);
  const options = { path: ledgerPath(), venue: 'paper', account: 'main', now: () => NOW_MS, time: SYSTEM_TIME };
  const ledger = openLedger({ ...options, reserveBytes: 65536 });
  try {
    const held = await run('audit', 'archive', '--before', '1d', '--venue', 'paper');
    assert.deepEqual([held.code, /Another Holdfast process/.test(held.err)], [1, true], held.err);
  } finally {
    ledger.close();
  }
});
