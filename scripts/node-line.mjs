/**
 * Which Node this project runs on, and how one is brought where `node` is older: as an ordinary package of the npm
 * registry, pinned by version and integrity in node-pins.json, into an ignored folder of this package. Nothing global.
 *
 * Plain JavaScript that Node 18 reads, and only node built-ins: this runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Oldest Node of the supported line: type stripping needs 22.18, undici 8 needs 22.19. package.json says the same. */
export const OLDEST_NODE = '22.19.0';
/** Major that is brought, and recommended. */
export const RECOMMENDED_MAJOR = '24';
/** Folder below the package for what was brought; git ignores it. */
export const CACHE = '.holdfast';

const PINS = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'node-pins.json'), 'utf8'));

/** Whether a Node of that version runs this project: 22.19 and later of 22, and everything from 24 on. */
export function isSupportedNode(version) {
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE.split('.').map(Number);
  if (major === 23) return false;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** `linux-x64`; a system with another C library has a name of its own, since the packages hold binaries for glibc. */
export function platformName() {
  const isMusl = process.platform === 'linux' && process.report?.getReport().header.glibcVersionRuntime === undefined;
  return `${process.platform}${isMusl ? '-musl' : ''}-${process.arch}`;
}

/** The pinned package of a major for a platform, or null. */
export function findPin(major, platform = platformName()) {
  return PINS[major]?.[platform] ?? null;
}

/** Path of the binary that {@link bringNode} puts there; it need not exist yet. */
export function pinnedBinary(root, pin) {
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(root, CACHE, `node-${pin.version}`, 'node_modules', pin.name, 'bin', file);
}

/** Path of the binary that was brought earlier for this platform, or null. */
export function findBroughtNode(root, major = RECOMMENDED_MAJOR, platform = platformName()) {
  const pin = findPin(major, platform);
  if (pin === null) return null;
  const binary = pinnedBinary(root, pin);
  return existsSync(binary) ? binary : null;
}

/**
 * Brings a pinned Node and returns the path of its binary. Aside first, and moved to its place when it runs: a half
 * brought one is never used. @throws Error that says what to install
 */
export function bringNode(root, { major = RECOMMENDED_MAJOR, platform = platformName(), say = () => {} } = {}) {
  const pin = findPin(major, platform);
  if (pin === null) throw new Error(`There is no Node ${major} package for ${platform}. ${advice()}`);
  const brought = findBroughtNode(root, major, platform);
  if (brought !== null) return brought;
  const binary = pinnedBinary(root, pin);
  say(pin);
  const place = join(root, CACHE, `node-${pin.version}`);
  const aside = `${place}.${process.pid}`;
  try {
    mkdirSync(aside, { recursive: true });
    writeFileSync(join(aside, 'package.json'), `${JSON.stringify(manifestOf(pin))}\n`);
    writeFileSync(join(aside, 'package-lock.json'), `${JSON.stringify(lockOf(pin))}\n`);
    const { status, output } = runNpm(['ci'], aside);
    if (status !== 0) throw new Error(`npm could not bring ${pin.name}@${pin.version}. ${advice()}\n${output}`);
    const { stdout } = spawnSync(pinnedBinary(root, pin).replace(place, aside), ['--version'], { encoding: 'utf8' });
    if (stdout?.trim() !== `v${pin.version}`) throw new Error(`${pin.name}@${pin.version} does not run. ${advice()}`);
    rmSync(place, { recursive: true, force: true });
    renameSync(aside, place);
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EROFS') throw new Error(`${place} cannot be written. ${advice()}`);
    throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return binary;
}

function advice() {
  return `Install Node ${RECOMMENDED_MAJOR} (any from ${OLDEST_NODE} on) from https://nodejs.org/ and run this again.`;
}

function manifestOf(pin) {
  return { name: 'holdfast-node', version: '1.0.0', private: true, dependencies: { [pin.name]: pin.version } };
}

/** With the integrity in the lock file npm refuses a package whose content is another. */
function lockOf(pin) {
  const { name, version, dependencies } = manifestOf(pin);
  const packages = {
    '': { name, version, dependencies },
    [`node_modules/${pin.name}`]: { version: pin.version, integrity: pin.integrity },
  };
  return { name, version, lockfileVersion: 3, requires: true, packages };
}

/** npm to its end. `inherit`: its output is the user's to read. */
export function runNpm(args, cwd, { node = process.execPath, inherit = false } = {}) {
  const { command, options } = npmCommand(args, cwd, node, inherit);
  const result = spawnSync(command[0], command.slice(1), { ...options, encoding: 'utf8' });
  const output = result.error?.message ?? `${result.stdout ?? ''}${result.stderr ?? ''}`;
  return { status: result.status ?? 1, output };
}

/** npm beside this process; its output is the user's to read. */
export function startNpm(args, cwd, node = process.execPath) {
  const { command, options } = npmCommand(args, cwd, node, true);
  const child = spawn(command[0], command.slice(1), options);
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { ended, stop: () => child.kill() };
}

/** No package runs a script when it is installed, whatever the settings of this user say: none needs one. */
const ALWAYS = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** npm as it was started, else the npm of the path. */
function npmCommand(words, cwd, node, inherit) {
  const args = [...words, ...ALWAYS];
  const started = process.env.npm_execpath;
  // What npm starts in turn (`#!/usr/bin/env node`) is to be this Node, too.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const stdio = inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
  const isCli = started !== undefined && /npm-cli\.c?js$/.test(started) && existsSync(started);
  const command = isCli ? [node, started, ...args] : ['npm', ...args];
  return { command, options: { cwd, stdio, env, shell: !isCli && process.platform === 'win32' } };
}
