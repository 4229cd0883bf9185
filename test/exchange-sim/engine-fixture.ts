import { e8, format } from '../../daemon/exchange-sim/core/fixed.ts';
import { INSTRUMENTS } from '../../daemon/exchange-sim/core/instruments.ts';
import { type OrderRequest, placeOrder } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { isRejection, type Rejection } from '../../daemon/exchange-sim/core/orders/rejections.ts';
import { moveMark } from '../../daemon/exchange-sim/core/orders/settlement.ts';
import { createState, type ExchangeState, type Market, type Order } from '../../daemon/exchange-sim/core/state.ts';

/** An account with `balance` USDT, BTC at 60,000 and ETH at 3,000. */
export function createExchange(balance = '10000'): ExchangeState {
  return createState(INSTRUMENTS, e8(balance), 1_000_000);
}

export function marketOf(state: ExchangeState, symbol = 'BTCUSDT'): Market {
  const market = state.markets.get(symbol);
  if (market === undefined) throw new Error(symbol);
  return market;
}

let nextId = 1;

/** A limit GTC order when a price is given, else a market order. */
export function request(
  side: 'BUY' | 'SELL',
  quantity: string,
  price?: string,
  extra: Partial<OrderRequest> = {},
): OrderRequest {
  return {
    symbol: 'BTCUSDT',
    side,
    type: price === undefined ? 'MARKET' : 'LIMIT',
    timeInForce: 'GTC',
    quantity: e8(quantity),
    price: e8(price ?? '0'),
    reduceOnly: false,
    clientOrderId: `t${nextId++}`,
    origin: 'client',
    ...extra,
  };
}

/** Places an order that has to be accepted. */
export function accept(state: ExchangeState, asked: OrderRequest): Order {
  const outcome = placeOrder(state, asked);
  if (isRejection(outcome)) throw new Error(`refused: ${outcome.code} ${outcome.msg}`);
  return outcome;
}

/** Places an order that has to be refused. */
export function refuse(state: ExchangeState, asked: OrderRequest): Rejection {
  const outcome = placeOrder(state, asked);
  if (!isRejection(outcome)) throw new Error(`accepted as ${outcome.status}`);
  return outcome;
}

export function setMark(state: ExchangeState, price: string, symbol = 'BTCUSDT'): void {
  moveMark(state, marketOf(state, symbol), e8(price));
}

export function position(state: ExchangeState, symbol = 'BTCUSDT'): string {
  return format(marketOf(state, symbol).position.quantity, 3);
}

/** Wallet minus opening balance and every recorded change of it: 0 when the books are exact. */
export function walletError(state: ExchangeState): bigint {
  let expected = state.openingBalance;
  for (const entry of state.income) expected += entry.amount;
  return state.wallet - expected;
}
