import Table from 'cli-table3';

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

/** Columns without borders, or a sentence when there are no rows. */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[], none: string): string {
  if (rows.length === 0) return `${none}\n`;
  const table = new Table({ ...QUIET, head: [...head] });
  table.push(...rows.map((row) => row.map(plain)));
  return `${trimLines(table.toString())}\n`;
}

/** Names on the left, values on the right. */
export function renderFields(fields: readonly (readonly [string, Cell])[]): string {
  const table = new Table(QUIET);
  table.push(...fields.map(([name, value]) => [name, plain(value)]));
  return `${trimLines(table.toString())}\n`;
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
