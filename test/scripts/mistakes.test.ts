import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXTRAS } from '../../scripts/explore/plans/mishaps.ts';
import { listCodes, placeBroken } from '../../scripts/mutants/broken.ts';
import { ROOT } from '../../scripts/mutants/draw.ts';
import { placesOf, readMistakes } from '../../scripts/mutants/promises.ts';

const FOLDERS = ['promises', 'second'].map((name) => join(ROOT, 'scripts', 'explore', name));

function readSources(folder: string): readonly string[] {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

test('every mistake that a promise is tried with can be planted, once, in worlds that there are', () => {
  const mistakes = readMistakes();
  assert.ok(mistakes.length > 50);
  for (const mistake of mistakes) {
    for (const { end, file, start, text } of placesOf(mistake)) {
      const source = readFileSync(file, 'utf8');
      assert.doesNotThrow(
        () => stripTypeScriptTypes(`${source.slice(0, start)}${text}${source.slice(end)}`),
        `${mistake.promise}: ${mistake.mistake}`,
      );
    }
    assert.notEqual(mistake.find, mistake.replace);
    for (const kind of mistake.with) assert.ok(Object.hasOwn(EXTRAS, kind), kind);
  }
});

test('every mistake is tried on a promise that there is', () => {
  const sources = FOLDERS.flatMap(readSources);
  for (const { promise } of readMistakes()) {
    // Codes are put together of a word and what was told.
    const [word = ''] = promise.split('/');
    assert.ok(
      sources.some((source) => source.includes(promise) || source.includes(`${word}/$`)),
      promise,
    );
  }
});

test('each promise that was written twice is tried with a mistake', () => {
  const codes = FOLDERS.flatMap(readSources).flatMap((source) => source.match(/(?<=')second\/[a-z-]+(?=')/g) ?? []);
  const tried = new Set(readMistakes().map(({ promise }) => promise));
  assert.ok(codes.length > 40);
  assert.deepEqual(
    codes.filter((code) => !tried.has(code)),
    [],
  );
});

test('the page lists mistakes that nothing has noticed, and promises that none is planted for', () => {
  const row = { mistake: 'm', with: ['hands'], also: [] };
  const results = [
    { ...row, promise: 'a', worlds: 9, after: 9, plan: null },
    { ...row, promise: 'b', worlds: 300, after: null, plan: 'kept' },
    { ...row, promise: 'c', worlds: 12, after: null, plan: null },
  ];
  const page =
    'before\n<!-- broken: written by npm run generate from docs/evidence/promises.json -->\n<!-- end of broken -->\nafter';
  const placed = placeBroken(page, JSON.stringify({ results }), ['d/e']);
  assert.match(placed, /^before\n<!-- broken.*\n\n1 of 3 mistakes.*; 1 of the others/);
  assert.match(placed, /\n\| `b` \| m `--with hands` \| kept \|\n\nNo mistake/);
  assert.doesNotMatch(placed, /`c`/);
  assert.match(placed, /has broken them: `d\/e`\./);
  assert.equal(placeBroken(placed, JSON.stringify({ results }), ['d/e']), placed);
  assert.throws(() => placeBroken('a page', JSON.stringify({ results })), /no place/);
});

test('codes of promises are read from their sources', () => {
  const codes = listCodes();
  assert.ok(codes.length > 120, String(codes.length));
  for (const code of ['reopened/slices', 'cap/order', 'exit-crosses', 'dry-run/sent'])
    assert.ok(codes.includes(code), code);
});

test('a promise names the circumstances in which it says nothing, and has five of them at most', () => {
  const counts = FOLDERS.flatMap(readSources).flatMap((source) => {
    const comments = source.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
    return comments.map((comment) => ({ comment, exceptions: comment.split('@except ').length - 1 }));
  });
  const some = counts.filter(({ exceptions }) => exceptions > 0);
  assert.ok(some.length > 20);
  assert.deepEqual(
    some.filter(({ exceptions }) => exceptions > 5),
    [],
  );
});
