import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { isOpen } from './core/orders/orders.ts';
import {
  type AlgoOrder,
  type Changes,
  createChanges,
  type ExchangeState,
  type Income,
  type Liquidation,
  type Order,
  rememberOrder,
  type Trade,
} from './core/state.ts';
import type { World } from './market/world.ts';
import { buildAccount, decode, encode, type Plain, restoreAccount, type SavedAccount } from './saved-account.ts';

/** Which market a state file belongs to; a file is never continued with another one. */
export interface Identity {
  readonly market: string;
  readonly seed: number;
  /** Server time at which the market was first started. */
  readonly startMs: number;
  /** Opening balance in units of 1e-8 USDT, as text. */
  readonly openingBalance: string;
}

// Bigints are written as text and read back by field name.
const ORDER_FIELDS = ['price', 'quantity', 'executed', 'quote', 'stopPrice', 'markAtPlacement'];
const ALGO_FIELDS = ['quantity', 'price', 'triggerPrice', 'activatePrice', 'callbackRate'];
const TRADE_FIELDS = [
  'price',
  'quantity',
  'quote',
  'commission',
  'realisedProfit',
  'mark',
  'positionBefore',
  'positionAfter',
  'marginBalanceAfter',
];
const INCOME_FIELDS = ['amount'];
const LIQUIDATION_FIELDS = ['mark', 'quantity', 'marginBalance', 'maintenanceMargin', 'fee', 'insurance'];

// One journal row holds what one request changed: few pages a commit, and the latest row of an order is its state.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
`;

interface JournalRow {
  readonly orders: readonly Plain[];
  readonly algoOrders: readonly Plain[];
  readonly trades: readonly Plain[];
  readonly income: readonly Plain[];
  readonly liquidations: readonly Plain[];
}

function buildJournalRow(changes: Changes): JournalRow {
  return {
    orders: Array.from(changes.orders, (order) => encode(order, ORDER_FIELDS)),
    algoOrders: Array.from(changes.algoOrders, (order) => encode(order, ALGO_FIELDS)),
    trades: changes.trades.map((trade) => encode(trade, TRADE_FIELDS)),
    income: changes.income.map((entry) => encode(entry, INCOME_FIELDS)),
    liquidations: changes.liquidations.map((entry) => encode(entry, LIQUIDATION_FIELDS)),
  };
}

const LOCK_WAIT_MS = 300;

/**
 * Mode 0600; SQLite gives the log the mode of its database. A file that exists is never opened here: closing any
 * descriptor of it would drop the locks that SQLite holds on it in this process.
 */
function keepPrivate(path: string, isCreated: boolean): void {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing === undefined) {
    if (isCreated) closeSync(openSync(path, 'wx', 0o600));
  } else if (process.platform !== 'win32' && (existing.mode & 0o077) !== 0) chmodSync(path, 0o600);
}

/** One exchange a file: a second one is refused instead of becoming a second truth. */
function openDatabase(path: string): Database.Database {
  for (const suffix of ['', '-wal']) keepPrivate(`${path}${suffix}`, suffix === '');
  const db = new Database(path, { timeout: LOCK_WAIT_MS });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    // Written, and read at a start: better-sqlite3's 16 MB of pages would only be memory.
    db.pragma('cache_size = -2048');
    return db;
  } catch (error) {
    db.close();
    const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
    throw isBusy ? new Error(`${path} is in use by another exchange`, { cause: error }) : error;
  }
}

/**
 * The exchange's state file (SQLite, WAL). One transaction per request with synchronous=NORMAL: what has been answered
 * survives the death of the process; the last commits can be lost when the machine loses power.
 */
export class ExchangeStorage {
  readonly #db: Database.Database;
  readonly #append: Database.Statement<[string]>;
  readonly #setState: Database.Statement<[string, string]>;
  readonly #save: (world: World) => void;

  constructor(path: string) {
    this.#db = openDatabase(path);
    this.#db.pragma('synchronous = NORMAL');
    this.#db.pragma('wal_autocheckpoint = 4000');
    this.#db.exec(SCHEMA);
    this.#append = this.#db.prepare('INSERT INTO journal (body) VALUES (?)');
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
    const isEmpty = changes.orders.size + changes.algoOrders.size + changes.income.length === 0;
    if (!isEmpty) this.#append.run(JSON.stringify(buildJournalRow(changes)));
    this.#setState.run('account', JSON.stringify(buildAccount(world)));
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
    restoreAccount(world, saved);
    this.#restoreLists(world.state);
    Object.assign(world.state.changes, createChanges());
  }

  #restoreLists(state: ExchangeState): void {
    const rows = this.#db.prepare('SELECT body FROM journal ORDER BY id').iterate() as Iterable<{ body: string }>;
    for (const { body } of rows) {
      const row = JSON.parse(body) as JournalRow;
      for (const plain of row.orders) rememberOrder(state, decode<Order>(plain, ORDER_FIELDS));
      for (const plain of row.algoOrders) {
        const order = decode<AlgoOrder>(plain, ALGO_FIELDS);
        state.algoOrders.set(order.algoId, order);
      }
      for (const plain of row.trades) state.trades.push(decode<Trade>(plain, TRADE_FIELDS));
      for (const plain of row.income) state.income.push(decode<Income>(plain, INCOME_FIELDS));
      for (const plain of row.liquidations) {
        state.liquidations.push(decode<Liquidation>(plain, LIQUIDATION_FIELDS));
      }
    }
    for (const order of state.orders.values()) {
      if (isOpen(order)) state.markets.get(order.symbol)?.openOrders.set(order.orderId, order);
    }
    for (const order of state.algoOrders.values()) {
      if (order.status === 'NEW') state.markets.get(order.symbol)?.openAlgos.set(order.algoId, order);
    }
  }

  close(): void {
    this.#db.close();
  }
}
