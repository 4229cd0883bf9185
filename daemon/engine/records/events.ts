import type { DecisionEvent, ExitTargetEvent, OrderEvent, OrderIntentEvent } from './decisions.ts';
import type {
  AgentSeenEvent,
  AlertEvent,
  AlertMessageEvent,
  ArchivedEvent,
  CheckpointEvent,
  HeadEvent,
  KeyEvent,
  RejectedInputEvent,
  RequestSumEvent,
  TokenEvent,
} from './house-events.ts';
import type {
  AlertAckEvent,
  AlertRoutesEvent,
  ApprovalEvent,
  ArmingEvent,
  ArmingSignedEvent,
  HolderEvent,
  PasskeyEvent,
  PolicyEvent,
  RebaseEvent,
  RecoveryEvent,
  SignalEvent,
  StateEvent,
  TextErasedEvent,
  TokenActEvent,
} from './people-events.ts';
import type {
  AccountEvent,
  CountdownEvent,
  IncomeEvent,
  LeverageEvent,
  MarketEvent,
  RulesEvent,
  TradeEvent,
  TransferEvent,
} from './venue-events.ts';

/**
 * Everything that is appended to the ledger, by kind. State is folded from these events alone (state/gate-state.ts), so
 * a restart and `audit verify --deep` rebuild the very same views. Instants are domain time; the event's own `at_ms`
 * is when it was appended. Keys are in canonical order where records are hot.
 */

export interface GateEvents {
  readonly account: AccountEvent;
  readonly agent_seen: AgentSeenEvent;
  readonly alert: AlertEvent;
  readonly alert_ack: AlertAckEvent;
  readonly approval: ApprovalEvent;
  readonly alert_message: AlertMessageEvent;
  readonly alert_routes: AlertRoutesEvent;
  readonly archived: ArchivedEvent;
  readonly arming: ArmingEvent;
  readonly arming_signed: ArmingSignedEvent;
  readonly checkpoint: CheckpointEvent;
  readonly countdown: CountdownEvent;
  readonly decision: DecisionEvent;
  readonly exit_target: ExitTargetEvent;
  readonly holder: HolderEvent;
  readonly income: IncomeEvent;
  readonly head: HeadEvent;
  readonly key: KeyEvent;
  readonly leverage: LeverageEvent;
  readonly market: MarketEvent;
  readonly order: OrderEvent;
  readonly order_intent: OrderIntentEvent;
  readonly passkey: PasskeyEvent;
  readonly policy: PolicyEvent;
  readonly rebase: RebaseEvent;
  readonly recovery: RecoveryEvent;
  readonly rejected_input: RejectedInputEvent;
  readonly request_sum: RequestSumEvent;
  readonly rules: RulesEvent;
  readonly signal: SignalEvent;
  readonly state: StateEvent;
  readonly text_erased: TextErasedEvent;
  readonly token: TokenEvent;
  readonly token_act: TokenActEvent;
  readonly trade: TradeEvent;
  readonly transfer: TransferEvent;
}
export type EventKind = keyof GateEvents;
export type GateEvent = {
  [K in EventKind]: { readonly kind: K; readonly seq: number; readonly at_ms: number; readonly payload: GateEvents[K] };
}[EventKind];
