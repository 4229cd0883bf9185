import { findOpeningsToEndByAnswer, findOpeningsToEndByStop } from '../../engine/claims/openings-to-end.ts';
import type { OrderState } from '../../engine/orders/orders.ts';
import { findMisplaced } from '../../engine/plan/holdings.ts';
import { findRepeatedExecution } from '../../engine/protect/breakers.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { MarketClock } from './clock.ts';
import { FILLED_BEFORE_MS, type GateDoor } from './door.ts';
import type { Asked, RunTally } from './tally.ts';
import type { Fill } from './venue.ts';

export interface FillNotesParts {
  readonly door: GateDoor;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
  readonly cancel: (order: OrderState, reason: string) => void;
}

/** Tells a fill to all who ask for it: the judge, the gate's views with what follows from it, and the counts. */
export class FillNotes {
  readonly #parts: FillNotesParts;

  constructor(parts: FillNotesParts) {
    this.#parts = parts;
  }

  /** `asked`: whose ask the order carries out; null: the gate's. `isAnswer`: to what was sent just now. */
  note(order: OrderState, fill: Fill, asked: Asked | null, isAnswer: boolean): void {
    const { door, judge, clock, tally } = this.#parts;
    const symbol = clock.market.symbols.indexOf(order.symbol);
    const verdict = judge.fill({
      orderId: order.clientOrderId,
      atMs: clock.nowMs,
      lots: fill.lots,
      price: fill.price,
      feeUsdt: fill.feeUsdt,
    });
    door.append('trade', {
      at_venue_ms: clock.nowMs - FILLED_BEFORE_MS,
      client_order_id: order.clientOrderId,
      fee_usdt: fill.feeUsdt,
      is_maker: fill.isMaker,
      price: fill.price,
      quantity_e8: clock.grid.quantityE8(symbol, fill.lots),
      realised_pnl_usdt: 0,
      side: order.side,
      symbol: order.symbol,
      trade_id: `${order.clientOrderId}/${order.executedE8}`,
    });
    this.#follow(order, isAnswer);
    const { lotMantissa, lotScale } = clock.market.series[symbol]!.bars.instrument;
    tally.noteFill(
      asked,
      { symbol, symbolName: order.symbol, side: order.side, lots: fill.lots, atMs: clock.nowMs },
      fill.price,
      clock.marks[symbol]!,
      lotMantissa / lotScale,
      fill.feeUsdt,
      verdict,
    );
  }

  /** What follows from a fill, as in the daemon: what it undoes, what may not rest on, the breaker of repetition. */
  #follow(order: OrderState, isAnswer: boolean): void {
    const { cancel, clock, door } = this.#parts;
    if (order.protective) door.endOpenings(findOpeningsToEndByStop(door.state, order));
    for (const { order: misplaced, why } of findMisplaced(door.state, clock.nowMs)) cancel(misplaced, why);
    if (order.agent !== null) {
      const { breaker } = door.policy(order.agent).temporal;
      const opened = findRepeatedExecution(door.state, order, breaker, clock.nowMs);
      if (opened !== null) door.append('state', opened);
    }
    const isLimitExit = order.reduceOnly && !order.protective && order.timeInForce === 'GTC';
    if (isAnswer && isLimitExit) door.endOpenings(findOpeningsToEndByAnswer(door.state, order));
  }
}
