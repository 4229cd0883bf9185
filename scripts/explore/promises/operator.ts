import { at, type Breach } from '../breach.ts';
import { couldNotRecord, type History, isOwnersHandIn } from '../history.ts';
import type { OperatorRecord } from '../records.ts';
import { buildPolicy } from '../world-policy.ts';
import { openingsLeft } from './resting.ts';

/** Until the gate knows of lots that somebody else has bought or sold, with a reading of the account, ms. */
const SEEN_WITHIN_MS = 15_000;

/**
 * After the answer nothing opens until the operator says so; a flatten ends flat. Only a slip of the pen is refused.
 * @except the ledger could not be written
 * @except nobody listened
 * @except a ledger of before the word was put back
 * @except a person trades by hand
 */
export function findOperatorBreaches(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const { world } = history;
  const words = world.operatorCalls.filter(
    ({ what }) => what === 'halted' || what === 'flatten' || what === 'reducing',
  );
  for (const word of words) {
    if (word.failure !== null && !isExpected(history, word, word.failure))
      breaches.push({
        code: `operator/call-failed`,
        detail: `${word.what} (step ${word.step}) at ${at(word.askedAtMs)}: ${word.failure}`,
      });
    if (word.answeredAtMs === null) continue;
    const untilMs = liftedAtMs(history, word, ['active']);
    for (const { wire, symbol } of world.venue.sends) {
      const order = history.orders.get(wire.clientId ?? '');
      if (
        order === undefined ||
        order.planned.reduce_only ||
        wire.method !== 'POST' ||
        !concerns(word, symbol, order.decision.agent)
      )
        continue;
      if (wire.sentAtMs <= word.answeredAtMs || wire.sentAtMs >= untilMs) continue;
      breaches.push({
        code: `operator/opens-after-${word.what}`,
        detail: `${word.what} (step ${word.step}) answered at ${at(word.answeredAtMs)}; ${wire.clientId} opening sent at ${at(wire.sentAtMs)}`,
      });
    }
    if (untilMs !== Number.POSITIVE_INFINITY) continue;
    for (const order of world.exchange.world.state.orders.values()) {
      const mine = history.orders.get(order.clientOrderId);
      const isOpen = order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
      if (!isOpen || order.reduceOnly || mine === undefined || !concerns(word, order.symbol, mine.decision.agent))
        continue;
      breaches.push({
        code: `operator/rests-after-${word.what}`,
        detail: `${word.what} (step ${word.step}) at ${at(word.answeredAtMs)}; opening ${order.clientOrderId} of ${mine.decision.agent} still rests`,
      });
    }
    if (word.what !== 'flatten') continue;
    for (const symbol of world.exchange.world.state.markets.keys()) {
      if ((word.symbol !== null && word.symbol !== symbol) || world.venue.heldE8(symbol) === 0) continue;
      if (isOwnersHandIn(history, symbol, word.askedAtMs)) continue;
      breaches.push({
        code: 'operator/not-flat',
        detail: `flatten (step ${word.step}) answered at ${at(word.answeredAtMs)}; ${world.venue.heldE8(symbol)} of ${symbol} are held at the end`,
      });
    }
  }
  return breaches;
}

/** Nobody was there, the ledger could not be written, or the symbol is neither the policy's nor one of the account's. */
function isExpected(history: History, word: OperatorRecord, failure: string): boolean {
  if (failure === 'nobody listened') return true;
  if (/^LedgerError: (A commit failed|The ledger|The disk)/.test(failure)) return couldNotRecord(history);
  const { askedAtMs, symbol, what } = word;
  // Where money is real it loosens, and waits.
  if (history.plan.setup.live !== undefined && what === 'reducing' && failure.includes(' reducing over halted '))
    return true;
  if (symbol === null || !failure.startsWith(`Error: symbol ${symbol} is not known here`)) return false;
  const { scope } = buildPolicy(history.plan.setup, 'original').spec;
  const last = history.fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= askedAtMs - SEEN_WITHIN_MS);
  const rests = openingsLeft(history, askedAtMs, askedAtMs).some((rest) => rest.symbol === symbol);
  return !scope.symbols.includes(symbol) && (last?.after ?? 0) === 0 && !rests;
}

/** A fill that was recorded so long before a halt is known to the gate, and its start is over, ms. */
const SETTLED_MS = 10_000;

/**
 * What is known to be held is closed in the turn that records a flatten's halt: neither a list nor a cancel is waited for.
 * One that is being closed already is left out. [EX-59]
 * @except a start, or another flatten, is within ten seconds
 * @except the fill was not known for ten seconds
 * @except it is being closed already
 */
export function findWaitingFlattens({ decisions, events, fills, orderEvents, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const exits = [...decisions.values()].filter(
    ({ event, origin }) => origin === 'operator' && event.parent_decision_id === null,
  );
  for (const { atMs, event, seq } of events) {
    if (event.kind !== 'state' || event.payload.flatten !== true || event.payload.set_by === 'daemon') continue;
    // A halt over a flatten leaves it as it is.
    const isAsked = world.operatorCalls.some(
      ({ answeredAtMs, askedAtMs, what }) =>
        what === 'flatten' && askedAtMs <= atMs && atMs <= (answeredAtMs ?? Number.POSITIVE_INFINITY),
    );
    if (!isAsked) continue;
    const isBusy = events.some(
      (other) =>
        other.seq !== seq &&
        Math.abs(other.atMs - atMs) <= SETTLED_MS &&
        other.event.kind === 'state' &&
        (other.event.payload.layer === 'boot' || (other.event.payload.flatten === true && other.seq < seq)),
    );
    if (isBusy) continue;
    for (const symbol of new Set(fills.map((fill) => fill.symbol))) {
      if (event.payload.name !== null && event.payload.name !== symbol) continue;
      const last = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs);
      const reported = orderEvents.get(last?.clientId ?? '')?.find((one) => one.event.executed_e8 > 0);
      if (last === undefined || last.after === 0 || reported === undefined || reported.atMs > atMs - SETTLED_MS)
        continue;
      const own = exits.filter((exit) => exit.symbol === symbol && Math.abs(exit.atMs - atMs) <= SETTLED_MS);
      const first = own.find((exit) => exit.seq > seq);
      if (first === undefined || first.atMs === atMs || own.some((exit) => exit.seq < seq)) continue;
      breaches.push({
        code: 'operator/flatten-waits',
        detail: `flatten recorded at ${at(atMs)}; the exit of ${symbol} was decided at ${at(first.atMs)} only`,
      });
    }
  }
  return breaches;
}

