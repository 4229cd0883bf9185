import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALONE, arrange, EARLY, SHARED } from '../../scripts/tests/arrange.ts';
import { KEEPS_HOOK } from '../../scripts/tests/runner-hook.ts';
import { hasRoomInMemory, type Machine, removeLeftovers } from '../../scripts/tests/scratch.ts';
import { tempFolder } from '../temp-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/run-tests.mjs', import.meta.url));
const TESTS = fileURLToPath(new URL('..', import.meta.url));
const root = tempFolder({ after }, 'run-tests');
let failuresPath = '';

before(() => {
  mkdirSync(join(root, 'test', 'nested'), { recursive: true });
  const passing = "import { test } from 'node:test';\ntest('holds', () => {});\n";
  writeFileSync(join(root, 'test', 'one.test.ts'), passing);
  writeFileSync(join(root, 'test', 'nested', 'two.test.ts'), passing);
  writeFileSync(
    join(root, 'test', 'nested', 'red.test.ts'),
    "import { test } from 'node:test';\ntest('fails', () => {\n  throw new Error('no');\n});\n",
  );
  writeFileSync(join(root, 'test', 'nested', 'not-a-test.ts'), "throw new Error('it was run');\n");
});

function runTests(...args: string[]): { code: number | null; output: string } {
  // A runner inside a runner would report to the outer one.
  const { TEST_FAILURES_FILE: _, NODE_TEST_CONTEXT: __, ...outer } = process.env;
  const env = failuresPath === '' ? outer : { ...outer, TEST_FAILURES_FILE: failuresPath };
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, `--root=${root}`, ...args], {
    env,
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}
const countOf = (output: string, word: string) => Number(new RegExp(`^\\S ${word} (\\d+)$`, 'm').exec(output)?.[1]);

test('runs the test files below test/ and prints the summary of node', () => {
  const { code, output } = runTests('one', 'two');
  assert.equal(code, 0, output);
  assert.equal(countOf(output, 'pass'), 2);
});

test('words select files by a part of their path', () => {
  const { code, output } = runTests('nested/two');
  assert.equal(code, 0, output);
  assert.equal(countOf(output, 'pass'), 1);
});

test('a failing test makes the exit code 1', () => {
  const { code, output } = runTests();
  assert.equal(code, 1);
  assert.deepEqual([countOf(output, 'pass'), countOf(output, 'fail')], [2, 1]);
});

test('finding no file is a failure, since a runner that runs nothing is green', () => {
  const { code, output } = runTests('no-such-file');
  assert.equal(code, 1);
  assert.match(output, /No test file .* matches no-such-file/);
});

test('files are left out by a word of their paths', () => {
  const { code, output } = runTests('--without=red');
  assert.equal(code, 0, output);
  assert.equal(runTests('red', '--without=red').code, 1);
});

test('what failed is written apart, with its file and its error, when a file is named for it', () => {
  failuresPath = join(root, 'failures.txt');
  const { code, output } = runTests();
  assert.equal(code, 1);
  assert.equal(countOf(output, 'fail'), 1);
  const failures = readFileSync(failuresPath, 'utf8');
  assert.match(failures, /^== .*red\.test\.ts: fails\nError: no\n/);
  assert.equal(failures.match(/^== /gm)?.length, 1);
});

test('what tests write is in memory where there is room for it and nobody has chosen another folder', () => {
  const [GB, roomy] = [1024 ** 3, { chosen: undefined, memoryBytes: 4 * 1024 ** 3, freeBytes: () => 1024 ** 3 }];
  const cases: readonly (readonly [Partial<Machine>, boolean])[] = [
    [{}, true],
    [{ chosen: '/var/tmp' }, false],
    [{ memoryBytes: 4 * GB - 1 }, false],
    [{ freeBytes: () => GB - 1 }, false],
    [{ freeBytes: () => assert.fail('there is no such folder') }, false],
  ];
  for (const [machine, expected] of cases) assert.equal(hasRoomInMemory({ ...roomy, ...machine }), expected);
});

test('what tests write is removed after them, also in a folder that was chosen', () => {
  const folder = join(root, 'test', 'writes');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'leaves.test.ts'),
    "import { mkdtempSync } from 'node:fs';\nimport { tmpdir } from 'node:os';\nimport { join } from 'node:path';\n" +
      "import { test } from 'node:test';\ntest('wrote ' + mkdtempSync(join(tmpdir(), 'left-')), () => {});\n",
  );
  const { TMPDIR: inherited } = process.env;
  try {
    for (const chosen of [undefined, root]) {
      if (chosen === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = chosen;
      const { code, output } = runTests('writes/');
      assert.equal(code, 0, output);
      const [, left = ''] = /wrote (\S+)/.exec(output) ?? [];
      assert.match(left, chosen === undefined ? /\/hf-\d+-\w+\/t\/left-/ : new RegExp(`^${root}/hf-`));
      assert.equal(existsSync(left), false, left);
    }
  } finally {
    if (inherited === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = inherited;
    rmSync(folder, { recursive: true });
  }
});

