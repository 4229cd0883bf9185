import { type E8, format, maximum, minimum } from '../../core/fixed.ts';
import { notionalCapAt } from '../../core/margin.ts';
import {
  type AccountMargin,
  accountMargin,
  breakEvenPrice,
  positionLiquidationPrice,
} from '../../core/orders/account.ts';
import { entryPrice } from '../../core/position.ts';
import { type ExchangeState, type Market, TAKER_RATE } from '../../core/state.ts';
import { quantityText } from './render-order.ts';

function maxWithdraw(margin: AccountMargin): E8 {
  return maximum(0n, minimum(margin.availableBalance, margin.crossWalletBalance));
}

function renderTotals(state: ExchangeState, margin: AccountMargin): Record<string, unknown> {
  return {
    totalInitialMargin: format(margin.positionInitialMargin + margin.openOrderInitialMargin),
    totalMaintMargin: format(margin.maintenanceMargin),
    totalWalletBalance: format(state.wallet),
    totalUnrealizedProfit: format(margin.unrealisedProfit),
    totalMarginBalance: format(margin.marginBalance),
    totalPositionInitialMargin: format(margin.positionInitialMargin),
    totalOpenOrderInitialMargin: format(margin.openOrderInitialMargin),
    totalCrossWalletBalance: format(margin.crossWalletBalance),
    totalCrossUnPnl: format(margin.crossUnrealisedProfit),
    availableBalance: format(margin.availableBalance),
    maxWithdrawAmount: format(maxWithdraw(margin)),
  };
}

function renderAsset(state: ExchangeState, margin: AccountMargin): Record<string, unknown> {
  return {
    asset: 'USDT',
    walletBalance: format(state.wallet),
    unrealizedProfit: format(margin.unrealisedProfit),
    marginBalance: format(margin.marginBalance),
    maintMargin: format(margin.maintenanceMargin),
    initialMargin: format(margin.positionInitialMargin + margin.openOrderInitialMargin),
    positionInitialMargin: format(margin.positionInitialMargin),
    openOrderInitialMargin: format(margin.openOrderInitialMargin),
    crossWalletBalance: format(margin.crossWalletBalance),
    crossUnPnl: format(margin.crossUnrealisedProfit),
    availableBalance: format(margin.availableBalance),
    maxWithdrawAmount: format(maxWithdraw(margin)),
    marginAvailable: true,
    updateTime: state.nowMs,
  };
}

function isShown(market: Market): boolean {
  return market.position.quantity !== 0n || market.openOrders.size > 0;
}

function isolatedMargin(market: Market, profit: E8): E8 {
  return market.marginType === 'ISOLATED' && market.position.quantity !== 0n ? market.isolatedWallet + profit : 0n;
}

/** GET /fapi/v3/account: only symbols with a position or an open order are listed. */
export function renderAccountV3(state: ExchangeState): Record<string, unknown> {
  const margin = accountMargin(state);
  const positions = [...state.markets.values()].filter(isShown).map((market) => {
    const own = requireMargin(margin, market);
    return {
      symbol: market.instrument.symbol,
      positionSide: 'BOTH',
      positionAmt: quantityText(market.position.quantity),
      unrealizedProfit: format(own.unrealisedProfit),
      isolatedMargin: format(isolatedMargin(market, own.unrealisedProfit)),
      notional: format(own.notional),
      isolatedWallet: format(market.isolatedWallet),
      initialMargin: format(own.positionInitialMargin + own.openOrderInitialMargin),
      maintMargin: format(own.maintenanceMargin),
      updateTime: market.positionUpdatedMs,
    };
  });
  return { ...renderTotals(state, margin), assets: [renderAsset(state, margin)], positions };
}

/** GET /fapi/v2/account: every symbol, with its settings. */
export function renderAccountV2(state: ExchangeState): Record<string, unknown> {
  const margin = accountMargin(state);
  const positions = [...state.markets.values()].map((market) => {
    const own = requireMargin(margin, market);
    return {
      symbol: market.instrument.symbol,
      initialMargin: format(own.positionInitialMargin + own.openOrderInitialMargin),
      maintMargin: format(own.maintenanceMargin),
      unrealizedProfit: format(own.unrealisedProfit),
      positionInitialMargin: format(own.positionInitialMargin),
      openOrderInitialMargin: format(own.openOrderInitialMargin),
      leverage: String(market.leverage),
      isolated: market.marginType === 'ISOLATED',
      entryPrice: format(entryPrice(market.position)),
      breakEvenPrice: format(breakEven(market)),
      maxNotional: format(notionalCapAt(market.instrument.brackets, market.leverage), 0),
      bidNotional: format(own.bidNotional),
      askNotional: format(own.askNotional),
      positionSide: 'BOTH',
      positionAmt: quantityText(market.position.quantity),
      notional: format(own.notional),
      isolatedWallet: format(market.isolatedWallet),
      updateTime: market.positionUpdatedMs,
    };
  });
  return {
    feeTier: 0,
    feeBurn: false,
    canTrade: true,
    canDeposit: true,
    canWithdraw: false,
    updateTime: 0,
    multiAssetsMargin: state.multiAssets,
    tradeGroupId: -1,
    ...renderTotals(state, margin),
    assets: [renderAsset(state, margin)],
    positions,
  };
}

