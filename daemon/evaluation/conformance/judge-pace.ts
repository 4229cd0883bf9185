import { type BookFill, type BookOrder, openedQuantity } from './books.ts';
import type { Caps } from './caps.ts';
import type { Breach, JudgeInput } from './verdicts.ts';

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
