import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import { firstStepMs, type History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Decision, PlannedBy } from '../records.ts';
import { isCalm } from './quiet.ts';
import { CLOCKS_MS } from './token-ends.ts';

/** From the end of an authority until its order is gone, where the exchange answers: noticed, recorded, asked and done. */
const CANCELED_WITHIN_MS = 3_000;

/**
 * Nothing is opened after its authority ended, nor open but for the time that a cancel takes. Told from what was asked of
 * the gate, and from the exchange: `valid_until_ms`, the end of an approval, a token that was revoked, a token or passkey
 * of who approved. [AP-38 AP-46]
 * @except a ledger was put back before
 * @except the machine’s clock has jumped, or the exchange’s
 * @except of a revoked token: several have asked for it
 */
export function findAuthorityBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  const untilMs = Math.min(firstStepMs(history, isClock), ...homes.restores.map(({ atMs }) => atMs));
  const ends = new Map<string, number>();
  for (const [id, order] of history.orders) {
    if (order.planned.reduce_only || order.planned.protective) continue;
    const endMs = endOf(history, order);
    if (endMs !== null) ends.set(id, endMs);
  }
  if (ends.size === 0) return [];
  const found = [...findSent(history, ends), ...findFilled(history, ends), ...findLeft(history, ends)];
  return found.flatMap(({ atMs, ...breach }) => (atMs < untilMs ? [breach] : []));
}

interface Timed extends Breach {
  readonly atMs: number;
}

function isClock(action: History['plan']['steps'][number]['do']): boolean {
  if (action.kind === 'fault') return action.fault.kind === 'clock-jump';
  return action.kind === 'trouble' && action.trouble.kind === 'clock';
}

function endOf(history: History, { decision }: PlannedBy): number | null {
  const root = history.decisions.get(decision.rootId);
  if (root === undefined) return null;
  const { valid_until_ms: validUntilMs } = root.event.request;
  const ends = [
    validUntilMs === null ? null : validUntilMs - START_MS,
    endOfApproval(history, root),
    revokedAtMs(history, root),
    disownedAtMs(history, root),
  ].filter((endMs) => endMs !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

function endOfApproval({ events }: History, { event }: Decision): number | null {
  const id = event.context.approval?.grant?.approval_id;
  if (id === undefined) return null;
  for (const { event: record } of events)
    if (record.kind === 'approval' && record.payload.action === 'requested' && record.payload.approval_id === id)
      return (record.payload.opens_until_ms ?? record.payload.expires_at_ms) - START_MS;
  return null;
}

/** The first end of a token, or a passkey, with which it was approved; what had ended by the grant did not count for it. */
function disownedAtMs({ events, world }: History, { atMs, event, seq }: Decision): number | null {
  const id = event.context.approval?.grant?.approval_id;
  if (id === undefined) return null;
  const ends = events.flatMap(({ seq: signedSeq, event: record }) => {
    if (signedSeq > seq || record.kind !== 'approval' || record.payload.action !== 'signed') return [];
    const credential = record.payload.approval_id === id ? world.approvers.find(record.payload.proof) : null;
    if (credential === null || credential.endedAtMs === null) return [];
    return (credential.endAskedAtMs ?? 0) > atMs ? [credential.endedAtMs] : [];
  });
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Of the one token with which it was requested. */
function revokedAtMs({ world }: History, { agent, event }: Decision): number | null {
  const { request_id: requestId } = event.request;
  const used = new Set(
    world.calls.filter((call) => call.agent === agent && call.args.request_id === requestId).map(({ token }) => token),
  );
  const [token] = used;
  if (requestId === null || used.size !== 1 || token === undefined) return null;
  const note = world.tokens.notes.find(({ id }) => id === token);
  if (note === undefined || note.endedBy === null || note.endedAtMs === null) return null;
  // What was rotated expires, and another one lives.
  return note.expiresAtMs !== null && note.expiresAtMs <= note.endedAtMs ? null : note.endedAtMs;
}

function findSent({ world }: History, ends: ReadonlyMap<string, number>): readonly Timed[] {
  return world.wire.records.flatMap(({ clientId, method, sentAtMs }) => {
    const endMs = ends.get(clientId ?? '');
    if (method !== 'POST' || endMs === undefined || sentAtMs <= endMs + CLOCKS_MS) return [];
    const detail = `${clientId} is sent at ${at(sentAtMs)}, and its authority had ended at ${at(endMs)}`;
    return [{ atMs: sentAtMs, code: 'authority/sent', detail }];
  });
}

/**
 * Nothing fills later than a cancel takes.
 * @except something fails within nine seconds
 */
function findFilled(history: History, ends: ReadonlyMap<string, number>): readonly Timed[] {
  return history.fills.flatMap(({ atMs, clientId }) => {
    const endMs = ends.get(clientId);
    if (endMs === undefined || atMs <= endMs + CANCELED_WITHIN_MS) return [];
    if (!isCalm(history, atMs - 3 * CANCELED_WITHIN_MS, atMs)) return [];
    const detail = `${clientId} fills at ${at(atMs)}, and its authority had ended at ${at(endMs)}`;
    return [{ atMs, code: 'authority/filled', detail }];
  });
}

/**
 * Once all is quiet.
 * @except it ended within the last fifteen seconds
 */
function findLeft({ endMs: nowMs, world }: History, ends: ReadonlyMap<string, number>): readonly Timed[] {
  return [...world.exchange.world.state.orders.values()].flatMap((order) => {
    const endMs = ends.get(order.clientOrderId);
    if (endMs === undefined || !isOpen(order) || endMs > nowMs - 5 * CANCELED_WITHIN_MS) return [];
    const detail = `${order.clientOrderId} rests on at ${at(nowMs)}, and its authority had ended at ${at(endMs)}`;
    return [{ atMs: nowMs, code: 'authority/rests', detail }];
  });
}
