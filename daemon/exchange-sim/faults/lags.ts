import type { TimePort } from '../../time/time-port.ts';
import type { ExchangeState, Order, Trade } from '../core/state.ts';
import type { World } from '../market/world.ts';
import type { Params } from '../refusals/params.ts';

/** Answers that lag behind: all of a kind, one list, the trades of one order, the verdict on one order. */
export class Lags {
  readonly #time: TimePort;
  readonly #views = new Map<string, { readonly untilMs: number; readonly view: World }>();
  /** By order id: until when, wall ms. */
  readonly #trades = new Map<number, number>();
  readonly #verdicts = new Map<number, number>();

  constructor(time: TimePort) {
    this.#time = time;
  }

  clear(): void {
    this.#views.clear();
    this.#trades.clear();
    this.#verdicts.clear();
  }

  /** For `ms` the `account`, the `orders`, the `market`, or what one path answers, is shown as it is in `view`. */
  show(what: string, view: World, ms: number): void {
    this.#views.set(what, { untilMs: this.#time.monotonicMs() + ms, view });
  }
  /** What it is shown from when it lags; undefined when it does not. */
  view(what: string): World | undefined {
    const lagging = this.#views.get(what);
    if (lagging === undefined || this.#time.monotonicMs() < lagging.untilMs) return lagging?.view;
    this.#views.delete(what);
    return undefined;
  }

  /** The trades of an order are listed `ms` from now at the earliest. */
  delayTrades(orderId: number, ms: number): void {
    this.#trades.set(orderId, this.#time.monotonicMs() + ms);
  }

  isListed(trade: Trade): boolean {
    return !isWithin(this.#trades, trade.orderId, this.#time.monotonicMs());
  }

  /** An order that has ended shows as new and untouched for `ms` more. */
  delayVerdict(orderId: number, ms: number): void {
    this.#verdicts.set(orderId, this.#time.monotonicMs() + ms);
  }

  /** The order as reads show it now. */
  shown(order: Order): Order {
    if (!isWithin(this.#verdicts, order.orderId, this.#time.monotonicMs())) return order;
    return asNew(order);
  }

  /** Orders of a symbol that have ended and show as open. */
  shownOpen(state: ExchangeState, symbol: string): readonly Order[] {
    const nowMs = this.#time.monotonicMs();
    return [...this.#verdicts.keys()].flatMap((id) => {
      const order = state.orders.get(id);
      if (order?.symbol !== symbol || !isWithin(this.#verdicts, id, nowMs)) return [];
      return [asNew(order)];
    });
  }
}

/** An order as its acceptance showed it. */
export function asNew(order: Order): Order {
  return { ...order, status: 'NEW', executed: 0n, quote: 0n, updatedMs: order.createdMs };
}

function isWithin(map: Map<number, number>, id: number, nowMs: number): boolean {
  const untilMs = map.get(id);
  if (untilMs === undefined) return false;
  if (nowMs < untilMs) return true;
  map.delete(id);
  return false;
}

interface OddRow {
  readonly path: string;
  readonly symbol: string;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly untilMs: number;
}

/** Rows of lists that say what no documentation does, for a while. */
export class OddRows {
  readonly #time: TimePort;
  #rows: OddRow[] = [];

  constructor(time: TimePort) {
    this.#time = time;
  }

  clear(): void {
    this.#rows = [];
  }

  add(row: Omit<OddRow, 'untilMs'>, ms: number): void {
    this.#rows.push({ ...row, untilMs: this.#time.monotonicMs() + ms });
  }

  /** The list with the odd fields in each row of their symbol; a row of them alone where the list has none. */
  shown(path: string, params: Params, body: unknown): unknown {
    if (this.#rows.length === 0 || !Array.isArray(body)) return body;
    const nowMs = this.#time.monotonicMs();
    this.#rows = this.#rows.filter(({ untilMs }) => nowMs < untilMs);
    const asked = params.text('symbol');
    let list = body as readonly Readonly<Record<string, unknown>>[];
    for (const { patch, path: ofPath, symbol } of this.#rows) {
      if (ofPath !== path || (asked !== undefined && asked !== symbol)) continue;
      const isListed = list.some((row) => row.symbol === symbol);
      list = isListed
        ? list.map((row) => (row.symbol === symbol ? { ...row, ...patch } : row))
        : [...list, { symbol, ...patch }];
    }
    return list;
  }
}
