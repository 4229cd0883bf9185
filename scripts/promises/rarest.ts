import type { Row } from './tally.ts';

const BEGIN = '<!-- rarest: written by npm run generate from docs/evidence/draws.json -->';
const END = '<!-- end of rarest -->';

/** Of docs/evidence/draws.json. */
interface Draws {
  readonly parts: readonly { readonly worlds: number }[];
  readonly never: readonly string[];
  readonly rarest: readonly string[];
  readonly rows: readonly Row[];
}

/** docs/explorer.md: what seldom changes a decision or an order, and what never did. @throws Error if the page has no marks */
export function placeRarest(page: string, draws: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/explorer.md has no place for what is rarest');
  const { never, parts, rarest, rows } = JSON.parse(draws) as Draws;
  const worlds = parts.reduce((sum, part) => sum + part.worlds, 0);
  const lines = [...never, ...rarest].map((name) => {
    const { changed, drawn, kind, telling } = rows.find((row) => row.name === name) ?? NONE;
    return `| \`${name}\` | ${kind} | ${drawn} | ${telling} | ${changed} |`;
  });
  const text = [
    `Of ${rows.length} items ${never.length} changed nothing in ${worlds} worlds. These and the rarest ${rarest.length} of the others:`,
    '',
    '| item | kind | worlds that have it | that say there what few say | that it changed |',
    '|---|---|---|---|---|',
    ...lines,
  ];
  return `${page.slice(0, begin)}${BEGIN}\n\n${text.join('\n')}\n\n${page.slice(end)}`;
}

const NONE = { kind: '', drawn: 0, telling: 0, changed: 0 };
