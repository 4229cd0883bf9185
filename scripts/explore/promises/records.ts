import { hash } from 'node:crypto';
import type { OrderStatus } from '../../../daemon/gate/api/decisions.ts';
import { createAuditor } from '../../../daemon/gate/audit.ts';
import { readEpochs } from '../../../daemon/ledger/epochs.ts';
import { verifyLedger } from '../../../daemon/ledger/verify.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { OPERATOR } from '../world.ts';

/** What only the venue can have told. */
const PROVEN: ReadonlySet<OrderStatus> = new Set(['working', 'partially_filled', 'filled']);
const UNPROVEN: ReadonlySet<OrderStatus> = new Set(['unknown', 'lost', 'not_placed', 'rejected']);
/** Alerts that tell of a defect of ours, not of the venue. */
const DEFECTS = new Set([
  'EXECUTION_FAILED',
  'GATE_EXIT_FAILED',
  'RESOLVE_FAILED',
  'FLATTEN_EXIT_FAILED',
  'FEEDS_STOPPED',
  'INTERNAL_RECHECK',
]);

/** What a list, a look-up or a trade has proven is never recorded as unknown, lost or absent later. */
export function findProofUndone(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [id, notes] of history.orderEvents) {
    let proven: { status: OrderStatus; atMs: number } | null = null;
    for (const { atMs, event } of notes) {
      if (PROVEN.has(event.status)) proven = { status: event.status, atMs };
      else if (proven !== null && UNPROVEN.has(event.status) && !isRefused(history, id)) {
        breaches.push({
          code: `proof-undone/${event.status}`,
          detail: `${id} was ${proven.status} at ${at(proven.atMs)} and recorded ${event.status} at ${at(atMs)} (${event.detail ?? ''})`,
        });
        break;
      }
    }
  }
  return breaches;
}

/** A stop that rested may be rejected when it triggers. */
function isRefused(history: History, id: string): boolean {
  const { algoOrders } = history.world.exchange.world.state;
  return [...algoOrders.values()].some((algo) => algo.clientAlgoId === id && algo.status === 'REJECTED');
}

/** Nothing is sent that is not on disk, and what the exchange has taken is not recorded as absent. */
export function findUnrecorded(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const record of history.world.wire.records) {
    if (record.method !== 'POST' || record.clientId === null || !/order$|algoOrder$/i.test(record.path)) continue;
    if (!history.orders.has(record.clientId))
      breaches.push({ code: 'sent-unrecorded', detail: `${record.clientId} sent at ${at(record.sentAtMs)}` });
  }
  for (const order of history.world.exchange.world.state.orders.values()) {
    const last = history.orderEvents.get(order.clientOrderId)?.at(-1);
    if (last === undefined || !UNPROVEN.has(last.event.status)) continue;
    breaches.push({
      code: `wrong-at-the-end/${last.event.status}`,
      detail: `${order.clientOrderId} is ${order.status} at the exchange and recorded ${last.event.status} at ${at(last.atMs)} (${last.event.detail ?? ''})`,
    });
  }
  return breaches;
}

export function findInternalErrors(history: History): readonly Breach[] {
  const breaches: Breach[] = history.world.logged.map((detail) => ({ code: 'logged', detail }));
  for (const { atMs, event } of history.events) {
    if (event.kind !== 'alert') continue;
    const { code, detail } = event.payload;
    if (DEFECTS.has(code) || /TypeError|ReferenceError|RangeError/.test(detail))
      breaches.push({ code: `internal/${code}`, detail: `${at(atMs)}: ${detail}` });
  }
  return breaches;
}

