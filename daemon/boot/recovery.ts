import { layerEvent, layerKey, OPERATOR } from '../engine/callers/layers.ts';
import type { LedgerRecord } from '../engine/flow/ports.ts';
import { LEDGER_LAYER, readReason } from '../engine/keeper/ledger-refusal.ts';
import { closedE8 } from '../engine/orders/claims.ts';
import type { GateEvents } from '../engine/records/events.ts';
import { formatQuantityE8 } from '../engine/records/units.ts';
import type { GateState } from '../engine/state/gate-state.ts';
import { isAtVenue, isPlanned } from '../engine/tables/status.ts';
import type { Ledger } from '../ledger/types.ts';
import { foldLedger } from './keep/fold.ts';
import { StartError } from './start-error.ts';

/** What an exit says that a recovery ends, and an order of it that was never sent. */
const EXIT_ENDED = 'recovered before all of it was closed';

export interface RecoveryOptions {
  /** Venue time, ms. */
  readonly atVenueMs: number;
  /** Orders that other ledgers placed until then now belong to nobody. */
  readonly takeOver: boolean;
  readonly setBy: string;
}
export interface Recovered {
  readonly epoch: number;
  readonly at_venue_ms: number;
  readonly revoked_tokens: number;
  readonly removed_passkeys: number;
}

/**
 * Declares a ledger the one of its account, after a restore or instead of another ledger. Ids get a new epoch, so that
 * no id is used twice and two recoveries of one backup never collide. Earlier tokens are revoked and passkeys removed,
 * since what the backup lacks may have been just that, and the account is halted until an operator has looked at it.
 * Durable when it returns.
 *
 * @throws StartError if another daemon traded the account and `takeOver` is false
 */
export function recordRecovery(ledger: Ledger, { atVenueMs, takeOver, setBy }: RecoveryOptions): Recovered {
  const { state } = foldLedger(ledger, { folder: null });
  const standing = state.layers.get(layerKey(LEDGER_LAYER));
  if (standing !== undefined && readReason(standing.reason).code === 'OTHER_DAEMON' && !takeOver) {
    throw new StartError(
      `another Holdfast ledger traded this account (${standing.reason}): stop its daemon for good, then run \`./holdfast recover --take-over\``,
    );
  }
  const epoch = Math.max(Math.floor(atVenueMs / 1000), (state.recovery?.epoch ?? 0) + 1);
  // INVARIANT: orders placed until now are earlier ones, even if the epoch had to be later than the venue's second.
  const at_venue_ms = Math.max(Math.floor(atVenueMs), state.recovery?.at_venue_ms ?? 0);
  const live = ledger.tokens.listTokens().filter((token) => token.revoked_at_ms === null);
  for (const { id } of live) ledger.tokens.revokeToken(id);
  const passkeys = state.passkeys.list();
  const records: LedgerRecord[] = [
    record('recovery', at_venue_ms, { at_venue_ms, epoch, set_by: setBy, take_over: takeOver }),
    ...passkeys.map(({ id }) =>
      record('passkey', at_venue_ms, { action: 'removed', id, reason: 'recovered', set_by: setBy }),
    ),
    record('state', at_venue_ms, {
      ...layerEvent(
        OPERATOR,
        `${takeOver ? 'taken over' : 'recovered'} at ${new Date(at_venue_ms).toISOString()}: check positions, orders and limits first`,
        setBy,
        'an operator clears it',
      ),
      state: 'halted',
    }),
  ];
  records.push(...endExits(state, at_venue_ms, setBy));
  if (standing !== undefined)
    records.push(record('state', at_venue_ms, layerEvent(LEDGER_LAYER, 'recovered', setBy, null)));
  // In one commit with the revocations.
  ledger.appendSync(records);
  return { epoch, at_venue_ms, revoked_tokens: live.length, removed_passkeys: passkeys.length };
}

/**
 * Whatever was being closed when the backup was made waits: nobody has looked at what is held now. The gate's own cuts and
 * stops are decided again from that.
 */
function endExits(
  { claims, layers, marketSeq, rules, stateSeq, time }: GateState,
  atMs: number,
  setBy: string,
): readonly LedgerRecord[] {
  const flattens = [...layers.values()].filter(({ isFlattening, scope }) => isFlattening && scope !== 'account');
  const open = [...claims.open];
  const unsent = open.filter(({ first }) => isPlanned(first));
  return [
    ...flattens.map(({ clearsAtMs, clearsWhen, layer, name, scope, state }) =>
      record('state', atMs, {
        clears_at_ms: time.venueMsOf(clearsAtMs),
        clears_when: clearsWhen,
        layer,
        name,
        reason: 'recovered while it was being flattened',
        scope,
        set_by: setBy,
        state,
      }),
    ),
    // What goes on resting for a claim that has ended would stand in the way of every exit.
    ...open
      .flatMap(({ orders }) => orders)
      .filter((order) => !order.cancelRequested && isAtVenue(order))
      .map(({ clientOrderId }) =>
        record('order_intent', atMs, {
          action: 'cancel',
          client_order_id: clientOrderId,
          price_e8: null,
          quantity_e8: null,
          reason: EXIT_ENDED,
        }),
      ),
    ...open.map((claim) =>
      record('exit_target', atMs, {
        action: 'ended',
        decision_id: claim.decisionId,
        detail: EXIT_ENDED,
        filled_e8: closedE8(claim),
        reason: 'halted',
      }),
    ),
    // Whoever asked for one believes that it works still.
    ...open
      .filter((claim) => closedE8(claim) < claim.askedE8)
      .map((claim) =>
        record('alert', atMs, {
          code: 'EXIT_ENDED',
          detail: `exit ${claim.decisionId} ended with ${formatQuantityE8(closedE8(claim), rules.get(claim.symbol))} closed: ${EXIT_ENDED}`,
          symbol: claim.symbol,
        }),
      ),
    ...unsent.map(({ first }) => neverSent(first.clientOrderId, Math.max(stateSeq, marketSeq), atMs)),
  ];
}

function neverSent(clientOrderId: string, askedSeq: number, atMs: number): LedgerRecord {
  return record('order', atMs, {
    average_price: null,
    client_order_id: clientOrderId,
    detail: EXIT_ENDED,
    evidence: { asked_seq: askedSeq, kind: 'unsent' },
    executed_e8: 0,
    foreign: null,
    retryable: false,
    status: 'canceled',
    venue_at_ms: atMs,
    venue_order_id: null,
  });
}

function record<K extends keyof GateEvents>(kind: K, at_ms: number, payload: GateEvents[K]): LedgerRecord {
  return { kind, at_ms, payload };
}
