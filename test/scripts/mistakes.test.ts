import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXTRAS } from '../../scripts/explore/plans/mishaps.ts';
import { ROOT } from '../../scripts/mutants/draw.ts';
import { placeOf, readMistakes } from '../../scripts/mutants/promises.ts';

const FOLDER = join(ROOT, 'scripts', 'explore', 'promises');

test('every mistake that a promise is tried with can be planted, once, in worlds that there are', () => {
  const mistakes = readMistakes();
  assert.ok(mistakes.length > 50);
  for (const mistake of mistakes) {
    placeOf(mistake);
    assert.notEqual(mistake.find, mistake.replace);
    for (const kind of mistake.with) assert.ok(Object.hasOwn(EXTRAS, kind), kind);
  }
});

test('every mistake is tried on a promise that there is', () => {
  const sources = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name), 'utf8'));
  for (const { promise } of readMistakes()) {
    // Codes are put together of a word and what was told.
    const [word = ''] = promise.split('/');
    assert.ok(
      sources.some((source) => source.includes(promise) || source.includes(`${word}/$`)),
      promise,
    );
  }
});

test('a promise names the circumstances in which it says nothing, and has five of them at most', () => {
  const counts = readdirSync(FOLDER).flatMap((name) => {
    const comments = readFileSync(join(FOLDER, name), 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? [];
    return comments.map((comment) => ({ name, exceptions: comment.split('@except ').length - 1 }));
  });
  const some = counts.filter(({ exceptions }) => exceptions > 0);
  assert.ok(some.length > 20);
  assert.deepEqual(
    some.filter(({ exceptions }) => exceptions > 5),
    [],
  );
});