function breakEven(market: Market): E8 {
  return breakEvenPrice(entryPrice(market.position), market.position.quantity, TAKER_RATE);
}

function requireMargin(margin: AccountMargin, market: Market) {
  const own = margin.symbols.get(market.instrument.symbol);
  if (own === undefined) throw new RangeError(`no margin of ${market.instrument.symbol}`);
  return own;
}

/** GET /fapi/v3/positionRisk: symbols with a position or an open order; without leverage. */
export function renderPositionRiskV3(state: ExchangeState, markets: readonly Market[]): readonly unknown[] {
  const margin = accountMargin(state);
  return markets.filter(isShown).map((market) => {
    const own = requireMargin(margin, market);
    return {
      symbol: market.instrument.symbol,
      positionSide: 'BOTH',
      positionAmt: quantityText(market.position.quantity),
      entryPrice: format(entryPrice(market.position)),
      breakEvenPrice: format(breakEven(market)),
      markPrice: format(market.mark),
      unRealizedProfit: format(own.unrealisedProfit),
      liquidationPrice: liquidationText(market, margin),
      isolatedMargin: format(isolatedMargin(market, own.unrealisedProfit)),
      notional: format(own.notional),
      marginAsset: 'USDT',
      isolatedWallet: format(market.isolatedWallet),
      initialMargin: format(own.positionInitialMargin + own.openOrderInitialMargin),
      maintMargin: format(own.maintenanceMargin),
      positionInitialMargin: format(own.positionInitialMargin),
      openOrderInitialMargin: format(own.openOrderInitialMargin),
      adl: 0,
      bidNotional: format(own.bidNotional),
      askNotional: format(own.askNotional),
      updateTime: market.positionUpdatedMs,
    };
  });
}

/** GET /fapi/v2/positionRisk: every symbol, with leverage and margin type. */
export function renderPositionRiskV2(state: ExchangeState, markets: readonly Market[]): readonly unknown[] {
  const margin = accountMargin(state);
  return markets.map((market) => {
    const own = requireMargin(margin, market);
    return {
      symbol: market.instrument.symbol,
      positionAmt: quantityText(market.position.quantity),
      entryPrice: format(entryPrice(market.position)),
      breakEvenPrice: format(breakEven(market)),
      markPrice: format(market.mark),
      unRealizedProfit: format(own.unrealisedProfit),
      liquidationPrice: liquidationText(market, margin),
      leverage: String(market.leverage),
      maxNotionalValue: format(notionalCapAt(market.instrument.brackets, market.leverage), 0),
      marginType: market.marginType === 'ISOLATED' ? 'isolated' : 'cross',
      isolatedMargin: format(isolatedMargin(market, own.unrealisedProfit)),
      isAutoAddMargin: 'false',
      positionSide: 'BOTH',
      notional: format(own.notional),
      isolatedWallet: format(market.isolatedWallet),
      updateTime: market.positionUpdatedMs,
    };
  });
}

function liquidationText(market: Market, margin: AccountMargin): string {
  const price = positionLiquidationPrice(market, margin);
  return price === null ? '0' : format(price);
}

/** GET /fapi/v3/balance and v2. */
export function renderBalance(state: ExchangeState): readonly unknown[] {
  const margin = accountMargin(state);
  return [
    {
      accountAlias: 'paper',
      asset: 'USDT',
      balance: format(state.wallet),
      crossWalletBalance: format(margin.crossWalletBalance),
      crossUnPnl: format(margin.crossUnrealisedProfit),
      availableBalance: format(margin.availableBalance),
      maxWithdrawAmount: format(maxWithdraw(margin)),
      marginAvailable: true,
      updateTime: state.nowMs,
    },
  ];
}
