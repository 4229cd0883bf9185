/**
 * When a stop that stands further from the entry price than the policy says is moved: the position was added to at a worse
 * price, or the policy was tightened. It is never moved away from the mark. Pure of clock and port, so that the daemon and
 * a replay move the same (SAE-SAME-CODE).
 */
import { liveOrders, type OrderState } from '../orders/orders.ts';
import { Deadline } from '../plan/deadline.ts';
import { isSettled, type PositionState } from '../positions/positions.ts';
import { isInFlight, isNotPlaced, isResting, isTerminal, isUnknown } from '../tables/status.ts';
import type { ProtectedAccount } from './protection.ts';
import { describeMissing, findStopE8, isMarkBeyond, isStopTooFar } from './stops.ts';

/** Time after which a move that was refused is tried again, ms; doubled with each refusal. */
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
export const CLOSER_STANDS = 'another stop stands closer';
export const ROOM_FOR_CLOSER = 'makes room for a closer stop';

export class StopMovePlan {
  readonly #core: ProtectedAccount;
  /** By symbol; refusals in a row. */
  readonly #tried = new Map<string, { readonly wait: Deadline; readonly refusals: number }>();
  /** By symbol: the stop that was sent last beside the one that stands, until it is known whether it rests. */
  readonly #sent = new Map<string, OrderState>();

  constructor(core: ProtectedAccount) {
    this.#core = core;
  }

  /** What is given up beside the closest of `stops`. What is not known to rest may not be there: nothing is given up for it. */
  findSpare(stop: OrderState, stops: readonly OrderState[]): readonly OrderState[] {
    if (!isResting(stop) || stop.cancelRequested) return [];
    return stops.filter((other) => other !== stop && isResting(other) && !other.cancelRequested);
  }

  isDue(position: PositionState, stop: OrderState): boolean {
    if (!isResting(stop) || stop.cancelRequested) return false;
    const { symbol, entryPrice } = position;
    const { accountAskedMs, rules: known } = this.#core.state;
    const rules = known.get(symbol);
    // While the position is disputed its entry price is that of before; until the account was read after a fill it may
    // be made of a limit.
    if (accountAskedMs <= position.lastFillAtMs) return false;
    if (!isSettled(position)) return false;
    if (position.quantityE8 === 0 || rules === undefined || entryPrice <= 0) return false;
    const stopBps = this.#core.policySpec.protection.stop_bps;
    if (
      stop.triggerE8 === null ||
      !isStopTooFar({ side: stop.side, triggerE8: stop.triggerE8 }, entryPrice, stopBps, rules)
    ) {
      this.#tried.delete(symbol);
      return false;
    }
    const tried = this.#tried.get(symbol);
    return tried === undefined || tried.wait.isOver();
  }

  /** A move was refused, and is to be tried again. */
  isTried(symbol: string): boolean {
    return this.#tried.has(symbol);
  }

  /** Why it cannot be placed; null: it can. */
  findBlock({ symbol, entryPrice }: PositionState, { side }: OrderState): string | null {
    const rules = this.#core.state.rules.get(symbol);
    const inputs = this.#core.market.symbol(symbol);
    const { market, protection } = this.#core.policySpec;
    if (rules === undefined || inputs === null) return 'the mark price is not known';
    if (this.#core.nowMs() - inputs.markAtMs > market.freshness.mark_ms) return 'the mark price is not known';
    const triggerE8 = findStopE8(side, entryPrice, protection.stop_bps, rules);
    return isMarkBeyond(side, triggerE8, inputs.mark) ? 'the mark price is beyond that already' : null;
  }

  /** The venue takes one on a side alone: why the one that stands is not given up for it; null: it is. */
  findWhyKept(position: PositionState, stop: OrderState): string | null {
    // RISK: without ours its place might be somebody else's, whose order protects nothing.
    for (const order of liveOrders(this.#core.state.orders, position.symbol))
      if (order.foreign && order.kind === 'algo' && order.reduceOnly && order.side === stop.side)
        return "an order of somebody else's rests on its side";
    // While it was refused the market has gone on.
    return this.findBlock(position, stop);
  }

  noteSent(symbol: string, order: OrderState): void {
    this.#sent.set(symbol, order);
  }
  /**
   * Why the stop that was sent last is not there after all; null: it is, or may be. `stops`: those that count. RISK: one that
   * is lost on its way is refused by nobody, and would be sent again and again without a word.
   */
  takeMissing(symbol: string, stops: readonly OrderState[]): string | null {
    const order = this.#sent.get(symbol);
    if (order === undefined || isInFlight(order)) return null;
    if (isUnknown(order) && stops.includes(order)) return null;
    this.#sent.delete(symbol);
    return isNotPlaced(order) || isUnknown(order) ? describeMissing(order) : null;
  }

  /** Null: it was sent; that it rests shows by {@link isDue}. `refused`: why it stays, for the caller to report. */
  noteMoved(symbol: string, refused: string | null): void {
    if (refused === null) return;
    const refusals = (this.#tried.get(symbol)?.refusals ?? 0) + 1;
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (refusals - 1));
    this.#tried.set(symbol, { wait: new Deadline(this.#core.planClock, waitMs), refusals });
  }
}

/** Why a stop that was sent is not there; null: it is, or may be. */
export function readRefusal(order: OrderState | null): string | null {
  if (order === null) return 'it was not permitted, or not sent';
  return isTerminal(order) && order.executedE8 === 0 ? (order.detail ?? 'no reason') : null;
}
