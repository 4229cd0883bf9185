import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blankComments, readModuleSyntax } from './boundaries/module-syntax.ts';

/** What makes checkpoints of records: how a record is read back and folded, and how views are written. */
const ENTRIES = ['daemon/gate/state/gate-state.ts', 'daemon/gate/state/graph-text.ts', 'daemon/ledger/read-payload.ts'];
/** Where the digest stands: it is no part of itself. */
const VERSION_FILE = 'daemon/gate/state/fold-version.ts';

/** The sources that the fold loads, sorted: {@link ENTRIES} and all that they import, types excepted. */
export function listFoldSources(root: string): readonly string[] {
  const found = new Set<string>();
  const waiting = [...ENTRIES];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    if (!existsSync(join(root, file))) throw new Error(`the fold imports ${file}, which does not exist`);
    found.add(file);
    for (const { specifier, typeOnly } of readModuleSyntax(readFileSync(join(root, file), 'utf8')).imports)
      if (!typeOnly && specifier.startsWith('.')) waiting.push(posix.join(posix.dirname(file), specifier));
  }
  return [...found].filter((file) => file !== VERSION_FILE).sort();
}

/** Digest of these sources without comments, space at line ends and empty lines. */
export function digestFold(root: string): { readonly sha256: string; readonly files: number } {
  const sources = listFoldSources(root);
  const digest = createHash('sha256');
  for (const file of sources) {
    const code = blankComments(readFileSync(join(root, file), 'utf8'));
    const lines = code.split(/\r?\n/).map((line) => line.trimEnd());
    digest.update(`${file}\n${lines.filter((line) => line !== '').join('\n')}\n`);
  }
  return { sha256: digest.digest('hex'), files: sources.length };
}

/** What the version file says, and what is wrong with it; null: nothing. */
export function checkFold(root: string): { readonly files: number; readonly problem: string | null } {
  const { files, sha256 } = digestFold(root);
  const { recorded } = readVersionFile(root);
  const problem =
    recorded === sha256
      ? null
      : `the fold has changed since its version was given: run node scripts/fold-digest.ts --write, and commit ${VERSION_FILE}`;
  return { files, problem };
}

function readVersionFile(root: string): { readonly text: string; readonly version: number; readonly recorded: string } {
  const text = readFileSync(join(root, VERSION_FILE), 'utf8');
  const version = Number(/FOLD_VERSION = (\d+);/.exec(text)?.[1]);
  const recorded = /FOLD_SHA256 = '([0-9a-f]{64})';/.exec(text)?.[1];
  if (!Number.isSafeInteger(version) || recorded === undefined) throw new Error(`${VERSION_FILE} says no version`);
  return { text, version, recorded };
}

/** Gives the fold the next version if it has changed. */
function noteFold(root: string): void {
  const { text, version, recorded } = readVersionFile(root);
  const { sha256 } = digestFold(root);
  if (recorded === sha256) return;
  const next = text.replace(`FOLD_VERSION = ${version};`, `FOLD_VERSION = ${version + 1};`).replace(recorded, sha256);
  writeFileSync(join(root, VERSION_FILE), next);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  if (process.argv.includes('--write')) noteFold(root);
  const { files, problem } = checkFold(root);
  process.stdout.write(`${problem === null ? 'the version is that of the fold' : problem}: ${files} files\n`);
  process.exitCode = problem === null ? 0 : 1;
}
