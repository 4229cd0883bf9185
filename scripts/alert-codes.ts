import { ALERTS } from '../daemon/core/alerts.ts';

const BEGIN = '<!-- codes: written by npm run generate from daemon/core/alerts.ts -->';
const END = '<!-- end of codes -->';

/** docs/alerts.md: every code with its severity, its kind and what it says. @throws Error if the page has no marks */
export function placeAlertCodes(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/alerts.md has no place for the codes');
  const rows = Object.entries(ALERTS).map(
    ([code, { kind, says, severity }]) => `| \`${code}\` | ${severity} | ${kind} | ${says} |`,
  );
  const table = ['| code | severity | kind | what it says |', '|---|---|---|---|', ...rows].join('\n');
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`;
}
