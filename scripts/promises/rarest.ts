import { placeText } from '../pages/place.ts';
import type { Row } from './tally.ts';

/** Of docs/evidence/draws.json. */
interface Draws {
  readonly parts: readonly { readonly worlds: number }[];
  readonly never: readonly string[];
  readonly rarest: readonly string[];
  readonly rows: readonly Row[];
}

/** docs/explorer.md: what seldom changes a decision or an order, and what never did. @throws Error if the page has no marks */
export function placeRarest(page: string, draws: string): string {
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
  return placeText(page, 'rarest', text.join('\n'));
}

const NONE = { kind: '', drawn: 0, telling: 0, changed: 0 };
