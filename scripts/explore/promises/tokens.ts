import type { TokenNote } from '../agent-tokens.ts';
import { at, type Breach } from '../breach.ts';
import { couldNotRecord, type History } from '../history.ts';
import { endedMs, wordEndsMs, worksUntilMs } from './token-ends.ts';
import { findTokenNewsBreaches } from './token-news.ts';

/** A daemon that did not revoke a token itself looks it up again after this time. */
const LOOKED_UP_WITHIN_MS = 250;
/** Between the decision on a call and its order, ms: both are on their way when the token ends. */
const ON_ITS_WAY_MS = 1_000;
/** From the end of an agent's last token until its openings are asked back, ms. */
/** The same amid whatever fails, once everything has been quiet. */
const GONE_WITHIN_MS = 15_000;

/**
 * A token that has ended is heard no more, by a daemon that was started since as little as before, and opens nothing; one
 * that has not is heard. What an agent without any opened is asked back, and of nobody else's anything. Told from answers
 * and the exchange.
 * @except a ledger was put back, or recovered
 * @except the ledger could not be written
 */
export function findTokenBreaches(history: History): readonly Breach[] {
  const { homes, tokens } = history.world;
  // A recovery ends all tokens, and what could not be recorded was answered to nobody.
  if (!tokens.isKept || homes.restores.length + homes.recoveries.length > 0 || couldNotRecord(history)) return [];
  return [
    ...findHeard(history),
    ...findSent(history),
    ...findGranted(history),
    ...findEndedExits(history),
    ...findLeftAtRest(history),
    ...findTokenNewsBreaches(history),
  ];
}

/** A call is answered iff its token lives. [TM-18] */
function findHeard(history: History): readonly Breach[] {
  const { calls, tokens } = history.world;
  const notes = new Map(tokens.notes.map((note) => [note.id, note]));
  return calls.flatMap(({ agent, askedAtMs, outcome, step, token, tool }) => {
    const note = notes.get(token ?? '');
    if (note === undefined || /^(down|died|pending)$/.test(outcome)) return [];
    const what = `${agent} ${tool} (step ${step}) at ${at(askedAtMs)} with ${note.id}, ${tellEnd(note)}: ${outcome}`;
    const goneMs = endedMs(history, note) + (note.endedBy === 'entrance' ? 0 : LOOKED_UP_WITHIN_MS);
    if (askedAtMs > goneMs && outcome !== 'unauthenticated') return [{ code: 'tokens/ended-heard', detail: what }];
    if (askedAtMs < worksUntilMs(history, note) && outcome === 'unauthenticated')
      return [{ code: 'tokens/live-refused', detail: what }];
    return [];
  });
}

function tellEnd({ endAskedAtMs, endedAtMs, expiresAtMs }: TokenNote): string {
  if (endedAtMs !== null) return `revoked at ${at(endedAtMs)}`;
  if (endAskedAtMs !== null) return `its end asked for at ${at(endAskedAtMs)}`;
  return expiresAtMs === null ? 'which lives' : `which expires at ${at(expiresAtMs)}`;
}

/** When the word of the last of the tokens ended with which something was requested; null: nobody can say with which. */
function requestedUntilMs(history: History, agent: string, requestId: string | null): number | null {
  const asked = history.world.calls.filter((call) => call.agent === agent && call.args.request_id === requestId);
  if (requestId === null || asked.length === 0) return null;
  const notes = history.world.tokens.notes.filter(({ id }) => asked.some(({ token }) => token === id));
  return Math.max(...notes.map((note) => wordEndsMs(history, note)));
}

/**
 * No slice of what was requested with a token goes out after its end, and nothing else but what was on its way.
 * [TM-19]
 */
