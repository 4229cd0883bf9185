import type { ExecutionDecision } from '../../core/decision.ts';
import { Deadline } from '../journal/deadline.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { OrderSender } from '../orders/sender.ts';
import { findStopTicks, isMarkBeyond, isStopTooFar, OTHER_STOP } from '../plan/stops.ts';
import { isResting, isTerminal, liveOrders, type OrderState, statusOf } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { placeStop, type SentStop } from './place-stop.ts';

/** Time until a refused move is retried, ms; doubles with each refusal. */
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

/**
 * Moves a stop that is further from the entry price than the policy says: the position was added to at a worse price,
 * or the policy was tightened. It never moves a stop away from the mark. RISK: the old stop is given up only for one
 * that can be placed. The new stop is sent beside it or, where the venue takes only one per side, as soon as
 * the venue has canceled the old one. A refused move closes nothing: the old stop still protects.
 */
export class StopMoves {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #isNews: (symbol: string, decision: ExecutionDecision) => boolean;
  /** By symbol; refusals in a row. */
  readonly #tried = new Map<string, { readonly wait: Deadline; readonly refusals: number }>();

  constructor(
    core: GateCore,
    sender: OrderSender,
    canceler: Canceler,
    isNews: (symbol: string, decision: ExecutionDecision) => boolean,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#isNews = isNews;
  }

  /** `stop`: the closest of `stops`, all of which are on the right side. */
  async follow(position: PositionState, stop: OrderState, stops: readonly OrderState[]): Promise<void> {
    // A stop that is not known to rest may not exist: nothing is given up for it.
    if (!isResting(stop) || stop.cancelRequested) return;
    for (const other of stops)
      if (other !== stop && isResting(other) && !other.cancelRequested)
        void this.#canceler.cancel(other, 'another stop stands closer');
    if (!this.#isDue(position, stop)) return;
    const refused = await this.#move(position, stop);
    const { symbol } = position;
    if (refused === null) {
      this.#tried.delete(symbol);
      return;
    }
    const refusals = (this.#tried.get(symbol)?.refusals ?? 0) + 1;
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (refusals - 1));
    this.#tried.set(symbol, { wait: new Deadline(this.#core, waitMs), refusals });
    this.#core.alertRarely(
      'STOP_NOT_MOVED',
      `the protective stop stands further from the entry price than the policy says, and stays there: ${refused}`,
      symbol,
    );
  }

  #isDue(position: PositionState, stop: OrderState): boolean {
    const { symbol, entryPrice } = position;
    const rules = this.#core.state.rules.get(symbol);
    // While the position is disputed its entry price is that of before; until the account was read after a fill it may
    // be made of a limit.
    if ((this.#core.state.account?.requested_at_ms ?? 0) <= position.lastFillAtMs) return false;
    if (position.lots === 0 || position.disputedLots !== null || rules === undefined || entryPrice <= 0) return false;
    const stopBps = this.#core.policySpec.protection.stop_bps;
    if (stop.triggerTicks === null || !isStopTooFar(stop.side, stop.triggerTicks, entryPrice, stopBps, rules)) {
      this.#tried.delete(symbol);
      return false;
    }
    const tried = this.#tried.get(symbol);
    return tried === undefined || tried.wait.isOver();
  }

  /** Null: it was sent and not known to be refused. Otherwise why the old stop stays. */
  async #move(position: PositionState, stop: OrderState): Promise<string | null> {
    const blocked = this.#findBlock(position, stop);
    if (blocked !== null) return blocked;
    const sent = await this.#place(position);
    const refused = readRefusal(sent);
    if (sent === null || refused === null || sent.rejection?.code !== OTHER_STOP) return refused;
    const isGuarded = [...liveOrders(this.#core.state.orders, position.symbol)].some(
      (order) => order.foreign && order.kind === 'algo' && order.reduceOnly && order.side === stop.side,
    );
    // RISK: without ours, somebody else's order that protects nothing might take the place.
    if (isGuarded) return "an order of somebody else's rests on its side";
    // The market has moved while it was being refused.
    const blockedNow = this.#findBlock(position, stop);
    if (blockedNow !== null || !isResting(stop)) return blockedNow;
    let replacing: Promise<SentStop | null> | null = null;
    const canceling = this.#canceler.cancel(stop, 'makes room for a closer stop', () => {
      replacing = this.#place(position);
      replacing.catch(() => undefined);
    });
    await canceling;
    // A stop that could not be placed there is missing, which the next tick handles.
    return replacing === null ? null : readRefusal(await replacing);
  }

  /** Why it cannot be placed; null: it can. */
  #findBlock({ symbol, entryPrice }: PositionState, { side }: OrderState): string | null {
    const rules = this.#core.state.rules.get(symbol);
    const inputs = this.#core.market.symbol(symbol);
    const { market, protection } = this.#core.policySpec;
    if (rules === undefined || inputs === null || this.#core.nowMs() - inputs.markAtMs > market.freshness.mark_ms)
      return 'the mark price is not known';
    const ticks = findStopTicks(side, entryPrice, protection.stop_bps, rules);
    return isMarkBeyond(side, ticks, inputs.mark, rules) ? 'the mark price is beyond that already' : null;
  }

  #place(position: PositionState): Promise<SentStop | null> {
    return placeStop(this.#core, this.#sender, position, position.lots, (decision) =>
      this.#isNews(position.symbol, decision),
    );
  }
}

function readRefusal(sent: SentStop | null): string | null {
  if (sent === null) return 'it was not permitted, or not sent';
  const { order } = sent;
  return isTerminal(statusOf(order)) && order.executedLots === 0 ? (order.detail ?? 'no reason') : null;
}
