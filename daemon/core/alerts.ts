/** What each kind of alert says, without figures: how urgent it is, what it is about, and what it says. */

/** From the least to the most urgent. `critical`: a person has to look now; quiet hours do not hold it. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const ALERT_KINDS = ['orders', 'exits', 'account', 'policy', 'venue', 'daemon'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export interface AlertText {
  readonly severity: Severity;
  readonly kind: AlertKind;
  readonly says: string;
}
const text = (severity: Severity, kind: AlertKind, says: string): AlertText => ({ severity, kind, says });

export const ALERTS = {
  ACCOUNT_MODE: text('critical', 'account', 'The account has a mode that Holdfast cannot trade in.'),
  ACCOUNT_UNLOCKED: text('critical', 'daemon', 'The lock of the account on this machine is lost; nothing opens.'),
  AGENT_SILENT: text('warning', 'orders', 'An agent has made no call for longer than its heartbeat; it opens nothing.'),
  AGENT_WITHOUT_TOKEN: text(
    'warning',
    'orders',
    'The last token of an agent with opening orders is revoked or has expired; they are canceled.',
  ),
  ALERT_CHANNEL_SILENT: text('critical', 'daemon', 'A channel has delivered no alert for an hour of failures.'),
  ALERT_ROUTES_CHANGED: text('critical', 'policy', 'Other alert routes are in force; this is told to those before.'),
  ALERT_ROUTES_PENDING: text('warning', 'policy', 'Looser alert routes wait for an operator.'),
  ALERT_ROUTES_REFUSED: text('warning', 'policy', 'The file of alert routes cannot be used; the old routes stay.'),
  APPROVAL_REQUESTED: text('critical', 'orders', 'An opening order waits for an approval.'),
  BARS_MISSING: text('warning', 'venue', 'Bars are missing; nothing opens in the symbol.'),
  CANCEL_FAILED: text('critical', 'orders', 'An order could not be canceled.'),
  CLOCK_JUMP: text('warning', 'venue', 'The clock jumped; openings wait for a new reconciliation.'),
  COUNTDOWN_NOT_SET: text(
    'warning',
    'orders',
    'The venue does not take the countdown that cancels opening orders should the daemon die.',
  ),
  DISK_FULL: text('critical', 'daemon', 'The disk is full; the account is reducing.'),
  EXECUTION_FAILED: text('critical', 'orders', 'An execution ended with an internal error.'),
  EXITS_FAILED: text('critical', 'exits', 'Exits could not be carried out.'),
  EXIT_DROPPED: text('warning', 'exits', 'An exit was dropped before it was filled.'),
  EXIT_ENDED: text('critical', 'exits', 'An exit ended with a rest that is still open.'),
  EXIT_FAILED: text('critical', 'exits', 'An exit failed.'),
  EXIT_RECORD_UNREADABLE: text('warning', 'exits', 'The record of an exit could not be read; the exit goes on.'),
  EXIT_STALLED: text('critical', 'exits', 'An exit has closed nothing for a minute, and goes on.'),
  EXIT_NOT_RESUMED: text('critical', 'exits', 'An exit was not resumed after a restart.'),
  FEEDS_STALE: text(
    'critical',
    'venue',
    "Account, orders, prices or the account's mode cannot be read from the venue.",
  ),
  FEEDS_STOPPED: text('critical', 'venue', 'The feeds have stopped.'),
  FEED_ROUND_FAILED: text('warning', 'venue', 'A round of the feeds failed.'),
  FEED_TICK_FAILED: text('warning', 'venue', 'A task of the feeds failed.'),
  FLATTEN_EXIT_FAILED: text('critical', 'exits', 'A flatten could not close a position.'),
  FLATTEN_FAILED: text('critical', 'exits', 'A flatten failed.'),
  GATE_EXIT_FAILED: text('critical', 'exits', 'An exit of the gate itself failed.'),
  HEAD_FILE: text('critical', 'daemon', 'The head file cannot be written.'),
  HEAD_KEY: text('critical', 'daemon', 'The key that signs heads of the ledger is unusable or new.'),
  HOLDING_TIME: text('warning', 'account', 'A position is held longer than the policy allows.'),
  INTERNAL_RECHECK: text('critical', 'orders', 'An order failed the last check of what would be sent.'),
  LEDGER_BEHIND_VENUE: text('critical', 'daemon', 'The venue has orders that this ledger never issued.'),
  LIQUIDATED: text('critical', 'account', 'The venue has liquidated a position.'),
  NOT_ARMED: text('critical', 'policy', 'Live trading is not armed any more.'),
  ORDER_CHANGED: text('warning', 'orders', 'Somebody else changed an order at the venue.'),
  ORDER_UNKNOWN: text('critical', 'orders', 'What became of an order is not known for a minute.'),
  ORDER_LOST: text('critical', 'orders', 'What became of an order could not be found out.'),
  OTHER_DAEMON: text('critical', 'daemon', 'Another daemon trades this account.'),
  PASSKEY_ADDED: text('critical', 'policy', 'A passkey was added.'),
  PASSKEY_RECOVERED: text('critical', 'policy', 'A passkey was added in place of lost ones.'),
  PASSKEY_REFUSED: text('warning', 'policy', 'A signature of a passkey was refused.'),
  PASSKEY_REMOVED: text('critical', 'policy', 'A passkey was removed.'),
  POLICY_PENDING: text('warning', 'policy', 'A looser policy waits for an operator.'),
  POLICY_REFUSED: text('warning', 'policy', 'The policy file cannot be used; the old policy stays.'),
  POSITION_ABOVE_CAP: text('critical', 'account', 'A position is above its cap.'),
  POSITION_CUT: text('warning', 'account', 'The gate cuts a position back to its cap.'),
  REPEATED_EXECUTION: text('warning', 'orders', 'An agent repeats one execution; its breaker is open.'),
  REPEATED_REFUSAL: text('warning', 'orders', 'The venue refuses orders again and again.'),
  REQUESTS_SUMMED: text('warning', 'orders', 'An agent exceeds its budget of calls without an effect.'),
  RESOLVE_FAILED: text('critical', 'orders', 'The search for an order failed.'),
  SEND_FAILED: text('critical', 'orders', 'An order could not be sent.'),
  SLICE_FAILED: text('warning', 'orders', 'A slice could not be sent.'),
  STANDING_FAILED: text('critical', 'orders', 'The review of resting orders failed.'),
  STOP_NOT_MOVED: text('critical', 'exits', 'A protective stop could not be moved.'),
  STOP_REFUSED: text('critical', 'exits', 'The venue refused a protective stop, or none that was sent rests there.'),
  SYMBOL_CLOSED: text('warning', 'venue', 'The venue does not trade a symbol of the policy.'),
  SYMBOL_UNOWNED: text('warning', 'account', "Lots in a symbol are nobody's; no agent opens there."),
  SYMBOL_UNREADY: text('warning', 'venue', 'Something of one symbol cannot be read or set; nothing opens in it.'),
  TOKEN_CREATED: text('critical', 'policy', 'An operator created a token over HTTP.'),
  TOKEN_EXPIRED: text('warning', 'policy', 'A token has expired and was not replaced.'),
  TOKEN_EXPIRES: text('warning', 'policy', 'A token expires soon.'),
  TOKEN_REVOKED: text('warning', 'policy', 'An operator revoked a token over HTTP.'),
  VENUE_CLOSED: text('critical', 'venue', 'The venue refuses this account or this key.'),
  VENUE_RESTRICTED: text('critical', 'venue', 'The venue takes orders that reduce only.'),
} as const satisfies Record<string, AlertText>;
export type AlertCode = keyof typeof ALERTS;

/** Told at once to every channel of the routes that are replaced, whatever these say, and in its own words. */
export const ROUTES_CHANGED = 'ALERT_ROUTES_CHANGED' satisfies AlertCode;

