import { formatE8, readE8 } from '../../daemon/engine/records/units.ts';
import { settleFunding } from '../../daemon/exchange-sim/core/orders/settlement.ts';
import type { Market, Order } from '../../daemon/exchange-sim/core/state.ts';
import { catchUp, type Exchange, persist } from '../../daemon/exchange-sim/exchange.ts';
import { Params } from '../../daemon/exchange-sim/refusals/params.ts';
import { sign } from '../../daemon/exchange-sim/rest/auth.ts';
import { renderBooks } from '../../daemon/exchange-sim/rest/control/books.ts';
import { handleRequest, type RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';
import { serveControl } from '../../daemon/exchange-sim/rest/serve.ts';
import { AccountSide } from './account-side.ts';
import { START_MS } from './market.ts';
import type { Action, InstrumentRules, SymbolName } from './plan.ts';
import { type HandRecord, LOT_E8, type MarkRecord, type OddRowRecord, type SendRecord } from './records.ts';
import type { WireRecord } from './wire.ts';

type Foreign = Extract<Action, { readonly kind: 'foreign' }>;

/** The exchange of a world as whoever plays it sees and moves it, and what its books said when. */
export class ExchangeSide {
  readonly exchange: Exchange;
  readonly marks: MarkRecord[] = [];
  readonly sends: SendRecord[] = [];
  readonly hands: HandRecord[] = [];
  readonly oddRows: OddRowRecord[] = [];
  /** Request weight of others at the daemon's address. */
  readonly weights: { readonly atMs: number; readonly used: number }[] = [];
  readonly account: AccountSide;
  readonly #halts = new Map<SymbolName, number>();
  readonly #least = new Map<string, number>();
  /** Symbols whose rules are not those that the world began with. */
  readonly #changed = new Set<string>();
  readonly #nowMs: () => number;

  /** `nowMs`: since the world began. */
  constructor(exchange: Exchange, nowMs: () => number) {
    this.exchange = exchange;
    this.#nowMs = nowMs;
    this.account = new AccountSide(exchange, nowMs, (method, path, params) => this.#request(method, path, params));
    this.noteMarks();
  }

  get #markets(): ReadonlyMap<string, Market> {
    return this.exchange.world.state.markets;
  }

  #market(symbol: string): Market {
    catchUp(this.exchange);
    const market = this.#markets.get(symbol);
    if (market === undefined) throw new Error(`there is no market ${symbol}`);
    return market;
  }

  control(path: string, body: object): void {
    this.#noteFault(path, body as Readonly<Record<string, unknown>>);
    const reply = serveControl(this.exchange, 'POST', `/sim/${path}`, JSON.stringify(body));
    if (reply.status !== 200) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
    this.noteMarks();
  }

  #noteFault(path: string, { kind, match, ms }: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#nowMs();
    if (path === 'clear-faults') for (const row of this.oddRows) row.untilMs = Math.min(row.untilMs, nowMs);
    if (path !== 'faults' || kind !== 'odd-row') return;
    const of = match as Pick<OddRowRecord, 'path' | 'symbol'>;
    this.oddRows.push({ path: of.path, symbol: of.symbol, fromMs: nowMs, untilMs: nowMs + Number(ms) });
  }

  /** In USDT. */
  mark(symbol: string): number {
    return Number(this.#market(symbol).mark) / 1e8;
  }

  /** Ms of the world since anything was last filled. */
  sinceLastFillMs(): number {
    catchUp(this.exchange);
    const last = this.exchange.world.state.trades.at(-1);
    return last === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() - (last.timeMs - START_MS);
  }

  /** Signed, in units of 1e-8. */
  heldE8(symbol: string): number {
    return Number(this.#markets.get(symbol)?.position.quantity ?? 0n);
  }

  /** What one lot is worth now. */
  lotUsdt(symbol: string): number {
    return (Number(this.#market(symbol).barUnits.lot) / 1e8) * this.mark(symbol);
  }

  useWeight(used: number): void {
    this.weights.push({ atMs: this.#nowMs(), used });
    try {
      this.exchange.limits.useWeight(this.exchange.time.hostMs(), used);
    } catch {
      // Theirs is refused, and counts.
    }
  }

  moveMark(symbol: SymbolName, bps: number): void {
    this.control('set-mark', { symbol, price: Number((this.mark(symbol) * (1 + bps / 10_000)).toFixed(2)) });
  }

  books(): Record<string, unknown> {
    catchUp(this.exchange);
    return renderBooks(this.exchange.world.state);
  }

  noteMarks(): void {
    for (const symbol of this.#markets.keys())
      this.marks.push({ atMs: this.#nowMs(), symbol, mark: this.mark(symbol) });
  }

  /** An order of the account's owner, placed past the daemon. */
  placeByHand({ symbol, side, lots, limitBps, reduceOnly }: Foreign): void {
    const clientId = `hand-${this.hands.length}`;
    const direction = side === 'buy' ? 1 : -1;
    const price = (this.mark(symbol) * (1 + (direction * (limitBps ?? 0)) / 10_000)).toFixed(
      symbol === 'BTCUSDT' ? 1 : 2,
    );
    const isTaken = this.#request('POST', '/fapi/v1/order', {
      symbol,
      side: side.toUpperCase(),
      quantity: (lots / 1000).toFixed(3),
      newClientOrderId: clientId,
      ...(limitBps === undefined ? { type: 'MARKET' } : { type: 'LIMIT', timeInForce: 'GTC', price }),
      ...(reduceOnly === true ? { reduceOnly: 'true' } : {}),
    });
    if (isTaken) this.#noteHand('order', symbol, clientId);
  }

  /** The owner cancels everything in a symbol, whoever placed it. */
  cancelByHand(symbol: SymbolName): void {
    if (this.#request('DELETE', '/fapi/v1/allOpenOrders', { symbol })) this.#noteHand('order', symbol, null);
  }

  /**
   * The owner changes what rests, whoever placed it; nothing where nothing rests, or where the exchange refuses it. What
   * nobody has shown to the daemon yet would look like another order of its id.
   */
  amendByHand(
    { bps, lots, pick, symbol }: Extract<Action, { readonly kind: 'foreign_amend' }>,
    isShown: (clientId: string) => boolean,
  ): void {
    const open = [...this.#market(symbol).openOrders.values()].reverse();
    const resting = open.filter(({ clientOrderId }) => isShown(clientOrderId));
    const order = resting[pick % Math.max(1, resting.length)];
    if (order === undefined || order.reduceOnly) return;
    const isTaken = this.#request('PUT', '/fapi/v1/order', {
      symbol,
      side: order.side,
      quantity: (Math.max(lots, Math.ceil(Number(order.executed) / LOT_E8) + 1) / 1000).toFixed(3),
      price: ((Number(order.price) / 1e8) * (1 + bps / 10_000)).toFixed(symbol === 'BTCUSDT' ? 1 : 2),
      origClientOrderId: order.clientOrderId,
    });
    if (isTaken) this.#noteHand('order', symbol, order.clientOrderId);
  }

  /** The market fills a part of what rests, at its own price; nothing where nothing rests. */
  fillPart(symbol: SymbolName, pick: number, fraction: number): void {
    const resting = [...this.#market(symbol).openOrders.values()].reverse();
    const order = resting[pick % Math.max(1, resting.length)];
    if (order === undefined) return;
    const lots = Math.max(1, Math.floor((Number(order.quantity - order.executed) / LOT_E8) * fraction));
    // One that only closes fills no more than there is, perhaps nothing.
    serveControl(
      this.exchange,
      'POST',
      '/sim/fill-order',
      JSON.stringify({ order_id: order.orderId, quantity: (lots / 1000).toFixed(3) }),
    );
    persist(this.exchange);
  }

  /** No order is taken in a symbol, for so long. */
  haltMarket(symbol: SymbolName, forMs: number): void {
    this.control('set-instrument', { symbol, status: 'HALT' });
    this.#halts.set(symbol, this.#nowMs() + forMs);
  }

  /** Markets that have been halted long enough trade again; `all`: every one. */
  endHalts(all = false): void {
    for (const [symbol, untilMs] of [...this.#halts]) {
      if (!all && this.#nowMs() < untilMs) continue;
      this.#halts.delete(symbol);
      this.control('set-instrument', { symbol, status: 'TRADING' });
    }
  }

  /** The most that any rule of the world kept from being closed, or closed along: a step, or the least of an order, in units of 1e-8. */
  minE8(symbol: string): number {
    return this.#least.get(symbol) ?? LOT_E8;
  }

  /** By how much exposure may be rounded up: to the step that is on record, which may be an older one of the world's. */
  roundedE8(symbol: string): number {
    return this.#changed.has(symbol) ? this.minE8(symbol) : 0;
  }

  #noteLeast(symbol: string): void {
    const { lot, marketLot, minMarketQuantity, minQuantity } = this.#market(symbol).instrument;
    const wholeIn = (least: bigint, step: bigint): number => Math.ceil(Number(least) / Number(step)) * Number(step);
    const least = wholeIn(minQuantity, lot);
    const leastAtMarket = wholeIn(minMarketQuantity ?? minQuantity, marketLot ?? lot);
    this.#least.set(symbol, Math.max(this.minE8(symbol), least, leastAtMarket));
  }

  /** What the exchange takes of a symbol from here on. */
  changeRules(symbol: SymbolName, rules: InstrumentRules): void {
    this.control('set-instrument', { symbol, ...rules });
    this.#changed.add(symbol);
    this.#noteLeast(symbol);
    // Whatever was changed before, the largest order is a few of the least one.
    const fewE8 = 4 * this.minE8(symbol);
    if (Number(this.#market(symbol).instrument.maxQuantity) < fewE8)
      this.control('set-instrument', { symbol, max_quantity: formatE8(fewE8) });
  }

  /** An order of fewer lots is refused, but for what rests already. */
  takeNoLess(symbol: string, lots: number): void {
    this.control('set-instrument', { symbol, min_quantity: (lots / 1000).toFixed(3) });
    this.#noteLeast(symbol);
  }

  /** One more open order is refused. */
  takeNoMore(symbol: string, orders: number): void {
    this.control('set-instrument', { symbol, max_orders: orders });
  }

  transfer(usdt: number, type: string): void {
    this.control('transfer', { amount: usdt, type });
    this.#noteHand('transfer', null, null);
  }

  /** The exchange closes a part of the position by itself. */
  deleverage(symbol: SymbolName, fraction: number): void {
    const lots = Math.floor(Math.abs(this.heldE8(symbol)) / LOT_E8);
    if (lots === 0) return;
    this.control('deleverage', { symbol, quantity: (Math.ceil(lots * fraction) / 1000).toFixed(3) });
    this.#noteHand('order', symbol, 'adl_autoclose');
  }

  /** What the exchange has taken over is nobody's order. */
  noteLiquidations(): void {
    for (const { symbol, timeMs } of this.exchange.world.state.liquidations)
      this.hands.push({ atMs: timeMs - START_MS, what: 'order', symbol, clientId: 'autoclose' });
  }

  /** Settles funding now, at a rate in basis points. */
  settleFunding(symbol: SymbolName, bps: number): void {
    settleFunding(this.exchange.world.state, this.#market(symbol), BigInt(Math.round(bps * 10_000)));
    persist(this.exchange);
    this.#noteHand('funding', symbol, null);
  }

  /** Orders that this ledger knows nothing of: of another daemon, or of what a restore has lost; null: in all symbols. */
  noteStranger(symbol: string | null): void {
    for (const name of symbol === null ? [...this.#markets.keys()] : [symbol]) this.#noteHand('order', name, null);
  }

  #noteHand(what: HandRecord['what'], symbol: string | null, clientId: string | null): void {
    this.hands.push({ atMs: this.#nowMs(), what, symbol, clientId });
  }

  /** As the owner's own program would ask: signed, and past every fault of the way. Whether the exchange did it. */
  #request(method: string, path: string, params: Readonly<Record<string, string>>): boolean {
    catchUp(this.exchange);
    const { apiKey, apiSecret, world } = this.exchange;
    const query = new URLSearchParams({ ...params, timestamp: String(world.state.nowMs) }).toString();
    const raw: RawRequest = { method, path, query: `${query}&signature=${sign(query, apiSecret)}`, body: '', apiKey };
    return handleRequest(this.exchange, raw, new Params(raw.query, raw.body)).status === 200;
  }

  /** What the books say when an order comes to the exchange, before it acts. */
  noteSend(wire: WireRecord): void {
    this.account.note();
    const isOrder = wire.path === '/fapi/v1/order' && (wire.method === 'POST' || wire.method === 'PUT');
    const symbol = wire.params.text('symbol');
    if (!isOrder || symbol === undefined) return;
    catchUp(this.exchange);
    const send = { marks: new Map(), quantityE8: new Map(), restingBuys: new Map(), restingSells: new Map() };
    const openings: string[] = [];
    for (const [name, market] of this.#markets) {
      send.marks.set(name, Number(market.mark) / 1e8);
      send.quantityE8.set(name, Number(market.position.quantity));
      for (const order of market.openOrders.values()) {
        if (order.reduceOnly || order.clientOrderId === wire.clientId) continue;
        if (name === symbol) openings.push(order.clientOrderId);
        const sums = order.side === 'BUY' ? send.restingBuys : send.restingSells;
        sums.set(name, (sums.get(name) ?? 0) + Number(order.quantity - order.executed));
      }
    }
    const amended = wire.method === 'PUT' ? this.#orderOf(wire.clientId) : undefined;
    const executed = Number(amended?.executed ?? 0);
    const addsNothing = amended !== undefined && isNoMore(amended, wire);
    const leverage = this.#markets.get(symbol)?.leverage ?? 0;
    this.sends.push({ wire, symbol, executed, addsNothing, leverage, openings, ...send });
  }

  #orderOf(clientId: string | null): Order | undefined {
    for (const order of this.exchange.world.state.orders.values()) if (order.clientOrderId === clientId) return order;
    return undefined;
  }
}

function isNoMore(order: Order, { params }: WireRecord): boolean {
  const priceE8 = readE8(params.text('price') ?? '0');
  const isNoDearer = order.side === 'BUY' ? priceE8 <= Number(order.price) : priceE8 === Number(order.price);
  return isNoDearer && readE8(params.text('quantity') ?? '0') <= Number(order.quantity);
}
