import type { Listed, VenueBooking, VenueExecution, VenuePosition, VenueTransfer } from '../../engine/records/venue.ts';
import {
  asObject,
  type JsonObject,
  MalformedAnswerError,
  readAmount,
  readE8,
  readFlag,
  readId,
  readInstant,
  readInteger,
  readPositive,
  readText,
  requireList,
  requireObject,
} from '../wire/exact-fields.ts';
import { readRows } from './rows.ts';

export interface Balances {
  readonly walletUsdt: number;
  readonly marginBalanceUsdt: number;
  readonly availableUsdt: number;
  readonly maintenanceMarginUsdt: number;
  readonly initialMarginUsdt: number;
}
export interface SymbolSetting {
  readonly symbol: string;
  readonly leverage: number;
  readonly isIsolated: boolean;
}

/** Totals of `/fapi/v3/account`; with single-asset margin they cover USDT only. */
export function parseBalances(json: unknown): Balances {
  const source = requireObject(json, 'account');
  return {
    walletUsdt: readAmount(source, 'totalWalletBalance'),
    marginBalanceUsdt: readAmount(source, 'totalMarginBalance'),
    availableUsdt: readAmount(source, 'availableBalance'),
    maintenanceMarginUsdt: readAmount(source, 'totalMaintMargin'),
    initialMarginUsdt: readAmount(source, 'totalInitialMargin'),
  };
}
/** The account's own name in `/fapi/v3/balance`, the same in each row: one per asset. Null: no row has one. */
export function parseAccountAlias(json: unknown): string | null {
  for (const row of requireList(json, 'balance')) {
    const { accountAlias } = asObject(row);
    if (typeof accountAlias === 'string' && accountAlias !== '') return accountAlias;
  }
  return null;
}
/** `/fapi/v1/symbolConfig`, one row per symbol. */
export function parseSymbolSettings(json: unknown): Listed<SymbolSetting> {
  return readRows(requireList(json, 'symbolConfig'), (source) => {
    const symbol = readText(source, 'symbol');
    const leverage = readInteger(source, 'leverage');
    if (leverage < 1) throw new MalformedAnswerError('leverage is below 1');
    const mode = readText(source, 'marginType').toUpperCase();
    if (mode !== 'ISOLATED' && mode !== 'CROSSED' && mode !== 'CROSS') {
      throw new MalformedAnswerError('marginType is not known');
    }
    return { symbol, leverage, isIsolated: mode === 'ISOLATED' };
  });
}
/**
 * Rows of `/fapi/v3/positionRisk` with a position, for every symbol: a position that we did not open counts too.
 * The venue's liquidation price is used as it is (ccxt's own computation drops the bracket's `cum`).
 */
export function parsePositions(json: unknown, settings: ReadonlyMap<string, SymbolSetting>): Listed<VenuePosition> {
  const seen = new Set<string>();
  const { rows, unreadable } = readRows(requireList(json, 'positionRisk'), (source) => {
    const position = parsePosition(source, settings);
    if (position === null) return null;
    if (seen.has(position.symbol)) throw new MalformedAnswerError(`${position.symbol} has two positions`);
    seen.add(position.symbol);
    return position;
  });
  // Of two rows of a symbol neither is believed.
  return { rows: rows.filter(({ symbol }) => !unreadable.some((row) => row.symbol === symbol)), unreadable };
}
function parsePosition(source: JsonObject, settings: ReadonlyMap<string, SymbolSetting>): VenuePosition | null {
  const symbol = readText(source, 'symbol');
  const quantityE8 = readE8(source, 'positionAmt');
  if (quantityE8 === 0) return null;
  if (readText(source, 'positionSide') !== 'BOTH') throw new MalformedAnswerError('the account is in hedge mode');
  const liquidationPrice = readAmount(source, 'liquidationPrice');
  return {
    symbol,
    quantityE8,
    entryPrice: readPositive(source, 'entryPrice'),
    markPrice: readPositive(source, 'markPrice'),
    liquidationPrice: liquidationPrice > 0 ? liquidationPrice : null,
    leverage: settings.get(symbol)?.leverage ?? null,
    isolatedMarginUsdt: settings.get(symbol)?.isIsolated === true ? readAmount(source, 'isolatedMargin') : null,
    maintenanceMarginUsdt: readAmount(source, 'maintMargin'),
    unrealisedPnlUsdt: readAmount(source, 'unRealizedProfit'),
    updatedAtMs: readInstant(source, 'updateTime'),
  };
}
/** `/fapi/v1/accountConfig`. Its `canWithdraw` is the account's, not the key's: see `parseKeyRights`. */
export function parseAccountConfig(json: unknown): { isOneWay: boolean; isSingleAsset: boolean; canTrade: boolean } {
  const source = requireObject(json, 'accountConfig');
  return {
    isOneWay: !readFlag(source, 'dualSidePosition'),
    isSingleAsset: !readFlag(source, 'multiAssetsMargin'),
    canTrade: readFlag(source, 'canTrade'),
  };
}
/** `/sapi/v1/account/apiRestrictions`: whether this key may withdraw. */
export function parseKeyRights(json: unknown): { canWithdraw: boolean } {
  return { canWithdraw: readFlag(requireObject(json, 'apiRestrictions'), 'enableWithdrawals') };
}
/** TRANSFER row of `/fapi/v1/income`; positive is into the account. */
export function parseTransfer(json: unknown): {
  readonly transferId: string;
  readonly atMs: number;
  readonly isUsdt: boolean;
  readonly value: VenueTransfer;
} {
  const source = requireObject(json, 'income');
  if (readText(source, 'incomeType') !== 'TRANSFER') throw new MalformedAnswerError('income of another type');
  const transferId = readId(source, 'tranId');
  const atMs = readInstant(source, 'time');
  const isUsdt = readText(source, 'asset') === 'USDT';
  return { transferId, atMs, isUsdt, value: { transferId, amountUsdt: readAmount(source, 'income'), atMs } };
}

/** A row of `/fapi/v1/income` of any type. `execution` null: it is of none; `booking` null: it is in another asset. */
export function parseIncome(json: unknown): {
  readonly atMs: number;
  readonly isTransfer: boolean;
  readonly execution: VenueExecution | null;
  readonly booking: VenueBooking | null;
} {
  const source = requireObject(json, 'income');
  const atMs = readInstant(source, 'time');
  const type = readText(source, 'incomeType');
  const { symbol: ofSymbol, tradeId: ofTrade } = source;
  const tradeId = ofTrade === undefined || ofTrade === null || ofTrade === '' ? null : readId(source, 'tradeId');
  const symbol = ofSymbol === undefined || ofSymbol === null || ofSymbol === '' ? '' : readText(source, 'symbol');
  const booking =
    readText(source, 'asset') === 'USDT'
      ? { incomeId: readId(source, 'tranId'), type, symbol, amountUsdt: readAmount(source, 'income'), tradeId, atMs }
      : null;
  return {
    atMs,
    isTransfer: type === 'TRANSFER',
    execution: tradeId === null ? null : { symbol: readText(source, 'symbol'), tradeId, atMs },
    booking,
  };
}
