import type { LimitsBody } from '../../contract/types/limits.ts';
import type { ReadinessBody, TradingStateBody } from '../../contract/types/operator.ts';
import type { AccountBody, AlertsBody, OrderBody, PositionBody } from '../../contract/types/reads.ts';
import type { DaemonClient } from '../client/client.ts';
import type { ListedDecision } from '../render/decision-lines.ts';

/** What one screen shows, as the daemon told it. */
export interface View {
  readonly readiness: ReadinessBody;
  readonly trading_state: TradingStateBody;
  readonly account: AccountBody;
  readonly limits: LimitsBody;
  readonly positions: readonly PositionBody[];
  readonly open_orders: readonly OrderBody[];
  readonly decisions: readonly ListedDecision[];
  readonly alerts: AlertsBody['alerts'];
}

/** More than any screen shows. */
const ENTRIES = 100;
const MAX_ORDERS = 500;

/** @throws CliError */
export async function readView(client: DaemonClient): Promise<View> {
  const [readiness, state, account, limits, positions, orders, decisions, alerts] = await Promise.all([
    client.ask('/readyz'),
    client.get<TradingStateBody>('/v1/trading-state'),
    client.get<AccountBody>('/v1/account'),
    client.get<LimitsBody>('/v1/limits'),
    client.get<{ readonly positions: readonly PositionBody[] }>('/v1/positions'),
    client.get<{ readonly orders: readonly OrderBody[] }>(`/v1/orders?open=true&limit=${MAX_ORDERS}`),
    client.get<{ readonly decisions: readonly ListedDecision[] }>(`/v1/decisions?limit=${ENTRIES}`),
    client.get<AlertsBody>(`/v1/alerts?limit=${ENTRIES}`),
  ]);
  return {
    readiness: readiness.body as ReadinessBody,
    trading_state: state,
    account,
    limits,
    positions: positions.positions.filter(({ quantity }) => Number(quantity) !== 0),
    open_orders: orders.orders,
    decisions: decisions.decisions,
    alerts: alerts.alerts,
  };
}
