import Database from 'better-sqlite3';
import {
  type AlgoOrder,
  createChanges,
  type ExchangeState,
  type Income,
  type Liquidation,
  type Order,
  rememberOrder,
  type Trade,
} from './core/state.ts';
import type { Cursor, World } from './market/world.ts';

/** Which market a state file belongs to; a file is never continued with another one. */
export interface Identity {
  readonly market: string;
  readonly seed: number;
  /** Server time at which the market was first started. */
  readonly startMs: number;
  /** Opening balance in units of 1e-8 USDT, as text. */
  readonly openingBalance: string;
}

// Newest-last tables of JSON bodies; a bigint is written as text and read back by field name.
const TABLES = ['orders', 'algo_orders', 'trades', 'income', 'liquidations'] as const;
const BIGINT_FIELDS: Readonly<Record<(typeof TABLES)[number], readonly string[]>> = {
  orders: ['price', 'quantity', 'executed', 'quote', 'stopPrice', 'markAtPlacement'],
  algo_orders: ['quantity', 'price', 'triggerPrice', 'activatePrice', 'callbackRate'],
  trades: [
    'price',
    'quantity',
    'quote',
    'commission',
    'realisedProfit',
    'mark',
    'positionBefore',
    'positionAfter',
    'marginBalanceAfter',
  ],
  income: ['amount'],
  liquidations: ['mark', 'quantity', 'marginBalance', 'maintenanceMargin', 'fee', 'insurance'],
};

const SCHEMA = [
  'CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT',
  ...TABLES.map((table) => `CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT`),
].join(';');

function encode(value: object): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'bigint' ? field.toString() : field));
}

function decode<T>(body: string, fields: readonly string[]): T {
  const record = JSON.parse(body) as Record<string, unknown>;
  for (const field of fields) record[field] = BigInt(record[field] as string);
  return record as T;
}

interface SavedMarket {
  readonly mark: string;
  readonly bookOffset: string;
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

interface SavedAccount {
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

function buildAccount(world: World): object {
  const { state, cursors } = world;
  const markets: Record<string, unknown> = {};
  for (const [symbol, market] of state.markets) {
    const { instrument: _, openOrders: _orders, openAlgos: _algos, position, ...rest } = market;
    const cursor = cursors.get(symbol);
    const { overrides, ...walked } = cursor ?? { overrides: new Map() };
    markets[symbol] = { ...rest, ...position, cursor: walked, overrides: [...overrides] };
  }
  const { nowMs, wallet, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId } = state;
  return { nowMs, wallet, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId, markets };
}

/**
 * The exchange's state file (SQLite, WAL). One transaction per request with synchronous=NORMAL: what has been answered
 * survives the death of the process; the last commits can be lost when the machine loses power.
 */
export class ExchangeStorage {
  readonly #db: Database.Database;
  readonly #insert: Readonly<Record<(typeof TABLES)[number], Database.Statement<[number | null, string]>>>;
  readonly #setState: Database.Statement<[string, string]>;
  readonly #save: (world: World) => void;

  constructor(path: string) {
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    this.#db.exec(SCHEMA);
    const prepare = (table: string) =>
      this.#db.prepare<[number | null, string]>(`INSERT OR REPLACE INTO ${table} (id, body) VALUES (?, ?)`);
    this.#insert = {
      orders: prepare('orders'),
      algo_orders: prepare('algo_orders'),
      trades: prepare('trades'),
      income: prepare('income'),
      liquidations: prepare('liquidations'),
    };
    this.#setState = this.#db.prepare('INSERT OR REPLACE INTO state (name, body) VALUES (?, ?)');
    this.#save = this.#db.transaction((world: World) => this.#write(world));
  }

  /** Which market the file was started with; null for a new file. */
  readIdentity(): Identity | null {
    const body = this.#readState('identity');
    return body === undefined ? null : (JSON.parse(body) as Identity);
  }

  writeIdentity(identity: Identity): void {
    this.#setState.run('identity', JSON.stringify(identity));
  }

  /** Server time of the last save; null for a new file. */
  readNowMs(): number | null {
    const body = this.#readState('account');
    return body === undefined ? null : (JSON.parse(body) as SavedAccount).nowMs;
  }

  #readState(name: string): string | undefined {
    const row = this.#db.prepare('SELECT body FROM state WHERE name = ?').get(name) as { body: string } | undefined;
    return row?.body;
  }

  /** Writes what changed since the last save; nothing when nothing did. */
  save(world: World, always = false): void {
    const { changes } = world.state;
    const isClean = !changes.account && changes.orders.size === 0 && changes.algoOrders.size === 0;
    if (isClean && changes.trades.length === 0 && !always) return;
    this.#save(world);
  }

  #write(world: World): void {
    const { changes } = world.state;
    for (const order of changes.orders) this.#insert.orders.run(order.orderId, encode(order));
    for (const order of changes.algoOrders) this.#insert.algo_orders.run(order.algoId, encode(order));
    for (const trade of changes.trades) this.#insert.trades.run(trade.tradeId, encode(trade));
    for (const entry of changes.income) this.#insert.income.run(entry.tranId, encode(entry));
    for (const entry of changes.liquidations) this.#insert.liquidations.run(null, encode(entry));
    this.#setState.run('account', encode(buildAccount(world)));
    changes.orders.clear();
    changes.algoOrders.clear();
    changes.trades.length = 0;
    changes.income.length = 0;
    changes.liquidations.length = 0;
    changes.account = false;
  }

  /** Puts everything saved into a fresh world of the same market. */
  restore(world: World): void {
    const body = this.#readState('account');
    if (body === undefined) return;
    const saved = JSON.parse(body) as SavedAccount;
    const { state } = world;
    const { nowMs, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId } = saved;
    Object.assign(state, { nowMs, dualSidePosition, multiAssets, nextOrderId, nextAlgoId, nextTradeId, nextTranId });
    state.wallet = BigInt(saved.wallet);
    for (const [symbol, market] of Object.entries(saved.markets)) restoreMarket(world, symbol, market);
    this.#restoreLists(state);
    Object.assign(state.changes, createChanges());
  }

  #restoreLists(state: ExchangeState): void {
    for (const order of this.#readAll<Order>('orders')) {
      rememberOrder(state, order);
      const isOpen = order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
      if (isOpen) state.markets.get(order.symbol)?.openOrders.set(order.orderId, order);
    }
    for (const order of this.#readAll<AlgoOrder>('algo_orders')) {
      state.algoOrders.set(order.algoId, order);
      if (order.status === 'NEW') state.markets.get(order.symbol)?.openAlgos.set(order.algoId, order);
    }
    state.trades.push(...this.#readAll<Trade>('trades'));
    state.income.push(...this.#readAll<Income>('income'));
    state.liquidations.push(...this.#readAll<Liquidation>('liquidations'));
  }

  #readAll<T>(table: (typeof TABLES)[number]): T[] {
    const rows = this.#db.prepare(`SELECT body FROM ${table} ORDER BY id`).all() as { body: string }[];
    return rows.map((row) => decode<T>(row.body, BIGINT_FIELDS[table]));
  }

  close(): void {
    this.#db.close();
  }
}

function restoreMarket(world: World, symbol: string, saved: SavedMarket): void {
  const market = world.state.markets.get(symbol);
  if (market === undefined) throw new Error(`the state file holds ${symbol}, which this market does not have`);
  market.mark = BigInt(saved.mark);
  market.bookOffset = BigInt(saved.bookOffset);
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
