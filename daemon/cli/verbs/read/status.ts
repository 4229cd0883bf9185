import type { Command } from 'commander';
import type { ReadinessBody, TradingStateBody } from '../../../contract/types/operator.ts';
import type { AccountBody, OrderBody, PositionBody } from '../../../contract/types/reads.ts';
import type { DaemonClient } from '../../client/client.ts';
import { show } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { FILE_DIFFERS } from '../../render/pending.ts';
import { formatInstant, formatNumber, heldBy, plain, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

interface Status {
  readonly readiness: ReadinessBody;
  readonly trading_state: TradingStateBody;
  /** Null: the venue has not told it yet. */
  readonly account: AccountBody | null;
  readonly positions: readonly PositionBody[] | null;
  readonly open_orders: readonly OrderBody[];
}

/** How many open orders are shown, newest first: the most that a page may have. */
const MAX_ORDERS = 5000;

export function addStatus(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'status',
    summary: 'Show readiness, trading state, account, positions and open orders',
    examples: ['status', 'status --json'],
  });
  addConnectionOptions(verb).action((options: ConnectionOptions) =>
    show(io, options, {
      ask: readStatus,
      render: renderStatus,
      exitCode: ({ readiness }) => (readiness.ready ? EXIT.OK : EXIT.NOT_READY),
    }),
  );
}

async function readStatus(client: DaemonClient): Promise<Status> {
  const [readiness, state, account, positions, orders] = await Promise.all([
    client.ask('/readyz'),
    client.get<TradingStateBody>('/v1/trading-state'),
    client.get<AccountBody>('/v1/account').catch(toUnread),
    client.get<{ readonly positions: readonly PositionBody[] }>('/v1/positions').catch(toUnread),
    client.get<{ readonly orders: readonly OrderBody[] }>(`/v1/orders?open=true&limit=${MAX_ORDERS}`),
  ]);
  const body = readiness.body as ReadinessBody;
  return {
    readiness: body,
    trading_state: state,
    account,
    positions: positions?.positions ?? null,
    open_orders: orders.orders,
  };
}

/** Before the venue's first answer the daemon has no figures, and what it waits for is all there is to say. */
function toUnread(error: unknown): null {
  if (error instanceof CliError && error.exitCode === EXIT.NOT_READY) return null;
  throw error;
}

function renderStatus(status: Status): string {
  const { readiness, trading_state, account } = status;
  const percent = (value: number | null) => (value === null ? '-' : `${formatNumber(value * 100, 2)} %`);
  const pending = readiness.pending_policy;
  const fields = renderFields([
    ['venue', readiness.venue],
    ['ready', readiness.ready ? 'yes' : `no, waiting for: ${readiness.waiting_for.join('; ')}`],
    ['trading state', trading_state.state],
    ...(account === null
      ? [['equity', 'not known yet'] as const]
      : [
          ['equity', `${formatNumber(account.equity_usdt, 2)} USDT`] as const,
          ['available', `${formatNumber(account.available_usdt, 2)} USDT`] as const,
          ['drawdown', percent(account.drawdown)] as const,
          ['daily loss', percent(account.daily_loss)] as const,
          ['turnover 24 h', `${formatNumber(account.turnover_24h_usdt, 2)} USDT`] as const,
        ]),
    ['alerts', readiness.alerts],
    ...describeAlertDelivery(readiness, formatInstant),
    ...(readiness.requests_summed > 0 ? [['calls only counted', readiness.requests_summed] as const] : []),
    ...(readiness.arming_error === null ? [] : [['NOT ARMED', readiness.arming_error] as const]),
    ...(readiness.policy_error === null ? [] : [['policy file', `REFUSED: ${readiness.policy_error}`] as const]),
    ...(pending === null
      ? []
      : [
          ['pending policy', `${pending.hash} (looser: ${pending.looser.join(', ')})`] as const,
          pending.file_differs
            ? (['note', FILE_DIFFERS.policy] as const)
            : (['accept it', acceptPending(pending, formatInstant, plain)] as const),
        ]),
  ]);
  const layers = trading_state.layers.filter((layer) => layer.state !== 'active');
  return [
    fields,
    renderTable(
      ['layer', 'scope', 'state', 'since (UTC)', 'set by', 'reason', 'clears when'],
      layers.map((layer) => [
        layer.layer,
        layer.name ?? layer.scope,
        layer.state,
        formatInstant(layer.since_ms),
        layer.set_by,
        layer.reason,
        layer.clears_when,
      ]),
      'no layer holds trading back',
    ),
    status.positions === null ? 'positions: not known yet\n' : renderPositions(status.positions),
    renderOrders(status.open_orders),
  ].join('\n');
}

type Field = readonly [name: string, value: string];
function describeAlertDelivery(readiness: ReadinessBody, formatInstant: (ms: number) => string): readonly Field[] {
  const { alert_channels_silent: silent, alert_routes_error: error, pending_alert_routes: pending } = readiness;
  const from =
    pending === null || pending.not_before_ms === null
      ? ''
      : ` (not before ${formatInstant(pending.not_before_ms)} UTC)`;
  return [
    ...(silent.length === 0
      ? []
      : [['SILENT alert channels', `${silent.join(', ')}: see ./holdfast alerts channels`] as const]),
    ...(error === null ? [] : [['alert routes', `REFUSED: ${error}`] as const]),
    ...(pending === null
      ? []
      : [
          ['pending alert routes', `${pending.hash} (looser: ${pending.looser.join(', ')})`] as const,
          pending.file_differs
            ? (['note', FILE_DIFFERS.routes] as const)
            : (['accept them', `./holdfast alerts reload ${pending.hash}${from}`] as const),
        ]),
  ];
}

function acceptPending(
  { accepted_by: acceptedBy, hash, not_before_ms: notBeforeMs, quorum }: NonNullable<ReadinessBody['pending_policy']>,
  formatInstant: (ms: number) => string,
  plain: (text: string) => string,
): string {
  const from = notBeforeMs === null ? '' : ` (not before ${formatInstant(notBeforeMs)} UTC)`;
  if (quorum !== undefined)
    return `${quorum} passkeys must, in the console${from}; accepted by ${acceptedBy?.map(plain).join(', ') || 'nobody yet'}`;
  return `./holdfast policy reload ${hash}${from}`;
}

function renderPositions(positions: readonly PositionBody[]): string {
  return renderTable(
    ['symbol', 'quantity', 'held by', 'notional', 'entry', 'mark', 'PnL', 'liquidation'],
    positions
      .filter((position) => Number(position.quantity) !== 0)
      .map((position) => [
        position.symbol,
        position.quantity,
        heldBy(position),
        formatNumber(position.notional_usdt, 2),
        position.entry_price,
        position.mark_price,
        formatNumber(position.unrealised_pnl_usdt, 2),
        position.liquidation_price,
      ]),
    'no positions',
    ['liquidation'],
  );
}

function describeOrder({ side, order_type, quantity, limit_price, reduce_only }: OrderBody): string {
  const price = limit_price === null ? '' : ` at ${limit_price}`;
  return `${side} ${order_type} ${quantity}${price}${reduce_only ? ', only reduces' : ''}`;
}

function renderOrders(orders: readonly OrderBody[]): string {
  return renderTable(
    ['open order', 'agent', 'symbol', 'order', 'filled', 'status'],
    orders.map((order) => [
      order.client_order_id,
      order.foreign ? 'not ours' : order.agent,
      order.symbol,
      describeOrder(order),
      order.filled_quantity,
      order.status,
    ]),
    'no open orders',
    ['filled'],
  );
}