test('each file is run by one process, and every folder and file that the arrangement names is there', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`);
  const processes = arrange(files);
  assert.deepEqual(processes.flat().sort(), [...files].sort());
  const [{ processes: beginning } = { processes: 0 }] = SHARED;
  const early = processes.slice(beginning, beginning + EARLY.length).map(([file]) => file);
  assert.deepEqual(
    early.sort(),
    [...EARLY].sort().map((name) => `test/${name}.test.ts`),
    'long ones leave no idle end',
  );
  assert.ok(processes.length < files.length / 4, `${processes.length} processes for ${files.length} files`);
  for (const { folders } of SHARED)
    for (const folder of folders)
      assert.ok(
        files.some((file) => file.startsWith(`test/${folder}/`)),
        folder,
      );
  for (const name of [...EARLY, ...ALONE])
    assert.ok(
      processes.some(([file, more]) => file === `test/${name}.test.ts` && !more),
      name,
    );
});

test('a file of tests that is no test file by its name is imported by one, or started by a script', () => {
  const read = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|mjs)$/.test(file))
      .map((file) => join(folder, file));
  const files = [...read(TESTS), ...read(join(TESTS, '..', 'scripts'))];
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
  const all = [...texts.values()].join('\n');
  const declaring = files.filter(
    (file) => !file.endsWith('.test.ts') && /^(?:describe|it|test)\(/m.test(texts.get(file) ?? ''),
  );
  assert.ok(declaring.length > 0, `${declaring.length} files`);
  assert.deepEqual(
    declaring.filter((file) => !all.includes(`/${basename(file)}'`)),
    [],
  );
});