function findSent(history: History): readonly Breach[] {
  const slices = new Map<string, number>();
  for (const { atMs, event } of history.decisions.values())
    if (event.decision.kind === 'slice') for (const order of event.orders) slices.set(order.client_order_id, atMs);
  const breaches: Breach[] = [];
  for (const { clientId, method, params, sentAtMs } of history.world.wire.records) {
    const order = history.orders.get(clientId ?? '');
    if (method !== 'POST' || order === undefined || params.flag('reduceOnly')) continue;
    const { decision, planned } = order;
    const root = history.decisions.get(decision.rootId);
    if (root === undefined || root.origin !== 'agent' || planned.protective) continue;
    const untilMs = requestedUntilMs(history, root.agent, root.event.request.request_id);
    if (untilMs === null) continue;
    const sliceMs = slices.get(clientId ?? '') ?? Number.NEGATIVE_INFINITY;
    // Decided after it was sent: by another life, to which a ledger that was put back lacks what this one recorded.
    const decidedMs = sliceMs > sentAtMs ? Number.NEGATIVE_INFINITY : sliceMs;
    if (decidedMs <= untilMs && sentAtMs <= untilMs + ON_ITS_WAY_MS) continue;
    breaches.push({
      code: 'tokens/sent',
      detail: `${clientId} of ${root.agent} opens at ${at(sentAtMs)}; the token it was requested with had ended at ${at(untilMs)}`,
    });
  }
  return breaches;
}

/** What was asked of people with a token nobody grants after its end. [AP-46] */
function findGranted(history: History): readonly Breach[] {
  const asked = new Map<string, string>();
  for (const { event } of history.events)
    if (event.kind === 'approval' && event.payload.action === 'requested')
      asked.set(event.payload.approval_id, event.payload.token_id);
  return [...history.decisions.values()].flatMap(({ agent, atMs, event, id }) => {
    const tokenId = asked.get(event.context.approval?.grant?.approval_id ?? '');
    const note = history.world.tokens.notes.find((each) => each.id === tokenId);
    if (note === undefined || event.decision.kind !== 'tool' || atMs <= endedMs(history, note)) return [];
    return [
      {
        code: 'tokens/granted',
        detail: `${id} of ${agent} is granted at ${at(atMs)}, for which ${note.id} asked, ${tellEnd(note)}`,
      },
    ];
  });
}

/** Since when an agent has no token, for all that is known at an instant; null: it has one, or may have. */
function tokenlessSinceMs(history: History, agent: string, atMs: number): number | null {
  const { tokens } = history.world;
  const known = tokens.of(agent).filter(({ createdAtMs }) => createdAtMs <= atMs);
  if (known.length === 0 || tokens.isUnsure(agent)) return null;
  const sinceMs = Math.max(...known.map((note) => endedMs(history, note)));
  return sinceMs <= atMs ? sinceMs : null;
}

/**
 * Once all is quiet nothing of an agent without a token rests that opens. [TM-19]
 * @except whether its agent has one nobody knows
 */
function findLeftAtRest(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { openOrders } of history.world.exchange.world.state.markets.values())
    for (const { clientOrderId, reduceOnly } of openOrders.values()) {
      const order = history.orders.get(clientOrderId);
      if (order === undefined || reduceOnly || order.decision.origin !== 'agent') continue;
      const sinceMs = tokenlessSinceMs(history, order.decision.agent, history.endMs);
      if (sinceMs !== null && sinceMs < history.endMs - GONE_WITHIN_MS)
        breaches.push({
          code: 'tokens/left-at-rest',
          detail: `${clientOrderId} of ${order.decision.agent}, which has no token since ${at(sinceMs)}, rests on at ${at(history.endMs)}`,
        });
    }
  return breaches;
}

/** Exits go on, whoever has a token: what ends them is a halt, and that is somebody's word or a breaker's. */
function findEndedExits({ events }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind === 'state' && event.payload.state === 'halted' && event.payload.set_by !== 'tokens')
      return breaches;
    if (event.kind !== 'exit_target' || event.payload.action !== 'ended' || event.payload.reason !== 'halted') continue;
    breaches.push({
      code: 'tokens/exit-ended',
      detail: `the exit ${event.payload.decision_id} is ended at ${at(atMs)} by a halt, and nobody has halted anything`,
    });
  }
  return breaches;
}
