/**
 * What is installed and what is built, as hashes: so that `npm start` and `npm test` do nothing when nothing changed.
 * Only node built-ins: this runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folder of the build; only a rename ever changes it. */
export const DIST = 'dist';
const INSTALL_STAMP = join('node_modules', '.holdfast', 'install-stamp');
const BUILD_STAMP = join(DIST, '.build-stamp');
/** Single files that decide what a build contains, beside every source. */
const BUILD_INPUTS = ['tsconfig.json', 'package.json', 'package-lock.json', 'scripts/build.mjs'];
const SOURCE_FOLDERS = ['daemon', 'scripts'];

/** Every file below a folder, relative to `root`, sorted; empty when the folder is missing. */
export function listFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)).sort();
}

/** Files a build is made from. */
export function listSources(root) {
  const sources = SOURCE_FOLDERS.flatMap((folder) => listFiles(root, folder));
  return sources.filter((file) => extname(file) !== '.mjs' && extname(file) !== '.sh');
}

/** The stamp a build of the present sources carries. */
export function hashSources(root) {
  const sources = listSources(root);
  if (sources.length === 0) throw new Error(`No sources were found in ${root}.`);
  return hashFiles(root, [...BUILD_INPUTS, ...sources]);
}

/** The stamp an installation of the present lock file on this Node carries: native modules depend on its ABI. */
export function hashInstall(root) {
  const abi = `${process.versions.modules} ${process.platform} ${process.arch}`;
  return createHash('sha256')
    .update(abi)
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

export const isBuilt = (root) => readStamp(root, BUILD_STAMP) === hashSources(root);
export const isInstalled = (root) => readStamp(root, INSTALL_STAMP) === hashInstall(root);

export function writeInstallStamp(root) {
  mkdirSync(dirname(join(root, INSTALL_STAMP)), { recursive: true });
  writeFileSync(join(root, INSTALL_STAMP), `${hashInstall(root)}\n`);
}

/** `folder` is the build before it is moved to its place; `stamp` the hash of the sources taken before compiling. */
export function writeBuildStamp(folder, stamp) {
  writeFileSync(join(folder, '.build-stamp'), `${stamp}\n`);
}

/**
 * True when `node_modules` holds exactly what the lock file says (apart from packages for other platforms): somebody
 * ran npm by hand, and installing again would only take time.
 */
export function matchesLockFile(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (installed === null || wanted === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional === true || entry.link === true) return true;
    return installed[path]?.version === entry.version && existsSync(join(root, path, 'package.json'));
  });
}

function readPackages(file) {
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
}

function hashFiles(root, files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function readStamp(root, file) {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}
