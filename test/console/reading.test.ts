import assert from 'node:assert/strict';
import { test } from 'node:test';

interface Signal<T> {
  value: T;
  subscribe(follow: (value: T) => void): () => void;
}
/** As `daemon/console/state/reading.ts` has it. The console is checked with a browser's types, which tests do not have. */
interface Reading {
  showAnswer(path: string, answer: string, target: Signal<unknown>, pick: (body: unknown) => unknown): void;
  forgetAnswers(): void;
}

const CONSOLE = new URL('../../daemon/console/', import.meta.url).href;
const reading = (await import(`${CONSOLE}state/reading.ts`)) as Reading;
const { justSkipped } = (await import(`${CONSOLE}state/decisions.ts`)) as { readonly justSkipped: Signal<number> };
const { signal } = (await import('@preact/signals')) as unknown as { signal: <T>(value: T) => Signal<T> };
const same = (body: unknown): unknown => body;

function follow(): { readonly target: Signal<unknown>; readonly shown: readonly unknown[] } {
  const target = signal<unknown>(null);
  const shown: unknown[] = [];
  target.subscribe((value) => shown.push(value));
  return { target, shown };
}

test('an answer that says the same again changes nothing in the page, and one for another session does', () => {
  const { shown, target } = follow();
  for (const answer of ['{"a":1}', '{"a":1}', '{"a":2}', '{"a":1}']) reading.showAnswer('/x', answer, target, same);
  assert.deepEqual(shown, [null, { a: 1 }, { a: 2 }, { a: 1 }]);
  reading.forgetAnswers();
  reading.showAnswer('/x', '{"a":1}', target, same);
  assert.deepEqual(shown.at(-1), { a: 1 });
  assert.equal(shown.length, 5);
});

test('in a flood the answers of one second are shown together, and what came for an ended session is not', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [first, second] = [follow(), follow()];
  justSkipped.value = 1_000;
  reading.showAnswer('/first', '1', first.target, same);
  reading.showAnswer('/second', '2', second.target, same);
  assert.deepEqual([first.shown, second.shown], [[null], [null]]);
  t.mock.timers.tick(1_000);
  assert.deepEqual(
    [first.shown, second.shown],
    [
      [null, 1],
      [null, 2],
    ],
  );
  reading.showAnswer('/first', '3', first.target, same);
  reading.forgetAnswers();
  t.mock.timers.tick(1_000);
  assert.deepEqual(first.shown, [null, 1]);
  justSkipped.value = 0;
  reading.showAnswer('/first', '4', first.target, same);
  assert.deepEqual(first.shown, [null, 1, 4]);
});
