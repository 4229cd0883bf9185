import type { Command } from 'commander';
import type { AccountBody, PositionBody, ReadinessBody, TradingStateBody } from '../../gate/api.ts';
import { EXIT } from '../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

interface Status {
  readonly readiness: ReadinessBody;
  readonly trading_state: TradingStateBody;
  readonly account: AccountBody;
  readonly positions: readonly PositionBody[];
}

export function addStatus(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'status',
    summary: 'Show readiness, trading state, account and positions',
    examples: ['status', 'status --json'],
  });
  addConnectionOptions(verb).action(async (options: ConnectionOptions) => {
    const { withClient } = await import('../client.ts');
    const status = await withClient(io, options, 'operator', async (client): Promise<Status> => {
      const [readiness, state, account, positions] = await Promise.all([
        client.ask('/readyz'),
        client.get<TradingStateBody>('/v1/trading-state'),
        client.get<AccountBody>('/v1/account'),
        client.get<{ readonly positions: readonly PositionBody[] }>('/v1/positions'),
      ]);
      const body = readiness.body as ReadinessBody;
      return { readiness: body, trading_state: state, account, positions: positions.positions };
    });
    if (options.json === true) printJson(io, status);
    else io.out(await renderStatus(status));
    io.exit(status.readiness.ready ? EXIT.OK : EXIT.NOT_READY);
  });
}

async function renderStatus({ readiness, trading_state, account, positions }: Status): Promise<string> {
  const { formatInstant, formatNumber, renderFields, renderTable } = await import('../tables.ts');
  const percent = (value: number | null) => (value === null ? '-' : `${formatNumber(value * 100, 2)} %`);
  const pending = readiness.pending_policy;
  const fields = renderFields([
    ['venue', readiness.venue],
    ['ready', readiness.ready ? 'yes' : `no, waiting for: ${readiness.waiting_for.join('; ')}`],
    ['trading state', trading_state.state],
    ['equity', `${formatNumber(account.equity_usdt, 2)} USDT`],
    ['available', `${formatNumber(account.available_usdt, 2)} USDT`],
    ['drawdown', percent(account.drawdown)],
    ['daily loss', percent(account.daily_loss)],
    ['turnover 24 h', `${formatNumber(account.turnover_24h_usdt, 2)} USDT`],
    ['alerts', readiness.alerts],
    ...(readiness.policy_error === null ? [] : [['policy file', `REFUSED: ${readiness.policy_error}`] as const]),
    ...(pending === null
      ? []
      : [['pending policy', `${pending.hash} (looser: ${pending.looser.join(', ')})`] as const]),
  ]);
  const layers = trading_state.layers.filter((layer) => layer.state !== 'active');
  return [
    fields,
    renderTable(
      ['layer', 'scope', 'state', 'since (UTC)', 'reason', 'clears when'],
      layers.map((layer) => [
        layer.layer,
        layer.name ?? layer.scope,
        layer.state,
        formatInstant(layer.since_ms),
        layer.reason,
        layer.clears_when,
      ]),
      'nothing holds trading back',
    ),
    renderTable(
      ['symbol', 'quantity', 'notional', 'entry', 'mark', 'PnL', 'liquidation'],
      positions.map((position) => [
        position.symbol,
        position.quantity,
        formatNumber(position.notional_usdt, 2),
        position.entry_price,
        position.mark_price,
        formatNumber(position.unrealised_pnl_usdt, 2),
        position.liquidation_price,
      ]),
      'no positions',
    ),
  ].join('\n');
}
