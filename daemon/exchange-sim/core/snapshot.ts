import type { ExchangeState, Market } from './state.ts';

function copyMarket(market: Market): Market {
  const openOrders = new Map([...market.openOrders].map(([id, order]) => [id, { ...order }] as const));
  const openAlgos = new Map([...market.openAlgos].map(([id, order]) => [id, { ...order }] as const));
  return { ...market, openOrders, openAlgos };
}

/** A copy of the state that later changes do not reach: what an observer who lags behind still sees. */
export function snapshotState(state: ExchangeState): ExchangeState {
  const markets = new Map([...state.markets].map(([symbol, market]) => [symbol, copyMarket(market)] as const));
  const orders = new Map([...state.orders].map(([id, order]) => [id, { ...order }] as const));
  const ordersByClientId = new Map(
    [...state.ordersByClientId].map(([key, order]) => [key, orders.get(order.orderId) ?? order] as const),
  );
  return {
    ...state,
    markets,
    orders,
    ordersByClientId,
    algoOrders: new Map([...state.algoOrders].map(([id, order]) => [id, { ...order }] as const)),
    trades: [...state.trades],
    income: [...state.income],
    liquidations: [...state.liquidations],
  };
}
