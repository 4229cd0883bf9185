/** What is read by itself, as one part of the page shows it. */
export type Topic =
  | 'account'
  | 'agents'
  | 'alerts'
  | 'approvals'
  | 'decisions'
  | 'history'
  | 'limits'
  | 'market'
  | 'orders'
  | 'passkeys'
  | 'policy'
  | 'positions'
  | 'readiness'
  | 'signals'
  | 'state'
  | 'tokens';

/** What a record of the ledger may have changed. */
export const TOPICS_OF: Readonly<Record<string, readonly Topic[]>> = {
  account: ['account', 'positions'],
  income: ['agents'],
  alert: ['alerts'],
  alert_ack: ['alerts'],
  approval: ['approvals'],
  alert_message: ['readiness'],
  alert_routes: ['readiness'],
  arming: ['readiness', 'state'],
  arming_signed: ['readiness', 'policy'],
  decision: ['approvals', 'orders', 'limits'],
  exit_target: ['orders'],
  holder: ['positions', 'orders', 'limits', 'agents'],
  order: ['orders', 'positions', 'limits'],
  order_intent: ['orders'],
  passkey: ['passkeys'],
  policy: ['approvals', 'policy', 'limits', 'readiness', 'state'],
  rebase: ['account', 'limits'],
  signal: ['signals', 'limits', 'readiness', 'state'],
  state: ['approvals', 'readiness', 'state', 'limits'],
  token_act: ['tokens'],
  trade: ['positions', 'account', 'limits', 'agents'],
};
/** Read anew so often even if no record says so: marks move, times pass. */
export const EVERY_MS: Readonly<Record<Topic, number>> = {
  account: 2_000,
  agents: 5_000,
  alerts: 15_000,
  approvals: 5_000,
  decisions: 30_000,
  /** What comes in between is added as it comes. */
  history: 300_000,
  limits: 4_000,
  market: 2_000,
  orders: 10_000,
  passkeys: 30_000,
  policy: 30_000,
  positions: 3_000,
  readiness: 3_000,
  signals: 10_000,
  /** By it the page knows that the daemon is there. */
  state: 1_000,
  tokens: 30_000,
};
