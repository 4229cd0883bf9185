import Table from 'cli-table3';
import type { PositionBody } from '../../contract/types/reads.ts';
import { screen } from '../terminal.ts';

type Cell = string | number | boolean | null | undefined;

/** Removes control characters, which could rewrite a terminal: agents wrote some of these texts. */
export function plain(value: Cell): string {
  if (value === null || value === undefined) return '-';
  return String(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

const QUIET = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

const GAP = QUIET.chars.middle.length;

/**
 * Columns without borders, or a sentence when there are no rows. On a narrow terminal texts wrap between words, then
 * the columns named `spare` are left out in that order, and at last every row becomes a list of its cells.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  none: string,
  spare: readonly string[] = [],
): string {
  if (rows.length === 0) return `${none}\n`;
  const lines = [head, ...rows.map((row) => row.map(plain))];
  const widths = fitWidths(lines, screen.columns);
  if (widths !== null) return layOut(lines, widths);
  const dropped = spare[0] === undefined ? -1 : head.indexOf(spare[0]);
  if (dropped !== -1) {
    const kept = lines.map((line) => line.filter((_, column) => column !== dropped));
    return renderTable(kept[0] ?? [], kept.slice(1), none, spare.slice(1));
  }
  return rows.map((row) => renderFields(head.map((title, column) => [title, row[column]]))).join('\n');
}

/** Names on the left, values on the right. */
export function renderFields(fields: readonly (readonly [string, Cell])[]): string {
  const names = Math.max(...fields.map(([name]) => name.length));
  const values = Math.max(20, screen.columns - names - GAP);
  return layOut(
    fields.map(([name, value]) => [name, plain(value)]),
    [names, values],
  );
}

/** Widths of columns whose longest texts wrap; null: not even their longest words fit. */
function fitWidths(lines: readonly (readonly string[])[], most: number): number[] | null {
  const columns = (lines[0] ?? []).map((_, column) => lines.map((line) => line[column] ?? ''));
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const words = columns.map((cells) =>
    Math.max(...cells.flatMap((cell) => cell.split(' ')).map((word) => word.length)),
  );
  const room = most - GAP * (columns.length - 1);
  const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
  if (sum(words) > room) return null;
  while (sum(widths) > room) {
    const spare = widths.map((width, column) => width - (words[column] ?? 0));
    const widest = widths.reduce((best, width, column) => {
      return (spare[column] ?? 0) > 0 && width > (best === -1 ? 0 : (widths[best] ?? 0)) ? column : best;
    }, -1);
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function layOut(lines: readonly (readonly string[])[], widths: readonly number[]): string {
  const table = new Table(QUIET);
  for (const line of lines) {
    const cells = line.map((cell, column) => wrapText(cell, widths[column] ?? Number.POSITIVE_INFINITY).join('\n'));
    table.push(cells);
  }
  return `${trimLines(table.toString())}\n`;
}

/** Lines of at most `width` characters, broken between words; a longer word is broken where the line ends. */
export function wrapText(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return line === '' ? lines : [...lines, line];
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function formatInstant(ms: number | null): string {
  return ms === null ? '-' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}`;
}

/** At most `digits` decimals, without a tail of zeros. */
export function formatNumber(value: number | null, digits = 4): string {
  return value === null ? '-' : String(Number(value.toFixed(digits)));
}

/** A duration in words: `41.2 s`, `3 min`, `2 h 5 min`; `0 s` for nothing. `ms`: milliseconds, not negative. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${formatNumber(Math.ceil(ms / 100) / 10, 1)} s`;
  const seconds = Math.ceil(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Whose a position is, as operators read it: its holder's, nobody's, or in part each. */
export function heldBy({ agent_share: shares, holder, quantity }: PositionBody): string {
  const share = holder == null ? '0' : (shares[holder] ?? '0');
  if (holder == null || Number(share) === 0) return 'nobody';
  return Number(share) === Number(quantity) ? holder : `${holder} ${share}, nobody the rest`;
}
