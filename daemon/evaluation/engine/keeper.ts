// biome-ignore-all lint/style/noExcessiveLinesPerFile: one keeper: each task in its order
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { awaitsReading } from '../../engine/claims/claims.ts';
import { findEnded } from '../../engine/openings/authority.ts';
import { isResting, liveOrders, type OrderState } from '../../engine/orders/orders.ts';
import { findMisplaced } from '../../engine/plan/holdings.ts';
import { StandingReview } from '../../engine/plan/review.ts';
import { findBreaches, GATE_AGENT, isOwnOpening } from '../../engine/plan/standing.ts';
import type { PositionState } from '../../engine/positions/positions.ts';
import { CutReadings } from '../../engine/protect/cut-readings.ts';
import { findOverLayers } from '../../engine/protect/over-layers.ts';
import { ProtectionPlan } from '../../engine/protect/protection.ts';
import { CLOSER_STANDS, ROOM_FOR_CLOSER, readRefusal, StopMovePlan } from '../../engine/protect/stop-moves.ts';
import { buildStopOrder } from '../../engine/protect/stop-order.ts';
import { parentAsk } from '../../engine/readings/inputs.ts';
import type { Rejection } from '../../engine/records/venue.ts';
import type { ReplayAccount } from './account.ts';
import { CapWatch } from './cap-watch.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';
import type { Executor } from './executor.ts';
import { PLACE } from './intake.ts';
import { TierCodes } from './tier-codes.ts';
import type { ReplayVenue } from './venue.ts';

const ASK = parentAsk(PLACE, null, null, null, null);
/** The daemon reads the account so often. */
const READ_EVERY_MS = 2_000;

interface SentStop {
  readonly order: OrderState;
  readonly rejection: Rejection | null;
}

/**
 * What the daemon does between requests, as the engine says: the condition layer follows the account, resting orders are
 * decided again when anything tightens, stops are placed and moved, positions above a tightened cap are cut back.
 */
export class ReplayKeeper {
  readonly #door: GateDoor;
  readonly #executor: Executor;
  readonly #exchange: ReplayVenue;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #later: (atMs: number) => void;
  readonly tiers: TierCodes;
  readonly #caps: CapWatch;
  readonly #review: StandingReview;
  readonly #cuts: CutReadings;
  readonly #protection: ProtectionPlan;
  readonly #moves: StopMovePlan;
  #tierCode = 0;
  readonly #longestMs: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** Every position that is to have a stop has it where it is to stand. */
  isGuarded = true;
  /** A position stands above a cap, and is to be cut back. */
  isBreached = false;
  /** When the next position has been held for as long as it may be. */
  agesAtMs = Number.POSITIVE_INFINITY;
  /** Of the account for which that was found. */
  #held = -1;
  #hasOpenings = false;
  readonly #policy: CompiledPolicy;

