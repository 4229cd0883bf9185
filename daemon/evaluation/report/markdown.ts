import { HOW_TO_READ, HOW_TO_REPRODUCE, listInputs } from './provenance.ts';
import type { ReportTable } from './report-table.ts';
import { buildTables } from './tables.ts';
import type { Report } from './types.ts';

/** The text of report.md: every table of the page, without its figures. */
export function formatMarkdown(report: Report): string {
  const tables = Object.values(buildTables(report)).filter(({ rows }) => rows.length > 0);
  const inputs: ReportTable = {
    title: 'Inputs, and how to reproduce this report',
    note: HOW_TO_REPRODUCE,
    header: ['input', 'value'],
    rows: listInputs(report),
  };
  return `# Survivability, measured\n\n${HOW_TO_READ}\n\n${[...tables, inputs].map(formatTable).join('\n')}`;
}

function formatTable({ title, note, header, rows }: ReportTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  const rule = `|${header.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`;
  return `## ${title}\n\n${note}\n\n${[line(header), rule, ...rows.map(line)].join('\n')}\n`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
