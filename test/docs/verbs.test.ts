import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdfast } from '../cli/run.ts';
import { listFiles, readPage, readPages } from './pages.ts';

interface Help {
  readonly verbs: ReadonlySet<string>;
  readonly options: ReadonlySet<string>;
}
async function readHelp(words: readonly string[]): Promise<Help> {
  const { code, out } = await holdfast([...words, '--help']);
  assert.equal(code, 0, words.join(' '));
  const commands = out.split('\nCommands:\n')[1] ?? '';
  const verbs = Array.from(commands.matchAll(/^ {2}([a-z-]+)/gm), (match) => match[1] ?? '');
  const options = Array.from(out.matchAll(/(?<![\w-])--[a-z][a-z-]*/g), ([option]) => option);
  return { verbs: new Set(verbs), options: new Set(['-h', ...options]) };
}

/** Files whose text reaches people or models: pages, and what the code says. */
function readTexts() {
  const code = ['daemon', 'integrations', 'examples', 'policies', 'scripts']
    .flatMap((folder) => listFiles(folder))
    .filter((path) => /\.(?:tsx?|mjs|py|ya?ml|json|service)$/.test(path) && !path.includes('/built/'));
  const pages = new Map([...readPages(), ...code.map(readPage)].map((page) => [page.path, page]));
  return [...pages.values()];
}

/** A command line of a text, as words; null: what follows is prose, or a placeholder. */
function readLine(text: string): readonly string[] | null {
  const words = text.trim().replace(/\\$/, '').split(/\s+/);
  return /^[a-z]/.test(words[0] ?? '') ? words : null;
}

/** Why the words are no command line, with what is wrong; empty: they are one. */
async function findWrong(words: readonly string[], helpOf: (words: readonly string[]) => Promise<Help>) {
  const [verb = '', sub = ''] = words.slice(0, 2).map((word) => word.replace(/[.,:\\]+$/, ''));
  if (!(await helpOf([])).verbs.has(verb)) return [verb];
  const group = await helpOf([verb]);
  const isGroup = group.verbs.has('help');
  if (isGroup && /^[a-z]/.test(sub) && !group.verbs.has(sub)) return [`${verb} ${sub}`];
  const { options } = group.verbs.has(sub) ? await helpOf([verb, sub]) : group;
  const given = words.flatMap((word) => word.match(/^\[?(--[a-z][a-z-]*)/)?.[1] ?? []);
  return given.filter((option) => !options.has(option));
}

function cachedHelp() {
  const known = new Map<string, Promise<Help>>();
  return (words: readonly string[]): Promise<Help> => {
    const key = words.join(' ');
    const found = known.get(key) ?? readHelp(words);
    known.set(key, found);
    return found;
  };
}

test('no text names a verb or an option of ./holdfast that does not exist', async () => {
  const helpOf = cachedHelp();
  const wrong: string[] = [];
  let seen = 0;
  // Up to the end of the command line: a bracket, a quote, or the end of a sentence.
  for (const { path, text } of readTexts())
    for (const [, line = ''] of text.matchAll(
      /\.\/holdfast (?!in (?:bash|zsh|fish):)((?:(?![.:] )[^\n`'"|;&#()<$])*)/g,
    )) {
      const words = readLine(line);
      if (words === null) continue;
      seen += 1;
      for (const what of await findWrong(words, helpOf)) wrong.push(`${path}: ${what} in ./holdfast ${line}`);
    }
  assert.deepEqual(wrong, []);
  assert.ok(seen > 100, `only ${seen} command lines were found`);
});

test('no help names a verb in its text that does not exist', async () => {
  const helpOf = cachedHelp();
  const wrong: string[] = [];
  const states = new Set(['submitting', 'heads']);
  const walk = async (words: readonly string[]): Promise<void> => {
    const { out } = await holdfast([...words, '--help']);
    for (const [, span = ''] of out.replace(/\n\s+/g, ' ').matchAll(/`(?:\.\/holdfast )?([^`]+)`/g))
      if (!states.has(span))
        for (const what of await findWrong(span.split(' '), helpOf)) wrong.push(`${words.join(' ')}: ${what}`);
    for (const verb of (await helpOf(words)).verbs) if (verb !== 'help') await walk([...words, verb]);
  };
  await walk([]);
  assert.deepEqual(wrong, []);
});

test('the page of commands has each verb', async () => {
  const { text } = readPage('docs/commands.md');
  const helpOf = cachedHelp();
  const cells = Array.from(text.matchAll(/^\| (`.*?) \|/gm), (match) => match[1] ?? '');
  const spans = cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), (match) => match[1] ?? ''));
  for (const verb of (await helpOf([])).verbs)
    if (verb !== 'help')
      assert.ok(
        spans.some((span) => span.split(' ')[0] === verb),
        `${verb} is not in docs/commands.md`,
      );
});
