import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
let folder = '';
let root = '';
const entry = () => join(root, 'dist', 'daemon', 'cli', 'main.js');
const mainSource = () => join(root, 'daemon', 'cli', 'main.ts');

/** A small package with our scripts, whose only packages are links: it installs without a network. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bootstrap-'));
  root = join(folder, 'package');
  mkdirSync(join(root, 'scripts'), { recursive: true });
  for (const script of ['package-state', 'file-lock', 'bootstrap', 'build']) {
    cpSync(join(REPOSITORY, 'scripts', `${script}.mjs`), join(root, 'scripts', `${script}.mjs`));
  }
  mkdirSync(join(folder, 'node_modules', 'better-sqlite3'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', 'better-sqlite3', 'index.js'), 'module.exports = class { close() {} };\n');
  mkdirSync(join(root, 'daemon', 'cli'), { recursive: true });
  writeFileSync(mainSource(), "#!/usr/bin/env node\nexport const answer: string = 'one';\n");
  writeFileSync(join(root, 'daemon', 'page.txt'), 'an asset\n');
  const typescript = join(REPOSITORY, 'node_modules', 'typescript');
  const manifest = {
    name: 'small',
    version: '1.0.0',
    type: 'module',
    devDependencies: { typescript: `file:${typescript}` },
  };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  const compilerOptions = { target: 'es2023', module: 'nodenext', types: [], rootDir: '.', strict: true };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const npm = spawnSync('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(npm.status, 0, npm.stderr);
});
after(() => rmSync(folder, { recursive: true }));

function bootstrap(env: NodeJS.ProcessEnv = process.env): { code: number | null; output: string } {
  const script = join(root, 'scripts', 'bootstrap.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { env, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

test('two first runs at once install and build one time, also where development packages are left out', async () => {
  const env = { ...process.env, NODE_ENV: 'production', npm_config_omit: 'dev' };
  const runs = [1, 2].map(
    () =>
      new Promise<{ code: number | null; output: string }>((resolve) => {
        const child = spawn(process.execPath, [join(root, 'scripts', 'bootstrap.mjs')], { env });
        let output = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
        child.on('close', (code) => resolve({ code, output }));
      }),
  );
  const results = await Promise.all(runs);
  const output = results.map((result) => result.output).join('');
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
    output,
  );
  assert.equal(output.match(/installing packages/g)?.length, 1, output);
  assert.equal(output.match(/built dist/g)?.length, 1, output);
  assert.match(readFileSync(entry(), 'utf8'), /^#!\/usr\/bin\/env node\n[\s\S]*'one'/);
  assert.equal(statSync(entry()).mode & 0o111, 0o111, 'the command is executable');
  assert.equal(readFileSync(join(root, 'dist', 'daemon', 'page.txt'), 'utf8'), 'an asset\n');
});

test('a run with nothing to do says nothing', () => {
  assert.deepEqual(bootstrap(), { code: 0, output: '' });
});

test('a changed source is built again, without installing', () => {
  writeFileSync(mainSource(), "#!/usr/bin/env node\nexport const answer: string = 'two';\n");
  const { code, output } = bootstrap();
  assert.equal(code, 0, output);
  assert.match(output, /^holdfast: built dist \(\S+ s, 1 other files\)\n$/);
  assert.match(readFileSync(entry(), 'utf8'), /'two'/);
});

test('a build that fails says why and leaves the old one in place', () => {
  writeFileSync(mainSource(), 'export const answer: string = 3;\n');
  const { code, output } = bootstrap();
  assert.notEqual(code, 0);
  assert.match(output, /main\.ts.*error TS2322/);
  assert.match(readFileSync(entry(), 'utf8'), /'two'/);
  writeFileSync(mainSource(), "#!/usr/bin/env node\nexport const answer: string = 'two';\n");
});

test('packages that somebody installed by hand are taken as they are', () => {
  rmSync(join(root, 'node_modules', '.holdfast'), { recursive: true });
  assert.deepEqual(bootstrap(), { code: 0, output: '' });
  assert.ok(existsSync(join(root, 'node_modules', '.holdfast', 'install-stamp')));
});

test('a changed lock file is installed again', () => {
  const lockFile = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, object> };
  rmSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 1)}\n`);
  const { code, output } = bootstrap();
  assert.equal(code, 0, output);
  assert.match(output, /installing packages/);
});
