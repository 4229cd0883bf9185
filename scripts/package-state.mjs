/**
 * What is installed, as a hash: so that `npm start` and `npm test` do nothing when nothing changed. Only node
 * built-ins: this runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_STAMP = join('node_modules', '.holdfast', 'install-stamp');
const WITHOUT_TOOLS = ' without development packages';

/** Every file below a folder, relative to `root`, sorted; empty when the folder is missing. */
export function listFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)).sort();
}

/** False for a package that npm installed from a tarball: what it needs was installed with it. */
export const isCheckout = (root) => existsSync(join(root, 'package-lock.json'));
/** `tools`: with the development packages. What has them serves everybody. */
export function isInstalled(root, tools) {
  const stamp = readStamp(root);
  return stamp === stampOf(root, true) || (!tools && stamp === stampOf(root, false));
}
/** Whether the last installation, perhaps of another lock file, had the development packages. */
export function hadTools(root) {
  const stamp = readStamp(root);
  return stamp !== null && !stamp.endsWith(WITHOUT_TOOLS);
}

/** The stamp of an installation of the present lock file on this platform. */
export function hashInstall(root) {
  return createHash('sha256')
    .update(`${process.platform} ${process.arch}`)
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

export function writeInstallStamp(root, tools) {
  mkdirSync(dirname(join(root, INSTALL_STAMP)), { recursive: true });
  writeFileSync(join(root, INSTALL_STAMP), `${stampOf(root, tools)}\n`);
}

function stampOf(root, tools) {
  return `${hashInstall(root)}${tools ? '' : WITHOUT_TOOLS}`;
}

/**
 * True when `node_modules` holds what the lock file says (apart from packages for other platforms; `tools`: development
 * packages as well): somebody ran npm by hand, and installing again would only take time.
 */
export function matchesLockFile(root, tools) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (installed === null || wanted === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional === true) return true;
    if (!tools && (entry.dev === true || entry.devOptional === true)) return true;
    if (entry.link === true) return existsSync(join(root, path));
    return installed[path]?.version === entry.version && existsSync(join(root, path, 'package.json'));
  });
}

function readPackages(file) {
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
}

function readStamp(root) {
  const path = join(root, INSTALL_STAMP);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

/** What a script says of itself in the comment at its head; null: it has none. */
export function readHelp(file) {
  const [, comment] = /^(?:#!.*\n)?\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(readFileSync(file, 'utf8')) ?? [];
  return comment === undefined ? null : `${comment.replace(/^ \* ?/gm, '').trim()}\n`;
}
