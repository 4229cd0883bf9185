import type { ExchangeState, Market } from '../../core/state.ts';
import type { Exchange } from '../../exchange.ts';
import type { World } from '../../market/world.ts';
import { apiError, type Params } from '../../refusals/params.ts';

/** What a route handler gets. Faults may hand out older views of the account or of the market. */
export interface Context {
  readonly exchange: Exchange;
  /** The truth; commands act on it. */
  readonly state: ExchangeState;
  /** What account reads show. */
  readonly account: ExchangeState;
  /** What order reads show. */
  readonly orders: ExchangeState;
  /** What market reads show. */
  readonly market: World;
  readonly params: Params;
}

export type Security = 'none' | 'key' | 'signed';

export interface Route {
  readonly security: Security;
  readonly weight: number;
  /** Weight without the `symbol` parameter, where that asks for every symbol. */
  readonly weightOfAll?: number;
  /** Counts as an order in the rate limits. */
  readonly isOrder?: boolean;
  readonly handle: (context: Context) => unknown;
}

export type Routes = Readonly<Record<string, Route>>;

/** The market that the `symbol` parameter names; -1102 when absent, -1121 when unknown. */
export function requireMarket(state: ExchangeState, params: Params): Market {
  const market = state.markets.get(params.requireText('symbol'));
  if (market === undefined) throw apiError('BAD_SYMBOL');
  return market;
}

/** Rows within the asked span of time, as many as asked: the first of them where `isForward`, else the last. */
export function pageOf<Row>(
  params: Params,
  rows: readonly Row[],
  atMs: (row: Row) => number,
  { isForward, usual }: { readonly isForward: boolean; readonly usual: number },
): readonly Row[] {
  const from = params.integer('startTime') ?? 0;
  const to = params.integer('endTime') ?? Number.POSITIVE_INFINITY;
  const limit = params.limit(usual, 1000);
  const within = rows.filter((row) => atMs(row) >= from && atMs(row) <= to);
  return isForward ? within.slice(0, limit) : within.slice(-limit);
}

/** All markets, or the one that an optional `symbol` names. */
export function selectMarkets(state: ExchangeState, params: Params): readonly Market[] {
  return params.text('symbol') === undefined ? [...state.markets.values()] : [requireMarket(state, params)];
}
