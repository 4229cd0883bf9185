import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPromisesPage, findProblems, type Sentences } from '../../scripts/sentences/compare.ts';
import { type Mention, readPromiseMentions, readTestMentions } from '../../scripts/sentences/mentions.ts';
import { readPage } from '../../scripts/sentences/read-page.ts';
import { readSource } from '../../scripts/sentences/read-source.ts';

const TEXT = { prefix: 'TM', title: 'Page', path: 'docs/page.md' };
const PAGE = `# Page

What this is. <!-- note --> No order
is sent twice <!-- TM-1 -->, and none late. <!-- TM-2 -->

Nothing opens

- **At night.** While [all](x.md) sleep. <!-- TM-3 -->

| who | what holds |
|---|---|
| a thief | caps <!-- TM-4 -->; the key is \`a\\|b\` <!-- TM-5 --> |

\`\`\`
An example. It has no mark.
\`\`\`
`;
const mention = (id: string): Mention => ({ id, kind: 'test', path: 'test/a.test.ts', name: `has ${id}` });
const NAMED = ['TM-1', 'TM-2', 'TM-3', 'TM-4', 'TM-5'].map(mention);

function sentencesOf(page: string, mentions: readonly Mention[] = NAMED, more: Partial<Sentences> = {}): Sentences {
  const { notes, problems, sentences } = readPage(page, TEXT);
  return { texts: [{ text: TEXT, sentences }], mentions, mistakes: [], files: 1, notes, problems, ...more };
}

test('each sentence of a page has its id, with what leads in its list or heads its row', () => {
  const { notes, problems, sentences } = readPage(PAGE, TEXT);
  assert.deepEqual(problems, []);
  assert.equal(notes, 1);
  assert.deepEqual(
    sentences.map(({ id, text }) => [id, text]),
    [
      ['TM-1', 'No order is sent twice'],
      ['TM-2', 'and none late.'],
      ['TM-3', 'Nothing opens While all sleep.'],
      ['TM-4', 'a thief: caps'],
      ['TM-5', 'a thief: the key is `a\\|b`'],
    ],
  );
  assert.deepEqual(findProblems(sentencesOf(PAGE)), []);
});

test('of a page that is covered in parts, sentences below other headings have no marks', () => {
  const page = '# Page\n\nNo mark.\n\n## One\n\nNever. <!-- TM-1 -->\n\n### Other\n\nNo mark.\n';
  const { problems, sentences } = readPage(page, { ...TEXT, parts: ['One'] });
  assert.deepEqual([problems, sentences.map(({ id }) => id)], [[], ['TM-1']]);
});

for (const [what, from, to, problem] of [
  ['a sentence without a mark', 'late. <!-- TM-2 -->', 'late.', /page\.md:3: no mark behind: and none late/],
  ['two sentences with one mark', 'What this is. <!-- note --> No', 'What this is. No', /one mark for two sentences/],
  ['two promises of a row with one mark', 'caps <!-- TM-4 -->;', 'caps;', /one mark for two sentences/],
  ['a row without a mark', 'caps <!-- TM-4 -->; the key is `a\\|b` <!-- TM-5 --> |', 'caps |', /no mark behind: caps/],
  ['an id that stands twice', 'TM-2', 'TM-1', /TM-1 stands at docs\/page\.md:3, too: take the next free number/],
  ['an id of another page', 'TM-2', 'XY-2', /XY-2 is no id of this page: use TM-N/],
  ['a mark without a sentence', '<!-- TM-2 -->', '<!-- TM-2 --> <!-- note -->', /the mark note has no sentence/],
] as const)
  test(`the check names ${what}`, () => {
    const page = PAGE.replace(from, to);
    assert.notEqual(page, PAGE);
    assert.match(findProblems(sentencesOf(page)).join('\n'), problem);
  });

const SOURCE = `import { count } from './values.ts';
const help = (what: string) => \`Largest \${what} of all.\`; // TM-6
/* A comment. 'It is no text.' */
export const keys = {
  size: count('Largest size. Never more.', 10), // TM-1, note
  pace: Type.Optional(
    count(
      'Orders that go out; "one" at a time.', // TM-2
      1,
    ),
  ),
  mode: Type.Boolean({ description: "It's on. Else off." }), // TM-3, TM-4
  name: pattern('^[A-Z ]+$', 'plain words'),
  none: group({}, { description: 'What they share.' }), // note
};
`;

