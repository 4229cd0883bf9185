import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/run-tests.mjs', import.meta.url));
let root = '';
let failuresPath = '';

before(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-run-tests-'));
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
after(() => rmSync(root, { recursive: true }));

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

test('what failed is written apart, with its file and its error, when a file is named for it', () => {
  failuresPath = join(root, 'failures.txt');
  const { code, output } = runTests();
  assert.equal(code, 1);
  assert.equal(countOf(output, 'fail'), 1);
  const failures = readFileSync(failuresPath, 'utf8');
  assert.match(failures, /^== .*red\.test\.ts: fails\nError: no\n/);
  assert.equal(failures.match(/^== /gm)?.length, 1);
});
