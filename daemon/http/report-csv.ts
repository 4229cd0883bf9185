import type { ReportBody } from '../gate/api/accounts.ts';

const COLUMNS = [
  'realised_usdt',
  'fees_usdt',
  'funding_usdt',
  'other_usdt',
  'result_usdt',
  'unrealised_before_usdt',
  'unrealised_usdt',
  'profit_usdt',
  'turnover_usdt',
  'slippage_usdt',
  'slippage_bps',
  'fills',
] as const;

/** RFC 4180, with a header: one row for each agent and symbol; lines without an agent are of nobody here. */
export function writeReportCsv(report: ReportBody): string {
  const lines = [
    ['period', 'agent', 'symbol', ...COLUMNS],
    ...report.rows.map((row) => [report.name, row.agent, row.symbol, ...COLUMNS.map((column) => row.sums[column])]),
  ];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** A spreadsheet computes what begins like a formula, and names are not ours. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
