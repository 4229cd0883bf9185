import { type Command, Option } from 'commander';
import type { Receipt } from '../../../contract/bodies/receipt.ts';
import type { ReportBody, ReportSums } from '../../../contract/types/accounts.ts';
import { askDaemon, show } from '../../client/show.ts';
import { formatInstant, formatNumber, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../../verb.ts';

interface ReportOptions extends ConnectionOptions {
  readonly day?: string | true;
  readonly week?: string | true;
  readonly csv?: boolean;
  readonly html?: boolean;
}

export function addReport(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'report',
    summary: "Report profit by agent of a day or a week, compared with the exchange's books",
    examples: ['report', 'report --day 2026-11-26 --csv', 'report --week last --html > week.html'],
  });
  addConnectionOptions(verb)
    .option('--day [day]', 'UTC day: 2026-11-26, today or yesterday')
    .addOption(new Option('--week [week]', 'ISO week: 2026-W48, this or last').conflicts('day'))
    .option('--csv', 'print a table for a spreadsheet')
    .addOption(new Option('--html', 'print a page').conflicts(['csv', 'json']))
    .action(async (options: ReportOptions) => {
      const { day, week } = options;
      const query =
        week === undefined
          ? `day=${encodeURIComponent(day === true || day === undefined ? 'today' : day)}`
          : `week=${encodeURIComponent(week === true ? 'this' : week)}`;
      if (options.csv === true) {
        const path = `/v1/report?${query}&format=csv`;
        io.out(await askDaemon(io, options, 'operator', (client) => client.getText(path)));
        return;
      }
      const { writeReportPage } = await import('../../render/report-page.ts');
      await show(io, options, {
        ask: (client) => client.get<ReportBody>(`/v1/report?${query}`),
        render: options.html === true ? writeReportPage : renderReport,
      });
    });
}

function renderReport(report: ReportBody): string {
  const money = (usdt: number | null) => formatNumber(usdt, 2);
  const cells = (of: ReportSums): string[] =>
    [
      of.profit_usdt,
      of.realised_usdt,
      of.unrealised_usdt,
      of.fees_usdt,
      of.funding_usdt,
      of.other_usdt,
      of.turnover_usdt,
    ]
      .map(money)
      .concat(money(of.slippage_bps));
  const head = ['profit', 'realised', 'unrealised', 'fees', 'funding', 'other', 'turnover', 'slippage (bps)'];
  const owner = (agent: string | null): string => agent ?? '(nobody here)';
  const { agents, books, rows, total } = report;
  return [
    renderFields([
      [report.period, report.name],
      ['account', `${report.account} on ${report.venue}`],
      ['as of (UTC)', `${formatInstant(report.as_of_ms)}${report.is_over ? '' : ', not over'}`],
    ]),
    renderTable(
      ['agent (USDT)', ...head, 'requests', 'cut', 'blocked'],
      [
        ...agents.map((of) => [owner(of.agent), ...cells(of.sums), of.requests, of.cuts, of.blocks]),
        ['all', ...cells(total)],
      ],
      'nothing happened',
    ),
    renderTable(
      ['agent', 'symbol', ...head],
      rows.map((of) => [owner(of.agent), of.symbol, ...cells(of.sums)]),
      'nothing was held or executed',
    ),
    books === null
      ? ''
      : renderFields([
          ['booked by the exchange', money(books.booked_usdt)],
          ['accounted for here', money(books.accounted_usdt)],
          ['entry difference', money(books.entry_difference_usdt)],
          ['not booked yet', money(books.unconfirmed_usdt)],
          ['UNEXPLAINED', money(books.unexplained_usdt)],
          ['transfers', money(books.transfers_usdt)],
        ]),
  ].join('\n');
}

interface ReceiptOptions extends ConnectionOptions {
  readonly head?: number;
}

export function addReceipt(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'receipt',
    summary: 'Print the receipt of a decision, which anybody can verify offline',
    examples: ['receipt d-4f1c2a-1b2 > receipt.json', 'receipt d-4f1c2a-1b2 --head 12'],
  });
  addConnectionOptions(verb)
    .argument('<decision>', 'its decision_id')
    .option('--head <number>', 'prove it to this signed head (else the last)', parseCount)
    .action(async (id: string, options: ReceiptOptions) => {
      const query = options.head === undefined ? '' : `?head=${options.head}`;
      const path = `/v1/decisions/${encodeURIComponent(id)}/receipt${query}`;
      printJson(io, await askDaemon(io, options, 'operator', (client) => client.get<Receipt>(path)));
    });
}
