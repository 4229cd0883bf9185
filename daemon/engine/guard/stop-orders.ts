import type { ExecutionDecision } from '../../core/decision.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, joined, resultOf, type Started } from '../flow/step.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from '../orders/orders.ts';
import { clientOrderId, parentAsk } from '../plan/orders.ts';
import { isSettled, type PositionState } from '../positions/positions.ts';
import { StopTries } from '../protect/stop-tries.ts';
import { closeRequest, describeMissing, findStopE8, isMarkBeyond, isStopTooFar, planStop } from '../protect/stops.ts';
import type { Rejection } from '../records/venue.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';
import type { GateViews } from '../state/views.ts';

const CLOSER_STANDS = 'another stop stands closer';
const ROOM_FOR_CLOSER = 'makes room for a closer stop';

/**
 * Moves a stop that stands further from the entry price than the policy says: the position was added to at a worse price,
 * or the policy was tightened. It is never moved away from the mark. RISK: the old stop is given up only for a place that
 * can be had: the new one is sent beside it, and where the venue takes one on a side alone, at the moment at which the
 * venue has canceled the old one. A move that is refused closes nothing: the old stop protects.
 */
export class StopMoves {
  readonly #core: EngineCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #isNews: (symbol: string, decision: ExecutionDecision) => boolean;
  /** A first refusal is waited for already. */
  readonly #tries: StopTries;

  constructor(
    core: EngineCore,
    sender: OrderSender,
    canceler: Canceler,
    isNews: (symbol: string, decision: ExecutionDecision) => boolean,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#isNews = isNews;
    this.#tries = new StopTries(core.planClock, 1);
  }

