import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { blankComments } from '../boundaries/module-syntax.ts';
import { readLiterals } from './read-literals.ts';
import { ID } from './texts.ts';

export type Kind = 'explorer promise' | 'oracle' | 'property' | 'test';

/** A test, or a promise of the explorer, that breaks where a sentence is false, and names it. */
export interface Mention {
  readonly id: string;
  readonly kind: Kind;
  readonly path: string;
  /** Name of the test, or of the promise's function. */
  readonly name: string;
}

const NAMED = /\b(?:test|it|describe)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gs;
const PROMISE = /\/\*\*((?:(?!\*\/).)*)\*\/\s*(?:export )?function (\w+)/gs;

/**
 * Ids in the names of tests, and in brackets in what names a row of a table: any other text in quotes. What comments and
 * bodies say does not count.
 */
export function readTestMentions(source: string, path: string): readonly Mention[] {
  if (source.search(ID) < 0) return [];
  const code = blankComments(source);
  const tests = [...code.matchAll(NAMED)];
  const named = tests.flatMap((match, index) => {
    const name = (match[2] ?? '').replaceAll(/\\(.)/g, '$1');
    const body = code.slice(match.index, tests[index + 1]?.index);
    return idsOf(name).map((id) => ({ id, kind: kindOf(path, code, body), path, name: withoutIds(name) }));
  });
  const isName = (at: number): boolean => tests.some(({ 0: { length }, index }) => index < at && at < index + length);
  const rows = readLiterals(source).filter(({ at, text }) => ROW.test(text) && !isName(at));
  return [
    ...named,
    ...rows.flatMap(({ text }) =>
      idsOf(text).map((id) => ({ id, kind: kindOf(path, code, ''), path, name: withoutIds(text) })),
    ),
  ];
}
/** Ids in brackets, as in `[TM-3 TM-4]`. */
const ROW = new RegExp(`\\[(?:${ID.source}[ ,]*)+\\]`);

/** Ids in what is said of a function of the explorer's promises. */
export function readPromiseMentions(source: string, path: string): readonly Mention[] {
  return [...source.matchAll(PROMISE)].flatMap(([, says = '', name = '']) =>
    idsOf(says).map((id) => ({ id, kind: 'explorer promise' as const, path, name })),
  );
}

/** Everything below `root` that names a sentence, and how many files were read. */
export function readMentions(root: string): { readonly mentions: readonly Mention[]; readonly files: number } {
  const promises = PROMISES.flatMap((folder) => listSources(root, folder));
  // The tests of this comparison speak of ids that there are not.
  const tests = listSources(root, 'test').filter((path) => !path.endsWith(OWN_TEST));
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const mentions = [
    ...promises.flatMap((path) => readPromiseMentions(read(path), path)),
    ...tests.flatMap((path) => readTestMentions(read(path), path)),
  ];
  return { mentions, files: promises.length + tests.length };
}
const PROMISES = [join('scripts', 'explore', 'promises'), join('scripts', 'explore', 'second')];
const OWN_TEST = 'scripts/sentences.test.ts';

function kindOf(path: string, code: string, body: string): Kind {
  if (path.startsWith('test/oracle/') || /from '[^']*\/oracle\//.test(code)) return 'oracle';
  return /\b(?:forAll|fc\.assert)\b/.test(body) ? 'property' : 'test';
}

const idsOf = (text: string): readonly string[] => Array.from(text.matchAll(ID), ([id]) => id);
const withoutIds = (name: string): string =>
  name.replaceAll(/[[(][^\])]*[\])]/g, (group) => (idsOf(group).length > 0 ? '' : group)).trim();

function listSources(root: string, folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')).sort();
}
