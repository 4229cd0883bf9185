/**
 * `npm run pack` writes holdfast-VERSION.tgz. Node strips no types below node_modules, so a tarball holds plain
 * JavaScript, in dist/, and npm-shrinkwrap.json, which holds whoever runs `npm ci` there to the tested versions. It is
 * put together aside: a checkout never has a dist, or a shrinkwrap that would stand above its lock file.
 * Arguments go to `npm pack`: `npm run pack -- --pack-destination DIR`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { runNpm } from './node-line.mjs';
import { listFiles, ROOT } from './package-state.mjs';

const CONSOLE = join('daemon', 'console');
/** What is packed as it is. */
const PARTS = ['migrations', 'policies', 'README.md', 'LICENSE', 'CHANGELOG.md'];
/** What starts the command and needs nothing else of scripts/. */
const SCRIPTS = [
  'holdfast.mjs',
  'run-file.mjs',
  'run.mjs',
  'bootstrap.mjs',
  'file-lock.mjs',
  'node-line.mjs',
  'package-state.mjs',
  'node-pins.json',
];

/** The project's own settings, without the tests and scripts. What the types say is for `npm run check`. */
function compile(work, dist) {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      rootDir: ROOT,
      outDir: dist,
      noEmitOnError: true,
      noCheck: true,
      sourceMap: false,
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    },
    include: [join(ROOT, 'daemon')],
    exclude: [join(ROOT, CONSOLE)],
  };
  const project = join(work, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  const entry = join(dist, 'daemon', 'cli', 'main.js');
  if (status !== 0 || !existsSync(entry)) throw new Error(`The compiler wrote no ${entry}.`);
}

/** The console is served as it was built; its source is for the browser and stays here. */
function isConsoleSource(file) {
  return file.startsWith(CONSOLE) && !file.startsWith(join(CONSOLE, 'built'));
}

/** What the daemon reads beside its code. */
function copyAssets(dist) {
  const assets = listFiles(ROOT, 'daemon').filter((file) => extname(file) !== '.ts' && !isConsoleSource(file));
  for (const file of assets.filter((name) => basename(name) !== 'tsconfig.json')) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(dist, file));
  }
}

function copyParts(place) {
  for (const part of PARTS) cpSync(join(ROOT, part), join(place, part), { recursive: true });
  mkdirSync(join(place, 'scripts'));
  for (const script of SCRIPTS) copyFileSync(join(ROOT, 'scripts', script), join(place, 'scripts', script));
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/** Of the development packages only what the evaluation loads, which may be left out; nothing else of development. */
function writeManifest(place) {
  const { scripts: _, allowScripts: __, ...manifest } = readJson(join(ROOT, 'package.json'));
  const devDependencies = manifest.peerDependencies;
  writeJson(join(place, 'package.json'), { ...manifest, devDependencies });
}

/**
 * The lock file without what the manifest does not name. npm runs the scripts of the packages that a lock file says
 * have some, and compiles what it takes for a module in C++: nothing here needs either, and nobody should have to
 * switch it off.
 */
function writeShrinkwrap(place) {
  const lockFile = join(place, 'package-lock.json');
  copyFileSync(join(ROOT, 'package-lock.json'), lockFile);
  // npm takes away what is not needed; with everything named it asks nobody.
  const args = ['install', '--package-lock-only', '--offline', '--omit-lockfile-registry-resolved'];
  const { status, output } = runNpm(args, place);
  if (status !== 0) throw new Error(`npm could not shorten the lock file.\n${output}`);
  const { packages, ...lock } = readJson(lockFile);
  for (const [path, entry] of Object.entries(packages)) {
    delete entry.hasInstallScript;
    if (path !== '') entry.gypfile = false;
  }
  rmSync(lockFile);
  writeJson(join(place, 'npm-shrinkwrap.json'), { ...lock, packages });
}

function main() {
  const work = mkdtempSync(join(tmpdir(), 'holdfast-pack-'));
  const place = join(work, 'package');
  const dist = join(place, 'dist');
  try {
    mkdirSync(place);
    compile(work, dist);
    copyAssets(dist);
    copyParts(place);
    writeManifest(place);
    writeShrinkwrap(place);
    const to = ['--pack-destination', process.cwd(), ...process.argv.slice(2)];
    const { status, output } = runNpm(['pack', place, ...to], process.cwd());
    process.stdout.write(output);
    return status;
  } finally {
    rmSync(work, { recursive: true });
  }
}

process.exitCode = main();
