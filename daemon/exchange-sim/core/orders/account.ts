import { absolute, divideRounded, type E8, maximum, multiply } from '../fixed.ts';
import { initialMargin, liquidationPrice, maintenanceMargin, unrealisedProfit } from '../margin.ts';
import type { ExchangeState, Market, Order } from '../state.ts';

/** Margin figures of one symbol in USDT, at its mark. */
export interface SymbolMargin {
  /** Signed. */
  readonly notional: E8;
  readonly unrealisedProfit: E8;
  readonly maintenanceMargin: E8;
  readonly positionInitialMargin: E8;
  readonly openOrderInitialMargin: E8;
  readonly bidNotional: E8;
  readonly askNotional: E8;
}

/** Margin figures of the account in USDT. */
export interface AccountMargin {
  readonly symbols: ReadonlyMap<string, SymbolMargin>;
  readonly walletBalance: E8;
  readonly crossWalletBalance: E8;
  readonly unrealisedProfit: E8;
  readonly crossUnrealisedProfit: E8;
  readonly marginBalance: E8;
  readonly maintenanceMargin: E8;
  readonly crossMaintenanceMargin: E8;
  readonly positionInitialMargin: E8;
  readonly openOrderInitialMargin: E8;
  readonly availableBalance: E8;
}

function openNotional(market: Market, side: Order['side'], without?: Order): E8 {
  let sum = 0n;
  for (const order of market.openOrders.values()) {
    if (order.side !== side || order.reduceOnly || order === without) continue;
    sum += multiply(order.quantity - order.executed, order.price);
  }
  return sum;
}

/** Notional in USDT that a symbol would show if all its opening orders of the worse side filled. */
export function worstNotional(positionNotional: E8, bids: E8, asks: E8): E8 {
  return maximum(absolute(positionNotional + bids), absolute(positionNotional - asks));
}

/** Margin of one symbol; `without` leaves an order out (it is being amended). */
export function symbolMargin(market: Market, without?: Order): SymbolMargin {
  const { position, mark, leverage, instrument, marginType } = market;
  const notional = multiply(position.quantity, mark);
  const bids = openNotional(market, 'BUY', without);
  const asks = openNotional(market, 'SELL', without);
  const atMark = initialMargin(absolute(notional), leverage);
  const total = initialMargin(worstNotional(notional, bids, asks), leverage);
  return {
    notional,
    unrealisedProfit: unrealisedProfit(position.quantity, position.cost, mark),
    maintenanceMargin: position.quantity === 0n ? 0n : maintenanceMargin(instrument.brackets, absolute(notional)),
    positionInitialMargin: marginType === 'ISOLATED' && position.quantity !== 0n ? market.isolatedWallet : atMark,
    openOrderInitialMargin: maximum(0n, total - atMark),
    bidNotional: bids,
    askNotional: asks,
  };
}

/** Margin of the whole account. Isolated margin is outside the cross wallet and never available. */
export function accountMargin(state: ExchangeState, without?: Order): AccountMargin {
  const symbols = new Map<string, SymbolMargin>();
  let isolated = 0n;
  let profit = 0n;
  let crossProfit = 0n;
  let maintenance = 0n;
  let crossMaintenance = 0n;
  let positionMargin = 0n;
  let crossPositionMargin = 0n;
  let orderMargin = 0n;
  for (const [symbol, market] of state.markets) {
    const margin = symbolMargin(market, without);
    symbols.set(symbol, margin);
    profit += margin.unrealisedProfit;
    maintenance += margin.maintenanceMargin;
    positionMargin += margin.positionInitialMargin;
    orderMargin += margin.openOrderInitialMargin;
    isolated += market.isolatedWallet;
    if (market.marginType === 'CROSSED') {
      crossProfit += margin.unrealisedProfit;
      crossMaintenance += margin.maintenanceMargin;
      crossPositionMargin += margin.positionInitialMargin;
    }
  }
  const cross = state.wallet - isolated;
  return {
    symbols,
    walletBalance: state.wallet,
    crossWalletBalance: cross,
    unrealisedProfit: profit,
    crossUnrealisedProfit: crossProfit,
    marginBalance: state.wallet + profit,
    maintenanceMargin: maintenance,
    crossMaintenanceMargin: crossMaintenance,
    positionInitialMargin: positionMargin,
    openOrderInitialMargin: orderMargin,
    availableBalance: maximum(0n, cross + crossProfit - crossPositionMargin - orderMargin),
  };
}

/** Margin balance in USDT at the current marks: wallet plus unrealised profit. */
export function marginBalance(state: ExchangeState): E8 {
  let sum = state.wallet;
  for (const market of state.markets.values()) {
    const { position, mark } = market;
    if (position.quantity !== 0n) sum += unrealisedProfit(position.quantity, position.cost, mark);
  }
  return sum;
}

/** Liquidation price of the symbol's position in USDT; null when flat or when no positive price liquidates it. */
export function positionLiquidationPrice(market: Market, account: AccountMargin): E8 | null {
  const { position, instrument } = market;
  if (position.quantity === 0n) return null;
  const own = account.symbols.get(instrument.symbol);
  if (own === undefined) return null;
  const base = { brackets: instrument.brackets, quantity: position.quantity, cost: position.cost };
  if (market.marginType === 'ISOLATED') return liquidationPrice({ ...base, walletBalance: market.isolatedWallet });
  return liquidationPrice({
    ...base,
    walletBalance: account.crossWalletBalance,
    otherMaintenanceMargin: account.crossMaintenanceMargin - own.maintenanceMargin,
    otherUnrealisedProfit: account.crossUnrealisedProfit - own.unrealisedProfit,
  });
}

/** Break-even price in USDT: the entry price plus a taker fee in and out. */
export function breakEvenPrice(entry: E8, quantity: E8, takerRate: E8): E8 {
  if (quantity === 0n) return 0n;
  const fee = divideRounded(entry * takerRate * 2n, 100_000_000n);
  return quantity > 0n ? entry + fee : entry - fee;
}
