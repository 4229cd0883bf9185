import type { OrderState } from '../../engine/orders/orders.ts';
import type {
  CancelOutcome,
  OrderInstruction,
  OrderKind,
  StopInstruction,
  SubmitOutcome,
  VenueOrder,
} from '../../engine/records/venue.ts';
import type { GateViews } from '../../engine/state/views.ts';
import { isAtVenue } from '../../engine/tables/status.ts';
import type { DrivenVenue, ReplayExchange } from '../exchange/exchange.ts';
import type { Answered, Fill } from '../exchange/orders.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { Asked, RunTally } from './tally.ts';

interface Steps {
  readonly lots: number;
  /** Null: at any price. */
  readonly priceTicks: number | null;
}
interface JudgedParts {
  readonly venue: ReplayExchange;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
  /** Orders and exits, to see whose they are. */
  readonly views: () => Pick<GateViews, 'orders' | 'claims'>;
}

/** The exchange as the driver has it; the judge and the counts hear of all that is sent there, and of what it has filled. */
export class JudgedVenue implements DrivenVenue {
  onReport: DrivenVenue['onReport'] = () => undefined;
  /** What the exchange has taken of orders, amends and cancels so far. */
  changes = 0;
  readonly #parts: JudgedParts;
  /** By decision: whose ask it carries out; of an amended order by its id: its amender's, whose doing its fills are now. */
  readonly #asks = new Map<string, Asked>();
  /** Who has asked last to change an order, or to cancel it. */
  readonly #amenders = new Map<string, Asked>();

  constructor(parts: JudgedParts) {
    this.#parts = parts;
    parts.venue.onReport = (report, fill) => {
      if (report.kind === 'algo' && fill !== null) this.#tellOrder(this.#known(report.clientOrderId), null, fill.lots);
      this.#note(report, fill);
      this.onReport(report, fill);
    };
  }

  /** `target`: the order that it is to change. */
  noteAsk(decisionId: string, asked: Asked, target: OrderState | null): void {
    this.#asks.set(decisionId, asked);
    if (target !== null) this.#amenders.set(target.clientOrderId, asked);
  }

  submit(sent: OrderInstruction, leverage: number): Answered {
    const { clock, judge, tally, venue } = this.#parts;
    const order = this.#known(sent.clientOrderId);
    const asked = this.#askedOf(order);
    const { lots, priceTicks } = this.#inSteps(sent);
    this.#tellOrder(order, asked, lots, priceTicks);
    const answered = venue.submit(sent, leverage);
    if (answered.outcome.kind !== 'accepted') {
      judge.orderEnded(sent.clientOrderId, clock.nowMs);
      return answered;
    }
    this.changes += 1;
    if (asked !== null && venue.resting.has(sent.clientOrderId)) tally.notePassed(asked, lots);
    this.#note(answered.outcome.order, answered.fill);
    return answered;
  }

  submitStop(sent: StopInstruction): SubmitOutcome {
    this.changes += 1;
    return this.#parts.venue.submitStop(sent);
  }

  /** The judge hears of it before it is sent, and of the old form again when it is refused. */
  amend(sent: OrderInstruction): Answered {
    const order = this.#known(sent.clientOrderId);
    const asked = this.#amenders.get(sent.clientOrderId);
    const before = this.#inSteps(order);
    this.#tellAmend(order, asked, this.#inSteps(sent));
    const answered = this.#parts.venue.amend(sent);
    if (answered.outcome.kind !== 'accepted') {
      this.#tellAmend(order, asked, before);
      return answered;
    }
    this.changes += 1;
    if (asked !== undefined) this.#asks.set(sent.clientOrderId, asked);
    this.#note(answered.outcome.order, answered.fill);
    return answered;
  }

  cancel(id: string, kind: OrderKind): CancelOutcome {
    const outcome = this.#parts.venue.cancel(id, kind);
    if (outcome.kind !== 'canceled') return outcome;
    this.changes += 1;
    this.#parts.judge.orderEnded(id, this.#parts.clock.nowMs);
    return outcome;
  }

  setLeverage(symbol: string, leverage: number): SubmitOutcome {
    return this.#parts.venue.setLeverage(symbol, leverage);
  }

  #tellOrder(order: OrderState, asked: Asked | null, lots: number, priceTicks: number | null = null): void {
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
      marks: this.#parts.clock.instantMarks(),
    });
  }
  #tellAmend({ clientOrderId }: OrderState, asked: Asked | undefined, form: Steps): void {
    const { clock, judge } = this.#parts;
    const { lots, priceTicks } = form;
    judge.amend({
      orderId: clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: clock.nowMs,
      lots,
      priceTicks: priceTicks ?? 0,
      marks: clock.instantMarks(),
    });
  }

  /** What has filled, and what has ended. */
  #note(report: VenueOrder | null, fill: Fill | null): void {
    if (report === null) return;
    const { clock, judge } = this.#parts;
    if (fill !== null) this.#noteFill(this.#known(report.clientOrderId), fill);
    if (!isAtVenue(report)) judge.orderEnded(report.clientOrderId, clock.nowMs);
  }
  #noteFill(order: OrderState, { feeUsdt, lots, price }: Fill): void {
    const { clock, judge, tally } = this.#parts;
    const symbol = clock.market.symbols.indexOf(order.symbol);
    const verdict = judge.fill({ orderId: order.clientOrderId, atMs: clock.nowMs, lots, price, feeUsdt });
    const { lotMantissa, lotScale } = clock.market.series[symbol]!.bars.instrument;
    tally.noteFill(order.protective ? null : this.#askedOf(order), verdict, {
      symbol,
      symbolName: order.symbol,
      side: order.side,
      lots,
      atMs: clock.nowMs,
      price,
      mark: clock.marks[symbol]!,
      lotSize: lotMantissa / lotScale,
      feeUsdt,
    });
  }

  /** Whose ask an order carries out: its amender's, its decision's, or that of the exit that it works for. */
  #askedOf(order: OrderState): Asked | null {
    return (
      this.#asks.get(order.clientOrderId) ??
      this.#asks.get(this.#parts.views().claims.of(order)?.decisionId ?? '') ??
      this.#asks.get(order.decisionId ?? '') ??
      null
    );
  }
  #known(id: string): OrderState {
    return this.#parts.views().orders.all.get(id)!;
  }
  #inSteps(form: Pick<OrderState, 'clientOrderId' | 'priceE8' | 'quantityE8'>): Steps {
    const { clock } = this.#parts;
    const symbol = clock.market.symbols.indexOf(this.#known(form.clientOrderId).symbol);
    return {
      lots: clock.grid.lots(symbol, form.quantityE8),
      priceTicks: form.priceE8 === null ? null : clock.grid.ticks(symbol, form.priceE8),
    };
  }
}
