import { wholeExitLots } from '../core/exit.ts';
import type { ExecutionRequest, Side } from '../core/request.ts';
import type { DecisionKind } from './api/decisions.ts';
import type { Canceler } from './cancels.ts';
import { clientOrderId, type Decided, planSingle, takeDecision } from './decisions.ts';
import type { DecisionEvent, PlannedOrder } from './events.ts';
import { ExitRoom } from './exit-room.ts';
import { OPENING_ENDED } from './exits/undone.ts';
import type { GateCore } from './gate-core.ts';
import type { InterruptedLadder } from './interrupted-exits.ts';
import { MergedExits } from './merged-exits.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import { pause } from './pause.ts';
import type { Rejection } from './ports.ts';
import { neverRests, type Resolver } from './resolver.ts';
import { waitsForOwnExits } from './state/closable-share.ts';
import { stateInForce } from './state/layers.ts';
import { isResting, isTerminal, liveOrders, type OrderState, statusOf } from './state/orders.ts';

/** Automatic attempts of one rung after a proven refusal that a repeat can mend (BINANCE.md part B, 2.1). */
const MAX_ATTEMPTS = 5;
const BACK_OFF_MS = [200, 400, 800, 1600] as const;
/** Wall time between two looks at an order of the gate that may be lost, ms. */
const LOOK_EVERY_MS = 250;
/** Orders of the venue's largest size into which one exit is split at most: a filter of a lot or two must not flood it. */
const MAX_PARTS = 100;

/** What is needed to decide a later rung of an exit again. */
interface ExitParent {
  readonly decisionId: string;
  readonly request: ExecutionRequest;
  readonly route: string;
  readonly symbol: string;
  readonly side: Side;
  readonly lots: number;
  readonly genesisSeq: number;
}
/** Where an exit stands on its ladder. */
interface Climb {
  readonly parent: ExitParent;
  readonly isTakeProfit: boolean;
  order: OrderState;
  left: number;
  rung: number;
  attempt: number;
  failures: number;
  parts: number;
}

/**
 * Runs verified exits: IOC reduceOnly up the ladder until done (an agent's at most to its last rung, an operator's and
 * the gate's to MARKET reduceOnly). Exits are never refused for pace: beyond their own rate they merge into one.
 */
