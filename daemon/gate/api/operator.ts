/** What operators and monitors set and see: signals, trading states, readiness, flatten. */
import type { SignalKind } from '../../core/policy.ts';

export interface SignalBody {
  readonly kind: SignalKind;
  readonly scope: { readonly account?: string; readonly agent?: string; readonly symbol?: string };
  readonly severity: number;
  readonly ttl_ms: number;
  readonly evidence?: string;
}
/** An active signal. */
export interface SignalEntryBody {
  readonly signal_id: string;
  readonly kind: SignalKind;
  readonly account: string | null;
  readonly agent: string | null;
  readonly symbol: string | null;
  readonly severity: number;
  readonly set_by: string;
  readonly expires_at_ms: number;
}
export interface SignalsBody {
  readonly signals: readonly SignalEntryBody[];
}
export interface StateChange {
  readonly state: 'active' | 'reducing' | 'halted';
  readonly reason: string;
  readonly symbol?: string;
  readonly agent?: string;
}
export interface StateLayerBody {
  readonly layer: 'operator' | 'breaker' | 'boot' | 'condition';
  readonly scope: 'account' | 'symbol' | 'agent';
  readonly name: string | null;
  readonly state: 'active' | 'reducing' | 'halted';
  readonly reason: string;
  readonly since_ms: number;
  readonly set_by: string;
  readonly clears_when: string;
}
export interface TradingStateBody {
  /** The state in force for the account: that of the most restrictive account-wide layer. */
  readonly state: 'active' | 'reducing' | 'halted';
  readonly layers: readonly StateLayerBody[];
}
export interface ReadinessBody {
  readonly ready: boolean;
  /** What is still missing, in plain words. */
  readonly waiting_for: readonly string[];
  readonly venue: string;
  readonly trading_state: 'active' | 'reducing' | 'halted';
  readonly symbols_reducing: readonly string[];
  readonly pending_policy: {
    readonly hash: string;
    readonly looser: readonly string[];
    readonly not_before_ms: number | null;
  } | null;
  readonly policy_error: string | null;
  readonly alerts: number;
  /** Calls without an effect that were only counted, since the ledger began. */
  readonly requests_summed: number;
}
export interface FlattenBody {
  /** What was set, for `scope`. */
  readonly state: 'halted';
  readonly scope: 'account' | 'symbols';
  /** Null: the whole account. */
  readonly symbols: readonly string[] | null;
  readonly canceled: boolean;
  readonly positions_left: readonly { readonly symbol: string; readonly quantity: string }[];
  readonly note: string;
}
