import { auditorOf } from '../../../daemon/boot/ledger/audit-span.ts';
import type { OrderStatus } from '../../../daemon/engine/records/decisions.ts';
import { verifyLedger } from '../../../daemon/ledger/verify/verify.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { WireRecord } from '../wire.ts';

/** What only the venue can have told. */
const PROVEN: ReadonlySet<OrderStatus> = new Set(['working', 'partially_filled', 'filled']);
const UNPROVEN: ReadonlySet<OrderStatus> = new Set(['unknown', 'lost', 'not_placed', 'rejected']);
/** Alerts that tell of a defect of ours, not of the venue. */
const DEFECTS: ReadonlySet<string> = new Set([
  'EXECUTION_FAILED',
  'EXITS_FAILED',
  'EXIT_FAILED',
  'EXIT_RECORD_UNREADABLE',
  'FEEDS_STOPPED',
  'FEED_ROUND_FAILED',
  'FEED_TICK_FAILED',
  'FLATTEN_EXIT_FAILED',
  'FLATTEN_FAILED',
  'GATE_EXIT_FAILED',
  'INTERNAL_RECHECK',
  'RESOLVE_FAILED',
  'SEND_FAILED',
  'SLICE_FAILED',
  'STANDING_FAILED',
]);

/**
 * What a list, a look-up or a trade has proven is never recorded as unknown, lost or absent later.
 * @except an id of what a restore has lost
 * @except the exchange has refused it behind its answer
 * @except the exchange goes on showing as open what only fills or ends
 */
export function findProofTakenBack(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [id, notes] of history.orderEvents) {
    if (isUsedTwice(history, id)) continue;
    let proven: { status: OrderStatus; atMs: number } | null = null;
    for (const { atMs, event } of notes) {
      if (PROVEN.has(event.status)) proven = { status: event.status, atMs };
      else if (event.evidence?.kind === 'stalled') break;
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

/** A stop that rested may be rejected when it triggers, and what was taken by the engine behind its answer. */
function isRefused(history: History, id: string): boolean {
  const { algoOrders, orders } = history.world.exchange.world.state;
  return (
    [...algoOrders.values()].some((algo) => algo.clientAlgoId === id && algo.status === 'REJECTED') ||
    [...orders.values()].some((order) => order.clientOrderId === id && order.status === 'REJECTED')
  );
}

/**
 * Nothing is sent that is not on disk, and what the exchange has taken is not recorded as absent. [TM-1]
 * @except of what a restore has lost, or of another daemon
 */
export function findUnrecorded(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const record of history.world.wire.records) {
    if (record.method !== 'POST' || record.clientId === null || !/order$|algoOrder$/i.test(record.path)) continue;
    if (!history.orders.has(record.clientId) && !isOfAnotherLedger(history, record))
      breaches.push({ code: 'sent-unrecorded', detail: `${record.clientId} sent at ${at(record.sentAtMs)}` });
  }
  for (const order of history.world.exchange.world.state.orders.values()) {
    const last = history.orderEvents.get(order.clientOrderId)?.at(-1);
    if (last === undefined || !UNPROVEN.has(last.event.status)) continue;
    if (isUsedTwice(history, order.clientOrderId)) continue;
    if (order.status === 'REJECTED' && last.event.status === 'rejected') continue;
    breaches.push({
      code: `wrong-at-the-end/${last.event.status}`,
      detail: `${order.clientOrderId} is ${order.status} at the exchange and recorded ${last.event.status} at ${at(last.atMs)} (${last.event.detail ?? ''})`,
    });
  }
  return breaches;
}

/** An id of before a restore: what the exchange has under it may be the order that was lost. */
function isUsedTwice(history: History, id: string): boolean {
  return history.world.wire.records.some((record) => record.clientId === id && isOfAnotherLedger(history, record));
}

/** Of a daemon with a home of its own, or of what a restore has lost. */
export function isOfAnotherLedger({ world: { homes } }: History, { life, sentAtMs }: WireRecord): boolean {
  return (
    homes.isSecond(life) || homes.restores.some(({ copiedAtMs, atMs }) => sentAtMs >= copiedAtMs && sentAtMs <= atMs)
  );
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

/** The chain holds, and every decision is derived again from its record. [TM-5] */
export function findAuditBreaches(history: History): readonly Breach[] {
  const { ledger } = history.world;
  const auditor = auditorOf(ledger);
  const result = verifyLedger(ledger, {
    rederive: (event) => auditor.rederive(event),
    fold: (event) => auditor.fold(event),
  });
  return result.ok ? [] : [{ code: `audit/${result.problem}`, detail: `record ${result.seq}: ${result.detail}` }];
}
