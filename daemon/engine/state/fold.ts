import { applyStateEvent, stateInForce } from '../callers/layers.ts';
import { freeIfFlat, giveTo, releaseFrom } from '../orders/holding.ts';
import { applyOrderIntent, isOfOldAmend, liveOrders } from '../orders/orders.ts';
import { setLeverage } from '../positions/leverage-setting.ts';
import type { GateEvents } from '../records/events.ts';
import type { FoldTable } from '../tables/fold.ts';
import { applyAccount, readFromMs } from './apply-account.ts';
import { applyDecision, applyOrder } from './apply-orders.ts';
import { applyTrade } from './apply-trade.ts';
import type { GateViews } from './views.ts';

export const FOLD: FoldTable<GateViews, GateEvents> = {
  decision: (views, { at_ms, payload, seq }) => {
    const { tMs } = views.time;
    views.requestRecords.noteDecision(payload, views, tMs);
    views.approvals.noteDecision(payload, at_ms, tMs);
    views.lives.noteDecision(payload, tMs);
    views.accounts.noteDecision(payload, at_ms);
    applyDecision(views, payload);
    views.claims.applyDecision(payload, (id) => views.orders.all.get(id), {
      at: { seq, atMs: tMs },
      isHalted: (symbol, agent) => stateInForce(views.layers, tMs, symbol, agent).state === 'halted',
    });
  },
  order: (views, { payload }) => {
    applyOrder(views, payload);
    freeOf(views, payload.client_order_id);
  },
  order_intent: (views, { payload, seq }) => {
    const order = views.orders.all.get(payload.client_order_id);
    if (order !== undefined && !isOfOldAmend(order, payload)) {
      applyOrderIntent(order, payload, views.time);
      views.claims.noteIntent(order, payload, seq);
      // What was read before the amend was proven does not contain it.
      if (payload.action === 'amended') order.updatedAtMs = Math.max(order.updatedAtMs, views.time.tMs);
      views.changes.settle(order, payload);
    }
    freeOf(views, payload.client_order_id);
  },
  exit_target: (views, { payload, seq }) =>
    views.claims.apply(payload, (id) => views.orders.all.get(id), { seq, atMs: views.time.tMs }),
  holder: (views, { at_ms: atMs, payload, seq }) => {
    const position = views.position(payload.symbol);
    if (payload.action === 'released') releaseFrom(position, payload.for_ms);
    else {
      giveTo(position, { owner: payload.agent, atMs: views.time.tMs, seq });
      views.accounts.noteHolder(payload.symbol, { owner: payload.agent, atMs, seq });
    }
    freeFlat(views, payload.symbol);
  },
  trade: (views, { payload }) => applyTrade(views, payload),
  account: (views, { payload }) => {
    views.accounts.applyAccount(payload);
    applyAccount(views, payload);
    for (const symbol of views.positions.keys()) freeFlat(views, symbol);
  },
  income: (views, { payload }) => views.accounts.applyIncome(payload, (symbol, id) => views.seenTrades.has(symbol, id)),
  market: (views, { payload }) => void views.markets.set(payload.symbol, payload),
  rules: (views, { payload }) => void views.rules.set(payload.rules.symbol, payload.rules),
  state: (views, { at_ms, payload }) => {
    const { tMs } = views.time;
    applyStateEvent(views.layers, payload, at_ms, tMs);
    views.approvals.noteState(payload, at_ms);
    views.pacing.noteBreaker(payload, at_ms, tMs);
  },
  signal: (views, { at_ms, payload }) => {
    views.signals.apply(payload, at_ms, views.time.tMs);
    views.requestRecords.noteSignal(payload, views.time.tMs);
  },
  leverage: (views, { payload }) =>
    setLeverage(
      views.position(payload.symbol),
      payload.leverage,
      payload.confirmed_at_ms === undefined ? null : views.time.of(payload.confirmed_at_ms),
    ),
  countdown: (views, { payload }) => views.countdowns.apply(payload),
  // Of a reading that was shown, and perhaps not recorded.
  rebase: ({ account, equity, time }, { payload }) => {
    const readFrom = readFromMs(account);
    equity.rebase(time.tMs, payload.equity_usdt, readFrom === undefined ? undefined : time.of(readFrom));
  },
  transfer: (views, { payload }) => {
    if (!views.seenTransfers.add('', payload.transfer_id, payload.at_venue_ms)) return;
    views.equity.addTransfer(payload.amount_usdt, views.time.of(payload.at_venue_ms), views.time.tMs);
  },
  policy: (views, { at_ms, payload }) => {
    if (payload.action === 'in_force') views.policy = payload;
    views.approvals.notePolicy(payload, at_ms);
  },
  approval: (views, { at_ms, payload }) => views.approvals.apply(payload, at_ms),
  arming: (views, { payload }) => {
    views.arming = payload;
    views.armingSigners.clear();
  },
  arming_signed: (views, { payload }) => void views.armingSigners.set(payload.passkey_id, payload.set_by),
  agent_seen: (views, { payload }) => views.lives.note(payload.agent, views.time.tMs),
  alert: (views, { at_ms, payload, seq }) => {
    views.alerts.add(payload, seq, at_ms);
    views.outbox.addAlert(payload, seq, at_ms);
  },
  alert_ack: (views, { at_ms, payload }) => views.alerts.acknowledge(payload, at_ms),
  alert_routes: (views, { payload }) => views.outbox.applyRoutes(payload),
  alert_message: (views, { at_ms, payload }) => views.outbox.applyMessage(payload, at_ms),
  passkey: (views, { at_ms, payload }) => {
    views.passkeys.apply(payload, at_ms, views.time.tMs);
    views.approvals.notePasskey(payload);
    // What a key signed counts as long as the key does.
    for (const id of views.armingSigners.keys()) if (views.passkeys.find(id) === null) views.armingSigners.delete(id);
  },
  recovery: (views, { at_ms, payload, seq }) => {
    views.recovery = payload;
    views.recoveredMs = views.time.tMs;
    // RISK: a token of a known name is another's, in an account that went on without this ledger.
    for (const position of views.positions.values()) giveTo(position, { owner: null, atMs: views.time.tMs, seq });
    views.accounts.disown(at_ms, seq);
    if (payload.take_over) views.takenOverUntilMs = payload.at_venue_ms;
    for (const symbol of views.rules.keys()) views.countdowns.assume(symbol);
  },
  rejected_input: (views, { payload }) => views.requestRecords.noteRejected(payload, views.time.tMs),
  request_sum: (views, { payload }) => {
    views.requestRecords.noteSum(payload);
    views.accounts.noteSum(payload);
  },
  text_erased: () => undefined,
  token_act: () => undefined,
  archived: null,
  checkpoint: null,
  head: null,
  key: null,
  token: null,
};

/** A symbol whose position is flat, and where nothing of its holder can fill, is free. */
function freeFlat({ orders, positions, time }: GateViews, symbol: string): void {
  const position = positions.get(symbol);
  if (position !== undefined) freeIfFlat(position, liveOrders(orders, symbol), time.tMs);
}
function freeOf(views: GateViews, clientOrderId: string): void {
  freeFlat(views, views.orders.all.get(clientOrderId)?.symbol ?? '');
}