/**
 * A halt takes effect as it is requested: an agent's exits go out no more either, nor do its changes of them.
 * @except a ledger of before the word was put back
 */
export function findActsWhileHalted(history: History): readonly Breach[] {
  const { orders, world } = history;
  const breaches: Breach[] = [];
  for (const word of world.operatorCalls) {
    if (word.what !== 'halted' || word.failure !== null || word.answeredAtMs === null) continue;
    const untilMs = liftedAtMs(history, word, ['active', 'reducing']);
    for (const { clientId, method, path, sentAtMs } of world.wire.records) {
      const order = orders.get(clientId ?? '');
      if (order === undefined || path !== '/fapi/v1/order' || (method !== 'POST' && method !== 'PUT')) continue;
      const { decision, planned } = order;
      if (!planned.reduce_only || decision.origin !== 'agent') continue;
      if (!concerns(word, planned.symbol, decision.agent) || sentAtMs <= word.askedAtMs || sentAtMs >= untilMs)
        continue;
      breaches.push({
        code: 'operator/acts-while-halted',
        detail: `halted (step ${word.step}) at ${at(word.askedAtMs)}; ${method} of ${clientId}, an exit of ${decision.agent}, sent at ${at(sentAtMs)}`,
      });
    }
  }
  return breaches;
}

/** Why a change that only closes may stay unsent: its order is over, or nothing of an agent goes out now. */
const UNSENT_EXIT = /^(it is|canceled|halted|the venue|the account|another|not sent)/;

/**
 * What forbids opening, a reducing account among it, holds up no permitted change that only closes; a process that dies
 * before it is sent does.
 * @except the process dies
 */
export function findUnsentChanges(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const isExit = (id: string): boolean => history.orders.get(id)?.planned.reduce_only === true;
  for (const { atMs, event, seq } of history.events) {
    if (event.kind !== 'order_intent' || event.payload.action !== 'amend_failed') continue;
    const { amend_seq: amendSeq, client_order_id: id, reason } = event.payload;
    if (!isExit(id) || UNSENT_EXIT.test(reason)) continue;
    const asked = history.events.findLast(
      ({ event: { kind, payload }, seq: at }) =>
        at < seq && kind === 'order_intent' && payload.client_order_id === id && payload.action === 'amend',
    );
    const isSent = history.world.wire.records.some(
      ({ clientId, method, sentAtMs }) =>
        clientId === id && method === 'PUT' && sentAtMs >= (asked?.atMs ?? 0) && sentAtMs <= atMs,
    );
    const hasDied = history.events.some(
      ({ event: { kind, payload }, seq: at }) =>
        at > (amendSeq ?? seq) &&
        at < seq &&
        kind === 'state' &&
        payload.layer === 'boot' &&
        payload.state !== 'active',
    );
    if (!isSent && !hasDied)
      breaches.push({
        code: 'exit-change-unsent',
        detail: `the permitted change of ${id}, which only closes, was not sent at ${at(atMs)}: ${reason}`,
      });
  }
  return breaches;
}

function concerns(word: OperatorRecord, symbol: string, agent: string): boolean {
  return (word.symbol === null || word.symbol === symbol) && (word.agent === null || word.agent === agent);
}

/** When the operator requested a state that lifts it: openings, and the end of a flatten, are lifted by `active` alone. */
function liftedAtMs(history: History, word: OperatorRecord, by: readonly OperatorRecord['what'][]): number {
  const lifted = history.world.operatorCalls.find(
    (other) =>
      other.askedAtMs >= word.askedAtMs &&
      other !== word &&
      by.includes(other.what) &&
      other.symbol === word.symbol &&
      other.agent === word.agent,
  );
  return Math.min(lifted?.askedAtMs ?? Number.POSITIVE_INFINITY, lostAtMs(history, word));
}

/**
 * When a copy of the ledger from before this word was put back: a recovery halts the account until the operator says
 * otherwise. Where the head that is noted beside the home was put back as well, nobody can know of the word.
 */
function lostAtMs({ world: { homes, operatorCalls } }: History, { answeredAtMs }: OperatorRecord): number {
  const restore = homes.restores.find(
    ({ copiedAtMs, atMs }) => answeredAtMs !== null && copiedAtMs <= answeredAtMs && answeredAtMs <= atMs,
  );
  if (restore === undefined) return Number.POSITIVE_INFINITY;
  const recovered = homes.recoveries.find(({ atMs }) => atMs >= restore.atMs);
  if (recovered === undefined || !restore.wasNoted) return restore.atMs;
  const lifted = operatorCalls.find(
    ({ agent, askedAtMs, symbol, what }) =>
      what !== 'halted' && what !== 'flatten' && symbol === null && agent === null && askedAtMs > recovered.atMs,
  );
  return lifted?.askedAtMs ?? Number.POSITIVE_INFINITY;
}