/** At quiet, what the API shows is what the books say. */
export function findViewBreaches(history: History): readonly Breach[] {
  const { world } = history;
  const { gate } = world;
  if (gate === null || !gate.keeper.isReconciled)
    return [{ code: 'view/not-ready', detail: 'the daemon is not reconciled at the end' }];
  const breaches: Breach[] = [];
  const positions = new Map(gate.getPositions(OPERATOR).positions.map((position) => [position.symbol, position]));
  for (const symbol of world.exchange.world.state.markets.keys()) {
    const shown = Math.round(Number(positions.get(symbol)?.quantity ?? 0) * 1000);
    if (shown !== world.lots(symbol))
      breaches.push({
        code: 'view/position',
        detail: `${symbol}: ${shown} lots shown, the books have ${world.lots(symbol)}`,
      });
    const shares = Object.values(positions.get(symbol)?.agent_share ?? {}).reduce(
      (sum, text) => sum + Math.round(Number(text) * 1000),
      0,
    );
    if (positions.has(symbol) && shares !== shown)
      breaches.push({ code: 'view/shares', detail: `${symbol}: shares of ${shares} lots, a position of ${shown}` });
  }
  const shownOpen = new Set(
    gate.getOrders(OPERATOR, { open: true }, 5000, null).items.map((order) => order.client_order_id),
  );
  const state = world.exchange.world.state;
  const realOpen = new Set<string>();
  for (const order of state.orders.values())
    if (order.status === 'NEW' || order.status === 'PARTIALLY_FILLED') realOpen.add(order.clientOrderId);
  for (const algo of state.algoOrders.values()) if (algo.status === 'NEW') realOpen.add(algo.clientAlgoId);
  for (const id of realOpen)
    if (!shownOpen.has(id))
      breaches.push({ code: 'view/order-missing', detail: `${id} is open at the exchange and not shown` });
  for (const id of shownOpen) {
    if (realOpen.has(id) || waitsForRate(history, id) || isOnItsWay(history, id)) continue;
    const last = history.orderEvents.get(id)?.at(-1);
    breaches.push({
      code: 'view/order-stuck',
      detail: `${id} is shown open (${last?.event.status ?? 'pending_send'}) and not at the exchange`,
    });
  }
  return breaches;
}

/** The chain holds, and every decision is derived again from its record. */
export function findAuditBreaches(history: History): readonly Breach[] {
  const { ledger } = history.world;
  const auditor = createAuditor({
    genesisId: ledger.genesis.genesis_id,
    epochs: readEpochs(ledger),
    readPolicy: (key) => ledger.readPolicy(key),
    sha256: (text) => hash('sha256', text, 'hex'),
  });
  const result = verifyLedger(ledger, {
    rederive: (event) => auditor.rederive(event),
    fold: (event) => auditor.fold(event),
  });
  return result.ok ? [] : [{ code: `audit/${result.problem}`, detail: `record ${result.seq}: ${result.detail}` }];
}

/** It left in the last moment of the world, or its decision is being written. */
function isOnItsWay({ endMs, world }: History, id: string): boolean {
  const core = world.gate?.core;
  const order = core?.state.orders.all.get(id);
  const isBeingWritten =
    core !== undefined && order?.status === 'in_flight' && (order.sentAtMs ?? 0) > core.nowMs() - ON_ITS_WAY_MS;
  const hasLeft = world.wire.records.some(
    (record) => record.clientId === id && record.sentAtMs > endMs - ON_ITS_WAY_MS,
  );
  return isBeingWritten || hasLeft;
}
const ON_ITS_WAY_MS = 1_000;

/** An exit beyond its agent's rate waits, unsent, as long as the rate is used up. */
function waitsForRate({ world }: History, id: string): boolean {
  const core = world.gate?.core;
  const order = core?.state.orders.all.get(id);
  if (core === undefined || order?.status !== 'pending_send' || !order.reduceOnly || order.agent === null) return false;
  const { max, window_ms: windowMs } = core.policySpec.exits.rate;
  // The last token may have come free this very moment.
  return core.state.pacing.readAgent(order.agent).exits.count(core.nowMs(), windowMs + 1_000).tokens >= max;
}
