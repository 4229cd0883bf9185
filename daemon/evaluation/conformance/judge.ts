import type { Regime } from '../../core/policy.ts';
import { type Caps, concentrationCap, readCaps, stricter } from './caps.ts';
import {
  type AccountFrame,
  type BookEvent,
  exposureOf,
  framesBetween,
  grossOf,
  heldOf,
  type MarkOf,
  type Terms,
} from './history.ts';
import { type BookFill, type BookOrder, openedQuantity } from './under-test/books.ts';
import type { Attribution, Breach, JudgedFill, JudgeInput, Judgement, Peak } from './verdicts.ts';

/** Judges every execution from the exchange's books and R alone (SAE section 9; SAE-OOS-CAP, -TOOL, -STATE). */
export function judgeBooks(input: JudgeInput, attribution: Attribution): Judgement {
  return new Judge(input, attribution).run();
}

const NO_PEAK: Peak = { usdt: 0, capUsdt: 0, ratio: 0 };
type OrderEvent = BookEvent & { readonly kind: 'placed' | 'amended' };

class Judge {
  readonly #input: JudgeInput;
  readonly #attribution: Attribution;
  readonly #symbols: readonly string[];
  readonly #events: readonly BookEvent[];
  readonly #breaches = new Map<number, Set<Breach>>();
  readonly #fills: JudgedFill[] = [];
  readonly #parents = new Map<string, { readonly spentUsdt: number; readonly capUsdt: number }>();
  readonly #terms = new Map<number, Terms>();
  readonly #pace: PaceJudge;
  readonly #peaks = { order: NO_PEAK, symbol: NO_PEAK, gross: NO_PEAK };

  constructor(input: JudgeInput, attribution: Attribution) {
    this.#input = input;
    this.#attribution = attribution;
    this.#pace = new PaceJudge(input);
    this.#symbols = [...input.history.last.positions.keys()];
    this.#events = input.history.events();
  }

  run(): Judgement {
    const duplicateIds = this.#judgeIds();
    for (const event of this.#events) {
      const { order } = event;
      if (order.isLiquidation) continue;
      if (event.kind === 'placed' || event.kind === 'amended') {
        // INVARIANT: what the exchange itself keeps from opening is an exit, whatever it was called.
        if (!order.isExit && !this.#isSmaller(event)) this.#judgeOrder(event);
        this.#terms.set(order.orderId, event.terms);
      } else if (event.kind === 'filled') this.#judgeFill(event.order, event.fill);
    }
    const orders = this.#input.history.newOrders().flatMap((order) => {
      const breaches = [...(this.#breaches.get(order.orderId) ?? [])];
      return breaches.length === 0 ? [] : [{ order, breaches }];
    });
    return { fills: this.#fills, orders, peaks: this.#peaks, duplicateIds };
  }

  /** A smaller size at a price that is no more aggressive adds no risk, whatever has tightened since. */
  #isSmaller({ order, terms }: OrderEvent): boolean {
    const before = this.#terms.get(order.orderId);
    if (before === undefined) return false;
    return terms.quantity <= before.quantity && order.sign * (terms.price - before.price) <= 0;
  }

  #flag(order: BookOrder, breach: Breach, isBroken: boolean): void {
    if (!isBroken) return;
    const known = this.#breaches.get(order.orderId);
    if (known === undefined) this.#breaches.set(order.orderId, new Set([breach]));
    else known.add(breach);
  }

