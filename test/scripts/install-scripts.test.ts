import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { allowScripts, scripts } = JSON.parse(read('package.json')) as {
  allowScripts: Readonly<Record<string, boolean>>;
  scripts: Readonly<Record<string, string>>;
};
const { packages } = JSON.parse(read('package-lock.json')) as {
  packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
};
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

test('every package that would run something when it is installed is known, and none may', () => {
  const paths = Object.keys(packages).filter((path) => path !== '');
  assert.ok(paths.length > 300, `${paths.length} packages`);
  const withScript = paths.filter((path) => packages[path]?.hasInstallScript === true);
  // npm compiles what brings a binding.gyp, though it has no script.
  const compiled = paths.filter((path) => existsSync(join(ROOT, path, 'binding.gyp')));
  assert.ok(compiled.includes('node_modules/better-sqlite3'));
  const names = [...new Set([...withScript, ...compiled].map(nameOf))].sort();
  assert.deepEqual(names, ['better-sqlite3', 'bufferutil', 'ccxt']);
  assert.deepEqual(allowScripts, Object.fromEntries(names.map((name) => [name, false])));
});

test('npm runs no script in a checkout, and none of ours hangs on an installation', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  // With that setting npm would leave these out without a word.
  const hooks = Object.keys(scripts).filter((name) => /^(?:pre|post)|^(?:install|prepare|dependencies)$/.test(name));
  assert.deepEqual(hooks, []);
});

test('whatever installs something says that no script may run', () => {
  const folders = ['docs', '.github', '.ci', 'scripts', 'daemon', 'integrations'];
  const files = folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .concat('README.md', 'CONTRIBUTING.md', 'Dockerfile')
    .filter((file) => /\.(?:md|ya?ml|ts|mjs|service)$|^\.ci\/run$|Dockerfile$/.test(file));
  // A command with arguments, or in a list of words; not the name of one.
  const INSTALLS = /\bnpm (?:ci|i|install|add|exec) [-\w.@*/$]|\bnpx |\[\s*'(?:ci|install)',/;
  const lines = files.flatMap((file) =>
    read(file)
      .split('\n')
      .filter((line) => INSTALLS.test(line))
      .map((line) => ({ file, line })),
  );
  assert.ok(files.length > 500 && lines.length >= 3, `${lines.length} lines in ${files.length} files`);
  // These go through node-line.mjs, which adds the option to all of them.
  const adds = /^const ALWAYS = \['--ignore-scripts',/m.test(read('scripts/node-line.mjs'));
  const through = ['scripts/bootstrap.mjs', 'scripts/hosts/run.mjs', 'scripts/node-line.mjs', 'scripts/pack.mjs'];
  const bare = lines.filter(
    ({ file, line }) => !line.includes('--ignore-scripts') && !(adds && through.includes(file)),
  );
  assert.deepEqual(bare, []);
});
