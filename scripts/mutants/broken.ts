import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeText } from '../pages/place.ts';
import { ROOT } from './draw.ts';
import { readMistakes } from './promises.ts';

/** Worlds in which a planted mistake has to break its promise. */
const ENOUGH = 300;
const MAX_COLUMNS = 120;
/** Paths that promises read at the exchange, and what is no code of theirs. */
const NO_CODE = /^(application|fapi)\//;

/** Of docs/evidence/promises.json. */
interface Row {
  readonly promise: string;
  readonly mistake: string;
  readonly with: readonly string[];
  readonly worlds: number;
  readonly after: number | null;
  readonly plan: string | null;
  readonly also: readonly string[];
}

/** Codes of the first promises, as their sources say them; those that are put together of a word and what is told end there. */
export function listCodes(): readonly string[] {
  const folder = join(ROOT, 'scripts', 'explore', 'promises');
  const codes = readdirSync(folder).flatMap((name) => {
    const source = readFileSync(join(folder, name), 'utf8');
    const whole = source.match(/(?<=code: ['`])[a-z][a-z/-]+|(?<=')[a-z][a-z-]+\/[a-z][a-z-]+(?=')/g) ?? [];
    return whole.filter((code) => !NO_CODE.test(code));
  });
  return [...new Set(codes)].sort();
}

/** Codes that no mistake names, nor breaks beside its own. */
function listUntried(rows: readonly Row[]): readonly string[] {
  const tried = [...readMistakes().map(({ promise }) => promise), ...rows.flatMap(({ also }) => also)];
  return listCodes().filter((code) => !tried.some((each) => code.startsWith(each) || each.startsWith(code)));
}

/** Lines of prose. */
function wrap(text: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length >= MAX_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** docs/explorer.md: which mistakes no world of so many has noticed yet. @throws Error if the page has no marks */
export function placeBroken(page: string, promises: string, untried?: readonly string[]): string {
  const rows = (JSON.parse(promises) as { readonly results: readonly Row[] }).results;
  const left = rows.filter(({ after }) => after === null);
  const tried = left.filter(({ worlds }) => worlds >= ENOUGH);
  const lines = tried.map(({ mistake, plan, promise, with: kinds }) => {
    const kind = kinds.map((each) => ` \`--with ${each}\``).join('');
    return `| \`${promise}\` | ${mistake}${kind} | ${plan ?? ''} |`;
  });
  const codes = (untried ?? listUntried(rows)).map((code) => `\`${code}\``).join(', ');
  const text = [
    `${rows.length - left.length} of ${rows.length} mistakes that were tried break their promise; ${left.length - tried.length} of the others have had fewer than ${ENOUGH} worlds.`,
    ...(lines.length === 0
      ? []
      : ['', '| not in so many | mistake | kept plan that breaks it |', '|---|---|---|', ...lines]),
    ...(codes === ''
      ? []
      : ['', ...wrap(`No mistake is planted for these, and none for another promise has broken them: ${codes}.`)]),
  ];
  return placeText(page, 'broken', text.join('\n'));
}