  /** `later`: {@link tick} is to be called then. */
  constructor(
    door: GateDoor,
    executor: Executor,
    exchange: ReplayVenue,
    account: ReplayAccount,
    clock: MarketClock,
    later: (atMs: number) => void,
  ) {
    this.#door = door;
    this.#policy = door.policy(GATE_AGENT);
    this.#longestMs = this.#policy.budgets.holding_time_ms;
    this.#executor = executor;
    this.#exchange = exchange;
    this.#account = account;
    this.#clock = clock;
    this.#later = later;
    this.#caps = new CapWatch(door, account, clock, this.#policy);
    this.tiers = new TierCodes(door, account, clock, this.#policy);
    this.#review = this.#createReview();
    this.#cuts = new CutReadings(door.planClock);
    const { planClock, state } = door;
    const spec = () => this.#policy.spec;
    this.#protection = new ProtectionPlan({
      state,
      clock: planClock,
      place: PLACE,
      spec,
      isGateExiting: (symbol) => executor.exits.isGateExiting(symbol),
      alert: () => undefined,
      alertRarely: () => undefined,
    });
    const inputs = (symbol: string) => door.inputs().symbols.get(symbol) ?? null;
    this.#moves = new StopMovePlan({ state, clock: planClock, spec, inputs });
  }

  #createReview(): StandingReview {
    const door = this.#door;
    return new StandingReview({
      state: door.state,
      clock: door.planClock,
      place: PLACE,
      inputs: () => door.inputs(),
      policyFor: (agent) => door.policy(agent),
      recordState: (event) => door.append('state', event),
      decide: ({ decisionId }, request, ask, skipUnless) =>
        door.take(request, ask, { kind: 'standing', parentDecisionId: decisionId, plan: () => [], skipUnless }),
      cancel: (order, reason) => this.#executor.cancel(order, reason),
      endUnsent: (order, detail) => door.endUnsent(order, detail),
    });
  }

  tick(): void {
    const { spec } = this.#policy;
    const door = this.#door;
    const { state } = door;
    const now = this.#clock.nowMs;
    if (state.layers.size > 0) for (const over of findOverLayers(state, now)) door.append('state', over);
    this.#executor.retryCancels();
    this.#executor.exits.settle();
    const code = this.tiers.code();
    if (code !== this.#tierCode) {
      this.#tierCode = code;
      this.#review.followCondition();
    }
    if (this.#held !== this.#account.version || now >= this.agesAtMs || state.layers.size > 0) {
      this.#review.followHoldingTimes();
      this.#findAging();
    }
    const hadOpenings = this.#hasOpenings;
    this.#findLive();
    // Once more when they are gone: what tightens meanwhile and is left again is news to the next one, as in the daemon.
    if (this.#hasOpenings) this.endAuthorities();
    if (this.#hasOpenings || hadOpenings) this.#review.follow();
    if (this.#hasOpenings) for (const { order, why } of findMisplaced(state, now)) this.#executor.cancel(order, why);
    this.isGuarded = true;
    if (spec.protection.required) this.#protect();
    this.isBreached = false;
    if (this.#account.held > 0 && spec.standing.on_breach === 'reduce') this.#cutBack();
    if (state.claims.open.size > 0 && awaitsReading(state)) this.#readSoon();
  }

  /** What opens on an authority that has ended. */
  endAuthorities(): void {
    for (const { order, why } of findEnded(this.#door.state, this.#door.authorityNow()))
      this.#executor.cancel(order, why);
  }

  /** Something waits for another reading of the account. */
  #readSoon(): void {
    const now = this.#clock.nowMs;
    if (this.#readAtMs > now) return;
    this.#readAtMs = now + READ_EVERY_MS;
    this.#later(this.#readAtMs);
  }

  /** What is live says what is to be looked at. */
  #findLive(): void {
    this.#hasOpenings = false;
    const { orders } = this.#door.state;
    const { symbols } = this.#clock.market;
    for (let i = 0; i < symbols.length; i++) {
      const live = liveOrders(orders, symbols[i]!);
      if (live.size === 0) continue;
      for (const order of live) {
        if (isOwnOpening(order)) this.#hasOpenings = true;
      }
    }
  }

  #findAging(): void {
    this.#held = this.#account.version;
    this.agesAtMs = Number.POSITIVE_INFINITY;
    const now = this.#clock.nowMs;
    for (const { quantityE8, sinceMs } of this.#door.state.positions.values()) {
      const atMs = quantityE8 === 0 || sinceMs === null ? Number.POSITIVE_INFINITY : sinceMs + this.#longestMs;
      if (atMs > now) this.agesAtMs = Math.min(this.agesAtMs, atMs);
    }
  }

  /** Whether a position may outgrow its cap while marks move from here to these: by symbol, the mark there over that here. */
  mayBreachOnLeg(ratios: Float64Array): boolean {
    return this.#policy.spec.standing.on_breach === 'reduce' && this.#caps.mayBreachOnLeg(ratios);
  }

  #cutBack(): void {
    const breaches = this.#caps.mayBreach(this.#tierCode)
      ? findBreaches(this.#door.state, this.#door.inputs(), this.#policy, PLACE)
      : [];
    if (breaches.length === 0) {
      this.#cuts.clear();
      return;
    }
    this.isBreached = true;
    const confirmed = this.#cuts.confirm(breaches, this.#door.inputs(), this.#policy.spec.market.collar_bps);
    if (breaches.length > confirmed.length) this.#readSoon();
    for (const breach of confirmed) {
      if (!this.#clock.isLive(this.#indexOf(breach.symbol))) continue;
      const request = this.#protection.planCut(breach);
      if (request !== null) this.#exit(request, 'cut');
    }
  }

  #indexOf(symbol: string): number {
    return this.#clock.market.symbols.indexOf(symbol);
  }

  #exit(request: ExecutionRequest, cause: 'stop' | 'cut'): void {
    const taken = this.#door.take(request, ASK, {
      kind: 'gate',
      parentDecisionId: null,
      cause,
      plan: (decision, seq) => this.#executor.plan(request, decision, seq),
    });
    if (taken !== null && taken.decision.decision !== 'BLOCK') this.#executor.act(taken, null, null);
  }

  #protect(): void {
    for (const position of [...this.#door.state.positions.values()]) {
      for (const stop of this.#protection.findOutdated(position))
        this.#executor.cancel(stop, 'the position that it protects is gone');
      if (this.#clock.isLive(this.#indexOf(position.symbol))) this.#protectOne(position);
    }
  }

  #protectOne(position: PositionState): void {
    const step = this.#protection.next(position);
    if (step.kind !== 'follow' && position.quantityE8 !== 0) this.isGuarded = false;
    if (step.kind === 'follow') {
      this.#followStop(position, step.stop, step.stops);
      if (step.stop.cancelRequested) this.#protection.noteGivenUp(position.symbol);
    } else if (step.kind === 'place') {
      const sent = this.#placeStop(position, step.quantityE8);
      const request = sent === null ? null : this.#protection.takePlaced(position, sent.order, sent.rejection);
      if (request !== null) this.#exit(request, 'stop');
    } else if (step.kind === 'close') this.#exit(step.request, 'stop');
  }

  #followStop(position: PositionState, stop: OrderState, stops: readonly OrderState[]): void {
    for (const other of this.#moves.findSpare(stop, stops)) this.#executor.cancel(other, CLOSER_STANDS);
    if (this.#moves.isDue(position, stop)) this.#moves.noteMoved(position.symbol, this.#move(position, stop));
    if (this.#moves.isTried(position.symbol)) this.isGuarded = false;
  }

  /** Null: it was sent, and is not known to be refused; else why the old one stays. */
  #move(position: PositionState, stop: OrderState): string | null {
    const blocked = this.#moves.findBlock(position, stop);
    if (blocked !== null) return blocked;
    const sent = this.#placeStop(position, position.quantityE8);
    const refused = readRefusal(sent?.order ?? null);
    if (sent === null || refused === null || sent.rejection?.cause !== 'stop_exists') return refused;
    const kept = this.#moves.findWhyKept(position, stop);
    if (kept !== null || !isResting(stop)) return kept;
    this.#executor.cancel(stop, ROOM_FOR_CLOSER);
    return readRefusal(this.#placeStop(position, position.quantityE8)?.order ?? null);
  }

  #placeStop(position: PositionState, held: number): SentStop | null {
    const { ids, state } = this.#door;
    const { symbol } = position;
    const stop = buildStopOrder(state, position, held, this.#policy.spec.protection.stop_bps, {
      place: PLACE,
      ids,
      nowMs: this.#clock.nowMs,
    });
    if (stop === null) return null;
    const taken = this.#door.take(stop.request, stop.ask, {
      kind: 'gate',
      parentDecisionId: null,
      plan: stop.plan,
      skipUnless: (decision) => this.#protection.isNews(symbol, decision),
    });
    const order = taken?.orders[0];
    if (order === undefined) return null;
    this.#door.sends.note();
    const index = this.#indexOf(symbol);
    const rejection = this.#exchange.placeStop({
      id: order.clientOrderId,
      symbol: index,
      side: order.side,
      triggerTicks: this.#clock.grid.ticks(index, order.triggerE8 ?? 0),
    });
    this.#executor.changes += 1;
    if (rejection === null) this.#door.show(order, 'working', 0, null);
    else this.#door.refuse(order, rejection);
    return { order, rejection };
  }

  /** The exchange has taken everything: the views follow as they would from repeated account reads. */
  forgetAfterLiquidation(): void {
    for (const orders of [...this.#door.state.orders.live.values()]) this.#executor.endAll(orders);
  }
}
