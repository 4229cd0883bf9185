import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../daemon/harness.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
let folder = '';
let command = '';
const env = () => ({ PATH: process.env.PATH, HOLDFAST_HOME: join(folder, 'home'), HOLDFAST_LOG_LEVEL: 'fatal' });

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `npm ${args[0]}: ${stderr}`);
  return stdout;
}
function holdfast(...args: string[]) {
  return spawnSync(command, args, { cwd: folder, env: env(), encoding: 'utf8' });
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tarball-'));
  // A copy, so that what is compiled never lies about in a checkout that others read meanwhile.
  const copy = join(folder, 'checkout');
  mkdirSync(copy);
  const parts = ['daemon', 'migrations', 'policies', 'scripts', 'test', 'package.json', 'package-lock.json'];
  for (const part of [...parts, 'tsconfig.json', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
  npm(['pack', '--pack-destination', folder], copy);
  const tarball = readdirSync(folder).find((name) => /^holdfast-.*\.tgz$/.test(name));
  assert.ok(tarball !== undefined, 'npm pack wrote a tarball');
  npm(['install', '-g', '--prefix', join(folder, 'prefix'), join(folder, tarball), '--prefer-offline'], folder);
  command = join(folder, 'prefix', 'bin', 'holdfast');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the tarball holds plain JavaScript and what it reads, and nothing of the tests', () => {
  const installed = join(folder, 'prefix', 'lib', 'node_modules', 'holdfast');
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
    'dist/daemon/console/built/console.js',
    'dist/daemon/http/built/openapi.json',
    'LICENSE',
  ])
    assert.ok(files.includes(file), file);
});

test('installed into an empty folder it starts, takes an order, shows its status and replays a market', async (t) => {
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
  assert.match(await (await fetch(page)).text(), /src="\/assets\/console\.js"/);
  const order = holdfast('order', 'BTCUSDT', 'buy', '200', '--url', url, '--json');
  assert.equal(order.status, 0, order.stdout + order.stderr);
  assert.match(order.stdout, /"state": ?"filled"/);
  const status = holdfast('status', '--url', url, '--json');
  assert.equal(status.status, 0, status.stderr);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);

  const ledgerPath = join(folder, 'home', 'paper', 'ledger.db');
  const checkpoints = join(folder, 'home', 'paper', 'checkpoints');
  const installed = join(folder, 'prefix', 'lib', 'node_modules', 'holdfast');
  const told = JSON.stringify({ ledgerPath, folder: checkpoints, parentPid: process.pid });
  const program = join(installed, 'dist', 'daemon', 'boot', 'checkpoint-process.js');
  const checkpoint = spawnSync(process.execPath, [program, told], { cwd: '/', env: {}, encoding: 'utf8' });
  assert.equal(checkpoint.status, 0, checkpoint.stderr);
  const { seq } = JSON.parse(checkpoint.stdout) as { seq: number };
  assert.deepEqual(readdirSync(checkpoints), [`checkpoint-${seq}.jsonl`]);

  const sizes = ['--bars', '300', '--seeds', '1', '--threads', '1', '--attack', 'light', '--variants', 'Holdfast'];
  const replay = holdfast('replay', ...sizes, '--out', join(folder, 'report'));
  assert.equal(replay.status, 0, replay.stdout + replay.stderr);
  const report = JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8')) as object;
  assert.ok(Object.keys(report).length > 0);
});
