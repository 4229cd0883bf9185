import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openOutFolder } from '../facts/out-folder.ts';
import { PUBLISHED } from '../metrics/dominance.ts';
import { formatPage } from './page.ts';
import { HOW_TO_READ, HOW_TO_REPRODUCE, listInputs } from './provenance.ts';
import { buildTables } from './tables.ts';
import type { CurveSample, Report, ReportParts, ReportTable } from './types.ts';

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

/** report.json as a value; the order of its keys is part of its shape. */
export function buildReport(parts: ReportParts): Report {
  const { aggregate, inputs } = parts;
  return {
    variants: aggregate.variants,
    shrink: aggregate.shrink,
    tests: { ...aggregate.tests, dominance: aggregate.dominance },
    inputs: { ...inputs, published: PUBLISHED },
  };
}

/** The text of report.json. */
export function formatReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/**
 * Writes report.json, report.md and report.html into a folder, which is made if need be.
 *
 * @throws OutFolderError, or the error of the file system
 */
export function writeReport(folder: string, parts: ReportParts, curves: readonly CurveSample[]): Report {
  const report = buildReport(parts);
  openOutFolder(folder);
  writeFileSync(join(folder, 'report.json'), formatReport(report));
  writeFileSync(join(folder, 'report.md'), formatMarkdown(report));
  writeFileSync(join(folder, 'report.html'), formatPage(report, curves));
  return report;
}
