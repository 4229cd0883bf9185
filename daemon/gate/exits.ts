import { setTimeout as delay } from 'node:timers/promises';
import { wholeExitLots } from '../core/exit.ts';
import type { ExecutionRequest, Side } from '../core/request.ts';
import type { DecisionKind } from './api.ts';
import type { Canceler } from './cancels.ts';
import { clientOrderId, type Decided, planSingle, takeDecision } from './decisions.ts';
import type { PlannedOrder } from './events.ts';
import type { GateCore } from './gate-core.ts';
import { MergedExits } from './merged-exits.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import type { Rejection } from './ports.ts';
import type { Resolver } from './resolver.ts';
import { closableShare, waitsForOwnExits } from './state/closable-share.ts';
import { remainingLots } from './state/exposure.ts';
import { stateInForce } from './state/layers.ts';
import { isTerminal, liveOrders, type OrderState, statusOf } from './state/orders.ts';
import { longLots, shortLots } from './state/positions.ts';

/** Automatic attempts of one rung after a proven refusal that a repeat can mend (BINANCE.md part B, 2.1). */
const MAX_ATTEMPTS = 5;
const BACK_OFF_MS = [200, 400, 800, 1600] as const;
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

/**
 * Runs verified exits: IOC reduceOnly up the ladder until done (an agent's at most to its last rung, an operator's and
 * the gate's to MARKET reduceOnly). Exits are never refused for pace: beyond their own rate they merge into one.
 */
