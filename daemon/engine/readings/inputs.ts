import type { ApprovalGrant, ExecutionContext } from '../../core/context.ts';
import type { MarketFeatures } from '../../core/features/market.ts';
import type { Regime } from '../../core/policy.ts';
import type { OrderState } from '../orders/order.ts';

/** What a decision is about, and so does not count against itself. */
export interface Own {
  /** Order that is decided again (slice, standing, modify). */
  readonly own: OrderState | null;
  /** Standing review: orders that this very review is canceling already. */
  readonly leaving: ReadonlySet<OrderState> | null;
  /** Absent where unsent slices say nothing. */
  readonly phase?: ExecutionContext['phase'];
}

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
  /** Until when the venue has asked to be left alone, exits too; absent: it has not. */
  readonly exitsWaitUntilMs?: number;
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
  readonly sliceE8: number | null;
  readonly parentPriceE8: number | null;
  /** The approval that is being used; null: none. */
  readonly grant: ApprovalGrant | null;
  /** Target of modify_order and cancel_order. */
  readonly target: OrderState | null;
}

/** What is asked of a decision beside its request; each kind of ask fills in what is its own. */
export type AskDraft = Draft<Ask>;
/** While it is put together. */
export type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
