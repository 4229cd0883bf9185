import { readE8 } from '../../../daemon/engine/records/units.ts';
import { at, type Breach } from '../breach.ts';
import { effectiveE8 } from '../decided.ts';
import { couldNotRecord, executedFor, type History, isLost } from '../history.ts';
import { ANSWER_WITHIN_MS } from '../life.ts';
import type { CallRecord } from '../records.ts';
import { isHaltedAt } from '../second/states.ts';

const ENDED_WITHOUT = new Set(['rejected', 'canceled', 'expired']);
const PLACING = new Set(['place_order', 'close_position']);

/**
 * What was answered as filled is filled, and no more than its size; what was answered as rejected, canceled or expired fills no more.
 * @except a restore has lost what was decided on the call, or the end that was told
 */
export function findAnswerBreaches(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const { answer, answeredAtMs } = call;
    if (answer === null || answeredAtMs === null || !PLACING.has(call.tool) || isLost(history, call)) continue;
    const { state, orders } = answer.execution;
    const id = answer.decision.decision_id;
    const who = `${call.agent} ${call.tool} (step ${call.step})`;
    const later = executedFor(history, id, answeredAtMs);
    if (ENDED_WITHOUT.has(state) && later > 0 && !isEndForgotten(history, id, answeredAtMs))
      breaches.push({
        code: `answer-undone/${state}-then-filled`,
        detail: `${who} answered ${state} at ${at(answeredAtMs)}, then ${later} were filled`,
      });
    // What has ended has filled what it is told to have, no more.
    const reported = orders.reduce((sum, order) => sum + readE8(order.filled_quantity), 0);
    const executed = executedFor(history, id) - later;
    if (ENDED_WITHOUT.has(state) && executed > reported)
      breaches.push({
        code: `answer-undone/${state}-had-filled`,
        detail: `${who} answered ${state} at ${at(answeredAtMs)} with ${reported} filled, of ${executed} that were`,
      });
    // All of it was said to be done; what was sent before, and fills later, an exit closes as well.
    const decided = history.decisions.get(id)?.event;
    const asked = decided === undefined ? 0 : effectiveE8(decided);
    if (state === 'filled' && later > 0 && executedFor(history, id) - later + closedBeside(history, call) < asked)
      breaches.push({
        code: 'answer-undone/filled-then-more',
        detail: `${who} answered filled at ${at(answeredAtMs)}, then ${later} more were filled`,
      });
    if (answer.decision.decision === 'BLOCK' && executedFor(history, id) > 0)
      breaches.push({ code: 'answer-undone/blocked-then-filled', detail: `${who} was blocked, and filled` });
    for (const order of orders) {
      const reported = readE8(order.filled_quantity);
      if (Number(order.filled_quantity) > Number(order.quantity))
        breaches.push({
          code: 'answer-undone/more-than-its-size',
          detail: `${who}: ${order.client_order_id} of ${order.quantity} is answered with ${order.filled_quantity} filled`,
        });
      const real = history.fills
        .filter((fill) => fill.clientId === order.client_order_id)
        .reduce((sum, fill) => sum + fill.quantityE8, 0);
      if (reported > real)
        breaches.push({
          code: 'answer-undone/filled-is-not',
          detail: `${who}: ${order.client_order_id} answered with ${reported} filled, the books have ${real}`,
        });
    }
  }
  return breaches;
}

/** The end that was told is not in the ledger: one from before it was put back since, and nobody can know of it. */
function isEndForgotten({ events, orders, world }: History, rootId: string, reportedAtMs: number): boolean {
  if (!world.homes.restores.some(({ atMs, copiedAtMs }) => copiedAtMs <= reportedAtMs && reportedAtMs <= atMs))
    return false;
  return !events.some(({ atMs, event }) => {
    if (atMs > reportedAtMs) return false;
    if (event.kind === 'exit_target') return event.payload.action === 'ended' && event.payload.decision_id === rootId;
    return event.kind === 'order' && orders.get(event.payload.client_order_id)?.decision.rootId === rootId;
  });
}

