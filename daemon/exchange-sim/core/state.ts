import type { BookInput } from './book.ts';
import { type E8, e8 } from './fixed.ts';
import type { Instrument } from './instruments.ts';
import { FLAT, type Position } from './position.ts';

export type Side = 'BUY' | 'SELL';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD';
export type OrderType = 'LIMIT' | 'MARKET';
export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'REJECTED';
export type ConditionalType = 'STOP_MARKET' | 'TAKE_PROFIT_MARKET' | 'STOP' | 'TAKE_PROFIT' | 'TRAILING_STOP_MARKET';
export type AlgoStatus = 'NEW' | 'FINISHED' | 'CANCELED' | 'REJECTED' | 'EXPIRED';
export type MarginType = 'CROSSED' | 'ISOLATED';
/** What a dead-man countdown cancels: regular orders alone, or conditional ones too. */
export type CountdownScope = 'regular' | 'all';

/** Rates of a fresh account. */
export const TAKER_RATE: E8 = e8('0.0005');
export const MAKER_RATE: E8 = e8('0.0002');
/** Fraction of the notional that a liquidation costs on top (exchangeInfo.liquidationFee). */
export const LIQUIDATION_RATE: E8 = e8('0.0125');

/** A regular order. `quote` is the USDT value of what has been executed. */
export interface Order {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  /** What it was before it triggered (a conditional type), else `type`. */
  readonly originalType: string;
  readonly timeInForce: TimeInForce;
  /** GTD: it expires then; 0: never. */
  readonly goodTillMs: number;
  price: E8;
  quantity: E8;
  executed: E8;
  quote: E8;
  readonly stopPrice: E8;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly origin: 'client' | 'conditional' | 'liquidation';
  status: OrderStatus;
  readonly createdMs: number;
  updatedMs: number;
  readonly markAtPlacement: E8;
  readonly leverageAtPlacement: number;
}

/** A conditional order of the algo service; it becomes a regular order when the mark reaches its trigger. */
export interface AlgoOrder {
  readonly algoId: number;
  readonly clientAlgoId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: ConditionalType;
  readonly timeInForce: TimeInForce;
  readonly quantity: E8;
  readonly price: E8;
  /** Trailing orders move it with the market; 0 until they are active. */
  triggerPrice: E8;
  readonly activatePrice: E8;
  /** Trailing: fraction (0.01 = 1 %); 0 otherwise. */
  readonly callbackRate: E8;
  readonly workingType: string;
  readonly priceProtect: boolean;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  status: AlgoStatus;
  readonly createdMs: number;
  updatedMs: number;
  triggeredMs: number;
  actualOrderId: number | null;
}

export interface Trade {
  readonly tradeId: number;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: E8;
  readonly quantity: E8;
  readonly quote: E8;
  readonly commission: E8;
  readonly realisedProfit: E8;
  readonly maker: boolean;
  readonly timeMs: number;
  readonly mark: E8;
  readonly positionBefore: E8;
  readonly positionAfter: E8;
  /** Margin balance of the account right after the fill, at the marks of that instant. */
  readonly marginBalanceAfter: E8;
}

/** Money that is moved into or out of the account, by what it comes from or goes to. */
export const MOVE_TYPES = [
  'TRANSFER',
  'INTERNAL_TRANSFER',
  'STRATEGY_UMFUTURES_TRANSFER',
  'CROSS_COLLATERAL_TRANSFER',
  'COIN_SWAP_DEPOSIT',
  'COIN_SWAP_WITHDRAW',
  'AUTO_EXCHANGE',
] as const;
export type MoveType = (typeof MOVE_TYPES)[number];
export type IncomeType = MoveType | 'REALIZED_PNL' | 'COMMISSION' | 'FUNDING_FEE' | 'INSURANCE_CLEAR';

/** Every change of the wallet, signed. Their sum plus the opening balance is the wallet, exactly. */
export interface Income {
  readonly tranId: number;
  readonly type: IncomeType;
  readonly symbol: string;
  readonly amount: E8;
  readonly timeMs: number;
  readonly tradeId: number | null;
}

export interface Liquidation {
  readonly orderId: number;
  readonly symbol: string;
  readonly marginType: MarginType;
  readonly timeMs: number;
  readonly mark: E8;
  readonly quantity: E8;
  readonly marginBalance: E8;
  readonly maintenanceMargin: E8;
  readonly fee: E8;
  /** What the insurance fund paid because the loss exceeded the margin. */
  readonly insurance: E8;
}

export type SymbolStatus = 'TRADING' | 'BREAK' | 'HALT' | 'SETTLING' | 'CLOSE';

