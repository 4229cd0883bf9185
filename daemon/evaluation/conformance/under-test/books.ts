/**
 * The exchange's books (GET /sim/books of the simulated exchange) in numbers. Prices in USDT, quantities in base asset.
 */
export interface BookFill {
  readonly tradeId: number;
  readonly atMs: number;
  readonly price: number;
  readonly quantity: number;
  readonly feeUsdt: number;
  readonly isMaker: boolean;
  readonly mark: number;
  /** Signed position of the symbol before and after. */
  readonly before: number;
  readonly after: number;
}
export interface BookOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  /** 1 buys, -1 sells. */
  readonly sign: 1 | -1;
  /** As of the reading: amendments change both. Price 0: a market order. */
  readonly quantity: number;
  readonly price: number;
  /** Reduce-only or closePosition: the exchange itself keeps it from opening anything. */
  readonly isExit: boolean;
  /** Sent by nobody: the exchange took the position over. */
  readonly isLiquidation: boolean;
  readonly isOpen: boolean;
  readonly executed: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly markAtPlacement: number;
  readonly leverageAtPlacement: number;
  readonly fills: readonly BookFill[];
}
export interface Books {
  /** Server time. */
  readonly atMs: number;
  /** Margin balance: wallet and unrealised profit. */
  readonly equityUsdt: number;
  readonly positions: ReadonlyMap<string, { readonly quantity: number; readonly mark: number }>;
  readonly orders: readonly BookOrder[];
  readonly liquidations: number;
  /** Sum of all funding and transfers so far: the wallet's changes that no fill made. */
  readonly otherIncomeUsdt: number;
}

type Row = Readonly<Record<string, unknown>>;
const OPEN = new Set(['NEW', 'PARTIALLY_FILLED']);

/** @throws Error when the body is not an exchange's books: an attack without them would see nothing */
export function parseBooks(body: unknown): Books {
  const books = (body ?? {}) as Row;
  const { positions, orders, liquidations, income } = books;
  if (!Array.isArray(positions) || !Array.isArray(orders) || !Array.isArray(liquidations) || !Array.isArray(income)) {
    throw new Error('the exchange did not answer with its books');
  }
  return {
    atMs: number(books, 'server_time_ms'),
    equityUsdt: number(books, 'margin_balance_usdt'),
    positions: new Map(
      (positions as Row[]).map((row) => [
        String(row.symbol),
        { quantity: number(row, 'quantity'), mark: number(row, 'mark_price') },
      ]),
    ),
    orders: (orders as Row[]).map(parseOrder),
    liquidations: liquidations.length,
    otherIncomeUsdt: (income as Row[])
      .filter((row) => row.type === 'FUNDING_FEE' || row.type === 'TRANSFER' || row.type === 'INSURANCE_CLEAR')
      .reduce((sum, row) => sum + number(row, 'amount_usdt'), 0),
  };
}

function parseOrder(row: Row): BookOrder {
  return {
    orderId: number(row, 'order_id'),
    clientOrderId: String(row.client_order_id),
    symbol: String(row.symbol),
    sign: row.side === 'BUY' ? 1 : -1,
    quantity: number(row, 'quantity'),
    price: number(row, 'price'),
    isExit: row.reduce_only === true || row.close_position === true,
    isLiquidation: row.origin === 'liquidation',
    isOpen: OPEN.has(String(row.status)),
    executed: number(row, 'executed_quantity'),
    createdMs: number(row, 'created_ms'),
    updatedMs: number(row, 'updated_ms'),
    markAtPlacement: number(row, 'mark_at_placement'),
    leverageAtPlacement: number(row, 'leverage_at_placement'),
    fills: (row.fills as Row[]).map(parseFill),
  };
}

function parseFill(row: Row): BookFill {
  return {
    tradeId: number(row, 'trade_id'),
    atMs: number(row, 'time_ms'),
    price: number(row, 'price'),
    quantity: number(row, 'quantity'),
    feeUsdt: number(row, 'commission_usdt'),
    isMaker: row.maker === true,
    mark: number(row, 'mark_price'),
    before: number(row, 'position_before'),
    after: number(row, 'position_after'),
  };
}

function number(row: Row, field: string): number {
  const value = Number(row[field]);
  if (row[field] === undefined || !Number.isFinite(value)) throw new Error(`the books have no number "${field}"`);
  return value;
}

/** Part of a fill that increases the absolute position, beyond zero when it crosses; base asset. */
export function openedQuantity({ before, after }: BookFill): number {
  if (before * after < 0) return Math.abs(after);
  return Math.max(0, Math.abs(after) - Math.abs(before));
}