export class ExitRunner {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #canceler: Canceler;
  readonly #signal: AbortSignal;
  readonly #merged: MergedExits;

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver, canceler: Canceler, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
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
    if (order.status === 'pending_send')
      await this.#merged.join(order, wholeLots(decided, order), (lots) => this.#sendMerged(decided, order, lots));
    else await this.#climb(decided, order);
  }

  async #sendMerged(decided: Decided, order: OrderState, lots: number): Promise<void> {
    const carrier = this.#decideRung(parentOf(decided, order), lots, 0, 1, 'gate');
    if (carrier === null) return;
    await carrier.decided.appended.committed;
    await this.#climb(carrier.decided, carrier.order);
  }

  /** An exit of the gate itself ends with a halt: what is left then is the operator's to close. */
  #mayClimb(parent: ExitParent): boolean {
    if (this.#signal.aborted) return false;
    if (parent.request.origin !== 'gate') return true;
    const { agent } = parent.request;
    return stateInForce(this.#core.state.layers, this.#core.nowMs(), parent.symbol, agent).state !== 'halted';
  }

  /** Climbs the ladder with what is left; each rung is decided and recorded before it is sent. */
  async #climb(decided: Decided, first: OrderState): Promise<void> {
    const parent = parentOf(decided, first);
    const isTakeProfit = first.timeInForce === 'GTC';
    await this.#makeRoom(first);
    let order = first;
    // A take-profit rests, so nothing follows it.
    let left = isTakeProfit ? first.lots : wholeLots(decided, first);
    let attempt = 0;
    if (first.status === 'in_flight' && this.#isAboveShare(first)) {
      // RISK: a take-profit that filled while room was made has closed a part already; the rest may be another's.
      this.#sender.record(first, endedEvent(this.#core, first, 'canceled', 'its share shrank while room was made'));
      attempt += 1;
      const next = this.#decideRung(parent, left, 0, attempt, 'slice');
      if (next === null) return;
      await next.decided.appended.committed;
      order = next.order;
      left = isTakeProfit ? order.lots : wholeLots(next.decided, order);
    }
    let failures = 0;
    let parts = 0;
    const rungs = this.#core.policySpec.exits.ladder_bps.length + (decided.event.request.origin === 'agent' ? 0 : 1);
    for (let rung = 0; !this.#signal.aborted; ) {
      if (order.status !== 'in_flight') return;
      const outcome = await this.#sender.send(order);
      if (statusOf(order) === 'unknown') await this.#resolver.resolve(order);
      if (isTakeProfit && !isTerminal(order.status)) return;
      left -= order.executedLots;
      if (left <= 0 || !isTerminal(order.status)) return;
      const rejection = outcome.kind === 'rejected' ? outcome.rejection : null;
      const isLastRung = rung + 1 >= rungs || isTakeProfit;
      // It filled, and was only a part of what is to be closed: the next part goes out at the same rung.
      const isWholePart = statusOf(order) === 'filled' && !isTakeProfit;
      // A rung that never reached the venue was not tried: it is not a step up the ladder. One that the price band
      // refused was: the same price would be refused again, and the ladder ends where no price is named.
      if ((rejection !== null || statusOf(order) === 'not_placed') && (isLastRung || !isOutsideBand(rejection))) {
        failures += 1;
        if (failures >= MAX_ATTEMPTS || !(await this.#mend(order, rejection, failures))) return;
      } else if (isWholePart) {
        parts += 1;
        if (parts >= MAX_PARTS) return;
      } else {
        rung += 1;
        if (rung >= rungs || isTakeProfit) return;
        await delay(this.#core.policySpec.exits.step_ms, undefined, { signal: this.#signal });
      }
      if (!this.#mayClimb(parent)) return;
      attempt += 1;
      const next = this.#decideRung(parent, left, rung, attempt, 'slice');
      if (next === null) return;
      await next.decided.appended.committed;
      order = next.order;
      left = Math.min(left, wholeLots(next.decided, order));
    }
  }

  /** As it was decided: by the policy of the agent, which may be stricter than the account's. */
  #isBoundToShare({ agent, origin }: OrderState): boolean {
    return origin === 'agent' && agent !== null && this.#core.policyFor(agent).exitScope === 'own';
  }

  #isAboveShare(order: OrderState): boolean {
    if (order.agent === null || !this.#isBoundToShare(order)) return false;
    const { orders, positions } = this.#core.state;
    const position = positions.get(order.symbol);
    const share = Math.abs(closableShare(position, liveOrders(orders, order.symbol), order.agent, order));
    // Whole positions are kept by reduceOnly; a refusal there is worse than an order that the venue cuts.
    const held = position === undefined ? 0 : order.side === 'sell' ? longLots(position) : shortLots(position);
    return order.lots > share && held > share;
  }

  /** What a refusal asks for before the next attempt; false: another attempt is pointless. */
  async #mend(order: OrderState, rejection: Rejection | null, failures: number): Promise<boolean> {
    if (rejection?.consequence === 'cancel_sibling') {
      // The agent's own first, then whatever reduces the position, protective stops last.
      const concerns = (other: OrderState): boolean =>
        isRestingExit(other, order) &&
        (failures >= 3 || (!other.protective && !other.foreign)) &&
        (failures >= 2 || other.agent === order.agent);
      await this.#canceler.cancelMatching(order.symbol, concerns, 'makes room for an exit');
      return true;
    }
    if (rejection !== null && rejection.consequence === 'none' && !order.retryable) return false;
    const { scale } = this.#core.ports.clock;
    const askedMs = (rejection?.retryAfterMs ?? 0) / Math.max(1, scale);
    const waitMs = Math.max(BACK_OFF_MS[Math.min(failures - 1, BACK_OFF_MS.length - 1)] ?? 0, askedMs);
    await delay(waitMs, undefined, { signal: this.#signal });
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

  /**
   * Resting reduce-only orders on the same side would make the venue refuse the exit once their sum exceeds the
   * position: the agent's own take-profits are canceled first; protective stops only when the venue still refuses.
   */
  async #makeRoom(order: OrderState): Promise<void> {
    const position = this.#core.state.position(order.symbol);
    const held = order.side === 'sell' ? longLots(position) : shortLots(position);
    // An agent's orders together close no more than its own share: the rest may be another agent's.
    const share = Math.abs(position.shares.get(order.agent ?? '') ?? 0);
    const size = this.#isBoundToShare(order) ? Math.min(held, share) : held;
    const resting = [...liveOrders(this.#core.state.orders, order.symbol)].filter(
      (other) => isRestingExit(other, order) && !other.protective && other.kind === 'regular',
    );
    const own = new Set(resting.filter((other) => other.agent === order.agent));
    const lotsOf = (orders: Iterable<OrderState>): number =>
      [...orders].reduce((sum, other) => sum + remainingLots(other), 0);
    if (lotsOf(resting) + order.lots <= held && lotsOf(own) + order.lots <= size) return;
    await this.#canceler.cancelMatching(order.symbol, (other) => own.has(other), 'makes room for an exit');
  }
}

/** PERCENT_PRICE: above the cap, below the floor, or no counterparty inside the band (BINANCE.md part B). */
const BAND_CODES: ReadonlySet<number> = new Set([-4016, -4024, -4131]);
function isOutsideBand(rejection: Rejection | null): boolean {
  if (rejection === null) return false;
  return BAND_CODES.has(rejection.code ?? 0) || rejection.message.includes('PERCENT_PRICE');
}

/** A reduce-only order on the same side that waits at the venue: not another attempt that is on its way. */
function isRestingExit(other: OrderState, order: OrderState): boolean {
  if (other === order || !other.reduceOnly || other.side !== order.side || other.status === 'pending_send')
    return false;
  return other.timeInForce === 'GTC' || other.foreign || other.protective;
}

/** Lots that an exit is to close, of which its order may be only the venue's largest. */
function wholeLots(decided: Decided, order: OrderState): number {
  return wholeExitLots(decided.event.decision, order.lots);
}

function parentOf(decided: Decided, order: OrderState): ExitParent {
  const parentSeq = decided.body.seq;
  return {
    decisionId: decided.body.decision_id,
    request: decided.event.request,
    route: decided.event.route,
    symbol: order.symbol,
    side: order.side,
    lots: order.lots,
    genesisSeq: parentSeq,
  };
}
