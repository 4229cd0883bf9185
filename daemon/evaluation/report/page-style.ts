import { buildDarkRules, FAINT, GRID, INK, PAGE } from './palette.ts';

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
