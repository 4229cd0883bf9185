import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import { findBudget } from '../../core/rules/budget-finding.ts';
import { bareAsk, bareRequest } from '../../gate/plan/standing.ts';
import { buildContext } from '../../gate/snapshot/snapshot.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';
import { PLACE } from './intake.ts';

const BARE_ASK = bareAsk(PLACE);
/** Sizes up to here lie within the tolerance of `findBreaches`: a hair less than 1 / 0.99. */
const UNTOLERATED = 1.01;
/** Below this share of the gross notional the equity is thin enough to look for a near liquidation. */
const LEVERAGED_SHARE = 0.5;

/** Whether a position may have outgrown a tightened cap: cheap enough for every move, and never wrong about a no. */
export class CapWatch {
  readonly #door: GateDoor;
  readonly #account: ReplayAccount;
  readonly #clock: MarketClock;
  readonly #policy: CompiledPolicy;
  /** Tightened symbol and gross caps found last, USDT, and what they were found for. */
  readonly #caps: Float64Array;
  #grossCap = Number.POSITIVE_INFINITY;
  #capSignature = Number.NaN;

  constructor(door: GateDoor, account: ReplayAccount, clock: MarketClock, policy: CompiledPolicy) {
    this.#door = door;
    this.#account = account;
    this.#clock = clock;
    this.#policy = policy;
    this.#caps = new Float64Array(clock.market.symbols.length).fill(Number.POSITIVE_INFINITY);
  }

  /** Caps follow regimes and tiers alone: while those stand, sizes are compared with the caps found last. */
  mayBreach(tierCode: number): boolean {
    const account = this.#account;
    let signature = tierCode;
    for (let i = 0; i < this.#caps.length; i++)
      signature = signature * 4 + (account.lots(i) === 0 ? 3 : REGIME_RANK[this.#door.market.heldRegime(i)]);
    if (signature !== this.#capSignature) {
      this.#capSignature = signature;
      this.#findCaps();
    }
    if (account.grossUsdt() > this.#grossCap) return true;
    // Liquidation can only be near while equity is a small part of what is held.
    if (account.equityUsdt() < LEVERAGED_SHARE * account.grossUsdt()) return true;
    for (let i = 0; i < this.#caps.length; i++) if (account.notionalUsdt(i) > this.#caps[i]!) return true;
    return false;
  }

  #findCaps(): void {
    const inputs = this.#door.inputs();
    const policy = this.#policy;
    this.#grossCap = Number.POSITIVE_INFINITY;
    const { symbols } = this.#clock.market;
    for (let i = 0; i < symbols.length; i++) {
      if (this.#account.lots(i) === 0) continue;
      const symbol = symbols[i]!;
      const request = bareRequest(PLACE, symbol, this.#clock.nowMs);
      const { budget } = findBudget(buildContext(this.#door.state, inputs, request, policy, BARE_ASK), policy);
      this.#caps[i] = budget.symbol_notional_usdt * UNTOLERATED;
      this.#grossCap = Math.min(this.#grossCap, budget.gross_notional_usdt * UNTOLERATED);
    }
  }
}
