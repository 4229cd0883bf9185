import type { Command } from 'commander';
import type { LimitsBody, SymbolLimits } from '../../../contract/types/limits.ts';
import type { BudgetFactors } from '../../../core/decision.ts';
import { show } from '../../client/show.ts';
import { formatDuration, formatNumber, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

export function addLimits(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'limits',
    summary: 'Show the budgets in force, with their factors and what remains',
    examples: ['limits', 'limits BTCUSDT --json'],
  });
  addConnectionOptions(verb)
    .argument('[symbol]', 'one symbol only')
    .action((symbol: string | undefined, options: ConnectionOptions) =>
      show(io, options, {
        role: 'agent',
        ask: (client) =>
          client.get<LimitsBody>(`/v1/limits${symbol === undefined ? '' : `?symbol=${encodeURIComponent(symbol)}`}`),
        render: ({ symbols }) => symbols.map((limits) => `${renderSymbol(limits)}\n`).join(''),
      }),
    );
}

const HELD: Readonly<Record<SymbolLimits['held'], string>> = {
  yours: 'you',
  another: 'another agent, or kept from you',
  nobody: 'nobody: an operator says whose it is',
  free: 'nobody: it is free',
};

function renderSymbol(limits: SymbolLimits): string {
  const { factors } = limits;
  const factor = (key: keyof BudgetFactors) =>
    [factors.market, factors.account, factors.trust, factors.trader, factors.loss].map((each) =>
      formatNumber(each[key]),
    );
  const keys = Object.keys(factors.market) as (keyof BudgetFactors)[];
  return [
    renderFields([
      ['symbol', limits.symbol],
      ['held by', HELD[limits.held]],
      ['regime', limits.regime],
      ['trading state', limits.trading_state],
      ['leverage cap', `${limits.leverage_cap}x`],
      ['cooldown left', formatDuration(limits.cooldown_remaining_ms)],
    ]),
    renderTable(
      ['budget', 'code', 'base', 'limit', 'used', 'reserved', 'remaining', 'unit'],
      limits.budgets.map((line) => [
        line.component,
        line.code,
        formatNumber(line.base, 2),
        formatNumber(line.limit, 2),
        formatNumber(line.used, 2),
        formatNumber(line.reserved, 2),
        formatNumber(line.remaining, 2),
        line.unit,
      ]),
      'no budgets',
      ['code', 'unit'],
    ),
    renderTable(
      ['opening', 'remaining (USDT)', 'bound by', 'blocked by'],
      (['buy', 'sell'] as const).map((side) => {
        const { remaining_usdt, bound_by, blocked_by } = limits.opening[side];
        return [side, formatNumber(remaining_usdt, 2), bound_by ?? '', blocked_by.join(', ')];
      }),
      '',
    ),
    renderTable(
      ['factor', 'market', 'account', 'trust', 'trader', 'own loss'],
      keys.map((key) => [key, ...factor(key)]),
      'no factors',
    ),
  ].join('\n');
}
