import { buildDarkRules, FAINT, type Figure, GRID, INK, PAGE, renderFigure } from './chart.ts';
import { buildCurveFigure, buildDamageFigure, buildSuccessFigure } from './figures.ts';
import { HOW_TO_READ, HOW_TO_REPRODUCE, listInputs } from './provenance.ts';
import { buildTables } from './tables.ts';
import { buildTradeFigures } from './trade-figures.ts';
import type { CurveSample, Report, ReportTable } from './types.ts';

/** The page's only style sheet: system fonts, no scripts, light and dark by what the reader prefers. */
export function buildPageStyle(): string {
  return `
:root{color-scheme:light dark;--ink:${INK.light};--faint:${FAINT.light};--grid:${GRID.light};--page:${PAGE.light};--wash:#f4f6f8;--good:#1a7f4b;--bad:#c0392b}
@media (prefers-color-scheme:dark){
:root{--ink:${INK.dark};--faint:${FAINT.dark};--grid:${GRID.dark};--page:${PAGE.dark};--wash:#1b2027;--good:#4fd08d;--bad:#ff7a6b}
${buildDarkRules()}
}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:1.7rem;line-height:1.2;margin:.2em 0 .4em}
h2{font-size:1.2rem;margin:2.2em 0 .3em}
p{max-width:76ch;margin:.4em 0 .8em}
.note,figcaption{color:var(--faint);font-size:.9rem;max-width:92ch}
figure{margin:0 0 8px}
figure svg{width:100%;height:auto;display:block}
figure svg.narrow{display:none}
.scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:6px}
table{border-collapse:collapse;font-size:.8rem;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:4px 6px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th{background:var(--wash);font-weight:600;vertical-align:bottom;white-space:normal;min-width:4em}
td.text,th.text,th:first-child{text-align:left}
td.long{white-space:normal;min-width:18em}
tr:last-child td{border-bottom:0}
td:first-child,th:first-child{position:sticky;left:0;background:var(--wash);min-width:7.5em}
tr.ours td{font-weight:600}
td small{font-size:.86em;color:var(--faint);font-weight:400}
b.no{color:var(--bad)}
b{color:var(--good)}
code{font-size:.88em;overflow-wrap:anywhere;white-space:normal}
.inputs td{white-space:normal;overflow-wrap:anywhere;text-align:left}
.inputs td:first-child{position:static;width:15em}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:.9rem;margin:1em 0}
a{color:inherit}
@media (max-width:640px){
main{padding:16px 12px 48px}
h1{font-size:1.35rem}
figure svg.wide{display:none}
figure svg.narrow{display:block;max-width:420px;margin:0 auto}
td:first-child,th:first-child{min-width:5.5em;white-space:normal}
td.long{min-width:13em}
.inputs td:first-child{width:8em}
}
@media print{.scroll{overflow:visible}}
`.trim();
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** The text of report.html: one page without scripts or outside references, readable from 400 px. */
export function formatPage(report: Report, curves: readonly CurveSample[]): string {
  const tables = buildTables(report);
  const figures = (list: readonly (Figure | null)[]) =>
    list.map((figure) => (figure ? showFigure(figure) : '')).join('');
  const sections: readonly Section[] = [
    section('table', tables.published),
    section('own', tables.ours),
    {
      id: 'runs',
      title: 'One run, drawn',
      body: figures([buildCurveFigure(curves)]),
    },
    section('attacks', tables.families, figures([buildSuccessFigure(report)])),
    section('damage', tables.damage, figures([buildDamageFigure(report)])),
    section('shared', tables.shared),
    section('exposure', tables.shrink),
    section('use', tables.dominance, figures(buildTradeFigures(report))),
    section('contrasts', tables.contrasts),
    section('tests', tables.tests),
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