  /** `stop`: the closest of `stops`, all of which are on the right side. */
  *follow(position: PositionState, stop: OrderState, stops: readonly OrderState[]): Flow<void> {
    const { symbol } = position;
    const isStanding = isResting(stop) && !stop.cancelRequested;
    // What is not known to rest may not be there: nothing is given up for it.
    if (isStanding)
      for (const other of stops)
        if (other !== stop && isResting(other) && !other.cancelRequested) this.#canceler.cancel(other, CLOSER_STANDS);
    const missing = this.#tries.takeMissing(symbol);
    if (missing !== null) this.#tellRefused(symbol, describeMissing(missing));
    if (!isStanding || !this.#isDue(position, stop)) return;
    const refused = yield* this.#move(position, stop);
    if (refused === null) return;
    this.#tries.noteFailed(symbol);
    this.#tellRefused(symbol, refused);
  }

  /** A move was refused, and is to be tried again. */
  isTried(symbol: string): boolean {
    return this.#tries.isEnough(symbol);
  }

  #tellRefused(symbol: string, refused: string): void {
    this.#core.alertRarely(
      'STOP_NOT_MOVED',
      `the protective stop stands further from the entry price than the policy says, and stays there: ${refused}`,
      symbol,
    );
  }

  #isDue(position: PositionState, { side, triggerE8 }: OrderState): boolean {
    const { symbol, entryPrice } = position;
    const { policySpec, state } = this.#core;
    const rules = state.rules.get(symbol);
    // While the position is disputed its entry price is that of before; until the account was read after a fill it may
    // be made of a limit.
    if (state.accountAskedMs <= position.lastFillAtMs || !isSettled(position)) return false;
    if (position.quantityE8 === 0 || rules === undefined || entryPrice <= 0) return false;
    if (triggerE8 !== null && isStopTooFar({ side, triggerE8 }, entryPrice, policySpec.protection.stop_bps, rules))
      return this.#tries.begin(symbol);
    this.#tries.forget(symbol);
    return false;
  }

  /** Null: it was sent, and is not known to be refused; else why the old one stays. */
  *#move(position: PositionState, stop: OrderState): Flow<string | null> {
    const blocked = this.#findBlock(position, stop);
    if (blocked !== null) return blocked;
    const sent = yield* this.#place(position);
    if (sent !== null) this.#tries.noteSent(position.symbol, sent.order);
    const refused = readRefusal(sent);
    if (sent === null || refused === null || sent.rejection?.cause !== 'stop_exists') return refused;
    // The venue takes one on a side alone. RISK: without ours its place might be somebody else's, whose order protects nothing.
    for (const order of liveOrders(this.#core.state.orders, position.symbol))
      if (order.foreign && order.kind === 'algo' && order.reduceOnly && order.side === stop.side)
        return "an order of somebody else's rests on its side";
    // While it was refused the market has gone on.
    const kept = this.#findBlock(position, stop);
    if (kept !== null || !isResting(stop)) return kept;
    const replacing: Started<SentStop | null>[] = [];
    const replace = (): void => void replacing.push(this.#core.begin(this.#place(position)));
    yield* joined([this.#canceler.cancel(stop, ROOM_FOR_CLOSER, replace)]);
    // A stop that could not be placed in its room is a missing one: the next tick sees to it.
    for (const placing of replacing) return readRefusal(yield* resultOf(placing));
    return null;
  }

  /** Why it cannot be placed; null: it can. */
  #findBlock({ symbol, entryPrice }: PositionState, { side }: OrderState): string | null {
    const { market, protection } = this.#core.policySpec;
    const rules = this.#core.state.rules.get(symbol);
    const inputs = this.#core.market.symbol(symbol);
    if (rules === undefined || inputs === null || this.#core.nowMs() - inputs.markAtMs > market.freshness.mark_ms)
      return 'the mark price is not known';
    const triggerE8 = findStopE8(side, entryPrice, protection.stop_bps, rules);
    return isMarkBeyond(side, triggerE8, inputs.mark) ? 'the mark price is beyond that already' : null;
  }

  #place(position: PositionState): Flow<SentStop | null> {
    return placeStop(this.#core, this.#sender, { position, heldE8: position.quantityE8 }, (decision) =>
      this.#isNews(position.symbol, decision),
    );
  }
}

/** Why a stop that was sent is not there; null: it is, or may be. */
function readRefusal(sent: SentStop | null): string | null {
  if (sent === null) return 'it was not permitted, or not sent';
  const { order } = sent;
  return isTerminal(order) && order.executedE8 === 0 ? (order.detail ?? 'no reason') : null;
}

/** What a stop is for. `heldE8`: the signed quantity that is to be protected, units of 1e-8. */
interface StopPlace {
  readonly position: PositionState;
  readonly heldE8: number;
}
/** A stop that was sent, and why the venue did not take it. */
interface SentStop {
  readonly order: OrderState;
  readonly rejection: Rejection | null;
}

/**
 * Decides, records and sends a stop for the whole position (closePosition, on the mark). Null: it cannot be priced, or was not sent.
 * `isNews`: whether a decision is worth its record.
 */
export function* placeStop(
  core: EngineCore,
  sender: OrderSender,
  { heldE8, position }: StopPlace,
  isNews: (decision: ExecutionDecision) => boolean,
): Flow<SentStop | null> {
  const { ids, policySpec, settings, state } = core;
  const { symbol } = position;
  const rules = state.rules.get(symbol);
  const entryPrice = findEntryPrice(state, position);
  if (rules === undefined || entryPrice <= 0) return null;
  const side = heldE8 > 0 ? 'sell' : 'buy';
  const quantityE8 = Math.abs(heldE8);
  const ask = parentAsk(settings);
  ask.sliceE8 = quantityE8;
  const considered = consider(core, closeRequest(settings, { symbol, side, fraction: 1 }, core.nowMs()), ask);
  if (!isNews(considered.decision)) return null;
  const triggerE8 = findStopE8(side, entryPrice, policySpec.protection.stop_bps, rules);
  const stop = planStop(clientOrderId(ids, considered.seq, 0, 0), { symbol, side, quantityE8, triggerE8 });
  const decided = recordDecision(core, considered, {
    kind: 'gate',
    route: 'stop',
    orders: considered.acted.effective?.action === 'exit' ? [stop] : [],
  });
  const order = decided.event.orders.length === 0 ? undefined : state.orders.all.get(stop.client_order_id);
  if (order === undefined || isTerminal(order)) return null;
  const outcome = yield* sender.sendStop(order);
  if (outcome === null) return null;
  return { order, rejection: outcome.kind === 'rejected' ? outcome.rejection : null };
}

/** Of the position, or of what the venue shows where we know of none. */
function findEntryPrice({ account }: GateViews, { entryPrice, quantityE8, symbol }: PositionState): number {
  if (quantityE8 !== 0) return entryPrice;
  return account?.positions.find((record) => record.symbol === symbol)?.entry_price ?? 0;
}
