import { ALERTS } from '../../daemon/core/alerts.ts';

/** docs/alerts.md: every code with its severity, its kind and what it says. */
export function buildAlertCodes(): string {
  const rows = Object.entries(ALERTS).map(
    ([code, { kind, says, severity }]) => `| \`${code}\` | ${severity} | ${kind} | ${says} |`,
  );
  return ['| code | severity | kind | what it says |', '|---|---|---|---|', ...rows].join('\n');
}
