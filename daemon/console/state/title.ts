import { effect } from '@preact/signals';
import { countdown, span } from '../format.ts';
import { ageMs } from '../session/contact.ts';
import { stateWord, waitingApprovals } from './store.ts';

const NAME = 'Holdfast';

/** What a tab among many says: that nothing is known any more, then who waits for how long, else the trading state. */
export function describeTab(
  state: string,
  silentMs: number | null,
  waiting: readonly { readonly leftMs: number }[],
): string {
  const [first] = waiting;
  const parts: string[] = [];
  if (silentMs !== null) parts.push(`UNKNOWN, no contact for ${span(silentMs)}`);
  else if (state === 'unknown') parts.push('UNKNOWN');
  if (first !== undefined) parts.push(`(${waiting.length}) to approve, ${countdown(first.leftMs)}`);
  return [...(parts.length === 0 ? [state] : parts), NAME].join(' · ');
}

/** Keeps the title of the page; the answer gives it back. */
export function followTitle(): () => void {
  const before = document.title;
  const stop = effect(() => {
    document.title = describeTab(stateWord.value, ageMs.value, waitingApprovals.value);
  });
  return () => {
    stop();
    document.title = before;
  };
}
