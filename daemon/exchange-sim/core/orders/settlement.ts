import { absolute, type E8, maximum, minimum, multiply } from '../fixed.ts';
import { fundingPayment, maintenanceMargin, unrealisedProfit } from '../margin.ts';
import {
  appendIncome,
  type ExchangeState,
  LIQUIDATION_RATE,
  type Liquidation,
  type Market,
  type Order,
  rememberOrder,
} from '../state.ts';
import { cancelAllAlgoOrders, triggerAlgoOrders } from './conditional.ts';
import { closeOrder, fillOrder } from './fills.ts';
import { cancelAllOrders, fillResting } from './orders.ts';

/** Profit and maintenance margin of a symbol's position in USDT at its mark. */
function risk(market: Market): { profit: E8; maintenance: E8 } {
  const { position, mark, instrument } = market;
  if (position.quantity === 0n) return { profit: 0n, maintenance: 0n };
  const notional = absolute(multiply(position.quantity, mark));
  return {
    profit: unrealisedProfit(position.quantity, position.cost, mark),
    maintenance: maintenanceMargin(instrument.brackets, notional),
  };
}

/**
 * Moves a symbol's mark: resting orders that the market reached fill, conditional orders trigger, and positions whose
 * margin balance is not above their maintenance margin are liquidated. Costs next to nothing for an idle account.
 */
export function moveMark(state: ExchangeState, market: Market, mark: E8): void {
  if (mark <= 0n) throw new RangeError(`the mark of ${market.instrument.symbol} must be positive`);
  market.mark = mark;
  if (market.openOrders.size > 0) fillResting(state, market);
  if (market.openAlgos.size > 0) triggerAlgoOrders(state, market);
  if (market.position.quantity !== 0n) checkLiquidation(state);
}

/** Liquidates what has to be: each isolated position on its own, the cross positions together. */
export function checkLiquidation(state: ExchangeState): void {
  const cross: Market[] = [];
  let crossBalance = state.wallet;
  let crossMaintenance = 0n;
  for (const market of state.markets.values()) {
    const { profit, maintenance } = risk(market);
    if (market.marginType === 'CROSSED') {
      crossBalance += profit;
      crossMaintenance += maintenance;
      if (market.position.quantity !== 0n) cross.push(market);
      continue;
    }
    crossBalance -= market.isolatedWallet;
    const balance = market.isolatedWallet + profit;
    if (market.position.quantity !== 0n && balance <= maintenance) {
      cancelEverything(state, market);
      liquidate(state, market, { margin: market.isolatedWallet, balance, maintenance });
    }
  }
  if (cross.length === 0 || crossBalance > crossMaintenance) return;
  for (const market of state.markets.values()) {
    if (market.marginType === 'CROSSED') cancelEverything(state, market);
  }
  for (const market of cross) {
    liquidate(state, market, { margin: crossWallet(state), balance: crossBalance, maintenance: crossMaintenance });
  }
  // The sum over several positions can leave less than nothing; the insurance fund makes it zero.
  const shortfall = -crossWallet(state);
  if (shortfall > 0n) appendIncome(state, { type: 'INSURANCE_CLEAR', symbol: '', amount: shortfall, tradeId: null });
}

/** A liquidated account loses its open orders first, conditional ones included. */
function cancelEverything(state: ExchangeState, market: Market): void {
  cancelAllOrders(state, market);
  cancelAllAlgoOrders(state, market);
}

function crossWallet(state: ExchangeState): E8 {
  let wallet = state.wallet;
  for (const market of state.markets.values()) wallet -= market.isolatedWallet;
  return wallet;
}

/** What a position can lose, and that it does not keep the margin it needs. */
interface Short {
  readonly margin: E8;
  readonly balance: E8;
  readonly maintenance: E8;
}

/**
 * Takes the whole position over at the mark. `margin` is what the position can lose: beyond it the insurance fund
 * pays; what is left of it bears the liquidation fee.
 */
