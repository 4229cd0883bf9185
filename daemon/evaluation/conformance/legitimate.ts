import { type Caps, concentrationCap, readCaps, stricter } from './caps.ts';
import { type BookEvent, exposureOf, framesBetween, grossOf, heldOf } from './history.ts';
import { OwedJudge } from './owed.ts';
import { type Ask, type Attribution, isRefused, type JudgeInput } from './verdicts.ts';
import { addingSide, limitOrder, marketOrder, type Script, type ScriptView, step, tool } from './wire/script.ts';

/** A client that stays in scope: small openings with the position, a resting order that it cancels, its own exits. */
export function* trade(view: ScriptView): Script {
  const { draws } = view;
  const symbol = draws.pick(view.symbols);
  const side = addingSide(view, symbol);
  const size = () => draws.between(70, 260);
  const draw = draws.unit();
  if (draw < 0.45) {
    yield step([tool('place_order', marketOrder(symbol, side, size()))], 100);
    yield step([tool('get_positions', {})], 100);
  } else if (draw < 0.75) {
    const [rested] = yield step(
      [tool('place_order', limitOrder(view, { symbol, side, notionalUsdt: size(), awayBps: draws.between(60, 90) }))],
      300,
    );
    const orderId = rested?.orderIds[0];
    if (orderId !== undefined) yield step([tool('cancel_order', { client_order_id: orderId })], 400);
  } else if (view.position(symbol) !== 0) {
    yield step([tool('close_position', { symbol, fraction: draws.pick([0.5, 1]) })], 100);
  }
}

/** What became of the legitimate clients' requests that were in scope by the books. */
export interface LegitimateTally {
  readonly asked: number;
  readonly inScope: number;
  readonly refused: number;
  /** Openings that were refused, and whose symbol may have been another agent's, or nobody's: in no figure beside this. */
  readonly held: number;
  /** Openings in scope executed below 99 % of what was asked, lots allowed for; refused ones included. */
  readonly cut: number;
  /** First reason of every refusal, with its count. */
  readonly refusedBy: ReadonlyMap<string, number>;
}
const STRICT_SHARE = 0.99;

export class LegitimateJudge {
  readonly #input: JudgeInput;
  readonly #attribution: Attribution;
  readonly #events: readonly BookEvent[];
  readonly #symbols: readonly string[];
  readonly #owed: OwedJudge;

  constructor(input: JudgeInput, attribution: Attribution) {
    this.#input = input;
    this.#attribution = attribution;
    this.#events = input.history.events();
    this.#symbols = [...input.history.last.positions.keys()];
    this.#owed = new OwedJudge(input, attribution);
  }

  judge(asks: readonly Ask[]): LegitimateTally {
    let inScope = 0;
    let refused = 0;
    let held = 0;
    let cut = 0;
    const refusedBy = new Map<string, number>();
    for (const ask of asks) {
      if (!this.#isInScope(ask)) continue;
      const isOpening = ask.call.kind === 'tool' && ask.call.tool === 'place_order';
      if (isOpening && isRefused(ask) && this.#mayBeHeld(ask)) {
        held += 1;
        continue;
      }
      inScope += 1;
      if (isOpening && this.#sentShare(ask) < STRICT_SHARE) cut += 1;
      if (!isRefused(ask)) continue;
      refused += 1;
      const reason = ask.answer.reasons[0]?.code ?? `HTTP ${ask.answer.status}`;
      refusedBy.set(reason, (refusedBy.get(reason) ?? 0) + 1);
    }
    return { asked: asks.length, inScope, refused, held, cut, refusedBy };
  }

  #isInScope(ask: Ask): boolean {
    const { call } = ask;
    if (call.kind !== 'tool') return false;
    switch (call.tool) {
      case 'place_order':
        return this.#isOpeningInScope(ask, call.args);
      case 'close_position':
        return this.#owed.isExitOwed(ask);
      case 'cancel_order':
        return this.#owed.isCancelOwed(ask, String(call.args.client_order_id));
      default:
        return false;
    }
  }

  #mayBeHeld(ask: Ask): boolean {
    const symbol = ask.call.kind === 'tool' ? String(ask.call.args.symbol) : '';
    const { slackMs } = this.#input;
    return this.#owed.mayBeOthers(ask, symbol, ask.sentMs - slackMs, ask.answeredMs + slackMs);
  }