const UNNAMED = text('warning', 'daemon', 'Something needs a person.');

/** Of any code: alerts of other versions are in the ledger, too. */
export function describeCode(code: string): AlertText {
  return Object.hasOwn(ALERTS, code) ? ALERTS[code as AlertCode] : UNNAMED;
}

/** How fast an alert goes to a channel, from the fastest on; the others are collected into one message. */
export const DELIVERIES = ['at_once', 'hourly', 'daily'] as const;
export type AlertDelivery = (typeof DELIVERIES)[number];
export interface AlertRoute {
  readonly channels: readonly string[];
  readonly severity: Severity;
  readonly kinds?: readonly AlertKind[];
  readonly codes?: readonly string[];
  readonly when?: AlertDelivery;
}

/** How an alert of this code goes to each channel; the fastest of the routes that match. */
export function routeAlert(routes: readonly AlertRoute[], code: string): ReadonlyMap<string, AlertDelivery> {
  const { severity, kind } = describeCode(code);
  const found = new Map<string, AlertDelivery>();
  for (const route of routes) {
    if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(route.severity)) continue;
    if (route.kinds !== undefined && !route.kinds.includes(kind)) continue;
    if (route.codes !== undefined && !route.codes.includes(code)) continue;
    const when = route.when ?? 'at_once';
    for (const channel of route.channels) {
      const known = found.get(channel);
      if (known === undefined || isFaster(when, known)) found.set(channel, when);
    }
  }
  return found;
}

export function isFaster(when: AlertDelivery, than: AlertDelivery): boolean {
  return DELIVERIES.indexOf(when) < DELIVERIES.indexOf(than);
}