const TELLING = new Set([...PLACING, 'modify_order']);

/**
 * What the exchange's own answer says is filled, the caller is told; but for an answer of the very millisecond in which
 * the caller has waited for as long as it is let wait, and for one that could not be recorded: then it is told that the
 * outcome is pending.
 * @except the ledger could not be written
 */
export function findAnswersBehind(history: History): readonly Breach[] {
  const { world } = history;
  const breaches: Breach[] = [];
  for (const call of world.calls) {
    const { agent, answer, answeredAtMs, askedAtMs, step, tool } = call;
    if (answer === null || answeredAtMs === null || !TELLING.has(tool)) continue;
    if (history.decisionOf(call) === null) continue;
    for (const { client_order_id: id, filled_quantity: reported } of answer.execution.orders) {
      const said = world.wire.records.findLast(
        (record) =>
          record.clientId === id &&
          (record.method === 'POST' || record.method === 'PUT') &&
          record.path === ORDER_PATH &&
          record.status === 200 &&
          record.sentAtMs >= askedAtMs &&
          record.answeredAtMs !== null &&
          record.answeredAtMs <= answeredAtMs - (answeredAtMs - askedAtMs < ANSWER_WITHIN_MS ? 0 : 1),
      );
      if (said === undefined) continue;
      const { executedQty } = JSON.parse(said.answer ?? '{}') as { readonly executedQty?: string };
      if (
        Number(reported) < Number(executedQty ?? 0) &&
        !isReportedUnrecorded(history, call, id, said.answeredAtMs ?? 0)
      )
        breaches.push({
          code: 'answer-behind',
          detail: `${agent} ${tool} (step ${step}): ${id} answered at ${at(answeredAtMs)} with ${reported} filled, the exchange's answer of ${at(said.answeredAtMs ?? 0)} says ${executedQty}`,
        });
    }
  }
  return breaches;
}
const ORDER_PATH = '/fapi/v1/order';

/** The ledger could not be written: nothing of the order was recorded from the exchange's answer on, and it is told as pending. */
function isReportedUnrecorded(
  history: History,
  { answer, answeredAtMs }: CallRecord,
  id: string,
  saidAtMs: number,
): boolean {
  if (!couldNotRecord(history) || answer === null || answeredAtMs === null) return false;
  if (!/^pending, do not resend/.test(answer.execution.note ?? '')) return false;
  const notes = history.orderEvents.get(id) ?? [];
  return !notes.some(({ atMs }) => atMs >= saidAtMs && atMs <= answeredAtMs);
}

/**
 * A cancel that is not carried out, since calls that change nothing were too many, would have changed nothing: no order of
 * before that it means is sent later, nor rests on.
 * @except trading is halted: what closes may not be canceled
 */
export function findUncanceled(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const { agent, answeredAtMs, args, askedAtSeq, outcome, step, tool } = call;
    if (outcome !== 'over_budget' || answeredAtMs === null || !tool.startsWith('cancel')) continue;
    const named = history.orders.get(String(args.client_order_id ?? ''))?.decision.rootId;
    for (const [id, { decision, planned }] of history.orders) {
      const root = history.decisions.get(decision.rootId);
      if (root === undefined || root.agent !== agent || root.seq > askedAtSeq) continue;
      if (args.symbol !== undefined && args.symbol !== planned.symbol) continue;
      if (named !== undefined && named !== root.id) continue;
      // Halted, an agent may cancel what opens alone.
      if (planned.reduce_only && isHaltedAt(history, answeredAtMs, planned.symbol, agent)) continue;
      const sentAtMs = history.posts.get(id)?.sentAtMs ?? 0;
      const became =
        sentAtMs > answeredAtMs ? `is sent at ${at(sentAtMs)}` : restsOn(history, id, call) ? 'rests on' : null;
      if (became === null) continue;
      breaches.push({
        code: 'cancel-unheard',
        detail: `${agent} ${tool} (step ${step}) was answered as one call too many at ${at(answeredAtMs)}; ${id} of before ${became}`,
      });
    }
  }
  return breaches;
}

