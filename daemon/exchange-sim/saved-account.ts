import type { Cursor, World } from './market/world.ts';

export type Plain = Record<string, unknown>;

/** A record with its bigint fields as text. */
export function encode(record: object, fields: readonly string[]): Plain {
  const plain: Plain = { ...record };
  for (const field of fields) plain[field] = String(plain[field]);
  return plain;
}

/** The record back from `encode`. */
export function decode<T>(plain: Plain, fields: readonly string[]): T {
  for (const field of fields) plain[field] = BigInt(plain[field] as string);
  return plain as T;
}

const MARKET_FIELDS = [
  'mark',
  'bookOffset',
  'bookHalfSpread',
  'levelNotional',
  'fundingRate',
  'quantity',
  'cost',
  'isolatedWallet',
];

interface SavedMarket {
  readonly mark: string;
  readonly bookOffset: string;
  /** Absent in files of before. */
  readonly bookHalfSpread?: string;
  readonly levelNotional: string;
  readonly held: boolean;
  readonly fundingRate: string;
  readonly nextFundingMs: number | null;
  readonly quantity: string;
  readonly cost: string;
  readonly leverage: number;
  readonly marginType: 'CROSSED' | 'ISOLATED';
  readonly isolatedWallet: string;
  readonly positionUpdatedMs: number;
  readonly countdownAtMs: number | null;
  readonly cursor: Omit<Cursor, 'overrides'>;
  readonly overrides: readonly (readonly [number, ReturnType<Cursor['overrides']['get']>])[];
}

export interface SavedAccount {
  readonly nowMs: number;
  readonly wallet: string;
  readonly dualSidePosition: boolean;
  readonly multiAssets: boolean;
  readonly nextOrderId: number;
  readonly nextAlgoId: number;
  readonly nextTradeId: number;
  readonly nextTranId: number;
  readonly markets: Readonly<Record<string, SavedMarket>>;
}

/** Everything about account and markets that is not in the journal. */
export function buildAccount(world: World): object {
  const { state, cursors } = world;
  const markets: Record<string, unknown> = {};
  for (const [symbol, market] of state.markets) {
    const {
      instrument: _,
      barUnits: _units,
      status: _status,
      openOrders: _orders,
      openAlgos: _algos,
      position,
      ...rest
    } = market;
    const cursor = cursors.get(symbol);
    const { overrides, ...walked } = cursor ?? { overrides: new Map() };
    const plain = { ...rest, ...position, cursor: walked, overrides: [...overrides] };
    markets[symbol] = encode(plain, MARKET_FIELDS);
  }
  const { nowMs, wallet, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId } = state;
  const counters = { nextOrderId, nextAlgoId, nextTradeId, nextTranId };
  return { nowMs, wallet: wallet.toString(), dualSidePosition, multiAssets, ...counters, markets };
}

/** Puts a saved account into a fresh world of the same market. */
export function restoreAccount(world: World, saved: SavedAccount): void {
  const { nowMs, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId } = saved;
  const counters = { nextOrderId, nextAlgoId, nextTradeId, nextTranId };
  Object.assign(world.state, { nowMs, dualSidePosition, multiAssets, ...counters });
  world.state.wallet = BigInt(saved.wallet);
  for (const [symbol, market] of Object.entries(saved.markets)) restoreMarket(world, symbol, market);
}

function restoreMarket(world: World, symbol: string, saved: SavedMarket): void {
  const market = world.state.markets.get(symbol);
  if (market === undefined) throw new Error(`the state file holds ${symbol}, which this market does not have`);
  market.mark = BigInt(saved.mark);
  market.bookOffset = BigInt(saved.bookOffset);
  market.bookHalfSpread = BigInt(saved.bookHalfSpread ?? '0');
  market.levelNotional = BigInt(saved.levelNotional);
  market.held = saved.held;
  market.fundingRate = BigInt(saved.fundingRate);
  // JSON writes the infinity of a tape without further settlements as null.
  market.nextFundingMs = saved.nextFundingMs ?? Number.POSITIVE_INFINITY;
  market.position = { quantity: BigInt(saved.quantity), cost: BigInt(saved.cost) };
  market.leverage = saved.leverage;
  market.marginType = saved.marginType;
  market.isolatedWallet = BigInt(saved.isolatedWallet);
  market.positionUpdatedMs = saved.positionUpdatedMs;
  market.countdownAtMs = saved.countdownAtMs;
  const overrides = new Map(saved.overrides.flatMap(([at, bar]) => (bar === undefined ? [] : [[at, bar] as const])));
  world.cursors.set(symbol, { ...saved.cursor, overrides });
}
