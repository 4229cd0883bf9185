/**
 * Compiles daemon/ and scripts/ into dist/: into a folder aside first, moved to its place by a rename when it is whole.
 * A failed build leaves the old one. `--locked`: the caller holds the lock.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { lockPathFor, withLock } from './file-lock.mjs';
import { DIST, hashSources, isBuilt, listSources, ROOT, writeBuildStamp } from './package-state.mjs';

const BIN = join('daemon', 'cli', 'main.js');
/** On the same file system as dist, and ignored by git. */
const WORK = join(ROOT, 'node_modules', '.holdfast', `build-${process.pid}`);

function build() {
  const startedMs = performance.now();
  const stamp = hashSources(ROOT);
  const next = join(WORK, 'dist');
  mkdirSync(next, { recursive: true });
  try {
    const status = compile(next);
    if (status !== 0) return status;
    const assets = copyAssets(next);
    if (!existsSync(join(next, BIN))) throw new Error(`The compiler wrote no ${BIN}.`);
    chmodSync(join(next, BIN), 0o755);
    writeBuildStamp(next, stamp);
    moveIntoPlace(next);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stderr.write(`holdfast: built dist (${seconds} s${assets > 0 ? `, ${assets} other files` : ''})\n`);
    return 0;
  } finally {
    rmSync(WORK, { recursive: true, force: true });
  }
}

/** The project's own settings, without the tests. */
function compile(outDir) {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { rootDir: ROOT, outDir, noEmitOnError: true, typeRoots: [join(ROOT, 'node_modules', '@types')] },
    include: [join(ROOT, 'daemon'), join(ROOT, 'scripts')],
  };
  const project = join(WORK, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) throw new Error('The compiler is not installed. Run: npm run bootstrap');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: ROOT, stdio: 'inherit' });
  return status ?? 1;
}

/** What the daemon reads beside its code. migrations/ and policies/ stay where they are: operators edit policies. */
function copyAssets(outDir) {
  const sources = listSources(ROOT).filter((file) => file.startsWith('daemon') && extname(file) !== '.ts');
  const assets = sources.filter((file) => basename(file) !== 'tsconfig.json');
  for (const file of assets) {
    mkdirSync(dirname(join(outDir, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(outDir, file));
  }
  return assets.length;
}

/** Two renames: between them dist is missing for some microseconds, but never half written. */
function moveIntoPlace(next) {
  const dist = join(ROOT, DIST);
  const old = join(WORK, 'old');
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(next, dist);
}

function main() {
  if (process.argv.includes('--locked')) return build();
  const onWait = (pid) => process.stderr.write(`holdfast: waiting for process ${pid}, which installs or builds here\n`);
  return withLock(lockPathFor(ROOT), build, { onWait });
}

process.exitCode = main();
if (process.exitCode === 0 && !isBuilt(ROOT)) {
  process.stderr.write('holdfast: the sources changed during the build; run it again\n');
}