/** It rested when that was asked, as its agent had read, and nobody has asked for its cancel by the end. */
function restsOn({ orderEvents, orders, world }: History, id: string, { askedAtMs }: CallRecord): boolean {
  const { openOrders } = world.exchange.world.state.markets.get(orders.get(id)?.planned.symbol ?? '') ?? {};
  const isOpen = [...(openOrders?.values() ?? [])].some(({ clientOrderId }) => clientOrderId === id);
  const wasResting = orderEvents.get(id)?.some(({ atMs, event }) => event.status === 'working' && atMs < askedAtMs);
  if (!isOpen || wasResting !== true || orders.get(id)?.planned.reduce_only === true) return false;
  return !world.wire.records.some(({ clientId, method }) => method === 'DELETE' && clientId === id);
}

/** One request id is one execution, whatever happened in between. [TM-3] */
export function findRepeats(history: History): readonly Breach[] {
  const executed = new Map<string, { readonly id: string; readonly orders: number }[]>();
  for (const decision of history.decisions.values()) {
    const { request_id, kind } = decision.event.decision;
    if (request_id === null || kind !== 'tool' || decision.rootId !== decision.id) continue;
    const key = `${decision.agent} ${decision.event.route} ${request_id}`;
    const known = executed.get(key) ?? [];
    known.push({ id: decision.id, orders: decision.event.orders.length });
    executed.set(key, known);
  }
  const breaches: Breach[] = [];
  for (const [key, found] of executed)
    if (found.length > 1)
      breaches.push({ code: 'repeated-request', detail: `${key}: decisions ${found.map(({ id }) => id).join(', ')}` });
  return breaches;
}

/** What is refused as a repetition repeats an order of the same agent. */
export function findMistakenRepeats({ world }: History): readonly Breach[] {
  return world.calls.flatMap((call) => {
    const reasons = call.answer?.decision.reasons ?? [];
    if (!reasons.some(({ code }) => code === 'DUPLICATE_INTENT')) return [];
    const isRepeated = world.calls.some(
      (other) =>
        other.index < call.index &&
        other.agent === call.agent &&
        other.args.symbol === call.args.symbol &&
        other.args.side === call.args.side,
    );
    if (isRepeated) return [];
    return [
      {
        code: 'repeats-nothing',
        detail: `${call.agent} ${call.tool} (step ${call.step}) is refused as a repetition of what it never asked for`,
      },
    ];
  });
}

/** Every call is answered, and none with an error of ours. */
export function findUnanswered(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const who = `${call.agent} ${call.tool} (step ${call.step}) asked at ${at(call.askedAtMs)}`;
    if (call.outcome === 'pending') breaches.push({ code: 'unanswered', detail: who });
    if (call.outcome === 'failed') breaches.push({ code: 'call-failed', detail: `${who}: ${call.detail}` });
    if (call.outcome === 'invalid') breaches.push({ code: 'plan-invalid', detail: `${who}: ${call.detail}` });
  }
  return breaches;
}

/** Lots that other exits of the agent in that symbol, asked for before this one was answered, had closed since it was asked. */
function closedBeside(history: History, call: CallRecord): number {
  const untilMs = call.answeredAtMs ?? 0;
  let quantityE8 = 0;
  for (const other of history.world.calls) {
    const { decision } = other.answer ?? {};
    if (other === call || other.agent !== call.agent || other.askedAtMs > untilMs || decision === undefined) continue;
    if (decision.effective?.action !== 'exit' || decision.symbol !== call.answer?.decision.symbol) continue;
    const id = decision.decision_id;
    quantityE8 += executedFor(history, id, call.askedAtMs) - executedFor(history, id, untilMs);
  }
  return quantityE8;
}
