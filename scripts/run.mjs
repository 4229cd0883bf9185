/**
 * `node scripts/run.mjs FILE [ARGUMENT …]` runs a file of this package from source, on a Node of the supported line:
 * in this process where this Node is one, else in a child on the Node that the bootstrap brought. `--help` prints the
 * comment at the head of the file.
 */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readHelp } from './package-state.mjs';
import { runFile } from './run-file.mjs';

const [file, ...args] = process.argv.slice(2);
const help = file !== undefined && args.includes('--help') ? readHelp(resolve(file)) : null;
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE [ARGUMENT …]\n');
  process.exitCode = 2;
} else if (help !== null) process.stdout.write(help);
else {
  const entry = [fileURLToPath(import.meta.url), resolve(file), ...args];
  try {
    await runFile(pathToFileURL(resolve(file)), args, { entry, tools: true });
  } catch (error) {
    if (!String(error?.code).startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`${error.message}\nAdd --help for what there is.\n`);
    process.exitCode = 2;
  }
}
