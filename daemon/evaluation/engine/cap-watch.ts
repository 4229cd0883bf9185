import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findAccountBudget } from '../../core/rules/budgets.ts';
import { bareAsk } from '../../engine/plan/judge-resting.ts';
import { bareRequest } from '../../engine/plan/orders.ts';
import { liquidationDistance } from '../../engine/snapshot/exposure-view.ts';
import { buildAccountContext } from '../../engine/snapshot/snapshot.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayCore } from './core.ts';

/** Sizes up to here lie within the tolerance of `findBreaches`: a hair less than 1 / 0.99. */
const UNTOLERATED = 1.01;
/** Below this share of the gross notional the equity is thin enough to look for a near liquidation. */
const LEVERAGED_SHARE = 0.5;

/** Whether a position may have outgrown a tightened cap: cheap enough for every move, and never wrong about a no. */
export class CapWatch {
  readonly #core: ReplayCore;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #policy: CompiledPolicy;
  /** Tightened symbol and gross caps found last, USDT, and what they were found for. */
  readonly #caps: Float64Array;
  #grossCap = Number.POSITIVE_INFINITY;
  #capSignature = Number.NaN;

  constructor(core: ReplayCore, account: ReplayAccount, clock: MarketClock, policy: CompiledPolicy) {
    this.#core = core;
    this.#account = account;
    this.#clock = clock;
    this.#policy = policy;
    this.#caps = new Float64Array(clock.market.symbols.length).fill(Number.POSITIVE_INFINITY);
  }

  /**
   * The same of every step while marks move straight to others, under which regimes and tiers stay as they were when it was
   * last asked for: by symbol, the mark there over that here.
   */
  mayBreachOnLeg(ratios: Float64Array): boolean {
    const account = this.#account;
    let gross = 0;
    for (let i = 0; i < this.#caps.length; i++) {
      if (account.lots(i) === 0) continue;
      const notional = account.notionalUsdt(i) * Math.max(1, ratios[i]!);
      if (notional > this.#caps[i]!) return true;
      gross += notional;
      const position = this.#core.state.positions.get(this.#clock.market.symbols[i]!);
      if (position === undefined) continue;
      const mark = this.#clock.marks[i]! * ratios[i]!;
      const distance = liquidationDistance(position.liquidationPrice, position.quantityE8, mark);
      if (distance !== null && distance < this.#policy.spec.account.min_liquidation_distance) return true;
    }
    return gross > this.#grossCap;
  }

  /** Caps follow regimes and tiers alone: while those stand, sizes are compared with the caps found last. */
  mayBreach(tierCode: number): boolean {
    this.#follow(tierCode);
    const account = this.#account;
    if (account.grossUsdt() > this.#grossCap) return true;
    // Liquidation can only be near while equity is a small part of what is held.
    if (account.equityUsdt() < LEVERAGED_SHARE * account.grossUsdt()) return true;
    for (let i = 0; i < this.#caps.length; i++) if (account.notionalUsdt(i) > this.#caps[i]!) return true;
    return false;
  }

  #follow(tierCode: number): void {
    const account = this.#account;
    let signature = tierCode;
    for (let i = 0; i < this.#caps.length; i++)
      signature = signature * 4 + (account.lots(i) === 0 ? 3 : REGIME_RANK[this.#core.feeds.heldRegime(i)]);
    if (signature === this.#capSignature) return;
    this.#capSignature = signature;
    this.#findCaps();
  }

  #findCaps(): void {
    const core = this.#core;
    const inputs = core.inputs();
    const policy = this.#policy;
    this.#grossCap = Number.POSITIVE_INFINITY;
    const { symbols } = this.#clock.market;
    for (let i = 0; i < symbols.length; i++) {
      if (this.#account.lots(i) === 0) continue;
      const symbol = symbols[i]!;
      const request = bareRequest(core.settings, symbol, this.#clock.nowMs);
      const budget = findAccountBudget(
        buildAccountContext({ state: core.state, inputs, request, policy, ask: bareAsk(core.settings) }),
        policy,
      );
      this.#caps[i] = budget.symbol_notional_usdt * UNTOLERATED;
      this.#grossCap = Math.min(this.#grossCap, budget.gross_notional_usdt * UNTOLERATED);
    }
  }
}
