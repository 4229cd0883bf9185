/**
 * `npm pack` calls this before and after: Node strips no types below node_modules, so a tarball holds plain JavaScript,
 * in dist/. A checkout runs from source and has no dist.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { listFiles, ROOT } from './package-state.mjs';

const DIST = join(ROOT, 'dist');
const CONSOLE = join('daemon', 'console');
const ENTRY = join(DIST, 'daemon', 'cli', 'main.js');

/** The project's own settings, without the tests and scripts. */
function compile() {
  const work = mkdtempSync(join(tmpdir(), 'holdfast-pack-'));
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      rootDir: ROOT,
      outDir: DIST,
      noEmitOnError: true,
      sourceMap: false,
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    },
    include: [join(ROOT, 'daemon')],
    exclude: [join(ROOT, CONSOLE)],
  };
  const project = join(work, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  try {
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [compiler, '-p', project], { cwd: ROOT, stdio: ['ignore', 2, 2] }).status ?? 1;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** The console is served as it was built; its source is for the browser and stays here. */
function isConsoleSource(file) {
  return file.startsWith(CONSOLE) && !file.startsWith(join(CONSOLE, 'built'));
}

/** What the daemon reads beside its code. migrations/ and policies/ are in the tarball as they are. */
function copyAssets() {
  const assets = listFiles(ROOT, 'daemon').filter((file) => extname(file) !== '.ts' && !isConsoleSource(file));
  for (const file of assets.filter((name) => basename(name) !== 'tsconfig.json')) {
    mkdirSync(dirname(join(DIST, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(DIST, file));
  }
}

function main() {
  rmSync(DIST, { recursive: true, force: true });
  if (process.argv.includes('--clean')) return 0;
  const status = compile();
  if (status !== 0) return status;
  copyAssets();
  if (existsSync(ENTRY)) return 0;
  process.stderr.write(`The compiler wrote no ${ENTRY}.\n`);
  return 1;
}

process.exitCode = main();
