import type { SignalKind } from '../../core/policy.ts';
import { Accounts } from '../accounts/accounts.ts';
import { EquityHistory } from '../accounts/equity.ts';
import { TradeBook } from '../accounts/trades.ts';
import { ApprovalBook } from '../callers/approvals.ts';
import { Countdowns } from '../callers/countdowns.ts';
import { type LayerMap, SignalBook } from '../callers/layers.ts';
import { OrderChanges } from '../callers/order-changes.ts';
import { Outbox } from '../callers/outbox.ts';
import { Pacing, RequestMemory, SignsOfLife } from '../callers/pacing.ts';
import { PasskeyBook } from '../callers/passkeys.ts';
import { RecentAlerts, RecentFills } from '../callers/recent.ts';
import { RequestRecords } from '../callers/request-records.ts';
import { PassedTime } from '../kept/passed-time.ts';
import { heldIn } from '../kept/restore.ts';
import { SeenIds } from '../kept/seen-ids.ts';
import { Claims } from '../orders/claims.ts';
import { createOrderBook, type OrderState } from '../orders/orders.ts';
import { createPosition, type PositionState } from '../positions/positions.ts';
import type { ArmingEvent, PolicyEvent, RecoveryEvent } from '../records/people-events.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { AccountEvent, MarketEvent } from '../records/venue-events.ts';

const DAY_MS = 86_400_000;
/** Pages of trades go back to the newest one known; at a start an hour, or to the oldest fill that has none, within this. */
const KEEP_TRADES_MS = 2 * DAY_MS;
/** The list of transfers is requested from the last one on, or from the last account record before a restart. */
const KEEP_TRANSFERS_MS = 30 * DAY_MS;
/** Of each, whatever their age: as many as the venue has on a page. */
const KEEP_LAST = 1_000;

/** Every view of the gate. {@link GateState} folds ledger events into them, and nothing else writes them. */
export class GateViews {
  readonly time = new PassedTime();
  readonly orders = createOrderBook();
  readonly changes = new OrderChanges();
  readonly claims = new Claims();
  readonly positions = new Map<string, PositionState>();
  readonly pacing = new Pacing();
  readonly layers: LayerMap = new Map();
  readonly signals = new SignalBook();
  readonly requests = new RequestMemory();
  readonly requestRecords = new RequestRecords();
  readonly equity = new EquityHistory();
  readonly trades = new TradeBook();
  readonly rules = new Map<string, SymbolRules>();
  readonly markets = new Map<string, MarketEvent>();
  readonly approvals = new ApprovalBook();
  readonly lives = new SignsOfLife();
  readonly alerts = new RecentAlerts();
  readonly outbox = new Outbox();
  readonly fills = new RecentFills();
  readonly accounts = new Accounts();
  readonly passkeys = new PasskeyBook();
  readonly countdowns = new Countdowns();
  /** Trade ids by symbol. */
  readonly seenTrades = new SeenIds(KEEP_TRADES_MS, KEEP_LAST);
  readonly seenTransfers = new SeenIds(KEEP_TRANSFERS_MS, KEEP_LAST);
  account: AccountEvent | null = null;
  /** `t` when it was asked for. */
  accountAskedMs = Number.NEGATIVE_INFINITY;
  policy: PolicyEvent | null = null;
  arming: ArmingEvent | null = null;
  /** Names of the passkeys that signed it and are still enrolled, by their ids. */
  readonly armingSigners = new Map<string, string>();
  /** The last one; null: none ever. */
  recovery: RecoveryEvent | null = null;
  /** `t` of it. */
  recoveredMs: number | null = null;
  /** Venue time until which orders of other ledgers are accounted for, ms. */
  takenOverUntilMs: number | null = null;
  /** Opening orders whose margin the last account snapshot may not contain yet. */
  readonly uncontained = new Set<OrderState>();
  /** Orders that an amend made larger or dearer since the account was read, as they were when it was. */
  readonly readAs = new Map<OrderState, { readonly quantityE8: number; readonly priceE8: number }>();
  stateSeq = 0;
  marketSeq = 0;
  lastEventAtMs = 0;
  /** Latest instant of a record since the clock was last set back. */
  latestEventAtMs = 0;
  /** By how much the clock is ahead of the time that has passed, as far as nothing has confirmed it, ms. */
  clockAheadMs = 0;
  /** Domain time minus the host's, while neither was in doubt, ms; null: it is not on record. */
  hostOffsetMs: number | null = null;

  position(symbol: string): PositionState {
    return heldIn(this.positions, symbol, createPosition);
  }

  /** Of a balance, by what was read of the account until now. */
  drawdown(nowMs: number, marginBalanceUsdt: number, windowMs: number): number {
    return this.equity.drawdown(this.time.atNow(nowMs), marginBalanceUsdt, windowMs);
  }
  /** The same; the day is the venue's. */
  dailyLoss(nowMs: number, marginBalanceUsdt: number): number {
    const tMs = this.time.atNow(nowMs);
    return this.equity.dailyLoss(tMs, marginBalanceUsdt, this.equity.dailyReference(tMs, tMs - (nowMs % DAY_MS)));
  }

  /** Whether trades have left nothing held in a symbol after a `t`: the venue dates them. */
  wasFlatSince(symbol: string, tMs: number): boolean {
    return this.accounts.wasFlatSince(symbol, this.time.wasAtMs(tMs));
  }

  /** Kinds with an active signal for this account, agent and symbol, in the order of SIGNAL_KINDS. */
  activeSignals(tMs: number, account: string, agent: string, symbol: string | null): readonly SignalKind[] {
    return this.signals.activeKinds(tMs, account, agent, symbol);
  }
}
