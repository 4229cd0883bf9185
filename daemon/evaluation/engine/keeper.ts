// biome-ignore-all lint/style/noExcessiveLinesPerFile: one keeper: each task in its order
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { awaitsReading } from '../../engine/claims/exit-sizes.ts';
import { Authorities } from '../../engine/guard/authorities.ts';
import { Protection } from '../../engine/guard/protection.ts';
import { reviewOf } from '../../engine/guard/resting-openings.ts';
import { isOwnOpening, liveOrders } from '../../engine/orders/orders.ts';
import { findBreaches } from '../../engine/plan/judge-resting.ts';
import { GATE_AGENT } from '../../engine/plan/orders.ts';
import type { StandingReview } from '../../engine/plan/resting-review.ts';
import { CutReadings } from '../../engine/protect/cut-readings.ts';
import { findOverLayers } from '../../engine/protect/over-layers.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import { CapWatch } from './cap-watch.ts';
import type { ReplayCore } from './core.ts';
import type { ReplayDriver } from './driver.ts';
import { TierCodes } from './tier-codes.ts';

/** The daemon reads the account so often. */
const READ_EVERY_MS = 2_000;

/**
 * When the engine does what it does between requests. The daemon calls on it in every round; here it is called where
 * something may have changed, which is found as cheaply as can be.
 */
export class ReplayKeeper {
  readonly #core: ReplayCore;
  readonly #driver: ReplayDriver;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #later: (atMs: number) => void;
  readonly tiers: TierCodes;
  readonly #caps: CapWatch;
  readonly #review: StandingReview;
  readonly #authorities: Authorities;
  readonly #endMisplaced: () => unknown;
  readonly #cuts: CutReadings;
  readonly #protection: Protection;
  #tierCode = 0;
  readonly #longestMs: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** A position stands above a cap, and is to be cut back. */
  isBreached = false;
  /** When the next position has been held for as long as it may be. */
  agesAtMs = Number.POSITIVE_INFINITY;
  /** Of the account for which that was found. */
  #held = -1;
  #hasOpenings = false;
  readonly #policy: CompiledPolicy;

  /** `later`: {@link tick} is to be called then. */
  constructor(driver: ReplayDriver, account: ReplayAccount, clock: MarketClock, later: (atMs: number) => void) {
    const { core } = driver;
    const { canceler, endMisplaced, executor, proof, sender } = driver.engine;
    this.#core = core;
    this.#driver = driver;
    this.#policy = core.policyFor(GATE_AGENT);
    this.#longestMs = this.#policy.budgets.holding_time_ms;
    this.#account = account;
    this.#clock = clock;
    this.#later = later;
    this.#caps = new CapWatch(core, account, clock, this.#policy);
    this.tiers = new TierCodes(core, account, clock, this.#policy);
    this.#review = reviewOf(core, canceler, proof, () => undefined);
    this.#authorities = new Authorities(core, canceler);
    this.#endMisplaced = endMisplaced;
    this.#cuts = new CutReadings(core.planClock);
    this.#protection = new Protection(core, sender, canceler, executor);
  }

  /** Every position that is to have a stop has it where it is to stand. */
  get isGuarded(): boolean {
    return this.#protection.isGuarded;
  }

  tick(): void {
    const { spec } = this.#policy;
    const core = this.#core;
    const driver = this.#driver;
    const { state } = core;
    const now = this.#clock.nowMs;
    if (state.layers.size > 0) for (const over of findOverLayers(state, now)) core.append('state', over);
    driver.engine.canceler.retryUnproven();
    driver.tickExits();
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
    if (this.#hasOpenings) this.#authorities.tick();
    if (this.#hasOpenings || hadOpenings) this.#review.follow();
    if (this.#hasOpenings) this.#endMisplaced();
    driver.settle();
    if (spec.protection.required) this.#protection.tick((symbol) => this.#isLive(symbol));
    driver.settle();
    this.isBreached = false;
    if (this.#account.held > 0 && spec.standing.on_breach === 'reduce') this.#cutBack();
    if (state.claims.open.size > 0 && awaitsReading(state)) this.#readSoon();
  }

  /** What opens on an authority that has ended. */
  endAuthorities(): void {
    this.#authorities.tick();
    this.#driver.settle();
  }

  #isLive(symbol: string): boolean {
    return this.#clock.isLive(this.#clock.market.symbols.indexOf(symbol));
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
    const { orders } = this.#core.state;
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
    for (const { quantityE8, sinceMs } of this.#core.state.positions.values()) {
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
      ? findBreaches(this.#core.state, this.#core.inputs(), this.#policy, this.#core.settings)
      : [];
    if (breaches.length === 0) {
      this.#cuts.clear();
      return;
    }
    this.isBreached = true;
    const confirmed = this.#cuts.confirm(breaches, this.#core.inputs(), this.#policy.spec.market.collar_bps);
    if (breaches.length > confirmed.length) this.#readSoon();
    for (const breach of confirmed)
      if (this.#isLive(breach.symbol)) this.#driver.begin(this.#protection.cutBack(breach));
    this.#driver.settle();
  }
}
