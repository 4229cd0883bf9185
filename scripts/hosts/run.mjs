/** Runs tests of what others publish: pinned packages of npm in an ignored folder, never among our own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringNode, CACHE, runNpm } from '../node-line.mjs';
import { ROOT } from '../package-state.mjs';

/**
 * `packages`: name -> version and integrity; `runs`: whether a Node of that version will do. The tests find the packages
 * in the folder that the environment names as HOLDFAST_FOREIGN. Returns an exit code; skipped, and says so, where npm
 * cannot bring the packages. With `--bring` it only brings them.
 */
export function runForeign({ name, packages, runs, tests }) {
  const place = join(ROOT, CACHE, name);
  const node = findNode(runs);
  const failure = node.failure ?? bring(place, packages, node.path);
  if (failure !== null) {
    process.stdout.write(
      `${failure}\nSKIPPED: npm could not bring ${Object.keys(packages).join(', ')}; nothing ran.\n`,
    );
    return 0;
  }
  if (process.argv.includes('--bring')) return 0;
  const env = { ...process.env, HOLDFAST_FOREIGN: join(place, 'node_modules') };
  const watcher = new URL('../tests/watch-opened.mjs', import.meta.url).href;
  const limits = ['--test-timeout=600000', '--test-force-exit', `--import=${watcher}`];
  const args = ['--test', '--test-reporter=spec', ...limits, ...process.argv.slice(2), join(ROOT, tests)];
  return spawnSync(node.path, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

function findNode(runs) {
  if (runs(process.versions.node)) return { path: process.execPath, failure: null };
  try {
    return { path: bringNode(ROOT), failure: null };
  } catch (error) {
    return { path: null, failure: error.message };
  }
}

/** Aside first: what is half there is never used. Without scripts of packages. Null, or what npm said. */
function bring(place, packages, node) {
  if (existsSync(join(place, 'complete'))) return null;
  process.stdout.write(`bringing ${Object.keys(packages).join(', ')} into ${place}\n`);
  const aside = `${place}.${process.pid}`;
  try {
    mkdirSync(aside, { recursive: true });
    const dependencies = Object.fromEntries(Object.entries(packages).map(([name, { version }]) => [name, version]));
    writeFileSync(
      join(aside, 'package.json'),
      JSON.stringify({ name: 'holdfast-foreign', private: true, dependencies }),
    );
    const { status, output } = runNpm(['install'], aside, { node });
    if (status !== 0) return output;
    const lock = JSON.parse(readFileSync(join(aside, 'package-lock.json'), 'utf8'));
    for (const [name, { integrity }] of Object.entries(packages)) {
      const found = lock.packages[`node_modules/${name}`].integrity;
      if (found !== integrity) throw new Error(`${name} is not what was pinned: ${found}`);
    }
    writeFileSync(join(aside, 'complete'), '');
    rmSync(place, { recursive: true, force: true });
    renameSync(aside, place);
    return null;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