export interface Market {
  /** As the exchange states it now; a test may change filters, brackets and status while it runs. */
  instrument: Instrument;
  status: SymbolStatus;
  /** What bars count prices and volumes in: tick and lot of the instrument that the exchange began with. */
  readonly barUnits: { readonly tick: E8; readonly lot: E8 };
  mark: E8;
  bookOffset: E8;
  /** See {@link BookInput.halfSpread}. */
  bookHalfSpread: E8;
  levelNotional: E8;
  /** True while a test holds the mark: the tape runs on but does not move it. */
  held: boolean;
  fundingRate: E8;
  nextFundingMs: number;
  position: Position;
  leverage: number;
  marginType: MarginType;
  isolatedWallet: E8;
  positionUpdatedMs: number;
  countdownAtMs: number | null;
  readonly openOrders: Map<number, Order>;
  readonly openAlgos: Map<number, AlgoOrder>;
}

/** What has changed since the storage last looked. */
export interface Changes {
  readonly orders: Set<Order>;
  readonly algoOrders: Set<AlgoOrder>;
  readonly trades: Trade[];
  readonly income: Income[];
  readonly liquidations: Liquidation[];
  account: boolean;
}

/** The whole exchange: one account, its orders and the markets. Mutated only by the functions of this folder. */
export interface ExchangeState {
  nowMs: number;
  readonly openingBalance: E8;
  /** Wallet balance in USDT, isolated wallets included. */
  wallet: E8;
  dualSidePosition: boolean;
  multiAssets: boolean;
  nextOrderId: number;
  nextAlgoId: number;
  nextTradeId: number;
  nextTranId: number;
  readonly markets: Map<string, Market>;
  readonly orders: Map<number, Order>;
  /** Newest order of each `symbol clientOrderId`: an id may be used again once its order is closed. */
  readonly ordersByClientId: Map<string, Order>;
  readonly algoOrders: Map<number, AlgoOrder>;
  readonly trades: Trade[];
  readonly income: Income[];
  readonly liquidations: Liquidation[];
  /** Fraction of the next order's immediate fill that a test lets through; null normally. */
  nextFillFraction: E8 | null;
  /** The next order is taken and then refused by the matching engine, untouched. */
  nextIsRejected: boolean;
  countdownScope: CountdownScope;
  readonly changes: Changes;
}

export function createChanges(): Changes {
  return { orders: new Set(), algoOrders: new Set(), trades: [], income: [], liquidations: [], account: false };
}

/** A fresh account: one-way mode, cross margin, leverage 20, single-asset margin. */
export function createState(instruments: readonly Instrument[], openingBalance: E8, nowMs: number): ExchangeState {
  const markets = new Map<string, Market>();
  for (const instrument of instruments) {
    markets.set(instrument.symbol, {
      instrument,
      status: 'TRADING',
      barUnits: { tick: instrument.tick, lot: instrument.lot },
      mark: instrument.startPrice,
      bookOffset: 0n,
      bookHalfSpread: 0n,
      levelNotional: instrument.levelNotional,
      held: false,
      fundingRate: 0n,
      nextFundingMs: 0,
      position: FLAT,
      leverage: 20,
      marginType: 'CROSSED',
      isolatedWallet: 0n,
      positionUpdatedMs: 0,
      countdownAtMs: null,
      openOrders: new Map(),
      openAlgos: new Map(),
    });
  }
  return {
    nowMs,
    openingBalance,
    wallet: openingBalance,
    dualSidePosition: false,
    multiAssets: false,
    nextOrderId: 1_000_001,
    nextAlgoId: 2_000_001,
    nextTradeId: 1,
    nextTranId: 9_000_001,
    markets,
    orders: new Map(),
    ordersByClientId: new Map(),
    algoOrders: new Map(),
    trades: [],
    income: [],
    liquidations: [],
    nextFillFraction: null,
    nextIsRejected: false,
    countdownScope: 'regular',
    changes: createChanges(),
  };
}

export function bookOf(market: Market): BookInput {
  const { instrument, mark, bookHalfSpread: halfSpread, bookOffset: offset, levelNotional } = market;
  return { instrument, mark, offset, halfSpread, levelNotional };
}

/** Records a change of the wallet. */
export function appendIncome(state: ExchangeState, income: Omit<Income, 'tranId' | 'timeMs'>): void {
  const { amount, symbol, tradeId, type } = income;
  if (amount === 0n) return;
  const entry = { tranId: state.nextTranId++, type, symbol, amount, timeMs: state.nowMs, tradeId };
  state.wallet += amount;
  state.income.push(entry);
  state.changes.income.push(entry);
  state.changes.account = true;
}

/** Adds a new order to the lists that hold every order ever. */
export function rememberOrder(state: ExchangeState, order: Order): void {
  state.orders.set(order.orderId, order);
  state.ordersByClientId.set(`${order.symbol} ${order.clientOrderId}`, order);
}
