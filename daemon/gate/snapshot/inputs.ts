import type { ExecutionContext } from '../../core/context.ts';
import type { MarketFeatures } from '../../core/features/market.ts';
import type { Regime } from '../../core/policy.ts';
import type { OrderState } from '../state/orders.ts';
import type { Own } from './other-orders.ts';

/** What the feeds saw last of one symbol; not folded from the ledger but recorded with every decision. */
export interface SymbolInputs {
  readonly mark: number;
  readonly markAtMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly quoteAtMs: number;
  readonly fundingRate8h: number;
  readonly fundingAtMs: number;
  readonly features: MarketFeatures | null;
  readonly heldRegime: Regime;
}
export interface AccountInputs {
  readonly marginBalanceUsdt: number;
  readonly availableUsdt: number;
  readonly marginRatio: number;
  readonly observedAtMs: number;
}
export interface LiveInputs {
  readonly nowMs: number;
  readonly clockSkewMs: number | null;
  readonly account: AccountInputs | null;
  readonly symbols: ReadonlyMap<string, SymbolInputs>;
  /** When the venue's limit of orders leaves room again for what agents send; absent: it does now. */
  readonly venueSendsFreeAtMs?: number;
}
/** What is being decided, beside request and policy. */
export interface Ask extends Own {
  readonly phase: ExecutionContext['phase'];
  readonly venue: string;
  readonly accountName: string;
  readonly tokenSkillSha256: string | null;
  readonly schemaViolation: string | null;
  /** Exit ladder: which rung this attempt is, 0 the first. */
  readonly exitRung: number;
  readonly sliceLots: number | null;
  readonly parentPriceTicks: number | null;
  /** Target of modify_order and cancel_order. */
  readonly target: OrderState | null;
}
