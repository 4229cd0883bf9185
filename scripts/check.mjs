/**
 * `npm run check`: everything that can be said about the code without running it. One line a step, two steps at once; the output
 * of a step that fails follows its line. A step that looked at nothing fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, ROOT } from './package-state.mjs';

const binary = (name) => join(ROOT, 'node_modules', '.bin', name);
const tsc = (project) => [process.execPath, tscPath, '-p', project, '--noEmit', '--listFiles', '--pretty', 'false'];
const tscPath = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const script = (file, ...args) => [process.execPath, join('scripts', file), ...args];

/**
 * `count`: how many files the step looked at, from what it printed. A warning is an error: a file of more than 300
 * lines, a function of more than 60 and one of more than four parameters (six in the core) need a reason beside them.
 */
const STEPS = [
  {
    name: 'format and lint',
    command: [binary('biome'), 'check', '--error-on-warnings', ...listCode()],
    count: countByBiome,
  },
  { name: 'types', command: tsc('tsconfig.json'), count: countSources },
  { name: 'types of the pure rooms', command: tsc(join('daemon', 'tsconfig.pure.json')), count: countSources },
  { name: 'types of the console', command: tsc(join('daemon', 'console', 'tsconfig.json')), count: countSources },
  { name: 'boundaries', command: script('check-boundaries.ts'), count: countByWord },
  { name: 'sentences', command: script(join('sentences', 'main.ts')), count: countByWord },
  { name: 'generated files', command: script('generate.ts', '--check'), count: countByWord },
];

/** Code only: policies and documents are laid out by hand, for their readers. */
function listCode() {
  return ['daemon', 'scripts', 'test', 'integrations', 'examples']
    .flatMap((folder) => listFiles(ROOT, folder))
    .filter((file) => /\.(?:tsx?|mjs)$/.test(file));
}

function countByBiome(output) {
  return Number(/Checked (\d+) files?/.exec(output)?.[1] ?? 0);
}

/** `tsc --listFiles` also names libraries; only our own count. */
function countSources(output) {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter((line) => /\.tsx?$/.test(line) && !line.includes('node_modules') && !line.includes('(')).length;
}

function countByWord(output) {
  return Number(/(\d+) files?\b/.exec(output)?.[1] ?? 0);
}

/** What `tsc` says about errors, without the list of files it looked at. */
function withoutFileList(output) {
  return output
    .split('\n')
    .filter((line) => !/^\S+\.d\.(m|c)?ts$|^\/\S+\.(ts|json)$|^[A-Z]:\S+\.ts$/.test(line.trim()))
    .join('\n')
    .trim();
}

async function runStep({ name, command, count }) {
  const startedMs = performance.now();
  const { code, output } = await run(command);
  const files = count(output);
  const ok = code === 0 && files > 0;
  const ms = Math.round(performance.now() - startedMs);
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(24)} ${String(files).padStart(5)} files ${ms} ms\n`);
  if (ok) return true;
  const reason = code === 0 ? 'It looked at no file.' : `Exit code ${code}.`;
  process.stdout.write(`${withoutFileList(output)}\n${reason}\n\n`);
  return false;
}

function run([file, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: process.env });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? String(signal), output: Buffer.concat(chunks).toString() }),
    );
  });
}

if (!existsSync(tscPath)) {
  process.stderr.write('Nothing is installed yet. Run: npm run bootstrap\n');
  process.exit(1);
}
const waiting = [...STEPS];
let failed = 0;
async function runSteps() {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) if (!(await runStep(step))) failed += 1;
}
// Some steps keep one processor busy, some all of them.
await Promise.all([runSteps(), runSteps()]);
process.exitCode = failed === 0 ? 0 : 1;
