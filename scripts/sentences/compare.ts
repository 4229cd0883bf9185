import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Mention, readMentions } from './mentions.ts';
import { readPage, type Sentence } from './read-page.ts';
import { readSource } from './read-source.ts';
import { TEXTS, type Text } from './texts.ts';

/** A planted mistake of `scripts/mutants/mistakes.json`, as far as it concerns sentences. */
interface Mistake {
  readonly mistake: string;
  /** Ids of the sentences that it makes untrue. */
  readonly breaks?: readonly string[];
}

/** The sentences of all texts, with what speaks of them. */
export interface Sentences {
  readonly texts: readonly { readonly text: Text; readonly sentences: readonly Sentence[] }[];
  readonly mentions: readonly Mention[];
  readonly mistakes: readonly Mistake[];
  readonly files: number;
  readonly notes: number;
  /** What is wrong with the marks themselves, `path:line: what to do`. */
  readonly problems: readonly string[];
}

/** `root`: absolute. */
export function readSentences(root: string): Sentences {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const pages = TEXTS.map((text) => ({
    text,
    ...(text.path.endsWith('.ts') ? readSource : readPage)(read(text.path), text),
  }));
  const { files, mentions } = readMentions(root);
  return {
    texts: pages,
    mentions,
    mistakes: JSON.parse(read('scripts/mutants/mistakes.json')) as Mistake[],
    files: files + pages.length,
    notes: pages.reduce((sum, { notes }) => sum + notes, 0),
    problems: pages.flatMap(({ problems }) => problems),
  };
}

/** Where sentences and their tests do not name each other; empty when all do. */
export function findProblems({ mentions, mistakes, problems, texts }: Sentences): readonly string[] {
  const places = new Map<string, string>();
  const found = [...problems];
  for (const { sentences, text } of texts) {
    if (sentences.length === 0)
      found.push(`${text.path}: has no sentence with an id: mark it, or take it off the list`);
    for (const { id, line, path } of sentences) {
      const other = places.get(id);
      if (other !== undefined) found.push(`${path}:${line}: ${id} stands at ${other}, too: take the next free number`);
      places.set(id, `${path}:${line}`);
    }
  }
  const mentioned = new Set(mentions.map(({ id }) => id));
  for (const [id, place] of places) {
    if (!mentioned.has(id))
      found.push(`${place}: no test names ${id}: write [${id}] into the name of the test that breaks without it`);
  }
  const unknown = (id: string, where: string): void => {
    if (!places.has(id)) found.push(`${where}: names ${id}, which no sentence has: take it out, or mark the sentence`);
  };
  for (const { id, path } of mentions) unknown(id, path);
  for (const { breaks = [], mistake } of mistakes) for (const id of breaks) unknown(id, `mistakes.json, "${mistake}"`);
  return found;
}

/** docs/promises.md. */
export function buildPromisesPage({ mentions, mistakes, texts }: Sentences): string {
  const cell = (text: string): string => text.replaceAll(/(?<!\\)\|/g, '\\|');
  const rowOf = ({ id, text }: Sentence): string => {
    const own = mentions.filter((mention) => mention.id === id);
    const kinds = [...new Set(own.map(({ kind }) => kind))];
    const tested = own.map(({ name, path }) => `\`${path}\`: ${name}`);
    const broken = mistakes.filter(({ breaks = [] }) => breaks.includes(id)).map(({ mistake }) => mistake);
    return `| ${[id, text, tested.join('<br>'), kinds.join(', '), broken.join('<br>')].map(cell).join(' | ')} |`;
  };
  const parts = texts.flatMap(({ sentences, text }) => [
    '',
    `## ${text.title}`,
    '',
    `[${text.path}](${posix.relative('docs', text.path)}).`,
    '',
    '| id | sentence | tested by | kind | planted mistake that breaks it |',
    '|---|---|---|---|---|',
    ...sentences.map(rowOf),
  ]);
  return `${[...HEAD, ...parts].join('\n')}\n`;
}
const HEAD = [
  '# Promises',
  '',
  'Each sentence that promises something has an id beside it in its source: a comment behind the sentence or its line.',
  'The test that breaks where the sentence is false has the id in its name, a promise of the [explorer](explorer.md) in',
  'its description. `npm run check` compares both ways. Written by `npm run generate` from the texts, the tests and',
  '`scripts/mutants/mistakes.json`.',
];
