import { buildDamageFigure, buildSuccessFigure } from './attack-figures.ts';
import { buildCalibrationFigures } from './calibration-figures.ts';
import { type Figure, renderFigure } from './chart.ts';
import { buildCrashFigure, buildCurveFigure } from './curve-figures.ts';
import { buildPageStyle } from './page-style.ts';
import { HOW_TO_READ, HOW_TO_REPRODUCE, listInputs } from './provenance.ts';
import type { ReportTable } from './report-table.ts';
import { buildTables } from './tables.ts';
import { buildTradeFigures } from './trade-figures.ts';
import type { Report, ReportSamples } from './types.ts';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** The text of report.html: one page without scripts or outside references, readable from 400 px. */
export function formatPage(report: Report, samples: ReportSamples): string {
  const tables = buildTables(report);
  const figures = (list: readonly (Figure | null)[]) =>
    list.map((figure) => (figure ? showFigure(figure) : '')).join('');
  const sections: readonly Section[] = [
    section('table', tables.published),
    section('own', tables.ours),
    {
      id: 'runs',
      title: 'One run, drawn',
      body: figures([buildCurveFigure(samples.curves), buildCrashFigure(samples.crashes)]),
    },
    section('attacks', tables.families, figures([buildSuccessFigure(report)])),
    section('damage', tables.damage, figures([buildDamageFigure(report)])),
    section('exposure', tables.shrink),
    section('use', tables.dominance, figures(buildTradeFigures(report))),
    section('contrasts', tables.contrasts),
    section('tests', tables.tests),
    section('judge', tables.mutations),
    {
      id: 'calibration',
      title: 'Calibration of the trader state',
      body: figures(buildCalibrationFigures(report.tests.calibration)),
    },
    { id: 'inputs', title: 'Inputs, and how to reproduce this report', body: showInputs(report) },
  ].filter(({ body }) => body !== '');
  const links = sections.map(({ id, title }) => `<a href="#${id}">${escapeText(title)}</a>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Survivability, measured</title>
<style>
${buildPageStyle()}
</style>
</head>
<body>
<main>
<h1>Survivability, measured</h1>
<p>${escapeText(HOW_TO_READ)}</p>
<nav>${links}</nav>
${sections.map(({ id, title, body }) => `<section>\n<h2 id="${id}">${escapeText(title)}</h2>\n${body}</section>`).join('\n')}
</main>
</body>
</html>
`;
}

function section(id: string, table: ReportTable, before = ''): Section {
  const body = table.rows.length === 0 ? before : `${before}${showTable(table)}`;
  return { id, title: table.title, body };
}

function showFigure(figure: Figure): string {
  const { wide, narrow } = renderFigure(figure);
  const label = `aria-label="${escapeText(figure.title)}"`;
  const named = (svg: string, name: string) => svg.replace('<svg ', `<svg class="${name}" ${label} `);
  return `<figure>
${named(wide, 'wide')}
${named(narrow, 'narrow')}
<figcaption><strong>${escapeText(figure.title)}.</strong> ${escapeText(figure.caption)}</figcaption>
</figure>
`;
}

function showTable({ note, header, rows }: ReportTable): string {
  const body = rows.map((cells) => {
    const shown = cells.map((cell, i) => `<td${classOf(cell, header[i]!)}>${showCell(cell)}</td>`).join('');
    return `<tr${cells[0] === 'Holdfast' ? ' class="ours"' : ''}>${shown}</tr>`;
  });
  return `<p class="note">${escapeText(note)}</p>
<div class="scroll"><table>
<thead><tr>${header.map((name) => `<th${classOf('', name)}>${escapeText(name)}</th>`).join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>
`;
}

const TEXT_COLUMNS: readonly string[] = ['variant', 'scenario', 'attack', 'test', 'a', 'b', 'rule', 'harm', 'seen'];
/** Longer than this a sentence wraps. */
const LONG_TEXT = 40;

function classOf(cell: string, column: string): string {
  if (!TEXT_COLUMNS.includes(column)) return '';
  return cell.length > LONG_TEXT ? ' class="text long"' : ' class="text"';
}

function showCell(cell: string): string {
  if (cell === 'NO') return '<b class="no">NO</b>';
  const bold = /^\*\*(.*)\*\*$/.exec(cell);
  if (bold) return `<b>${escapeText(bold[1]!)}</b>`;
  const interval = /^(\S+) \((\S+ to \S+)\)$/.exec(cell);
  if (interval) return `${escapeText(interval[1]!)}<br><small>${escapeText(interval[2]!)}</small>`;
  const beside = /^(\S+) \/ (\S+)$/.exec(cell);
  if (beside) return `${escapeText(beside[1]!)}<br><small>paper ${escapeText(beside[2]!)}</small>`;
  return escapeText(cell);
}

function showInputs(report: Report): string {
  const rows = listInputs(report).map(
    ([name, value]) => `<tr><td>${escapeText(name)}</td><td><code>${escapeText(value)}</code></td></tr>`,
  );
  return `<p>${escapeText(HOW_TO_REPRODUCE)}</p>
<div class="scroll inputs"><table><tbody>
${rows.join('\n')}
</tbody></table></div>
`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
