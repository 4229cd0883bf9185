import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeInstallation } from '../../daemon/cli/local/evaluation/evaluation-packages.ts';
import { readModuleSyntax } from '../../scripts/boundaries/module-syntax.ts';
import { tempFolder } from '../temp-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAX_MB = 190;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}
const read = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
const manifest = read<Manifest>('package.json');
const { packages } = read<{ packages: Readonly<Record<string, Manifest>> }>('package-lock.json');
/** What only the evaluation loads. */
const OPTIONAL = Object.keys(manifest.peerDependencies ?? {});

/** Where the package at `place` finds `name`, as Node looks for it: its own folder first, then each folder above. */
function find(place: string, name: string): string | null {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (at === '') return null;
  }
}

/** Every folder that an installation without development packages has, by the dependencies themselves. */
function closeOver(names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = names.map((name) => ({ place: '', name }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const path = find(next.place, next.name);
    if (path === null || found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packages[path] ?? {};
    const peers = Object.keys(peerDependencies ?? {}).filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers])
      open.push({ place: path, name });
  }
  return found;
}

/** Bytes on disk, without the packages below it, which are counted by themselves. */
function measure(folder: string): number {
  let bytes = lstatSync(folder).blocks * 512;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? measure(path) : lstatSync(path).blocks * 512;
  }
  return bytes;
}

const production = closeOver(Object.keys(manifest.dependencies ?? {}));

test('an installation for trading has no package that only the evaluation loads', () => {
  assert.ok(production.size > 100, `only ${production.size} packages were found`);
  assert.ok(OPTIONAL.includes('echarts') && OPTIONAL.includes('@stdlib/stats-wilcoxon'), OPTIONAL.join());
  const evaluation = closeOver(OPTIONAL);
  assert.ok(evaluation.has('node_modules/zrender'), 'echarts brings zrender');
  assert.deepEqual(
    OPTIONAL.filter((name) => production.has(`node_modules/${name}`)),
    [],
  );
  assert.deepEqual(
    [...production].filter((path) => /zrender|@stdlib/.test(path)),
    [],
  );
});

test(`an installation for trading takes at most ${MAX_MB} MB`, (t) => {
  const there = [...production].filter((path) => existsSync(join(ROOT, path)));
  // What is missing is for another platform.
  assert.ok(there.length > 100, `only ${there.length} of ${production.size} packages are installed`);
  const megabytes = there.reduce((sum, path) => sum + measure(join(ROOT, path)), 0) / 2 ** 20;
  t.diagnostic(`${megabytes.toFixed(0)} MB in ${there.length} packages`);
  assert.ok(megabytes > 50 && megabytes <= MAX_MB, `${megabytes.toFixed(1)} MB`);
});

test('what the evaluation alone loads is optional, and a checkout has the same versions', () => {
  for (const name of OPTIONAL) {
    assert.equal(manifest.peerDependenciesMeta?.[name]?.optional, true, `${name} would be installed`);
    assert.equal(manifest.devDependencies?.[name], manifest.peerDependencies?.[name], name);
    assert.ok(!(name in (manifest.dependencies ?? {})), name);
  }
});

interface Loaded {
  readonly specifier: string;
  /** By `import(…)`, when it comes to that. */
  readonly isLate: boolean;
}
const loadedBy = new Map<string, readonly Loaded[]>();
function readImports(file: string): readonly Loaded[] {
  const known = loadedBy.get(file);
  if (known !== undefined) return known;
  const source = readFileSync(join(ROOT, file), 'utf8');
  const lines = source.split('\n');
  const loaded = readModuleSyntax(source)
    .imports.filter(({ typeOnly }) => !typeOnly)
    .map(({ specifier, line }) => ({
      specifier,
      isLate: lines[line - 1]?.includes(`import('${specifier}')`) === true,
    }));
  loadedBy.set(file, loaded);
  return loaded;
}

/** Optional packages that `entry` loads, itself or through what it imports, each with the way to it. */
function loadedFrom(entry: string, { late }: { late: boolean }): readonly string[] {
  const ways = new Map([[entry, entry]]);
  const found: string[] = [];
  for (const [file, way] of ways) {
    for (const { specifier, isLate } of readImports(file)) {
      if (isLate && !late) continue;
      if (OPTIONAL.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
        found.push(`${specifier}: ${way}`);
      const target = join(dirname(file), specifier);
      if (specifier.startsWith('.') && !ways.has(target) && existsSync(join(ROOT, target)))
        ways.set(target, `${way} > ${target}`);
    }
  }
  return found;
}

test('no start and no other verb loads them, and the verbs that do say so before anything else', () => {
  const local = join('daemon', 'cli', 'local');
  const verbs = [local, join('daemon', 'cli', 'verbs')].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  assert.ok(verbs.length > 50, `${verbs.length} files`);
  assert.deepEqual(loadedFrom('daemon/cli/main.ts', { late: false }), []);
  assert.deepEqual(loadedFrom('daemon/main.ts', { late: true }), []);
  let asking = 0;
  for (const file of verbs) {
    const asks = readFileSync(join(ROOT, file), 'utf8').includes("\n  requireEvaluationPackages('");
    assert.equal(loadedFrom(file, { late: true }).length > 0, asks, file);
    if (asks) asking += 1;
  }
  assert.equal(asking, 3);
});

test('the line that says how to add them fits how this Holdfast was installed', (t) => {
  const folder = tempFolder(t, 'packages');
  const make = (...parts: readonly string[]): string => {
    const path = join(folder, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const checkout = make('checkout');
  writeFileSync(join(checkout, 'package-lock.json'), '{}');
  assert.equal(describeInstallation(checkout), 'Add them with: npm run bootstrap');
  const tarball = make('holdfast');
  writeFileSync(join(tarball, 'npm-shrinkwrap.json'), '{}');
  assert.equal(
    describeInstallation(tarball),
    `Add them with: npm install --prefix ${tarball} --no-save --include=dev --ignore-scripts`,
  );
  assert.equal(describeInstallation(make('app')), 'The image has none; run it from a checkout.');
});
