import type { OrderState } from '../../engine/orders/orders.ts';
import type { VenueOrder } from '../../engine/records/venue.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';
import type { MarketClock } from './clock.ts';
import type { ReplayCore } from './core.ts';
import { InstantMarks } from './instant-marks.ts';
import type { Asked, RunTally } from './tally.ts';
import type { Fill } from './venue.ts';

/** A fill is so much older than the word on it. */
export const FILLED_BEFORE_MS = 1;

interface NotesParts {
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
}

/** Tells the judge and the counts what is sent to the exchange, and what it has filled. */
export class ExchangeNotes {
  readonly marks: InstantMarks;
  readonly #core: ReplayCore;
  readonly #parts: NotesParts;
  readonly #index: ReadonlyMap<string, number>;

  constructor(core: ReplayCore, parts: NotesParts) {
    this.#core = core;
    this.#parts = parts;
    this.marks = new InstantMarks(parts.clock);
    this.#index = new Map(parts.clock.market.symbols.map((symbol, i) => [symbol, i]));
  }

  /** `asked`: whose ask it carries out; null: the gate's. */
  tellOrder(order: OrderState, asked: Asked | null, lots: number, priceTicks: number | null): void {
    this.#parts.judge.order({
      orderId: order.clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: this.#parts.clock.nowMs,
      symbol: order.symbol,
      venue: SERVED_VENUE,
      account: SERVED_ACCOUNT,
      side: order.side,
      lots,
      priceTicks,
      leverage: order.reduceOnly ? null : order.leverage,
      maxSlippageBps: order.protective ? null : order.slippageBps,
      reduceOnly: order.reduceOnly,
      timeInForce: order.timeInForce,
      slice: order.slice,
      marks: this.marks.now(),
    });
  }

  /** Tells of a fill; what it returns records its trade, once the order is known to have filled. */
  noteFill(order: OrderState, fill: Fill, asked: Asked | null): () => void {
    const { clock, judge, tally } = this.#parts;
    const symbol = this.#index.get(order.symbol)!;
    const { feeUsdt, isMaker, lots, price } = fill;
    const verdict = judge.fill({ orderId: order.clientOrderId, atMs: clock.nowMs, lots, price, feeUsdt });
    const { lotMantissa, lotScale } = clock.market.series[symbol]!.bars.instrument;
    tally.noteFill(
      asked,
      { symbol, symbolName: order.symbol, side: order.side, lots, atMs: clock.nowMs },
      price,
      clock.marks[symbol]!,
      lotMantissa / lotScale,
      feeUsdt,
      verdict,
    );
    return () =>
      this.#core.append('trade', {
        at_venue_ms: clock.nowMs - FILLED_BEFORE_MS,
        client_order_id: order.clientOrderId,
        fee_usdt: feeUsdt,
        is_maker: isMaker,
        price,
        quantity_e8: this.filledE8(order, fill),
        realised_pnl_usdt: 0,
        side: order.side,
        symbol: order.symbol,
        trade_id: `${order.clientOrderId}/${order.executedE8}`,
      });
  }

  filledE8({ symbol }: OrderState, { lots }: Fill): number {
    return this.#parts.clock.grid.quantityE8(this.#index.get(symbol)!, lots);
  }
}

/** What the exchange shows of an order of ours, in its form; what is not given is as it is known. */
export function reportOf(
  order: OrderState,
  shown: {
    readonly status: VenueOrder['status'];
    readonly atMs: number;
    readonly executedE8?: number;
    readonly averagePrice?: number | null;
    readonly quantityE8?: number;
    readonly priceE8?: number | null;
  },
): VenueOrder {
  return {
    kind: order.kind,
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    venueOrderId: order.clientOrderId,
    side: order.side,
    type: order.orderType,
    quantityE8: shown.quantityE8 ?? order.quantityE8,
    executedE8: shown.executedE8 ?? order.executedE8,
    priceE8: shown.priceE8 === undefined ? order.priceE8 : shown.priceE8,
    triggerE8: order.triggerE8,
    reduceOnly: order.reduceOnly,
    closePosition: order.kind === 'algo',
    status: shown.status,
    averagePrice: shown.averagePrice === undefined ? order.averagePrice : shown.averagePrice,
    updatedAtMs: shown.atMs,
  };
}
