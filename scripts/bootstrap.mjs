/**
 * Brings what is missing, so that `npm start`, `npm test` and `npx holdfast` work from a fresh clone on any Node that
 * reads this file (18 and later): a Node of the supported line, and the packages. Says nothing when there is nothing
 * to do. Only node built-ins.
 *
 * Development packages are always installed, also under NODE_ENV=production or `omit=dev`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockPathFor, withLock } from './file-lock.mjs';
import { bringNode, isSupportedNode, OLDEST_NODE, runNpm } from './node-line.mjs';
import { isCheckout, isInstalled, matchesLockFile, ROOT, writeInstallStamp } from './package-state.mjs';

/**
 * Path of a Node that runs this project, with the packages installed beside it: this Node where it is new enough.
 * @throws Error with a message for the user
 */
export function prepare(root = ROOT) {
  const node = isSupportedNode(process.versions.node) ? process.execPath : withOneAtATime(root, () => bring(root));
  if (isCheckout(root) && !isInstalled(root)) withOneAtATime(root, () => install(root, node));
  return node;
}

function bring(root) {
  const reason = `this is Node ${process.versions.node}; Holdfast runs on ${OLDEST_NODE} and later`;
  return bringNode(root, {
    say: (pin) => say(`${reason}. Bringing Node ${pin.version} from npm, for this folder only`),
  });
}

function install(root, node) {
  if (isInstalled(root)) return;
  if (!matchesLockFile(root) || !packagesLoad(root, node)) {
    say('installing packages (npm ci)');
    const { status } = runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], root, { node, inherit: true });
    if (status !== 0) throw new Error('npm ci failed; its output above says why.');
    if (!packagesLoad(root, node)) throw new Error('better-sqlite3 was installed but does not load on this Node.');
  }
  linkCommand(root);
  writeInstallStamp(root);
}

/**
 * npm links no command of a package into the package itself. With the link `npx holdfast` starts it at once; without
 * it (Windows) npx looks the package up first, which takes half a second.
 */
function linkCommand(root) {
  const link = join(root, 'node_modules', '.bin', 'holdfast');
  if (process.platform === 'win32' || existsSync(link)) return;
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(join('..', '..', 'scripts', 'holdfast.mjs'), link);
}

/** The one native module; it ships binaries for most platforms, and none for some. */
function packagesLoad(root, node) {
  const code = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(node, ['-e', code], { cwd: root, stdio: 'ignore' }).status === 0;
}

function withOneAtATime(root, work) {
  return withLock(lockPathFor(root), work, { onWait: (pid) => say(`waiting for process ${pid}, which installs here`) });
}

function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    prepare();
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
