import type { Command } from 'commander';
import type { AgentAccount, AgentBody, AgentSums, AgentsBody } from '../../../contract/types/accounts.ts';
import { show } from '../../client/show.ts';
import { formatNumber, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

export function addAgents(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'agents',
    summary: 'Show profit, fees, funding, requests, cuts and blocks by agent',
    examples: ['agents', 'agents momentum --json'],
  });
  addConnectionOptions(verb)
    .argument('[name]', 'one agent, by symbol and day')
    .action(async (name: string | undefined, options: ConnectionOptions) => {
      if (name === undefined)
        await show(io, options, { ask: (client) => client.get<AgentsBody>('/v1/agents'), render: renderAgents });
      else {
        const path = `/v1/agents/${encodeURIComponent(name)}`;
        await show(io, options, { ask: (client) => client.get<AgentBody>(path), render: renderAgent });
      }
    });
}

const HEAD = [
  'profit',
  'realised',
  'fees',
  'funding',
  'other',
  'turnover',
  'slippage (bps)',
  'requests',
  'cut',
  'blocked',
];

function cells(sums: AgentSums, unrealisedUsdt: number | null, money: (usdt: number | null) => string): string[] {
  const { blocks, cuts, fees_usdt, funding_usdt, other_usdt, realised_usdt, requests, result_usdt } = sums;
  const amounts = [
    result_usdt + (unrealisedUsdt ?? 0),
    realised_usdt,
    fees_usdt,
    funding_usdt,
    other_usdt,
    sums.turnover_usdt,
  ];
  return [...amounts.map(money), money(sums.slippage_bps), ...[requests, cuts, blocks].map(String)];
}

/** Positions, then symbols that it holds without one. */
function holdings({ holds, positions }: AgentAccount): readonly string[] {
  const flat = holds.filter((symbol) => !positions.some((each) => each.symbol === symbol));
  return [
    ...positions.map(({ quantity, symbol }) => `${quantity} ${symbol}`),
    ...flat.map((symbol) => `${symbol} (flat)`),
  ];
}

function renderAgents({ agents, others }: AgentsBody): string {
  const money = (usdt: number | null) => formatNumber(usdt, 2);
  const all = others === null ? agents : [...agents, others];
  const row = (of: AgentAccount) => [
    of.agent ?? '(nobody here)',
    holdings(of).join(', ') || '-',
    money(of.today.result_usdt),
    money(of.seven_days.result_usdt),
    money(of.unrealised_usdt),
    ...cells(of.total, of.unrealised_usdt, money),
  ];
  const head = ['agent (USDT)', 'holds', 'today', '7 days', 'unrealised', ...HEAD];
  return renderTable(head, all.map(row), 'no agent has asked for anything yet');
}

function renderAgent({ account, days, symbols }: AgentBody): string {
  const money = (usdt: number | null) => formatNumber(usdt, 2);
  return [
    renderTable(
      ['holds', 'quantity', 'entry price', 'unrealised (USDT)'],
      account.positions.map((of) => [of.symbol, of.quantity, of.entry_price, money(of.unrealised_usdt)]),
      'no position',
    ),
    renderTable(
      ['symbol (total, USDT)', 'realised', 'fees', 'funding', 'other', 'turnover', 'slippage (bps)'],
      symbols.map(({ sums, symbol }) => [
        symbol,
        ...[sums.realised_usdt, sums.fees_usdt, sums.funding_usdt, sums.other_usdt, sums.turnover_usdt].map(money),
        money(sums.slippage_bps),
      ]),
      'nothing was executed',
    ),
    renderTable(
      ['day (UTC, USDT)', ...HEAD.map((name) => (name === 'profit' ? 'result' : name))],
      days.map(({ day, sums }) => [day, ...cells(sums, null, money)]),
      'nothing happened yet',
    ),
  ].join('\n');
}