  #judgeOrder(event: OrderEvent): void {
    const { order, atMs, frame } = event;
    const { spec, halts, slackMs } = this.#input;
    const markOf = this.#decisionMarks(atMs);
    const caps = this.#capsAt(order.symbol, atMs, frame, markOf);
    this.#flag(order, 'scope', this.#attribution.isOutsideScope(order, spec));
    this.#flag(order, 'symbol', !spec.scope.symbols.includes(order.symbol));
    this.#flag(order, 'leverage_setting', order.leverageAtPlacement > spec.budgets.leverage);
    this.#flag(order, 'reduce_only', caps.isReduceOnly);
    this.#flag(
      order,
      'halted',
      halts.some((halt) => atMs > halt.fromMs + slackMs && atMs < halt.toMs),
    );
    this.#judgeSizes(event, caps, markOf);
    if (event.kind === 'placed') for (const breach of this.#pace.judge(order, caps)) this.#flag(order, breach, true);
    for (const breach of this.#pace.judgeDay(order)) this.#flag(order, breach, true);
  }

  #judgeSizes({ order, atMs, frame, kind, terms }: OrderEvent, caps: Caps, markOf: MarkOf): void {
    const { spec, history, parentOf } = this.#input;
    const price = Math.max(markOf(order.symbol), terms.price);
    const lotUsdt = this.#input.lotOf(order.symbol) * price;
    const parent = parentOf(order.clientOrderId);
    const known = this.#parents.get(parent);
    const spent = (kind === 'placed' ? (known?.spentUsdt ?? 0) : 0) + terms.quantity * price;
    // Slices of one request were permitted as one, by what was in force then.
    const orderCap = Math.max(known?.capUsdt ?? 0, caps.orderUsdt);
    this.#parents.set(parent, { spentUsdt: spent, capUsdt: orderCap });
    const own = exposureOf(frame, order.symbol, markOf);
    const side = order.sign > 0 ? own.long : own.short;
    const gross = grossOf(frame, this.#symbols, markOf);
    const others = gross.usdt - own.worst;
    const equity = history.equityAt(atMs);
    const over = (usdt: number, cap: number): boolean => usdt > cap + lotUsdt + DUST_USDT;
    this.#flag(order, 'order_cap', over(spent, orderCap));
    this.#flag(order, 'symbol_cap', over(side, caps.symbolUsdt));
    this.#flag(order, 'gross_cap', over(others + side, caps.grossUsdt));
    this.#flag(order, 'account_leverage', over(others + side, caps.leverage * equity));
    this.#flag(order, 'concentration', over(side, concentrationCap(spec, this.#maxHeldOf(order.symbol, atMs, markOf))));
    this.#flag(order, 'positions', gross.positions > spec.budgets.concurrent_positions);
    this.#raisePeak('order', spent, orderCap, lotUsdt);
    this.#raisePeak('symbol', side, caps.symbolUsdt, lotUsdt);
    this.#raisePeak('gross', others + side, caps.grossUsdt, lotUsdt);
  }

  /** Most that is held of the other symbols around an instant: orders of one moment overtake each other on their way. */
  #maxHeldOf(symbol: string, atMs: number, markOf: MarkOf): number {
    const { history, slackMs } = this.#input;
    const names = this.#symbols.filter((name) => name !== symbol);
    const frames = framesBetween(history, this.#events, atMs - slackMs, atMs + slackMs);
    return Math.max(...frames.map((frame) => heldOf(frame, names, markOf)));
  }

  #raisePeak(name: 'order' | 'symbol' | 'gross', usdt: number, capUsdt: number, lotUsdt: number): void {
    const ratio = Math.max(0, usdt - lotUsdt - DUST_USDT) / capUsdt;
    if (ratio > this.#peaks[name].ratio) this.#peaks[name] = { usdt, capUsdt, ratio };
  }

  #judgeFill(order: BookOrder, fill: BookFill): void {
    const opened = openedQuantity(fill);
    const breaches = new Set(opened > 0 ? this.#breaches.get(order.orderId) : []);
    if (opened > 0 && !fill.isMaker) {
      const { spec, regimes } = this.#input;
      const regime = regimes.get(order.symbol)?.certain(order.createdMs) ?? 'calm';
      const adverseBps = order.sign * (fill.price / fill.mark - 1) * 1e4;
      // The middle that the bound is measured from may have moved by the way to the exchange.
      const mid = this.#input.history
        .marks(order.symbol)
        .filter(
          (sample) => sample.atMs >= order.createdMs - spec.market.freshness.quote_ms && sample.atMs <= fill.atMs,
        );
      const driftBps = Math.max(0, ...mid.map((sample) => order.sign * (sample.mark / fill.mark - 1) * 1e4));
      if (adverseBps > readCaps(spec, regime, regime).slippageBps + driftBps + HALF_SPREAD_BPS)
        breaches.add('slippage');
    }
    // Two openings of one moment in both directions meet at the exchange as an opening and its reduction: the later is
    // then the last one, unless it was itself sent against the interval.
    const isRaced = !order.isExit && this.#breaches.get(order.orderId)?.has('flip_interval') !== true;
    if (opened > 0 || isRaced) this.#pace.noteOpening(order, fill);
    this.#fills.push({ order, fill, openedUsdt: opened * fill.price, breaches: [...breaches] });
  }

  #judgeIds(): number {
    const seen = new Set<string>(this.#input.history.first.orders.map((order) => order.clientOrderId));
    let twice = 0;
    for (const order of this.#input.history.newOrders()) {
      if (!order.isLiquidation && seen.has(order.clientOrderId)) {
        twice += 1;
        this.#flag(order, 'duplicate_id', true);
      }
      seen.add(order.clientOrderId);
    }
    return twice;
  }

  /** The lowest mark that an honest decision could have used for an order that arrives now. */
  #decisionMarks(atMs: number): MarkOf {
    const { history, spec } = this.#input;
    const from = atMs - spec.market.freshness.mark_ms;
    return (symbol) => {
      const samples = history.marks(symbol).filter((sample) => sample.atMs <= atMs);
      const recent = samples.filter(
        (sample, index) => (samples[index + 1]?.atMs ?? atMs) >= from || sample.atMs >= from,
      );
      const marks = recent.map((sample) => sample.mark);
      return marks.length === 0 ? (history.first.positions.get(symbol)?.mark ?? 0) : Math.min(...marks);
    };
  }

  #capsAt(symbol: string, atMs: number, frame: AccountFrame, markOf: MarkOf): Caps {
    const { spec, regimes } = this.#input;
    const certain = (name: string): Regime => regimes.get(name)?.certain(atMs) ?? 'calm';
    const exposed = this.#symbols.filter((name) => name !== symbol && exposureOf(frame, name, markOf).worst > 0);
    const portfolio = exposed.map(certain).reduce(stricter, certain(symbol));
    return readCaps(spec, certain(symbol), portfolio);
  }
}
/** Of adding decimals in binary, far below a lot. */
const DUST_USDT = 1e-6;
/** Of the simulated book: one tick or 0.1 bps, and a level of depth for the last lot. */
const HALF_SPREAD_BPS = 0.1 + 1;

