import type { ExecutionDecision } from '../../core/decision.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, joined, resultOf, type Started } from '../flow/step.ts';
import { isResting, type OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { CLOSER_STANDS, ROOM_FOR_CLOSER, readRefusal, StopMovePlan } from '../protect/stop-moves.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';
import { placeStop, type SentStop } from './place-stop.ts';

/**
 * Moves a stop when {@link StopMovePlan} says so. RISK: the old stop is given up only for a place that can be had: the new
 * one is sent beside it, and where the venue takes one on a side alone, at the moment at which the venue has canceled the
 * old one. A move that is refused closes nothing: the old stop protects.
 */
export class StopMoves {
  readonly #core: EngineCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #isNews: (symbol: string, decision: ExecutionDecision) => boolean;
  readonly #plan: StopMovePlan;

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
    this.#plan = new StopMovePlan(core);
  }

  /** `stop`: the closest of `stops`, all of which are on the right side. */
  *follow(position: PositionState, stop: OrderState, stops: readonly OrderState[]): Flow<void> {
    for (const other of this.#plan.findSpare(stop, stops)) this.#canceler.cancel(other, CLOSER_STANDS);
    const { symbol } = position;
    const missing = this.#plan.takeMissing(symbol, stops);
    if (missing !== null) this.#noteRefused(symbol, missing);
    if (!this.#plan.isDue(position, stop)) return;
    const refused = yield* this.#move(position, stop);
    if (refused !== null) this.#noteRefused(symbol, refused);
  }

  /** {@link StopMovePlan.isTried} */
  isTried(symbol: string): boolean {
    return this.#plan.isTried(symbol);
  }

  #noteRefused(symbol: string, refused: string): void {
    this.#plan.noteMoved(symbol, refused);
    this.#core.alertRarely(
      'STOP_NOT_MOVED',
      `the protective stop stands further from the entry price than the policy says, and stays there: ${refused}`,
      symbol,
    );
  }

  /** Null: it was sent, and is not known to be refused; else why the old one stays. */
  *#move(position: PositionState, stop: OrderState): Flow<string | null> {
    const blocked = this.#plan.findBlock(position, stop);
    if (blocked !== null) return blocked;
    const sent = yield* this.#place(position);
    if (sent !== null) this.#plan.noteSent(position.symbol, sent.order);
    const refused = readRefusal(sent?.order ?? null);
    if (sent === null || refused === null || sent.rejection?.cause !== 'stop_exists') return refused;
    const kept = this.#plan.findWhyKept(position, stop);
    if (kept !== null || !isResting(stop)) return kept;
    const replacing: Started<SentStop | null>[] = [];
    const replace = (): void => void replacing.push(this.#core.begin(this.#place(position)));
    yield* joined([this.#canceler.cancel(stop, ROOM_FOR_CLOSER, replace)]);
    // A stop that could not be placed in its room is a missing one: the next tick sees to it.
    for (const placing of replacing) return readRefusal((yield* resultOf(placing))?.order ?? null);
    return null;
  }

  #place(position: PositionState): Flow<SentStop | null> {
    return placeStop(this.#core, this.#sender, { position, heldE8: position.quantityE8 }, (decision) =>
      this.#isNews(position.symbol, decision),
    );
  }
}
