/**
 * Runs the tests: `npm test`, or `npm test -- ledger http/` for the files whose path contains one of the words.
 * What starts with `--` goes to node (`npm test -- --test-name-pattern=halt`), except `--root=DIR`, another package
 * folder, `--without=WORD`, which leaves out the files whose path contains it, and `--cpu`, which lists the dearest
 * processes and files by CPU time. Lists the files itself and fails on none, since a test runner that finds nothing
 * reports success.
 * `TEST_FAILURES_FILE=FILE` writes what failed into a file of its own, too.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { listFiles, ROOT } from './package-state.mjs';
import { arrange } from './tests/arrange.ts';
import { describeCpu } from './tests/describe-cpu.ts';
import { makeScratch } from './tests/scratch.ts';
import { Turns } from './tests/turns.ts';

/** Test processes at once: two more than there are cores, since many wait for real time or for daemons of their own. */
const CONCURRENCY = availableParallelism() + 2;
/** Guards against a hang, not measures: a loaded machine takes several times what a quiet one does. */
const TEST_LIMIT_MS = 240_000;
const FILE_LIMIT_MS = Number(process.env.HOLDFAST_FILE_LIMIT_MS ?? 600_000);
/** How often is looked for files above their limit: as long their process has to end by itself. */
const LOOK_MS = Math.min(5_000, FILE_LIMIT_MS);
const WITHOUT = '--without=';
/** Young garbage is most of what worlds leave: with room for it from the start less of it is moved about. */
const YOUNG = ['--min-semi-space-size=32', '--max-semi-space-size=64'];

/** Reporters: everything to standard output, and what failed to `failuresPath` when there is one. */
function reportersOf(failuresPath) {
  const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  if (!failuresPath) return spec;
  const reporter = new URL('./tests/failures-reporter.mjs', import.meta.url).href;
  return [...spec, `--test-reporter=${reporter}`, `--test-reporter-destination=${failuresPath}`];
}

/** Test files below `root`/test whose path contains one of `words` (all files without words), and none of `without`. */
function selectTests(root, words, without) {
  const files = listFiles(root, 'test').filter((file) => file.endsWith('.test.ts'));
  const isIn = (file, of) => of.some((word) => file.includes(word.replaceAll('/', sep)));
  return files.filter((file) => (words.length === 0 || isIn(file, words)) && !isIn(file, without));
}

/**
 * A module for each process, in `folder`, which says its turns in a file of that name in `turns`; node runs them in the
 * order of their names.
 */
function writeEntries({ folder, root, turns }, shares) {
  const runner = new URL('./tests/run-share.ts', import.meta.url).href;
  const sayer = new URL('./tests/turns.ts', import.meta.url).href;
  return shares.map((files, index) => {
    const [first] = files;
    const name = first
      .slice('test'.length + 1)
      .replaceAll(sep, '-')
      .replace('.test.ts', '');
    const more = files.length > 1 ? `-and-${files.length - 1}-more` : '';
    const id = `${String(index).padStart(3, '0')}-${name}${more}`;
    const path = join(folder, `${id}.mjs`);
    const paths = JSON.stringify(files.map((file) => join(root, file)));
    const run = `await runShare(${JSON.stringify(root)}, ${paths}, sayTurns(${JSON.stringify(join(turns, id))}));`;
    writeFileSync(path, `import { runShare } from '${runner}';\nimport { sayTurns } from '${sayer}';\n${run}\n`);
    return path;
  });
}

function runNode(args, { onEnd, scratch, turns }) {
  // Daemons that tests kill leave the files of their locks.
  const env = { ...process.env, TMPDIR: scratch, HOLDFAST_LOCK_FOLDER: join(scratch, 'locks') };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const limit = new Turns(turns, FILE_LIMIT_MS);
  const looking = setInterval(() => {
    for (const line of limit.endOverdue()) process.stderr.write(`${line}\n`);
  }, LOOK_MS);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`The tests could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code) => {
    clearInterval(looking);
    process.exitCode = code ?? 1;
    onEnd();
  });
}

function main() {
  const args = process.argv.slice(2);
  const rootArg = args.find((arg) => arg.startsWith('--root='));
  const without = args.filter((arg) => arg.startsWith(WITHOUT)).map((arg) => arg.slice(WITHOUT.length));
  const isOwn = (arg) => arg === '--cpu' || arg === rootArg || arg.startsWith(WITHOUT);
  const options = args.filter((arg) => arg.startsWith('--') && !isOwn(arg));
  const words = args.filter((arg) => !arg.startsWith('--'));
  const root = rootArg?.slice('--root='.length) ?? ROOT;
  const files = selectTests(root, words, without);
  if (files.length === 0) {
    process.stderr.write(`No test file below ${join(root, 'test')} matches ${words.join(' ') || '*.test.ts'}.\n`);
    process.exitCode = 1;
    return;
  }
  const folder = makeScratch();
  const scratch = join(folder, 't');
  mkdirSync(scratch);
  const turns = join(folder, 'turns');
  const cpuPath = join(folder, 'cpu.jsonl');
  const counter = new URL(`./tests/count-cpu.ts?out=${encodeURIComponent(cpuPath)}`, import.meta.url).href;
  const nodeArgs = [
    ...(args.includes('--cpu') ? [`--import=${counter}`] : []),
    ...YOUNG,
    '--test',
    ...reportersOf(process.env.TEST_FAILURES_FILE),
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_LIMIT_MS}`,
  ];
  const onEnd = () => {
    if (args.includes('--cpu')) process.stdout.write(describeCpu(cpuPath));
    rmSync(folder, { recursive: true, force: true });
  };
  const entries = writeEntries({ folder, root, turns }, arrange(files));
  runNode([...nodeArgs, ...options, ...entries], { onEnd, scratch, turns });
}

main();
