import type { E8 } from '../fixed.ts';
import { initialMargin, notionalCapAt } from '../margin.ts';
import { appendIncome, type ExchangeState, type MarginType, type Market, type MoveType } from '../state.ts';
import { accountMargin, symbolMargin, worstNotional } from './account.ts';
import { type Rejection, reject } from './rejections.ts';

function hasOpenOrders(market: Market): boolean {
  return market.openOrders.size > 0 || market.openAlgos.size > 0;
}

/** Sets a symbol's leverage. With an isolated position it can only rise; margin and bracket must allow it. */
export function changeLeverage(state: ExchangeState, market: Market, leverage: number): Rejection | undefined {
  const { instrument, position } = market;
  const highest = instrument.brackets[0]?.initialLeverage ?? 1;
  if (!Number.isInteger(leverage) || leverage < 1 || leverage > highest) {
    return reject('INVALID_LEVERAGE', String(leverage));
  }
  if (market.marginType === 'ISOLATED' && position.quantity !== 0n && leverage < market.leverage) {
    return reject('ISOLATED_LEVERAGE');
  }
  const now = symbolMargin(market);
  const worst = worstNotional(now.notional, now.bidNotional, now.askNotional);
  if (worst > notionalCapAt(instrument.brackets, leverage)) return reject('MAX_LEVERAGE_RATIO');
  const extra = initialMargin(worst, leverage) - initialMargin(worst, market.leverage);
  if (extra > 0n && extra > accountMargin(state).availableBalance) return reject('MARGIN_NOT_SUFFICIENT');
  market.leverage = leverage;
  state.changes.account = true;
  return undefined;
}

export function changeMarginType(state: ExchangeState, market: Market, marginType: MarginType): Rejection | undefined {
  if (market.marginType === marginType) return reject('MARGIN_TYPE_SET');
  if (marginType === 'ISOLATED' && state.multiAssets) return reject('JOINT_MARGIN_ISOLATED');
  if (hasOpenOrders(market)) return reject('MARGIN_TYPE_ORDERS');
  if (market.position.quantity !== 0n) return reject('MARGIN_TYPE_POSITION');
  market.marginType = marginType;
  state.changes.account = true;
  return undefined;
}

/** Hedge mode can be set and read back; orders are then refused, since positions are one-way only. */
export function changePositionMode(state: ExchangeState, dual: boolean): Rejection | undefined {
  if (state.dualSidePosition === dual) return reject('POSITION_MODE_SET');
  for (const market of state.markets.values()) {
    if (hasOpenOrders(market)) return reject('POSITION_MODE_ORDERS');
    if (market.position.quantity !== 0n) return reject('POSITION_MODE_POSITION');
  }
  state.dualSidePosition = dual;
  state.changes.account = true;
  return undefined;
}

/** Multi-assets margin can be set and read back; with USDT alone it changes no margin figure. */
export function changeMultiAssets(state: ExchangeState, on: boolean): Rejection | undefined {
  if (state.multiAssets === on) return reject('JOINT_MARGIN_SET');
  for (const market of state.markets.values()) {
    if (hasOpenOrders(market)) return reject('JOINT_MARGIN_ORDERS');
  }
  state.multiAssets = on;
  state.changes.account = true;
  return undefined;
}

/** Moves USDT into (positive) or out of the wallet. */
export function transfer(state: ExchangeState, amount: E8, type: MoveType = 'TRANSFER'): void {
  appendIncome(state, { type, symbol: '', amount, tradeId: null });
}
