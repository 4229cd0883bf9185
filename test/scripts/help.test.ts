import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listFiles, ROOT } from '../docs/pages.ts';

const RUN = /^node scripts\/run\.mjs (scripts\/\S+)$|^node (scripts\/bootstrap\.mjs)$/;

/** Files of the scripts of package.json that are this project's own, by name. */
function ownScripts(): readonly (readonly [name: string, file: string])[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  return Object.entries(scripts).flatMap(([name, command]) => {
    const [, run, alone] = RUN.exec(command) ?? [];
    const file = run ?? alone;
    return file === undefined ? [] : [[name, file] as const];
  });
}

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

for (const [name, file] of ownScripts())
  test(`npm run ${name} -- --help says what it does and what it takes, and does nothing`, () => {
    const through = file.endsWith('bootstrap.mjs') ? [file] : ['scripts/run.mjs', file];
    const { status, stdout, stderr } = run(...through, '--help');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, new RegExp(`npm (?:run )?(?:-s )?${name}\\b`));
    assert.doesNotMatch(stdout, /^ ?\*/m);
    const text = readFileSync(join(ROOT, file), 'utf8');
    const options = Array.from(text.matchAll(/^ +'?([a-z-]+)'?: \{ type: '/gm), (match) => match[1]);
    for (const option of options) assert.ok(stdout.includes(`--${option}`), `--${option} is not in the help`);
  });

test('the help of the benches names each of them', () => {
  const { status, stdout, stderr } = run('scripts/run.mjs', 'scripts/bench/main.ts', 'nothing');
  assert.deepEqual([status, stdout], [2, '']);
  const names = /known: (.*)\.\n$/.exec(stderr)?.[1]?.split(', ') ?? [];
  assert.ok(names.length > 5, stderr);
  const help = run('scripts/run.mjs', 'scripts/bench/main.ts', '--help').stdout;
  for (const name of names) assert.match(help, new RegExp(`\\b${name}\\b`));
});

test('an option that a script does not have ends with 2 and no stack trace', () => {
  const { status, stdout, stderr } = run('scripts/run.mjs', 'scripts/explore/main.ts', '--nonsense');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /--nonsense.*\n.*--help/s);
  assert.doesNotMatch(stderr, /^\s+at /m);
});

test('a script that takes options has a help', () => {
  const takes = listFiles('scripts').filter((file) =>
    readFileSync(join(ROOT, file), 'utf8').includes(' = parseArgs({'),
  );
  assert.ok(takes.length > 5);
  for (const file of takes) assert.ok(readFileSync(join(ROOT, file), 'utf8').startsWith('/**'), file);
});