export class ExitRunner {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #room: ExitRoom;
  readonly #canceler: Canceler;
  readonly #signal: AbortSignal;
  readonly #merged: MergedExits;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver, canceler: Canceler, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
    this.#room = new ExitRoom(core, canceler);
    this.#canceler = canceler;
    this.#signal = signal;
    this.#merged = new MergedExits(core, sender, signal);
  }

  /**
   * Lots of the plan's single order wait in `pending_send` while the bucket is empty, or while the agent's own exits, of
   * which it is not known what they did, may close all that it holds (the rest of the position is another's).
   */
  planDelay(agent: string, symbol: string): number {
    if (this.#waitsForOwn(agent, symbol)) return Math.max(1, this.#bucketDelay(agent));
    return this.#bucketDelay(agent);
  }

  #waitsForOwn(agent: string, symbol: string): boolean {
    if (this.#core.policyFor(agent).exitScope !== 'own') return false;
    const { orders, positions } = this.#core.state;
    return waitsForOwnExits(positions.get(symbol), liveOrders(orders, symbol), agent);
  }

  #bucketDelay(agent: string): number {
    const { max, window_ms: windowMs } = this.#core.policySpec.exits.rate;
    const now = this.#core.nowMs();
    const used = this.#core.state.pacing.readAgent(agent).exits.count(now, windowMs);
    if (used.tokens < max || used.freeAtMs === null) return 0;
    return Math.max(1, used.freeAtMs - now);
  }

  async run(decided: Decided): Promise<void> {
    const order = (this.#core.state.orders.byDecision.get(decided.body.decision_id) ?? [])[0];
    if (order === undefined) return;
    this.#cancelUndone(order);
    if (order.status === 'pending_send') await this.wait(decided.event, order);
    else await this.#climb(decided.event, order);
  }

  /** Opening orders that the exit's own record has ended; those that are on their way are dropped by the sender. */
  #cancelUndone({ symbol, side }: OrderState): void {
    const isEnded = (order: OrderState): boolean =>
      !order.reduceOnly && order.side !== side && order.cancelRequested && isResting(order);
    void this.#canceler.cancelMatching(symbol, isEnded, OPENING_ENDED);
  }

  /** An exit beyond the rate, also one of before a restart: merged with its equals, and decided again when it is due. */
  async wait(event: DecisionEvent, order: OrderState): Promise<void> {
    await this.#merged.join(order, wholeLots(event, order), (lots) => this.#sendMerged(event, order, lots));
  }

  async #sendMerged(event: DecisionEvent, order: OrderState, lots: number): Promise<void> {
    const carrier = this.#decideRung(parentOf(event, order), lots, 0, 1, 'gate');
    if (carrier === null) return;
    await carrier.decided.appended.committed;
    await this.#climb(carrier.decided.event, carrier.order);
  }

  /** Goes on where a restart interrupted the ladder, once it is proven what became of the rung that may have been sent. */
  async resume({ event, order, leftLots, rung, attempt }: InterruptedLadder): Promise<void> {
    if (!isTerminal(order.status)) await this.#resolver.resolve(order);
    if (!isTerminal(statusOf(order)) || order.cancelRequested) return;
    const parent = parentOf(event, order);
    const left = leftLots - order.executedLots;
    if (left <= 0) return;
    // Attempts are counted anew: how a rung was refused is not in the ledger.
    const climb: Climb = { parent, isTakeProfit: false, order, left, rung, attempt, failures: 0, parts: 0 };
    const refusal: Rejection | null =
      order.status === 'rejected'
        ? { ...REFUSED_BEFORE, message: order.detail ?? '', retryable: order.retryable }
        : null;
    if (this.#mayClimb(parent) && (await this.#decideNext(climb, refusal))) await this.#goOn(climb);
  }

  /** An exit of the gate itself ends with a halt: what is left then is the operator's to close. */
  #mayClimb(parent: ExitParent): boolean {
    if (this.#signal.aborted) return false;
    if (parent.request.origin !== 'gate') return true;
    const { agent } = parent.request;
    return stateInForce(this.#core.state.layers, this.#core.nowMs(), parent.symbol, agent).state !== 'halted';
  }

  /** Climbs the ladder with what is left; each rung is decided and recorded before it is sent. */
  async #climb(event: DecisionEvent, first: OrderState): Promise<void> {
    const isTakeProfit = first.timeInForce === 'GTC';
    // A take-profit rests, so nothing follows it.
    const left = isTakeProfit ? first.lots : wholeLots(event, first);
    const parent = parentOf(event, first);
    const climb: Climb = { parent, isTakeProfit, order: first, left, rung: 0, attempt: 0, failures: 0, parts: 0 };
    await this.#room.make(first);
    if (first.status === 'in_flight' && this.#room.isAboveShare(first)) {
      // RISK: a take-profit that filled while room was made has closed a part already; the rest may be another's.
      this.#sender.record(first, endedEvent(this.#core, first, 'canceled', 'its share shrank while room was made'));
      climb.attempt += 1;
      const next = this.#decideRung(parent, left, 0, climb.attempt, 'slice');
      if (next === null) return;
      await next.decided.appended.committed;
      climb.order = next.order;
      climb.left = isTakeProfit ? next.order.lots : wholeLots(next.decided.event, next.order);
    }
    await this.#goOn(climb);
  }

  async #goOn(climb: Climb): Promise<void> {
    while (!this.#signal.aborted) {
      const { order, isTakeProfit } = climb;
      if (order.status !== 'in_flight') return;
      const outcome = await this.#sender.send(order);
      // RISK: an answer may show an IOC as resting while it is being matched; the ladder goes on from its end.
      if (statusOf(order) === 'unknown' || (isResting(order) && neverRests(order)))
        await this.#untilKnown(order, climb.parent);
      if (isTakeProfit && !isTerminal(order.status)) return;
      climb.left -= order.executedLots;
      if (climb.left <= 0 || !isTerminal(order.status)) return;
      if (!(await this.#decideNext(climb, outcome.kind === 'rejected' ? outcome.rejection : null))) return;
    }
  }

  /**
   * RISK: the ladder of a lost exit goes on when it is known at last what became of it, which may be hours later. One of
   * the gate does not: the gate has sized another by then, from what the account shows, and both would close the same.
   */
  async #untilKnown(order: OrderState, { request }: ExitParent): Promise<void> {
    const resolving = this.#resolver.resolve(order);
    if (request.origin !== 'gate') return resolving;
    let isOver = false;
    void resolving.finally(() => {
      isOver = true;
    });
    while (!isOver && statusOf(order) !== 'lost')
      await Promise.race([resolving, pause(this.#core.ports.time, LOOK_EVERY_MS, this.#signal)]);
  }

  /** After a rung that did not close all that is left: the next one, on disk; false: the ladder ends here. */
  async #decideNext(climb: Climb, rejection: Rejection | null): Promise<boolean> {
    const { parent, order, isTakeProfit } = climb;
    const rungs = this.#core.policySpec.exits.ladder_bps.length + (parent.request.origin === 'agent' ? 0 : 1);
    const isLastRung = climb.rung + 1 >= rungs || isTakeProfit;
    // It filled, and was only a part of what is to be closed: the next part goes out at the same rung.
    const isWholePart = statusOf(order) === 'filled' && !isTakeProfit;
    // A rung that never reached the venue was not tried: it is not a step up the ladder. One that the price band
    // refused was: the same price would be refused again, and the ladder ends where no price is named.
    if ((rejection !== null || statusOf(order) === 'not_placed') && (isLastRung || !isOutsideBand(rejection))) {
      climb.failures += 1;
      if (climb.failures >= MAX_ATTEMPTS || !(await this.#mend(order, rejection, climb.failures))) return false;
    } else if (isWholePart) {
      climb.parts += 1;
      if (climb.parts >= MAX_PARTS) return false;
    } else {
      climb.rung += 1;
      if (climb.rung >= rungs || isTakeProfit) return false;
      await pause(this.#core.ports.time, this.#core.policySpec.exits.step_ms, this.#signal);
    }
    if (!this.#mayClimb(parent)) return false;
    climb.attempt += 1;
    const next = this.#decideRung(parent, climb.left, climb.rung, climb.attempt, 'slice');
    if (next === null) return false;
    await next.decided.appended.committed;
    climb.order = next.order;
    climb.left = Math.min(climb.left, wholeLots(next.decided.event, next.order));
    return true;
  }

  /** What a refusal asks for before the next attempt; false: another attempt is pointless. */
  async #mend(order: OrderState, rejection: Rejection | null, failures: number): Promise<boolean> {
    if (rejection?.consequence === 'cancel_sibling') {
      await this.#room.cancelSiblings(order, failures);
      return true;
    }
    if (rejection !== null && rejection.consequence === 'none' && !order.retryable) return false;
    const { clock, time } = this.#core.ports;
    const askedMs = (rejection?.retryAfterMs ?? 0) / Math.max(1, clock.scale);
    const waitMs = Math.max(BACK_OFF_MS[Math.min(failures - 1, BACK_OFF_MS.length - 1)] ?? 0, askedMs);
    await pause(time, waitMs, this.#signal);
    return true;
  }

  #decideRung(
    parent: ExitParent,
    lots: number,
    rung: number,
    attempt: number,
    kind: DecisionKind,
  ): { readonly decided: Decided; readonly order: OrderState } | null {
    const { genesis_id: genesis } = this.#core.ports.ledger.genesis;
    const decided = takeDecision(
      this.#core,
      { ...parent.request, intent: 'close', side: parent.side, request_id: null },
      {
        phase: 'slice',
        venue: this.#core.settings.venue,
        accountName: this.#core.settings.account,
        tokenSkillSha256: null,
        schemaViolation: null,
        own: null,
        leaving: null,
        exitRung: rung,
        sliceLots: lots,
        parentPriceTicks: null,
        target: null,
      },
      {
        kind,
        route: parent.route,
        bodyHash: null,
        texts: {},
        parentDecisionId: parent.decisionId,
        plan: (decision, seq): readonly PlannedOrder[] => {
          if (decision.decision === 'BLOCK' || decision.effective?.action !== 'exit') return [];
          const id =
            kind === 'slice'
              ? clientOrderId(genesis, parent.genesisSeq, 0, attempt)
              : clientOrderId(genesis, seq, 0, 0);
          return [planSingle(decision.effective, parent.symbol, id, 0)];
        },
      },
    );
    const planned = decided?.event.orders[0];
    if (decided === null || planned === undefined) return null;
    const order = this.#core.state.orders.all.get(planned.client_order_id);
    return order === undefined ? null : { decided, order };
  }
}

/** PERCENT_PRICE: above the cap, below the floor, or no counterparty inside the band (BINANCE.md part B). */
const BAND_CODES: ReadonlySet<number> = new Set([-4016, -4024, -4131]);
function isOutsideBand(rejection: Rejection | null): boolean {
  if (rejection === null) return false;
  return BAND_CODES.has(rejection.code ?? 0) || rejection.message.includes('PERCENT_PRICE');
}

/** A refusal of before a restart: the ledger has its words only. */
const REFUSED_BEFORE = { code: null, httpStatus: null, consequence: 'back_off', retryAfterMs: null } as const;

/** Lots that an exit is to close, of which its order may be only the venue's largest. */
function wholeLots(event: DecisionEvent, order: OrderState): number {
  return wholeExitLots(event.decision, order.lots);
}

function parentOf({ decision, request, route, parent_decision_id }: DecisionEvent, order: OrderState): ExitParent {
  return {
    // Rungs of a merged exit belong to the decision that asked for it, as its first one does.
    decisionId: parent_decision_id ?? decision.decision_id,
    request,
    route,
    symbol: order.symbol,
    side: order.side,
    lots: order.lots,
    genesisSeq: decision.seq,
  };
}