test('a file alone keeps the hooks of each suite to that suite, however long it loads', () => {
  const folder = join(root, 'test', 'alone');
  mkdirSync(folder);
  const suite = (name: string): string =>
    `describe('${name}', () => {\n  let calls = 0;\n  beforeEach(() => (calls += 1));\n` +
    "  it('was called once', () => assert.equal(calls, 1));\n});\n";
  writeFileSync(
    join(folder, 'slow.test.ts'),
    "import assert from 'node:assert/strict';\nimport { beforeEach, describe, it } from 'node:test';\n" +
      "import { setTimeout } from 'node:timers/promises';\nawait setTimeout(200);\n" +
      `${suite('first')}${suite('second')}`,
  );
  try {
    const { code, output } = runTests('alone/slow');
    assert.equal(code, 0, output);
    assert.equal(countOf(output, 'pass'), 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files that share a process have hooks of their own; one that leaves it changed, or does not load, fails', () => {
  const folder = join(root, 'test', 'core');
  mkdirSync(folder);
  const count = 3 * (SHARED.find(({ folders }) => folders.includes('core'))?.processes ?? 1);
  const counted =
    "import assert from 'node:assert/strict';\nimport './shared.ts';\nimport { beforeEach, test } from 'node:test';\nlet calls = 0;\n" +
    "beforeEach(() => (calls += 1));\ntest('its own hook is called once for it', () => assert.equal(calls, 1));\n";
  writeFileSync(
    join(folder, 'shared.ts'),
    "import { setTimeout } from 'node:timers/promises';\nawait setTimeout(20);\n",
  );
  for (let i = 0; i < count; i += 1) writeFileSync(join(folder, `hooks-${i}.test.ts`), counted);
  try {
    const good = runTests('core/', '--cpu');
    assert.equal(good.code, 0, good.output);
    assert.equal(countOf(good.output, 'pass'), count);
    assert.match(good.output, /^[\d.]+ s of CPU in \d+ processes/m);
    assert.match(good.output, /^ +[\d.]+ {2}test\/core\/hooks-0\.test\.ts$/m);

    const test = "import { test } from 'node:test';\ntest('holds', () => ";
    writeFileSync(join(folder, 'leaves.test.ts'), `${test}void (process.env.HOLDFAST_LEFT = '1'));\n`);
    writeFileSync(join(folder, 'patches.test.ts'), `${test}void (Date.now = () => 0));\n`);
    writeFileSync(join(folder, 'stays.test.ts'), `${test}void process.on('SIGUSR2', () => {}));\n`);
    writeFileSync(
      join(folder, 'strays.test.ts'),
      "import { test } from 'node:test';\nimport { setTimeout } from 'node:timers/promises';\n" +
        "test('holds', async () => {\n  void Promise.reject(new Error('nobody caught it'));\n  await setTimeout(20);\n});\n",
    );
    writeFileSync(join(folder, 'unreadable.test.ts'), "import './is-not-there.ts';\n");
    const bad = runTests('core/');
    assert.equal(bad.code, 1);
    // The test itself fails where the runner still follows its promises.
    assert.equal(countOf(bad.output, 'pass'), count + (KEEPS_HOOK ? 3 : 4), 'no other file suffers');
    assert.match(bad.output, /leaves\.test\.ts left the process changed: process\.env\.HOLDFAST_LEFT/);
    assert.match(bad.output, /patches\.test\.ts left the process changed: Date\.now/);
    assert.match(bad.output, /stays\.test\.ts left the process changed: listeners of SIGUSR2/);
    assert.match(bad.output, /is-not-there/);
    if (KEEPS_HOOK) assert.match(bad.output, /nobody caught it/);
    else assert.match(bad.output, /strays\.test\.ts threw where no test was waiting: Error: nobody caught it/);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'alone.test.ts'),
      "import { test } from 'node:test';\ntest('holds', () => void setTimeout(() => {\n  throw new Error('too late');\n}, 20));\n",
    );
    const alone = runTests('core/');
    assert.equal(alone.code, 1, 'an error behind the end of its test');
    assert.match(alone.output, /too late/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that fails with something open ends all the same, with its processes, and names what it left', () => {
  const folder = join(root, 'test', 'hangs');
  mkdirSync(folder);
  const pidPath = join(root, 'left.pid');
  const endless = "spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])";
  writeFileSync(
    join(folder, 'opens.test.ts'),
    "import { spawn } from 'node:child_process';\nimport { writeFileSync } from 'node:fs';\nimport { createServer } from 'node:http';\n" +
      "import { test } from 'node:test';\ntest('fails', async () => {\n" +
      `  writeFileSync(${JSON.stringify(pidPath)}, String(${endless}.pid));\n` +
      "  await new Promise((resolve) => createServer().listen(0, '127.0.0.1', resolve));\n" +
      "  setInterval(() => {}, 1000);\n  throw new Error('no');\n});\n",
  );
  try {
    const { code, output } = runTests('hangs/');
    assert.equal(code, 1, output);
    assert.match(output, /opens\.test\.ts left open: the process .*setInterval.*, a server at .*127\.0\.0\.1/);
    assert.match(output, /does not end by itself; it is kept by .*Timeout \(since test\/hangs\/opens\.test\.ts\)/);
    assert.match(readFileSync(failuresPath, 'utf8'), /^== test\/hangs\/opens\.test\.ts left open: /m);
    assert.throws(() => process.kill(Number(readFileSync(pidPath, 'utf8')), 0), { code: 'ESRCH' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file above its limit is named, and its process ended, however busy it is', () => {
  const folder = join(root, 'test', 'endless');
  mkdirSync(folder);
  const test = (body: string): string => `import { test } from 'node:test';\ntest('never ends', ${body});\n`;
  writeFileSync(join(folder, 'busy.test.ts'), test('() => {\n  for (;;);\n}'));
  writeFileSync(join(folder, 'waits.test.ts'), test('() => new Promise(() => setInterval(() => {}, 1000))'));
  process.env.HOLDFAST_FILE_LIMIT_MS = '1000';
  try {
    const { code, output } = runTests('endless/');
    assert.equal(code, 1, output);
    for (const name of ['busy', 'waits'])
      assert.match(output, new RegExp(`^test/endless/${name}\\.test\\.ts took longer than 1 s`, 'm'));
  } finally {
    delete process.env.HOLDFAST_FILE_LIMIT_MS;
    rmSync(folder, { recursive: true });
  }
});

test('a run removes what runs that were killed have left, and nothing of one that may go on', (t) => {
  const parent = tempFolder(t, 'left');
  const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
  const ofTheGone = `hf-${gone}-aaaaaa`;
  const names = [ofTheGone, `hf-${process.pid}-bbbbbb`, 'hf-9nGEEI', 'other'];
  for (const name of names) mkdirSync(join(parent, name, 't'), { recursive: true });
  removeLeftovers(parent);
  assert.deepEqual(readdirSync(parent).sort(), names.toSorted(), 'its last write is seconds old');
  removeLeftovers(parent, Date.now() + 3_700_000);
  assert.deepEqual(readdirSync(parent).sort(), names.filter((name) => name !== ofTheGone).sort());
});
