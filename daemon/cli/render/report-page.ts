import type { ReportBody, ReportSums } from '../../contract/types/accounts.ts';

const COLUMNS: readonly (readonly [string, keyof ReportSums])[] = [
  ['Profit', 'profit_usdt'],
  ['Realised', 'realised_usdt'],
  ['Unrealised', 'unrealised_usdt'],
  ['Fees', 'fees_usdt'],
  ['Funding', 'funding_usdt'],
  ['Other', 'other_usdt'],
  ['Turnover', 'turnover_usdt'],
  ['Slippage', 'slippage_usdt'],
];
const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #8884; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, .name { text-align: left; }
tfoot td { font-weight: 600; }
.differs { color: #c22; font-weight: 600; }
`;
/** Less than this is rounding. */
const CENT = 0.01;

/** One page without scripts and without anything from elsewhere. Names are text, whatever they say. */
export function writeReportPage(report: ReportBody): string {
  const title = `${report.period === 'day' ? 'Day' : 'Week'} ${report.name}: ${report.account} on ${report.venue}`;
  const until = `${new Date(report.as_of_ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const agents = report.agents.map(
    ({ agent, blocks, cuts, requests, sums }) =>
      `<tr>${name(agent)}${figures(sums)}<td>${requests}</td><td>${cuts}</td><td>${blocks}</td></tr>`,
  );
  const rows = report.rows.map(
    ({ agent, sums, symbol }) => `<tr>${name(agent)}<td class="name">${asText(symbol)}</td>${figures(sums)}</tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${asText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${asText(title)}</h1>
<p>As of ${until}${report.is_over ? '' : '; not over'}. Amounts in USDT.</p>
<h2>By agent</h2>
<div class="wide"><table>
<thead><tr><th>Agent</th>${heads()}<th>Requests</th><th>Cut</th><th>Blocked</th></tr></thead>
<tbody>${agents.join('\n')}</tbody>
<tfoot><tr><td>All</td>${figures(report.total)}<td></td><td></td><td></td></tr></tfoot>
</table></div>
<h2>By agent and symbol</h2>
<div class="wide"><table>
<thead><tr><th>Agent</th><th class="name">Symbol</th>${heads()}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
${report.books === null ? '' : booksOf(report.books)}
</body>
</html>
`;
}

function booksOf(books: NonNullable<ReportBody['books']>): string {
  const lines: readonly (readonly [string, number])[] = [
    ['Booked by the exchange', books.booked_usdt],
    ['Accounted for here', books.accounted_usdt],
    ['Entry difference', books.entry_difference_usdt],
    ['Not booked yet', books.unconfirmed_usdt],
    ['Unexplained', books.unexplained_usdt],
    ['Transfers', books.transfers_usdt],
  ];
  const cells = lines.map(([what, usdt]) => {
    const differs = what === 'Unexplained' && Math.abs(usdt) >= CENT ? ' class="differs"' : '';
    return `<tr><th scope="row">${what}</th><td${differs}>${money(usdt)}</td></tr>`;
  });
  return `<h2>The exchange's books</h2>
<table><tbody>${cells.join('\n')}</tbody></table>`;
}

function heads(): string {
  return COLUMNS.map(([head]) => `<th>${head}</th>`).join('');
}
function figures(sums: ReportSums): string {
  return COLUMNS.map(([, column]) => `<td>${money(sums[column] ?? 0)}</td>`).join('');
}
function name(agent: string | null): string {
  return `<td>${agent === null ? '<em>nobody here</em>' : asText(agent)}</td>`;
}
function money(usdt: number): string {
  const text = usdt.toFixed(2);
  return text === '-0.00' ? '0.00' : text;
}
function asText(text: string): string {
  const ENTITIES: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (each) => ENTITIES[each] ?? each);
}
