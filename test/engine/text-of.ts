import { readState, writeState } from '../../daemon/engine/kept/state-text.ts';

export function textOf(view: object): string {
  let text = '';
  writeState(view, (piece) => {
    text += piece;
  });
  return text;
}

/** What is read of its text, into a view that holds nothing yet. */
export function reread<V extends object>(text: string, view: V): V {
  return readState(text.trimEnd().split('\n'), view);
}