const DAY_MS = 86_400_000;

/** The part of the judge that looks at time: fed with opening orders and fills as they happened. */
export class PaceJudge {
  readonly #input: JudgeInput;
  readonly #openings: { readonly order: BookOrder; readonly parent: string }[] = [];
  readonly #lastOpenFill = new Map<string, { readonly sign: 1 | -1; readonly fill: BookFill }>();

  constructor(input: JudgeInput) {
    this.#input = input;
    // What was sent and filled before the first reading still counts in its windows.
    const { first } = input.history;
    for (const order of [...first.orders].sort((a, b) => a.orderId - b.orderId)) {
      if (!order.isExit && !order.isLiquidation)
        this.#openings.push({ order, parent: input.parentOf(order.clientOrderId) });
      for (const fill of order.fills) if (openedQuantity(fill) > 0) this.noteOpening(order, fill);
    }
  }

  noteOpening(order: BookOrder, fill: BookFill): void {
    this.#lastOpenFill.set(order.symbol, { sign: order.sign, fill });
  }

  /** Order rate, cooldown and flip interval, with the way to the exchange allowed for (SAE-M4). */
  judge(order: BookOrder, caps: Caps): readonly Breach[] {
    const { spec, slackMs, parentOf } = this.#input;
    const breaches: Breach[] = [];
    const parent = parentOf(order.clientOrderId);
    const at = order.createdMs;
    const known = this.#openings.filter((earlier) => earlier.order.createdMs <= at);
    const since = at - spec.budgets.order_rate.window_ms + slackMs;
    const sent = known.filter((earlier) => earlier.order.createdMs > since).length + 1;
    const isSlice = known.some((earlier) => earlier.parent === parent);
    // The tokens of a parent's slices were taken at its decision: a later slice spends none.
    if (!isSlice && sent > caps.orderRate) breaches.push('order_rate');
    const last = known.findLast((earlier) => earlier.order.symbol === order.symbol && earlier.parent !== parent);
    const first = last === undefined ? undefined : known.find((earlier) => earlier.parent === last.parent);
    const elapsed = first === undefined ? Number.POSITIVE_INFINITY : at - first.order.createdMs;
    if (!isSlice && elapsed < caps.cooldownMs - slackMs) breaches.push('cooldown');
    const fill = this.#lastOpenFill.get(order.symbol);
    if (fill !== undefined && fill.sign !== order.sign && !isSlice) {
      // A resting order's fill is learnt of when the account is read; an immediate one with its answer.
      const learntMs = fill.fill.isMaker ? spec.market.freshness.account_ms : slackMs;
      const since = at - fill.fill.atMs;
      if (since > learntMs && since < spec.temporal.flip_interval_ms - slackMs) breaches.push('flip_interval');
    }
    this.#openings.push({ order, parent });
    return breaches;
  }

  /** Turnover and fees of the 24 hours before: once they are used up, nothing may be opened. */
  judgeDay(order: BookOrder): readonly Breach[] {
    const { history, spec, slackMs } = this.#input;
    const breaches: Breach[] = [];
    let turnover = 0;
    let fees = 0;
    for (const { fills } of history.last.orders)
      for (const fill of fills) {
        if (fill.atMs > order.createdMs - slackMs || fill.atMs <= order.createdMs - DAY_MS + slackMs) continue;
        turnover += fill.quantity * fill.price;
        fees += fill.feeUsdt;
      }
    if (turnover >= spec.budgets.turnover_usdt_per_day) breaches.push('turnover');
    if (fees >= spec.budgets.fees_usdt_per_day) breaches.push('fees');
    return breaches;
  }
}
