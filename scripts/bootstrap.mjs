/**
 * `npm run bootstrap` brings what is missing, so that `npm start`, `npm test` and `./holdfast` work from a fresh clone on any Node that
 * reads this file (18 and later): a Node of the supported line, and the packages. Says nothing when there is nothing
 * to do. Only node built-ins.
 *
 * What only tests, checks and benches need is left out until one of them is run, whatever NODE_ENV and `omit` say.
 */
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lockPathFor, withLock } from './file-lock.mjs';
import { bringNode, findBroughtNode, isSupportedNode, OLDEST_NODE, startNpm } from './node-line.mjs';
import {
  hadTools,
  isCheckout,
  isInstalled,
  matchesLockFile,
  ROOT,
  readHelp,
  writeInstallStamp,
} from './package-state.mjs';

/**
 * Path of a Node that runs this project, with the packages installed beside it: this Node where it is new enough.
 * Where both are there nothing is locked and nothing need be writable. `tools`: with the development packages.
 * @throws Error with a message for the user
 */
export async function prepare({ root = ROOT, tools = true } = {}) {
  const node = findNode(root);
  if (node !== null && hasPackages(root, tools, node)) return node;
  const onWait = (pid) => say(`waiting for process ${pid}, which installs here`);
  return withLock(lockPathFor(root), () => install(root, tools), { onWait });
}

/** This Node where it is new enough, else the one that was brought earlier; null when neither is there. */
function findNode(root) {
  return isSupportedNode(process.versions.node) ? process.execPath : findBroughtNode(root);
}

/** Packages that somebody installed by hand are taken as they are. */
function hasPackages(root, asked, node) {
  if (!isCheckout(root) || isInstalled(root, asked)) return true;
  const tools = asked || hadTools(root);
  if (!matchesLockFile(root, tools) || !packagesLoad(root, node)) return false;
  try {
    writeInstallStamp(root, tools);
  } catch (error) {
    // Without the stamp the next run looks again: this user may use what another one installed.
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
  }
  return true;
}

function bring(root) {
  const reason = `this is Node ${process.versions.node}; Holdfast runs on ${OLDEST_NODE} and later`;
  const reported = (pin) => say(`${reason}. Bringing Node ${pin.version} from npm, for this folder only`);
  return findNode(root) ?? bringNode(root, { say: reported });
}

async function install(root, asked) {
  // Somebody else may have installed while this process waited.
  if (!isCheckout(root) || isInstalled(root, asked)) return bring(root);
  // Whoever had the development packages keeps them when the lock file changes.
  const tools = asked || hadTools(root);
  // INVARIANT: they are added to what is there. `npm ci` would take away what a running daemon may still load.
  const command = isInstalled(root, false) ? ['install', '--no-save'] : ['ci'];
  const npm = matchesLockFile(root, tools) ? null : startInstall(root, tools, command);
  const node = await whileInstalling(npm, () => bring(root));
  if (!packagesLoad(root, node)) {
    await whileInstalling(startInstall(root, tools, ['ci']), () => node);
    if (!packagesLoad(root, node)) throw new Error('better-sqlite3 was installed but does not load on this Node.');
  }
  writeInstallStamp(root, tools);
  return node;
}

/** Starts npm, on this Node, also where it is an old one: nothing is compiled or run at an installation. */
function startInstall(root, tools, command) {
  const args = [...command, tools ? '--include=dev' : '--omit=dev'];
  say(`installing packages (npm ${args.join(' ')})`);
  return startNpm([...args, '--engine-strict=false'], root);
}

/** Does `work`, which blocks, while npm installs; then waits for npm. */
async function whileInstalling(npm, work) {
  let result;
  try {
    result = work();
  } catch (error) {
    npm?.stop();
    await npm?.ended;
    throw error;
  }
  if (npm !== null && (await npm.ended) !== 0) throw new Error('npm failed; its output above says why.');
  return result;
}

/** The one native module; it ships binaries for most platforms, and none for some. */
function packagesLoad(root, node) {
  const code = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(node, ['-e', code], { cwd: root, stdio: 'ignore' }).status === 0;
}

function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

const SELF = fileURLToPath(import.meta.url);
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === SELF) {
  try {
    if (process.argv.includes('--help')) process.stdout.write(readHelp(SELF));
    else await prepare();
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
