/**
 * Runs the tests: `npm test`, or `npm test -- ledger http/` for the files whose path contains one of the words.
 * What starts with `--` goes to node (`npm test -- --test-name-pattern=halt`), except `--root=DIR`: another package
 * folder. Lists the files itself and fails on none, since a test runner that finds nothing reports success.
 * `TEST_FAILURES_FILE=FILE` writes what failed into a file of its own, too.
 */
import { spawn } from 'node:child_process';
import { join, sep } from 'node:path';
import { listFiles, ROOT } from './package-state.mjs';

/** Test processes at once: each may start daemons of its own, and two cores are the least that is supported. */
const CONCURRENCY = 2;
/** Of a file: a guard against a hang, not a measure. A loaded machine takes several times what a quiet one does. */
const TIMEOUT_MS = 600_000;

/** Reporters: everything to standard output, and what failed to `failuresPath` when there is one. */
function reportersOf(failuresPath) {
  const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  if (!failuresPath) return spec;
  const reporter = new URL('./failures-reporter.mjs', import.meta.url).href;
  return [...spec, `--test-reporter=${reporter}`, `--test-reporter-destination=${failuresPath}`];
}

/** Test files below `root`/test whose path contains one of `words` (all files without words). */
function selectTests(root, words) {
  const files = listFiles(root, 'test').filter((file) => file.endsWith('.test.ts'));
  const wanted = words.map((word) => word.replaceAll('/', sep));
  return wanted.length === 0 ? files : files.filter((file) => wanted.some((word) => file.includes(word)));
}

function main() {
  const args = process.argv.slice(2);
  const rootArg = args.find((arg) => arg.startsWith('--root='));
  const options = args.filter((arg) => arg.startsWith('--') && arg !== rootArg);
  const words = args.filter((arg) => !arg.startsWith('--'));
  const root = rootArg?.slice('--root='.length) ?? ROOT;
  const files = selectTests(root, words);
  if (files.length === 0) {
    process.stderr.write(`No test file below ${join(root, 'test')} matches ${words.join(' ') || '*.test.ts'}.\n`);
    process.exitCode = 1;
    return;
  }
  const nodeArgs = [
    '--test',
    ...reportersOf(process.env.TEST_FAILURES_FILE),
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MS}`,
  ];
  const child = spawn(process.execPath, [...nodeArgs, ...options, ...files.map((file) => join(root, file))], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`The tests could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}

main();
