/** Runs a file of this package on a Node of the supported line. Plain JavaScript that Node 18 reads. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { prepare } from './bootstrap.mjs';
import { CACHE } from './node-line.mjs';
import { ROOT } from './package-state.mjs';

/**
 * What the process is asked to end with goes to the child, which does the ending. Not what a terminal sends to both of
 * them: a second Ctrl-C ends the daemon at once, with its orders where they are.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const FROM_TERMINAL = ['SIGINT', 'SIGHUP'];

/**
 * Runs `file` (a file URL) with `args` as its command line. `entry`: script and arguments that come here again, in a
 * child on another Node. `tools`: the file needs the development packages.
 */
export async function runFile(file, args, { entry, tools }) {
  let node;
  try {
    node = await prepare({ tools });
  } catch (error) {
    process.stderr.write(`holdfast: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  if (node !== process.execPath) return runInChild(node, entry);
  keepCompiled();
  hideStrippingWarning();
  process.argv = [process.execPath, fileURLToPath(file), ...args];
  await import(file.href);
}

/**
 * Compiled code and stripped types are kept between runs: the first second of a verb is a third of what it was. A
 * folder that cannot be written only costs that.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const folder = join(ROOT, CACHE, 'compiled');
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return;
  }
  nodeModule.enableCompileCache?.(folder);
  // For the processes and workers that this one starts.
  process.env.NODE_COMPILE_CACHE = folder;
}

/** Node 22 says once a process that stripping types is experimental; it is what this project is built on. */
function hideStrippingWarning() {
  const emit = process.emitWarning;
  process.emitWarning = function (warning, ...rest) {
    if (String(warning).startsWith('Type Stripping is an experimental feature')) return;
    Reflect.apply(emit, this, [warning, ...rest]);
  };
}

/** Ends as the child ended: with its exit code, or by the same signal. */
function runInChild(node, entry) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  // With the flags of this process: `npm start` limits the memory of the daemon, not of what starts it.
  const child = spawn(node, [...process.execArgv, ...entry], { stdio: 'inherit', env });
  const hasTerminal = [0, 1, 2].some((stream) => isatty(stream));
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!hasTerminal || !FROM_TERMINAL.includes(signal)) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`holdfast: ${node} could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
