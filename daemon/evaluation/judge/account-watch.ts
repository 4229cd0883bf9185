import type { AccountFacts } from '../facts/judging.ts';
import { EquityHistory } from './equity-history.ts';
import type { JudgeScope, ScopeTier } from './scope.ts';

/** 1 - 9,000 / 10,000 is a tenth, whatever its last bit says. */
const LAST_BIT = 1e-12;

/** U: what drawdown, daily loss and margin ratio do to the budgets, from the account as it was told. */
export class AccountWatch {
  readonly #scope: JudgeScope['account'];
  readonly #history: EquityHistory;
  #marginRatio = 0;
  maintenanceUsdt = 0;
  /** Product of the multipliers of all tiers that are reached. */
  factor = 1;
  isReduceOnly = false;

  constructor(scope: JudgeScope['account'], startEquityUsdt: number) {
    this.#scope = scope;
    this.#history = new EquityHistory(scope.drawdown.window_ms, startEquityUsdt);
  }

  get equityUsdt(): number {
    return this.#history.equityUsdt;
  }
  /** Some tier is reached: as time passes it may not be any more. */
  get isTightened(): boolean {
    return this.isReduceOnly || this.factor !== 1;
  }

  note(facts: AccountFacts): void {
    this.#history.push(facts.atMs, facts.equityUsdt);
    this.maintenanceUsdt = facts.maintenanceMarginUsdt;
    if (facts.maintenanceMarginUsdt <= 0) this.#marginRatio = 0;
    else this.#marginRatio = facts.equityUsdt > 0 ? facts.maintenanceMarginUsdt / facts.equityUsdt : 1;
    this.refresh(facts.atMs);
  }

  refresh(atMs: number): void {
    this.factor = 1;
    this.isReduceOnly = false;
    this.#reach(this.#scope.drawdown.tiers, this.#history.drawdown(atMs));
    this.#reach(this.#scope.daily_loss.tiers, this.#history.dailyLoss(atMs));
    this.#reach(this.#scope.margin_ratio.tiers, this.#marginRatio);
  }

  #reach(tiers: readonly ScopeTier[], level: number): void {
    for (let i = 0; i < tiers.length; i++) {
      const tier = tiers[i]!;
      if (level < tier.at - LAST_BIT) return;
      this.factor *= tier.multiplier;
      if (tier.reduce_only) this.isReduceOnly = true;
    }
  }
}
