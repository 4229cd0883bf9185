import { type Literal, readLiterals } from './read-literals.ts';
import type { Page, Sentence } from './read-page.ts';
import type { Text } from './texts.ts';

const MARK = '(?:[A-Z]+-\\d+|note)';
const MARKS = new RegExp(`\\s//\\s(${MARK}(?:, ${MARK})*)$`);
const BOUNDARY = /(?<=[.!?]["'`)*\]]*)\s+/;
/** Two words at least, and a full stop at the end, or before a text that is said elsewhere: `${ANSWER}`. */
const TEXT = /\s\S.*[.!?](?:\s\{\w+\})?$/s;
/** Of bare texts: two words. */
const BARE = /\S\s+\S/;
const ELSEWHERE = /^\{\w+\}$/;
/** The key of the object that has a bare text. */
const OBJECT = /(\w+): \{[^{}]*$/;
/** The key of which a literal is the help: `key: count('…`, or `key: Type.Number({ minimum: 1, description: '…`. */
const KEY = /(\w+):\s*(?:[\w.]+\(\s*)*(?:[^(){}]*,\s*)?(?:\{[^{}]*\bdescription:\s*)?$/;

/**
 * The marks of texts in a TypeScript source. A literal of at least two words with a full stop at its end is a text;
 * behind its last line a comment has a mark for each of its sentences, in order: `// PK-3`, `// PK-4, note`.
 */
export function readSource(source: string, { hasBareTexts, path, prefix }: Text): Page {
  const sentences: Sentence[] = [];
  const problems: string[] = [];
  let notes = 0;
  const form = hasBareTexts === true ? BARE : TEXT;
  const literals = readLiterals(source).filter(({ text }) => form.test(text.trimStart()));
  let from = 0;
  for (const [index, line] of source.split('\n').entries()) {
    const to = from + line.length;
    const say = (problem: string): void => void problems.push(`${path}:${index + 1}: ${problem}`);
    const here = literals.filter(({ end }) => from < end && end <= to);
    const said = here.flatMap((literal) => sentencesOf(literal, source, hasBareTexts === true));
    const marks = MARKS.exec(line)?.[1]?.split(', ') ?? [];
    from = to + 1;
    if (marks.length !== said.length) {
      say(
        `${marks.length} marks behind ${said.length} sentences: ${said.join(' | ')} — write // ${prefix}-N, or // note`,
      );
      continue;
    }
    for (const [at, id] of marks.entries()) {
      if (id === 'note') notes += 1;
      else if (!id.startsWith(`${prefix}-`)) say(`${id} is no id of this text: use ${prefix}-N`);
      else sentences.push({ id, path, line: index + 1, text: said[at] ?? '' });
    }
  }
  return { sentences, notes, problems };
}

function sentencesOf({ at, text }: Literal, source: string, isBare: boolean): readonly string[] {
  const before = source.slice(Math.max(0, at - 400), at);
  const key = (isBare ? OBJECT : KEY).exec(before)?.[1];
  const lead = key === undefined || key === 'description' ? '' : `\`${key}\`: `;
  return text
    .trim()
    .split(BOUNDARY)
    .filter((sentence) => !ELSEWHERE.test(sentence))
    .map((sentence) => `${lead}${sentence}`);
}