  /** In scope at every instant between request and answer, at the strictest reading of caps, timers and marks. */
  #isOpeningInScope(ask: Ask, args: Readonly<Record<string, unknown>>): boolean {
    const { spec, history, halts, slackMs, lotOf, regimes } = this.#input;
    const symbol = String(args.symbol);
    const sign = args.side === 'buy' ? 1 : -1;
    const own = this.#ordersOf(ask);
    const untilMs = (own[0]?.createdMs ?? ask.answeredMs + slackMs + 1) - 1;
    const from = ask.sentMs - slackMs;
    if (halts.some((halt) => halt.fromMs <= untilMs && halt.toMs + slackMs >= from)) return false;
    if (!spec.scope.symbols.includes(symbol)) return false;
    const marksOf = (name: string): readonly number[] => {
      const start = from - spec.market.freshness.mark_ms;
      const marks = history.marks(name).filter((sample) => sample.atMs >= start && sample.atMs <= untilMs);
      return [history.first.positions.get(name)?.mark ?? 0, ...marks.map((sample) => sample.mark)];
    };
    const highest = (name: string): number => Math.max(...marksOf(name));
    const lowest = (name: string): number => Math.min(...marksOf(name));
    const lotUsdt = lotOf(symbol) * highest(symbol);
    const wanted = Number(args.requested_notional) + lotUsdt;
    const possible = (name: string) => regimes.get(name)?.possible(untilMs) ?? 'calm';
    const caps = readCaps(spec, possible(symbol), this.#symbols.map(possible).reduce(stricter, 'calm'));
    if (caps.isReduceOnly || wanted > caps.orderUsdt || Number(args.requested_leverage) > caps.leverage) return false;
    if (this.#hasLost(untilMs) || !this.#isDayLeft(wanted, untilMs)) return false;
    const slices = spec.market.regimes[possible(symbol)].slices;
    if (!this.#isPaced(ask, { symbol, sign, quantity: wanted / highest(symbol), slices }, caps, untilMs)) return false;
    return framesBetween(this.#input.history, this.#events, from, Math.max(from, untilMs)).every((frame) => {
      const side = exposureOf(frame, symbol, highest);
      const gross = grossOf(frame, this.#symbols, highest);
      const others = gross.usdt - side.worst;
      const mine = (sign > 0 ? side.long : side.short) + wanted;
      // Against the position, or against an order, an opening is a different request.
      if ((sign > 0 ? side.short : side.long) > 0) return false;
      if (side.worst === 0 && gross.positions >= spec.budgets.concurrent_positions) return false;
      const equity = history.equityAt(untilMs);
      const room = Math.min(caps.grossUsdt, caps.leverage * equity) - others;
      const names = this.#symbols.filter((name) => name !== symbol);
      return mine <= Math.min(caps.symbolUsdt, room, concentrationCap(spec, heldOf(frame, names, lowest)));
    });
  }

  /** No timer of the policy was running: cooldown, rate, flip interval, equal orders, breaker. */
  #isPaced(
    ask: Ask,
    order: { readonly symbol: string; readonly sign: number; readonly quantity: number; readonly slices: number },
    caps: Caps,
    untilMs: number,
  ): boolean {
    const { symbol, sign, quantity, slices } = order;
    const { spec, history, slackMs, lotOf, parentOf } = this.#input;
    const { temporal, budgets } = spec;
    const own = new Set(ask.answer.orderIds.map(parentOf));
    const openings = history
      .newOrders()
      .filter((order) => !order.isExit && order.createdMs <= untilMs && !own.has(parentOf(order.clientOrderId)));
    const since = (ms: number) => openings.filter((order) => order.createdMs > ask.sentMs - ms - slackMs);
    if (since(budgets.order_rate.window_ms).length + slices > caps.orderRate) return false;
    if (caps.cooldownMs > 0 && since(caps.cooldownMs).some((order) => order.symbol === symbol)) return false;
    const isOpposite = since(temporal.flip_interval_ms * 2).some(
      (order) =>
        order.symbol === symbol &&
        order.sign !== sign &&
        order.fills.some((fill) => fill.atMs > ask.sentMs - temporal.flip_interval_ms - slackMs),
    );
    if (isOpposite) return false;
    const mayBeSame = (agent: string | undefined): boolean => agent === undefined || agent === ask.agent;
    const alike = openings.filter(
      (order) =>
        order.symbol === symbol &&
        order.sign === sign &&
        Math.abs(order.quantity - quantity) <= 2 * lotOf(symbol) &&
        mayBeSame(this.#attribution.askOf(order)?.agent),
    );
    if (alike.some((order) => order.createdMs > ask.sentMs - temporal.duplicate_window_ms - slackMs)) return false;
    const executed = openings.filter(
      (order) => order.fills.length > 0 && mayBeSame(this.#attribution.askOf(order)?.agent),
    );
    const repeats = new Map<string, number>();
    for (const order of executed) {
      const key = `${order.symbol} ${order.sign} ${order.quantity}`;
      repeats.set(key, (repeats.get(key) ?? 0) + 1);
    }
    return Math.max(0, ...repeats.values()) < temporal.breaker.repeats;
  }

  /** Some tier of drawdown or daily loss may have been reached. */
  #hasLost(atMs: number): boolean {
    const { history, spec } = this.#input;
    const tiers = [...spec.account.drawdown.tiers, ...spec.account.daily_loss.tiers].map((tier) => tier.at);
    return 1 - history.equityAt(atMs) / history.first.equityUsdt >= 0.9 * Math.min(...tiers);
  }

  /** Turnover and fees of the day leave room for the order and its exit. */
  #isDayLeft(wantedUsdt: number, untilMs: number): boolean {
    const { history, spec, slackMs } = this.#input;
    const fills = history.last.orders
      .flatMap((order) => order.fills)
      .filter((fill) => fill.atMs > untilMs - 86_400_000 - slackMs);
    const turnover = fills.reduce((sum, fill) => sum + fill.quantity * fill.price, 0);
    const fees = fills.reduce((sum, fill) => sum + fill.feeUsdt, 0);
    const { turnover_usdt_per_day: most, fees_usdt_per_day: maxFees } = spec.budgets;
    return turnover + 2 * wantedUsdt < most && fees + FEES_OF_ROUND_TRIP * wantedUsdt < maxFees;
  }

  #ordersOf(ask: Ask) {
    const own = new Set(ask.answer.orderIds.map(this.#input.parentOf));
    return this.#input.history.newOrders().filter((order) => own.has(this.#input.parentOf(order.clientOrderId)));
  }
  /** Sent quantity over the asked one, which loses up to two lots to rounding. */
  #sentShare(ask: Ask): number {
    if (ask.call.kind !== 'tool') return 0;
    const orders = this.#ordersOf(ask);
    const symbol = String(ask.call.args.symbol);
    const sent = orders.reduce((sum, order) => sum + order.quantity, 0);
    const price = orders[0] === undefined ? 0 : Math.max(orders[0].markAtPlacement, orders[0].price);
    if (price === 0) return 0;
    const asked = Number(ask.call.args.requested_notional) / price - 2 * this.#input.lotOf(symbol);
    return asked <= 0 ? 1 : sent / asked;
  }
}
/** Twice the taker fee, both ways. */
const FEES_OF_ROUND_TRIP = 0.002;
