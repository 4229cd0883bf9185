import { batch, type Signal } from '@preact/signals';
import { parse } from '../session/api.ts';
import { callText } from '../session/session.ts';
import { justSkipped } from './decisions.ts';

/** The last answer to each path: one that says the same again changes nothing in the page. */
const answers = new Map<string, string>();

export async function read<T, B>(path: string, target: Signal<T | null>, pick: (body: B) => T): Promise<void> {
  showAnswer(path, await callText('GET', path), target, pick);
}
export function showAnswer<T, B>(path: string, answer: string, target: Signal<T | null>, pick: (body: B) => T): void {
  if (answers.get(path) === answer) return;
  answers.set(path, answer);
  show(() => {
    target.value = pick(parse(answer) as B);
  });
}

/** In a flood what one second brings is shown together: a page is laid out and painted once for it. */
const GATHER_MS = 100;
let gathered: (() => void)[] = [];

export function show(change: () => void): void {
  if (justSkipped.peek() === 0) {
    change();
    return;
  }
  if (gathered.length === 0) setTimeout(showGathered, GATHER_MS);
  gathered.push(change);
}
function showGathered(): void {
  const changes = gathered;
  gathered = [];
  batch(() => {
    for (const change of changes) change();
  });
}

/** Nothing that was read for a session is shown after it. */
export function forgetAnswers(): void {
  answers.clear();
  gathered = [];
}
