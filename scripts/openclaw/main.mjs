/**
 * `npm run test:openclaw`: the plugin in a real OpenClaw gateway, of a pinned version from npm, in an ignored folder.
 * Skipped, and says so, where npm cannot bring it. The first run brings 650 MB.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringNode, CACHE, runNpm } from '../node-line.mjs';
import { ROOT } from '../package-state.mjs';

const VERSION = '2026.9.6';
const INTEGRITY = 'sha512-Ie0kyQSCVfFqixsgVg39vevUDq01Ch5u3+7Yu5Y3qARczmdAe+lzp8bVnO9925rHiW/+CFp70zfORCyPmCH31g==';
const PLACE = join(ROOT, CACHE, `openclaw-${VERSION}`);
const TESTS = join(ROOT, 'test', 'openclaw', 'real-gateway.ts');

/** `engines` of that version: >=24.16.0 <25 || >=26.1.0. */
function runsOpenClaw(version) {
  const [major, minor] = version.split('.').map(Number);
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
}

/** Aside first: a half installed one is never used. Without scripts of packages. */
function install(node) {
  if (existsSync(join(PLACE, 'node_modules', 'openclaw', 'openclaw.mjs'))) return null;
  process.stdout.write(`bringing openclaw@${VERSION} into ${PLACE}\n`);
  const aside = `${PLACE}.${process.pid}`;
  try {
    mkdirSync(aside, { recursive: true });
    const manifest = { name: 'holdfast-openclaw-cache', private: true, dependencies: { openclaw: VERSION } };
    writeFileSync(join(aside, 'package.json'), JSON.stringify(manifest));
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status, output } = runNpm(args, aside, { node });
    if (status !== 0) return output;
    const lock = JSON.parse(readFileSync(join(aside, 'package-lock.json'), 'utf8'));
    const { integrity } = lock.packages['node_modules/openclaw'];
    if (integrity !== INTEGRITY) throw new Error(`openclaw@${VERSION} is not what was pinned: ${integrity}`);
    rmSync(PLACE, { recursive: true, force: true });
    renameSync(aside, PLACE);
    return null;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

const node = runsOpenClaw(process.versions.node) ? process.execPath : bringNode(ROOT);
const failure = install(node);
if (failure === null) {
  const env = { ...process.env, HOLDFAST_OPENCLAW: join(PLACE, 'node_modules', 'openclaw') };
  const args = ['--test', '--test-reporter=spec', '--test-timeout=600000', ...process.argv.slice(2), TESTS];
  process.exitCode = spawnSync(node, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
} else {
  process.stdout.write(`${failure}\nSKIPPED: npm could not bring openclaw@${VERSION}; the plugin ran in no gateway.\n`);
}