test('each sentence of a source has its mark behind its line, with the key that it is the help of', () => {
  const { notes, problems, sentences } = readSource(SOURCE, TEXT);
  assert.deepEqual([problems, notes], [[], 2]);
  assert.deepEqual(
    sentences.map(({ id, line, text }) => [id, line, text]),
    [
      ['TM-6', 2, 'Largest {what} of all.'],
      ['TM-1', 5, '`size`: Largest size.'],
      ['TM-2', 8, '`pace`: Orders that go out; "one" at a time.'],
      ['TM-3', 12, "`mode`: It's on."],
      ['TM-4', 12, '`mode`: Else off.'],
    ],
  );
});

for (const [what, from, to, problem] of [
  ['a text without a mark', ' // TM-2', '', /page\.md:8: 0 marks behind 1 sentences: `pace`: Orders that go out/],
  ['two sentences with one mark', 'TM-1, note', 'TM-1', /page\.md:5: 1 marks behind 2 sentences: .* write \/\/ TM-N/],
  ['a mark without a text', "'plain words'),", "'plain words'), // TM-5", /page\.md:13: 1 marks behind 0 sentences/],
  ['an id of another text', 'TM-6', 'XY-6', /page\.md:2: XY-6 is no id of this text: use TM-N/],
] as const)
  test(`the check names ${what} in a source`, () => {
    const source = SOURCE.replace(from, to);
    assert.notEqual(source, SOURCE);
    assert.match(readSource(source, TEXT).problems.join('\n'), problem);
  });

test('the check names an id that no test names, a test that names none, and a page without any', () => {
  assert.deepEqual(findProblems(sentencesOf(PAGE, NAMED.slice(1))), [
    'docs/page.md:3: no test names TM-1: write [TM-1] into the name of the test that breaks without it',
  ]);
  const unknown = 'names TM-9, which no sentence has: take it out, or mark the sentence';
  assert.deepEqual(findProblems(sentencesOf(PAGE, [...NAMED, mention('TM-9')])), [`test/a.test.ts: ${unknown}`]);
  const mistakes = [{ mistake: 'sends twice', breaks: ['TM-1', 'TM-9'] }];
  assert.deepEqual(findProblems(sentencesOf(PAGE, NAMED, { mistakes })), [`mistakes.json, "sends twice": ${unknown}`]);
  assert.deepEqual(findProblems(sentencesOf('', [])), [
    'docs/page.md: has no sentence with an id: mark it, or take it off the list',
  ]);
});

test('ids count in names of tests, in brackets in names of rows, and in what is said of promises, and nowhere else', () => {
  const source = `// TM-1
test('no order is sent twice [TM-1 TM-2]', () => { const id = 'TM-3'; });
it(\`none late: name (TM-2)\`, () => fc.assert(1));
const rows = [{ what: "a row's age [TM-4]", is: 'TM-3' }, [\`\${name} of it [TM-1, TM-5]\`]]; // [TM-6]
/* test('never', [TM-6]) */`;
  assert.deepEqual(readTestMentions(source, 'test/a.test.ts'), [
    { id: 'TM-1', kind: 'test', path: 'test/a.test.ts', name: 'no order is sent twice' },
    { id: 'TM-2', kind: 'test', path: 'test/a.test.ts', name: 'no order is sent twice' },
    { id: 'TM-2', kind: 'property', path: 'test/a.test.ts', name: 'none late: name' },
    { id: 'TM-4', kind: 'test', path: 'test/a.test.ts', name: "a row's age" },
    { id: 'TM-1', kind: 'test', path: 'test/a.test.ts', name: '{name} of it' },
    { id: 'TM-5', kind: 'test', path: 'test/a.test.ts', name: '{name} of it' },
  ]);
  const promises = '/** Never twice. [TM-1] */\nexport function findRepeats() {}\n/** TM-2 */\nconst MS = 1;\n';
  assert.deepEqual(readPromiseMentions(promises, 'promises/a.ts'), [
    { id: 'TM-1', kind: 'explorer promise', path: 'promises/a.ts', name: 'findRepeats' },
  ]);
});

test('the page has for each sentence its tests, their kind, and the planted mistake that breaks it', () => {
  const mistakes = [{ mistake: 'a repeat is sent', breaks: ['TM-1'] }];
  const page = buildPromisesPage(sentencesOf(PAGE, NAMED, { mistakes }));
  assert.ok(
    page.includes('| TM-1 | No order is sent twice | `test/a.test.ts`: has TM-1 | test | a repeat is sent |'),
    page,
  );
  assert.ok(page.includes('| TM-5 | a thief: the key is `a\\|b` | `test/a.test.ts`: has TM-5 | test |  |'), page);
});