function liquidate(state: ExchangeState, market: Market, { margin, balance, maintenance }: Short): void {
  const { position, mark, marginType } = market;
  const size = absolute(position.quantity);
  const order = buildClosingOrder(state, market, size, 'autoclose');
  rememberOrder(state, order);
  const trade = fillOrder(state, market, order, { quantity: size, price: mark, maker: false });
  const left = margin + trade.realisedProfit;
  const wanted = multiply(multiply(size, mark), LIQUIDATION_RATE);
  const fee = minimum(wanted, maximum(0n, left));
  const insurance = marginType === 'ISOLATED' ? maximum(0n, -left) : 0n;
  appendIncome(state, {
    type: 'INSURANCE_CLEAR',
    symbol: market.instrument.symbol,
    amount: -fee,
    tradeId: trade.tradeId,
  });
  appendIncome(state, {
    type: 'INSURANCE_CLEAR',
    symbol: market.instrument.symbol,
    amount: insurance,
    tradeId: trade.tradeId,
  });
  const liquidation: Liquidation = {
    orderId: order.orderId,
    symbol: market.instrument.symbol,
    marginType,
    timeMs: state.nowMs,
    mark,
    quantity: position.quantity,
    marginBalance: balance,
    maintenanceMargin: maintenance,
    fee,
    insurance,
  };
  state.liquidations.push(liquidation);
  state.changes.liquidations.push(liquidation);
}

/** An order of the exchange itself; its id says why. */
function buildClosingOrder(state: ExchangeState, market: Market, size: E8, why: string): Order {
  const orderId = state.nextOrderId++;
  return {
    orderId,
    clientOrderId: `${why}-${state.nowMs}${orderId}`,
    symbol: market.instrument.symbol,
    side: market.position.quantity > 0n ? 'SELL' : 'BUY',
    type: 'LIMIT',
    originalType: 'LIMIT',
    timeInForce: 'IOC',
    goodTillMs: 0,
    price: market.mark,
    quantity: size,
    executed: 0n,
    quote: 0n,
    stopPrice: 0n,
    reduceOnly: true,
    closePosition: false,
    origin: 'liquidation',
    status: 'NEW',
    createdMs: state.nowMs,
    updatedMs: state.nowMs,
    markAtPlacement: market.mark,
    leverageAtPlacement: market.leverage,
  };
}

/**
 * Takes a part of a position over at the mark, without a fee and whatever rests: what auto-deleveraging does to the other
 * side of a liquidation that nobody takes. Nothing where nothing is held.
 */
export function deleverage(state: ExchangeState, market: Market, quantity: E8): void {
  const size = minimum(absolute(market.position.quantity), quantity);
  if (size <= 0n) return;
  const order = buildClosingOrder(state, market, size, 'adl_autoclose');
  rememberOrder(state, order);
  fillOrder(state, market, order, { quantity: size, price: market.mark, maker: false });
}

/** Settles funding of one symbol at its mark. An isolated position pays from its own margin. */
export function settleFunding(state: ExchangeState, market: Market, rate: E8): void {
  market.fundingRate = rate;
  const { quantity } = market.position;
  if (quantity === 0n) return;
  const payment = fundingPayment(quantity, market.mark, rate);
  appendIncome(state, { type: 'FUNDING_FEE', symbol: market.instrument.symbol, amount: payment, tradeId: null });
  if (market.marginType === 'ISOLATED') market.isolatedWallet += payment;
  checkLiquidation(state);
}

/** The dead-man switch: cancels the orders of symbols whose countdown has run out. */
export function runCountdowns(state: ExchangeState): void {
  for (const market of state.markets.values()) {
    if (market.countdownAtMs === null || market.countdownAtMs > state.nowMs) continue;
    market.countdownAtMs = null;
    state.changes.account = true;
    for (const order of market.openOrders.values()) closeOrder(state, market, order, 'CANCELED');
    if (state.countdownScope === 'all') cancelAllAlgoOrders(state, market);
  }
}
