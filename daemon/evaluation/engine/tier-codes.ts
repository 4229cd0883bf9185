import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import type { ReplayAccount } from './account.ts';
import { marginRatio } from './account-reader.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';

/** More than there can be tiers of one kind. */
const TIER_CODES = 64;
/** Keeps the band off its ends by more than floats can err. */
const BAND_MARGIN = 1e-9;

/** Which tiers of rule 8 the account has reached (drawdown, daily loss, margin ratio), found as seldom as can be. */
export class TierCodes {
  readonly #door: GateDoor;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #policy: CompiledPolicy;
  /** Equities between which a code stays as it is until the bar ends. */
  #bandBarMs = -1;
  #bandCode = 0;
  #bandLow = 0;
  #bandHigh = 0;
  #bandMargin = 0;
  /** The code found last, and all that it was found for. */
  #code = 0;
  #codeAtMs = Number.NaN;
  #codeEquity = Number.NaN;
  #codeMaintenance = Number.NaN;
  #codeSamples = 0;

  constructor(door: GateDoor, account: ReplayAccount, clock: MarketClock, policy: CompiledPolicy) {
    this.#door = door;
    this.#account = account;
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Which tiers of rule 8 the account has reached, as one number: equal, nothing has changed. Between bar openings and
   * new highs the equities between which that number stays are known.
   */
  code(): number {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    const isSame =
      this.#codeAtMs === this.#clock.nowMs &&
      this.#codeEquity === equity &&
      this.#codeMaintenance === maintenance &&
      this.#codeSamples === this.#door.samples;
    if (isSame) return this.#code;
    this.#code = this.#find(equity, maintenance);
    this.#codeAtMs = this.#clock.nowMs;
    this.#codeEquity = equity;
    this.#codeMaintenance = maintenance;
    this.#codeSamples = this.#door.samples;
    return this.#code;
  }

  /** Whether the same tiers are reached at another equity, USDT. */
  isSameAt(equity: number): boolean {
    const maintenance = this.#account.totalMaintenanceUsdt();
    const code = this.code();
    if (this.#isInBand(equity, maintenance)) return this.#bandCode === code;
    return this.#codeOf(this.#drawdown(equity), this.#loss(equity), marginRatio(maintenance, equity)) === code;
  }

  #isInBand(equity: number, maintenance: number): boolean {
    if (this.#bandBarMs !== this.#clock.barOpenMs) return false;
    return equity > this.#bandLow && equity < this.#bandHigh && maintenance < this.#bandMargin * equity;
  }
  #drawdown(equity: number): number {
    return this.#door.state.equity.drawdown(this.#clock.nowMs, equity, this.#policy.spec.account.drawdown.window_ms);
  }
  #loss(equity: number): number {
    return this.#door.state.equity.dailyLoss(this.#clock.nowMs, equity);
  }
  #codeOf(drawdown: number, loss: number, margin: number): number {
    const { drawdownTiers, dailyLossTiers, marginRatioTiers } = this.#policy;
    const reached = countReached(drawdownTiers, drawdown) * TIER_CODES + countReached(dailyLossTiers, loss);
    return reached * TIER_CODES + countReached(marginRatioTiers, margin);
  }

  #find(equity: number, maintenance: number): number {
    if (this.#isInBand(equity, maintenance)) return this.#bandCode;
    const { drawdownTiers, dailyLossTiers, marginRatioTiers } = this.#policy;
    const drawdown = this.#drawdown(equity);
    const loss = this.#loss(equity);
    const code = this.#codeOf(drawdown, loss, marginRatio(maintenance, equity));
    this.#bandBarMs = this.#clock.barOpenMs;
    this.#bandCode = code;
    // While no tier is reached the band reaches from the first tier's equity to the highest one so far.
    const peak = drawdown < 1 ? equity / (1 - drawdown) : 0;
    const reference = loss < 1 ? equity / (1 - loss) : 0;
    const isCalm = code === 0 && equity > 0;
    const low = Math.max(peak * (1 - firstLevel(drawdownTiers)), reference * (1 - firstLevel(dailyLossTiers)));
    this.#bandLow = isCalm ? low * (1 + BAND_MARGIN) : Number.POSITIVE_INFINITY;
    this.#bandHigh = isCalm ? Math.max(peak, equity) : Number.NEGATIVE_INFINITY;
    this.#bandMargin = firstLevel(marginRatioTiers) * (1 - BAND_MARGIN);
    return code;
  }
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
