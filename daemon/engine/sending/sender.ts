// biome-ignore-all lint/style/noExcessiveLinesPerFile: one order's way out; its guards share what is private to it
import { REGIME_RANK } from '../../core/features/market.ts';
import { ACCOUNT_BREAKER, layerKey, stateInForce } from '../callers/layers.ts';
import type { Decided } from '../decide/decided.ts';
import { endOpeningsByAnswer } from '../decide/openings-to-end.ts';
import type { EngineCore, VenueConsequences } from '../flow/core.ts';
import { ask, type Flow, joined, onDisk, Pending } from '../flow/step.ts';
import { whyEnded } from '../openings/authority.ts';
import { rejectedEvent, unknownEvent } from '../orders/evidence.ts';
import { isInFlight, isTerminal, liveOrders, type OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import type { Rejection, SubmitOutcome, VenueOrder } from '../records/venue.ts';
import { isLeverageLocked } from '../snapshot/exposure.ts';
import { Approvals } from './approval.ts';
import type { LoneOpenings } from './lone-openings.ts';
import type { Ask, OrderProof } from './order-proof.ts';

/** When something was sent, and the domain time by which it was sent. */
interface Sent {
  readonly ask: Ask;
  readonly sentByMs: () => number;
}

/**
 * Sends approved orders and records their outcomes: the only place that asks for one to be sent. INVARIANT: disk first.
 * Whatever is sent here waits until all that was recorded is on disk, and looks after that whether it may still be sent.
 */
export class OrderSender {
  readonly #core: EngineCore;
  readonly #consequences: VenueConsequences;
  readonly #lone: LoneOpenings;
  readonly #approvals = new Approvals();
  readonly #proof: OrderProof;
  readonly #leverageLocks = new Map<string, Pending<void>>();
  #isOpeningStopped = false;

  constructor(core: EngineCore, proof: OrderProof, consequences: VenueConsequences, lone: LoneOpenings) {
    this.#core = core;
    this.#proof = proof;
    this.#lone = lone;
    this.#consequences = consequences;
  }

  /** Decided, and not handed over yet: what closes meanwhile ends it. */
  isUnsent(order: OrderState): boolean {
    return isInFlight(order) && !this.#approvals.wasGiven(order);
  }

  /** The daemon stops: decided orders that are not at the venue yet are no longer sent, except exits. */
  stopOpening(): void {
    this.#isOpeningStopped = true;
  }

  /** An exit is sent however old its decision is. */
  *send(order: OrderState): Flow<SubmitOutcome> {
    if (!order.reduceOnly) throw new Error(`order ${order.clientOrderId} is no exit`);
    yield* onDisk();
    return yield* this.#submit(order, this.#findStop(order), this.#core.settings.sendDeadlineMs);
  }

  /** The deadline counts from its decision, `decided` (BY-41). */
  *sendOpening(order: OrderState, decided: Decided): Flow<SubmitOutcome> {
    yield* onDisk();
    const turn = yield* this.#lone.take(order, this.#leftMs(decided));
    if (turn === null) return yield* this.#submit(order, this.#findStop(order) ?? NOT_ITS_TURN, 0);
    let kind: SubmitOutcome['kind'] = 'rejected';
    try {
      const outcome = yield* this.#sendInTurn(order, decided);
      kind = outcome.kind;
      return outcome;
    } finally {
      turn.end(kind);
    }
  }

  *#sendInTurn(order: OrderState, decided: Decided): Flow<SubmitOutcome> {
    let problem: Rejection | null;
    try {
      problem = yield* this.#matchLeverage(order, decided);
    } catch (error) {
      return this.giveUp(order, error);
    }
    if (problem !== null) {
      this.#proof.record(order, rejectedEvent(this.#core, order, problem));
      // The venue refuses us anyway, and says for how long.
      this.#consequences.onRejection(problem, order);
      return { kind: 'rejected', rejection: problem };
    }
    const stopped = this.#findStop(order) ?? this.#findTightening(decided);
    return yield* this.#submit(order, stopped, this.#leftMs(decided));
  }

  *#submit(order: OrderState, stopped: string | null, withinMs: number): Flow<SubmitOutcome> {
    // RISK: time has passed since the decision: a halt, a cancel or a stop of the daemon must take effect.
    if (stopped !== null) {
      this.#proof.end(order, stopped);
      return { kind: 'rejected', rejection: notSent(stopped) };
    }
    const asked = this.#ask(withinMs);
    const approved = this.#approvals.approveOrder(order, this.#core.nowMs());
    const traced = this.#traceSend(order.decisionId);
    const outcome = yield* this.#call(order, ask<'submit'>({ fx: 'submit', order: approved, withinMs }));
    const taken = traced?.(outcome.kind);
    const shown = this.#take(order, outcome, asked);
    taken?.();
    return shown;
  }

  /**
   * An order whose sending throws before the venue got it was not sent: no decided order stays in flight. Once the
   * venue has it, its answer decides.
   */
  giveUp(order: OrderState, error: unknown): SubmitOutcome {
    const what = `not sent: ${String(error)}`;
    if (isInFlight(order) && !this.#approvals.wasGiven(order) && !this.#core.ports.ledger.isFailed) {
      this.#core.alert('SEND_FAILED', `${order.clientOrderId}: ${what}`, order.symbol);
      this.#proof.end(order, what);
    }
    return { kind: 'rejected', rejection: notSent(what) };
  }

  /** An order that throws in flight may have arrived. */
  *#call(order: OrderState, send: Flow<SubmitOutcome>): Flow<SubmitOutcome> {
    try {
      return yield* send;
    } catch (error) {
      this.#core.alert('SEND_FAILED', `sending ${order.clientOrderId}: ${String(error)}`, order.symbol);
      return { kind: 'unknown', detail: String(error) };
    }
  }

  /** Called with the venue's answer, and then once that is applied. Null: no trace is kept. */
  #traceSend(decisionId: string | null): ((outcome: string) => () => void) | null {
    const { time, trace } = this.#core.ports;
    if (trace === undefined || decisionId === null) return null;
    const sentMs = time.monotonicMs();
    return (outcome) => {
      const answeredMs = time.monotonicMs();
      trace.stage(decisionId, 'send', sentMs, answeredMs, outcome);
      const end = function* (): Flow<void> {
        yield* onDisk();
        trace.stage(decisionId, 'outcome', answeredMs, time.monotonicMs(), outcome);
      };
      return () => void this.#core.begin(end());
    };
  }

  #leftMs(decided: Decided): number {
    const { sendDeadlineMs } = this.#core.settings;
    return Math.min(sendDeadlineMs, sendDeadlineMs - (this.#core.ports.time.monotonicMs() - decided.decidedAtWallMs));
  }

  #findStop(order: OrderState): string | null {
    if (!isInFlight(order)) return `it is ${order.status} already`;
    if (order.cancelRequested) return 'canceled before it was sent';
    const { layers } = this.#core.state;
    const inForce = stateInForce(layers, this.#core.passedMs(), order.symbol, order.agent).state;
    if (order.reduceOnly) return inForce === 'halted' && order.origin === 'agent' ? 'halted before it was sent' : null;
    if (this.#isOpeningStopped) return 'the daemon stops';
    const ended = whyEnded(order, this.#core.authorityNow());
    if (ended !== null) return ended;
    // The order counts since its decision; others may have sent for the account meanwhile.
    if (this.#core.sends.waitMs('other', 1) > 0) return BUSY;
    const isEnforced = this.#core.policySpec.mode === 'enforce';
    if (inForce === 'halted' || (inForce === 'reducing' && isEnforced)) return `${inForce} before it was sent`;
    return null;
  }

  /** An order permitted under another policy, in a calmer regime or before a signal may not be permitted now. */
  #findTightening(decided: Decided): string | null {
    const core = this.#core;
    if (core.policySpec.mode !== 'enforce') return null;
    if (decided.body.policy_hash !== core.policyHash) return 'the policy changed before it was sent';
    const { context, request } = decided.event;
    const regime = request.symbol === null ? undefined : core.market.symbol(request.symbol)?.heldRegime;
    if (regime !== undefined && REGIME_RANK[regime] > REGIME_RANK[context.market.held_regime])
      return `the regime became ${regime} before it was sent`;
    const active = core.state.activeSignals(core.passedMs(), core.settings.account, request.agent, request.symbol);
    const signal = active.find((kind) => !context.trust.signals.includes(kind));
    return signal === undefined ? null : `signal ${signal} came before it was sent`;
  }

  #findAmendStop(order: OrderState, decided: Decided): string | null {
    if (isTerminal(order)) return `it is ${order.status} already`;
    if (order.cancelRequested) return 'canceled before it was changed';
    const ended = whyEnded(order, this.#core.authorityNow());
    if (ended !== null) return ended;
    const { layers } = this.#core.state;
    const { origin } = decided.event.request;
    const inForce = stateInForce(layers, this.#core.passedMs(), order.symbol, order.agent).state;
    if (inForce === 'halted' && (!order.reduceOnly || origin === 'agent')) return 'halted before it was changed';
    if (origin === 'agent' && layers.get(layerKey(ACCOUNT_BREAKER))?.setBy === 'venue') return 'the venue refuses us';
    if (origin === 'agent' && this.#core.sends.waitMs('other', 1) > 0) return BUSY;
    if (!addsRisk(decided)) return null;
    if (this.#isOpeningStopped) return 'the daemon stops';
    if (inForce === 'reducing' && this.#core.policySpec.mode === 'enforce') return 'reducing before it was changed';
    return this.#findTightening(decided);
  }

  /** Null: it has ended before. */
  *sendStop(order: OrderState): Flow<SubmitOutcome | null> {
    yield* onDisk();
    if (isTerminal(order)) return null;
    this.#core.sends.note();
    const asked = this.#ask(null);
    const approved = this.#approvals.approveStop(order);
    const outcome = yield* this.#call(order, ask<'submitStop'>({ fx: 'submitStop', order: approved }));
    return this.#take(order, outcome, asked);
  }

  /** `decided`: the amend's decision. */
  *sendAmend(order: OrderState, decided: Decided): Flow<SubmitOutcome> {
    yield* onDisk();
    // RISK: as with an opening order, what happened since the decision must take effect.
    const stopped = this.#findAmendStop(order, decided);
    if (stopped !== null) {
      this.#proof.settleAmend(order, order.amendSeq, false, stopped);
      return { kind: 'rejected', rejection: notSent(stopped) };
    }
    const { amendSeq } = order;
    const withinMs = addsRisk(decided) ? this.#leftMs(decided) : this.#core.settings.sendDeadlineMs;
    const asked = this.#ask(withinMs);
    const approved = this.#approvals.approveAmend(order);
    const traced = this.#traceSend(decided.body.decision_id);
    const outcome = yield* this.#call(order, ask<'amend'>({ fx: 'amend', order: approved, withinMs }));
    traced?.(outcome.kind)();
    this.#core.ports.observer.submitted(`amend_${outcome.kind}`);
    this.#noteCounts();
    switch (outcome.kind) {
      case 'accepted':
        this.#consequences.onAccepted();
        this.#proof.settleAmend(order, amendSeq, true, 'accepted');
        if (outcome.order !== null) this.#takeShown(order, outcome.order, asked.ask);
        return outcome;
      case 'rejected':
        // Reported before the other form is dropped: that form was refused.
        this.#consequences.onRejection(outcome.rejection, order);
        this.#proof.settleAmend(order, amendSeq, false, outcome.rejection.message);
        return outcome;
      case 'unknown':
        // Both forms count until the venue shows which one rests. It may already have done so.
        if (this.#proof.noteAmendUnknown(order, amendSeq, outcome.detail, asked.sentByMs()))
          this.#consequences.onUnknown(order);
        return outcome;
    }
  }

  /**
   * When something is sent, and the domain time by which it has been sent or never will be; `withinMs` null: at its
   * end.
   */
  #ask(withinMs: number | null): Sent {
    const startedMs = this.#core.nowMs();
    const { scale } = this.#core.ports.clock;
    const latestMs = withinMs === null || scale === 0 ? Number.POSITIVE_INFINITY : startedMs + withinMs * scale;
    return { ask: this.#proof.ask(), sentByMs: () => Math.min(latestMs, Math.max(startedMs, this.#core.nowMs())) };
  }

  /** Applies what the answer to a request shows. A limit exit that it shows filled did not rest. */
  #takeShown(order: OrderState, report: VenueOrder, ask: Ask): void {
    const before = order.executedE8;
    this.#proof.adopt(order, report, ask);
    const isLimitExit = order.reduceOnly && !order.protective && order.timeInForce === 'GTC';
    if (isLimitExit && order.executedE8 > before) endOpeningsByAnswer(this.#core, order);
  }

  #noteCounts(): void {
    const hasMore = this.#core.sends.adopt(this.#core.ports.venue.takeOrderCounts?.() ?? []);
    if (hasMore) this.#core.lookout.suspect(null);
  }

  /** Records what an answer says about an order, unless more is known already: then the order was placed anyway. */
  #take(order: OrderState, outcome: SubmitOutcome, asked: Sent): SubmitOutcome {
    this.#core.ports.observer.submitted(outcome.kind);
    this.#noteCounts();
    if (outcome.kind === 'accepted') this.#consequences.onAccepted();
    if (outcome.kind === 'accepted' && outcome.order !== null) {
      this.#takeShown(order, outcome.order, asked.ask);
      // RISK: an answer that shows another order says nothing about ours, which nobody would look for in flight.
      if (!isInFlight(order)) return outcome;
    }
    if (outcome.kind === 'rejected') {
      const isTaken = this.#proof.record(order, rejectedEvent(this.#core, order, outcome.rejection)) !== null;
      this.#consequences.onRejection(outcome.rejection, order);
      return isTaken ? outcome : { kind: 'accepted', order: null };
    }
    const detail = outcome.kind === 'unknown' ? outcome.detail : 'the venue knows an order of that id; looking it up';
    const unknown = unknownEvent(this.#core, order, detail, asked.sentByMs());
    if (this.#proof.record(order, unknown) === null) return { kind: 'accepted', order: null };
    this.#consequences.onUnknown(order);
    return outcome;
  }

  /** A setting with a lost answer may be in effect until a later reading of the account, or a later setting, shows it. */
  #isLeverageUnknown({ lostLeverage, ownLeverage }: PositionState): boolean {
    if (lostLeverage === null) return false;
    const shownAtMs = Math.max(this.#core.state.accountAskedMs, ownLeverage?.confirmedAtMs ?? 0);
    return shownAtMs <= lostLeverage.lostAtMs + this.#core.ports.venue.acceptanceHorizonMs;
  }
  /** What may still arrive, behind one that is set anew; 0: nothing may. */
  #arrivingLeverage({ lostLeverage }: PositionState): number {
    if (lostLeverage === null) return 0;
    const untilMs = lostLeverage.lostAtMs + this.#core.ports.venue.acceptanceHorizonMs;
    return this.#core.passedMs() > untilMs ? 0 : lostLeverage.leverage;
  }

  /**
   * Leverage is a setting of the symbol. It is set to the charged leverage while the symbol is flat and has no other
   * order at the venue; otherwise it stays (BY-39). Returns why the order must not be sent, or null.
   */
  *#matchLeverage(order: OrderState, decided: Decided): Flow<Rejection | null> {
    const previous = this.#leverageLocks.get(order.symbol);
    const mine = new Pending<void>();
    this.#leverageLocks.set(order.symbol, mine);
    if (previous !== undefined) yield* joined([previous]);
    try {
      const position = this.#core.state.position(order.symbol);
      if (position.leverage === order.leverage && !this.#isLeverageUnknown(position)) return null;
      // What waits behind this one is not at the venue: it does not keep the setting of before.
      const sent = [...liveOrders(this.#core.state.orders, order.symbol)].filter((each) => !this.isUnsent(each));
      if (isLeverageLocked(position, new Set(sent), { own: order, leaving: null }))
        return this.#isLeverageUnknown(position)
          ? unconfirmed('an earlier one was lost')
          : findExcess(position.leverage, order, decided);
      const { leverage, symbol } = order;
      const arriving = this.#arrivingLeverage(position);
      if (arriving > leverage) return unconfirmed(`an earlier one of ${arriving}x was lost, and may still arrive`);
      const outcome = yield* ask<'setLeverage'>({ fx: 'setLeverage', symbol, leverage });
      if (outcome.kind === 'accepted') {
        this.#core.append('leverage', {
          confirmed_at_ms: this.#core.nowMs(),
          leverage: order.leverage,
          symbol: order.symbol,
        });
        return null;
      }
      // A lower setting than requested would be safe, but the venue's current one is unknown: nothing is sent.
      if (outcome.kind === 'rejected') return outcome.rejection;
      this.#core.append('leverage', { leverage, lost: true, symbol });
      return unconfirmed(outcome.detail);
    } finally {
      mine.close({ kind: 'done', result: undefined });
    }
  }
}

/** In its caller's words. */
const NOT_ITS_TURN =
  'the first opening of a symbol after a minute goes alone, and the account was not read after it in time: ask again';
/** The rest is a reserve for exits, operators and stops. */
const BUSY = "the account has sent as many orders as the venue's limit leaves to agents for now";

/** An amend decided as a new opening order: only that one has a leverage. */
function addsRisk({ body }: Decided): boolean {
  return body.effective !== null && body.effective.leverage !== null;
}

/** RISK: another order may have set more leverage than this one was permitted with. */
function findExcess(setting: number | null, { leverage }: OrderState, { event }: Decided): Rejection | null {
  const { leverage_locked: wasLocked, leverage_setting: seen } = event.context.market;
  const most = Math.max(leverage, wasLocked ? (seen ?? 0) : 0);
  return setting !== null && setting <= most ? null : unconfirmed(`it is not at most ${most}x, as was permitted`);
}

function unconfirmed(why: string): Rejection {
  const message = `the leverage setting could not be confirmed: ${why}`;
  return { ...notSent(message), cause: 'unconfirmed' };
}
function notSent(message: string): Rejection {
  return { cause: 'withheld', code: null, message, retryAfterMs: null };
}
