/**
 * Installs and builds what is missing, so that `npm start` and `npm test` work from a fresh clone. Says nothing when
 * there is nothing to do. Only node built-ins.
 *
 * Development packages are always installed (the compiler is one), also under NODE_ENV=production or `omit=dev`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lockPathFor, withLock } from './file-lock.mjs';
import { isBuilt, isInstalled, matchesLockFile, ROOT, writeInstallStamp } from './package-state.mjs';

const OLDEST_NODE = [20, 19];

function main() {
  const problem = findNodeProblem(process.versions.node);
  if (problem !== null) return fail(problem);
  if (isInstalled(ROOT) && isBuilt(ROOT)) return 0;
  const onWait = (pid) => say(`waiting for process ${pid}, which installs or builds here`);
  return withLock(lockPathFor(ROOT), () => install() || build(), { onWait });
}

function findNodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `Holdfast needs Node ${OLDEST_NODE.join('.')} or newer; this is Node ${version}. Install one from https://nodejs.org/.`;
}

/** 0, or the exit code of what failed. */
function install() {
  if (isInstalled(ROOT)) return 0;
  if (!matchesLockFile(ROOT) || !nativeModuleLoads()) {
    say('installing packages (npm ci); the first time this compiles SQLite and takes a minute');
    const status = runNpm(['ci', '--include=dev', '--no-audit', '--no-fund']);
    if (status !== 0) return fail('npm ci failed; its output above says why.', status);
    if (!nativeModuleLoads()) return fail('better-sqlite3 was installed but does not load on this Node.');
  }
  writeInstallStamp(ROOT);
  return 0;
}

function build() {
  if (isBuilt(ROOT)) return 0;
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), '--locked'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  return status === 0 ? 0 : fail('the build failed; its output above says why.', status);
}

/** The only native module; it is tied to the Node it was built for. */
function nativeModuleLoads() {
  const code = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(process.execPath, ['-e', code], { cwd: ROOT, stdio: 'ignore' }).status === 0;
}

/** npm as it was started, else the npm of the path. */
function runNpm(args) {
  const started = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] };
  if (started !== undefined && /npm-cli\.c?js$/.test(started) && existsSync(started)) {
    return spawnSync(process.execPath, [started, ...args], options).status;
  }
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' }).status;
}

function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

function fail(text, status = 1) {
  say(text);
  return status || 1;
}

process.exitCode = main();
