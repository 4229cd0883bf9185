import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import { marginRatio } from '../exchange/account-reader.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayCore } from './core.ts';

/** More than there can be tiers of one kind. */
const TIER_CODES = 64;
/** Keeps the band off its ends by more than floats can err. */
const BAND_MARGIN = 1e-9;

/** Which tiers of rule 8 the account has reached (drawdown, daily loss, margin ratio), found as seldom as can be. */
export class TierCodes {
  readonly #core: ReplayCore;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #policy: CompiledPolicy;
  /** Equities between which no tier of drawdown or margin is reached until the bar ends. */
  #bandBarMs = -1;
  #bandLow = 0;
  #bandHigh = 0;
  #bandMargin = 0;
  /** The code found last, and all that it was found for. */
  #code = 0;
  #codeAtMs = Number.NaN;
  #codeEquity = Number.NaN;
  #codeMaintenance = Number.NaN;
  #codeSamples = 0;
  /** What daily losses are measured against, and what that was found for: equity at other instants, by samples alone. */
  #reference: number | null = null;
  #referenceAtMs = Number.NaN;
  #referenceSamples = 0;

  constructor(core: ReplayCore, account: ReplayAccount, clock: MarketClock, policy: CompiledPolicy) {
    this.#core = core;
    this.#account = account;
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Which tiers of rule 8 the account has reached, as one number: equal, nothing has changed. Between bar openings and
   * new highs the equities between which drawdown and margin reach none are known.
   */
  code(): number {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    const isSame =
      this.#codeAtMs === this.#clock.nowMs &&
      this.#codeEquity === equity &&
      this.#codeMaintenance === maintenance &&
      this.#codeSamples === this.#core.samples;
    if (isSame) return this.#code;
    this.#code = this.#find(equity, maintenance);
    this.#codeAtMs = this.#clock.nowMs;
    this.#codeEquity = equity;
    this.#codeMaintenance = maintenance;
    this.#codeSamples = this.#core.samples;
    return this.#code;
  }

  /** Whether the same tiers are reached at another equity, USDT. */
  isSameAt(equity: number): boolean {
    const maintenance = this.#account.totalMaintenanceUsdt();
    const lossTiers = this.#lossTiers(equity);
    const code = this.#isInBand(equity, maintenance)
      ? codeOf(0, lossTiers, 0)
      : codeOf(this.#drawdownTiers(this.#drawdown(equity)), lossTiers, this.#marginTiers(equity, maintenance));
    return code === this.code();
  }

  #isInBand(equity: number, maintenance: number): boolean {
    if (this.#bandBarMs !== this.#clock.barOpenMs) return false;
    return equity > this.#bandLow && equity < this.#bandHigh && maintenance < this.#bandMargin * equity;
  }
  #drawdown(equity: number): number {
    return this.#core.state.equity.drawdown(this.#clock.nowMs, equity, this.#policy.spec.account.drawdown.window_ms);
  }
  #drawdownTiers(drawdown: number): number {
    return countReached(this.#policy.drawdownTiers, drawdown);
  }
  /** No band: what equity was a day ago changes within a bar. */
  #lossTiers(equity: number): number {
    const { samples, state } = this.#core;
    const { nowMs } = this.#clock;
    if (this.#referenceAtMs !== nowMs || this.#referenceSamples !== samples) {
      this.#reference = state.equity.dailyReference(nowMs);
      this.#referenceAtMs = nowMs;
      this.#referenceSamples = samples;
    }
    return countReached(this.#policy.dailyLossTiers, state.equity.dailyLoss(nowMs, equity, this.#reference));
  }
  #marginTiers(equity: number, maintenance: number): number {
    return countReached(this.#policy.marginRatioTiers, marginRatio(maintenance, equity));
  }

  #find(equity: number, maintenance: number): number {
    const lossTiers = this.#lossTiers(equity);
    if (this.#isInBand(equity, maintenance)) return codeOf(0, lossTiers, 0);
    const drawdown = this.#drawdown(equity);
    const drawdownTiers = this.#drawdownTiers(drawdown);
    const marginTiers = this.#marginTiers(equity, maintenance);
    this.#bandBarMs = this.#clock.barOpenMs;
    // While neither has reached a tier the band reaches from the first tier's equity to the highest one so far.
    const peak = drawdown < 1 ? equity / (1 - drawdown) : 0;
    const isCalm = drawdownTiers === 0 && marginTiers === 0 && equity > 0;
    const low = peak * (1 - firstLevel(this.#policy.drawdownTiers));
    this.#bandLow = isCalm ? low * (1 + BAND_MARGIN) : Number.POSITIVE_INFINITY;
    this.#bandHigh = isCalm ? Math.max(peak, equity) : Number.NEGATIVE_INFINITY;
    this.#bandMargin = firstLevel(this.#policy.marginRatioTiers) * (1 - BAND_MARGIN);
    return codeOf(drawdownTiers, lossTiers, marginTiers);
  }
}

function codeOf(drawdownTiers: number, lossTiers: number, marginTiers: number): number {
  return (drawdownTiers * TIER_CODES + lossTiers) * TIER_CODES + marginTiers;
}

function firstLevel(tiers: readonly CompiledTier[]): number {
  let first = 1;
  for (const tier of tiers) if (tier.at < first) first = tier.at;
  return first;
}

function countReached(tiers: readonly CompiledTier[], level: number): number {
  let count = 0;
  // Negated so that NaN reaches every tier, as in the gate.
  for (let i = 0; i < tiers.length; i++) if (!(level < tiers[i]!.at)) count += 1;
  return count;
}
