import type { CompiledPolicy, CompiledTier } from '../../core/compiled-policy.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import { marginRatio } from '../exchange/account-reader.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayCore } from './core.ts';

/** More than there can be tiers of one kind. */
const TIER_CODES = 64;

/** Which tiers of rule 8 the account has reached (drawdown, daily loss, margin ratio), found once for what it shows. */
export class TierCodes {
  readonly #core: ReplayCore;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #policy: CompiledPolicy;
  /** The code found last, and all that it was found for. */
  #code = 0;
  #atMs = Number.NaN;
  #equity = Number.NaN;
  #maintenance = Number.NaN;
  #samples = 0;

  constructor(core: ReplayCore, account: ReplayAccount, clock: MarketClock, policy: CompiledPolicy) {
    this.#core = core;
    this.#account = account;
    this.#clock = clock;
    this.#policy = policy;
  }

  /** As one number: equal, nothing has changed. */
  code(): number {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    const { samples } = this.#core;
    const { nowMs } = this.#clock;
    const isSame =
      this.#atMs === nowMs && this.#equity === equity && this.#maintenance === maintenance && this.#samples === samples;
    if (isSame) return this.#code;
    this.#code = this.#find(equity, maintenance);
    this.#atMs = nowMs;
    this.#equity = equity;
    this.#maintenance = maintenance;
    this.#samples = samples;
    return this.#code;
  }

  /** Whether the same tiers are reached at another equity, USDT. */
  isSameAt(equity: number): boolean {
    return this.#find(equity, this.#account.totalMaintenanceUsdt()) === this.code();
  }

  #find(equity: number, maintenance: number): number {
    const { nowMs } = this.#clock;
    const { state } = this.#core;
    const { dailyLossTiers, drawdownTiers, marginRatioTiers, spec } = this.#policy;
    const loss = countReached(dailyLossTiers, state.equity.dailyLoss(nowMs, equity));
    const drawdown = state.equity.drawdown(nowMs, equity, spec.account.drawdown.window_ms);
    const margin = countReached(marginRatioTiers, marginRatio(maintenance, equity));
    return (countReached(drawdownTiers, drawdown) * TIER_CODES + loss) * TIER_CODES + margin;
  }
}

function countReached(tiers: readonly CompiledTier[], level: number): number {
  let count = 0;
  // Negated so that NaN reaches every tier, as in the gate.
  for (let i = 0; i < tiers.length; i++) if (!(level < tiers[i]!.at)) count += 1;
  return count;
}
