import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../daemon/harness.ts';
import { tempFolder } from '../temp-folder.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const folder = tempFolder({ after }, 'tarball');
let installed = '';
let command = '';
/** What npm said while it installed. */
let reported = '';
const env = () => ({ PATH: process.env.PATH, HOLDFAST_HOME: join(folder, 'home'), HOLDFAST_LOG_LEVEL: 'fatal' });

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${args[0]}: ${stderr}`);
  return stdout + stderr;
}
function holdfast(...args: string[]) {
  return spawnSync(command, args, { cwd: folder, env: env(), encoding: 'utf8' });
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>;
}
const readJson = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

before(() => {
  run('npm', ['run', '--silent', 'pack', '--', '--pack-destination', folder], REPOSITORY);
  const tarball = readdirSync(folder).find((name) => /^holdfast-.*\.tgz$/.test(name));
  assert.ok(tarball !== undefined, 'npm run pack wrote a tarball');
  installed = join(folder, 'holdfast');
  mkdirSync(installed);
  run('tar', ['xzf', tarball, '-C', installed, '--strip-components=1'], folder);
  // As the page says, but for the option that an operator may forget.
  const install = ['ci', '--prefix', installed, '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
  reported = run('npm', [...install, '--ignore-scripts=false', '--foreground-scripts', '--loglevel=info'], folder);
  // As a link on the path, where `holdfast` is the same word.
  mkdirSync(join(folder, 'bin'));
  command = join(folder, 'bin', 'holdfast');
  symlinkSync(join(installed, 'scripts', 'holdfast.mjs'), command);
});

test('the tarball holds plain JavaScript and what it reads, and nothing of the tests', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !file.startsWith('node_modules'),
  );
  assert.ok(files.length > 500, `${files.length} files`);
  assert.deepEqual(
    files.filter((file) => /\.tsx?$|(^|\/)test\/|each-node/.test(file)),
    [],
  );
  for (const file of [
    'migrations/0001_events.sql',
    'policies/default.yaml',
    'policies/policy.schema.json',
    'dist/daemon/console/built/index.html',
    'npm-shrinkwrap.json',
    'dist/daemon/http/built/openapi.json',
    'LICENSE',
  ])
    assert.ok(files.includes(file), file);
  assert.ok(files.some((file) => /^dist\/daemon\/console\/built\/console\.[0-9a-f]+\.js$/.test(file)));
  for (const name of ['dist', 'npm-shrinkwrap.json'])
    assert.ok(!existsSync(join(REPOSITORY, name)), `${name} was left in the checkout`);
});

test('who installs it gets the versions that were tested, of trading alone, and runs no script of a package', () => {
  const tested = readJson<Lock>(REPOSITORY, 'package-lock.json').packages;
  const paths = readdirSync(join(installed, 'node_modules'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('node_modules', file))
    .filter((file) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(file))
    .map((file) => file.slice(0, -'/package.json'.length));
  assert.ok(paths.length > 100, `${paths.length} packages`);
  for (const path of paths) {
    const { version } = readJson<{ version: string }>(installed, path, 'package.json');
    assert.equal(version, tested[path]?.version, path);
  }
  assert.deepEqual(
    paths.filter((path) => /echarts|zrender|@stdlib|typescript/.test(path)),
    [],
  );
  assert.match(reported, /npm info using npm@/);
  assert.doesNotMatch(reported, /^npm info run |^> /m);
});

test('installed into an empty folder it starts, takes an order and shows its status', async (t) => {
  const child = spawn(command, ['start', '--port', '0', '--json'], { cwd: folder, env: env(), stdio: 'pipe' });
  const ended = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await until('it listens', () => out.trimEnd().endsWith('}') || child.exitCode !== null, 30_000);
  assert.equal(child.exitCode, null, err);
  const { url, console: page } = JSON.parse(out) as { url: string; console: string | null };
  assert.ok(page !== null, 'it serves the console');
  assert.match(await (await fetch(page)).text(), /src="\/assets\/console\.[0-9a-f]+\.js"/);
  const buy = () => holdfast('order', 'BTCUSDT', 'buy', '200', '--url', url, '--json');
  let order = buy();
  // On a machine that stands still an order is dropped at its deadline, and whoever wants it asks again.
  while (order.stdout.includes('SEND_DEADLINE')) order = buy();
  assert.equal(order.status, 0, order.stdout + order.stderr);
  assert.match(order.stdout, /"state": ?"filled"/);
  const status = holdfast('status', '--url', url, '--json');
  assert.equal(status.status, 0, status.stderr);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);

  const ledgerPath = join(folder, 'home', 'paper', 'ledger.db');
  const checkpoints = join(folder, 'home', 'paper', 'checkpoints');
  const task = JSON.stringify({ ledgerPath, folder: checkpoints, parentPid: process.pid });
  const program = join(installed, 'dist', 'daemon', 'boot', 'keep', 'checkpoint-process.js');
  const checkpoint = spawnSync(process.execPath, [program, task], { cwd: '/', env: {}, encoding: 'utf8' });
  assert.equal(checkpoint.status, 0, checkpoint.stderr);
  const { seq } = JSON.parse(checkpoint.stdout) as { seq: number };
  assert.deepEqual(readdirSync(checkpoints), [`checkpoint-${seq}.jsonl.gz`]);
});

test('an evaluation says in one line how to add its packages, and runs once they are there', () => {
  const sizes = ['--bars', '300', '--seeds', '1', '--threads', '1', '--attack', 'light', '--variants', 'Holdfast'];
  const refused = holdfast('replay', ...sizes, '--out', join(folder, 'report'));
  assert.equal(refused.status, 2, refused.stderr);
  assert.equal(refused.stderr.trim().split('\n').length, 1, refused.stderr);
  const [, line] = /Add them with: npm (.*)$/.exec(refused.stderr.trim()) ?? [];
  assert.ok(line !== undefined, refused.stderr);
  for (const verb of [
    ['tune', '--out', join(folder, 'tuned')],
    [
      'data',
      'fetch',
      '--symbols',
      'BTCUSDT',
      '--interval',
      '15m',
      '--from',
      '2025-09-01',
      '--to',
      '2025-09-02',
      '--out',
      folder,
    ],
  ]) {
    const { status, stderr } = holdfast(...verb);
    assert.deepEqual([status, stderr.includes(`npm ${line}`)], [2, true], stderr);
  }
  run('npm', [...line.split(' '), '--prefer-offline', '--no-audit', '--no-fund'], folder);
  const replay = holdfast('replay', ...sizes, '--out', join(folder, 'report'));
  assert.equal(replay.status, 0, replay.stdout + replay.stderr);
  assert.ok(Object.keys(readJson<object>(folder, 'report', 'report.json')).length > 0);
  const tested = readJson<Lock>(REPOSITORY, 'package-lock.json').packages;
  const { version } = readJson<{ version: string }>(installed, 'node_modules', 'zrender', 'package.json');
  assert.equal(version, tested['node_modules/zrender']?.version);
});
