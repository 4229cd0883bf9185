/**
 * `node scripts/run.mjs FILE [ARGUMENT …]` runs a file of this package from source, on a Node of the supported line:
 * in this process where this Node is one, else in a child on the Node that the bootstrap brought.
 */

import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runFile } from './run-file.mjs';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE [ARGUMENT …]\n');
  process.exitCode = 2;
} else {
  const entry = [fileURLToPath(import.meta.url), resolve(file), ...args];
  await runFile(pathToFileURL(resolve(file)), args, { entry, tools: true });
}
