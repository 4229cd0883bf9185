import { at, type Breach } from '../breach.ts';
import { decidedE8, effectiveE8 } from '../decided.ts';
import { executedFor, type History, isPermitted } from '../history.ts';
import { type CallRecord, type Decision, type Fill, LOT_E8, type PlannedBy } from '../records.ts';

const MARKETABLE_PAST = 0.0003;

/**
 * A permitted exit ends filled, or as the caller's own resting order, or with an alert that names why. Of what an agent
 * says of a symbol the last word is judged: whatever it, the operator or an opening adds is another promise. [TM-4]
 * @except an operator halts, or has halted five seconds before
 * @except what opens fills after it
 * @except of a part, all that was known to be held is closed
 * @except what is held now is on the other side
 */
export function findQuietExits(history: History): readonly Breach[] {
  const { world } = history;
  const breaches: Breach[] = [];
  for (const call of world.calls) {
    const decision = history.decisionOf(call);
    if (decision?.symbol === undefined || decision.symbol === null || !isMarketableExit(call)) continue;
    // A repeat is answered with what became of the first, which is judged by itself.
    if (decision.seq <= call.askedAtSeq || !isLastWord(history, call, decision)) continue;
    const { agent, symbol } = decision;
    const share = history.shareAt(agent, symbol, history.endMs);
    if (share * world.venue.heldE8(symbol) <= 0) continue;
    const asked = effectiveE8(decision.event);
    const before = Math.abs(history.shareAt(agent, symbol, call.askedAtMs));
    if (executedFor(history, decision.id) >= asked || Math.abs(share) <= before - asked) continue;
    if (restsOrIsReported(history, decision)) continue;
    if (isAllClosedSince(history, decision) || isOfOtherSide(history, decision, share)) continue;
    breaches.push({
      code: `exit-quiet/${call.answer?.execution.state ?? call.outcome}`,
      detail: `${agent} ${symbol}: exit of ${asked} (step ${call.step}, ${call.answer?.execution.state ?? call.outcome}, ${call.answer?.execution.note ?? ''}) asked at ${at(call.askedAtMs)} executed ${executedFor(history, decision.id)}; ${share} are still held, and no alert says so`,
    });
  }
  return breaches;
}

/**
 * A part was requested, and all that the gate knew to be held then was closed by exits that it was told of later: what
 * is held now had been sent before and was not known, and a part takes none of that along.
 */
function isAllClosedSince(history: History, decision: Decision): boolean {
  const isPart = history.events.some(
    ({ event: { kind, payload } }) =>
      kind === 'exit_target' && payload.action === 'opened' && payload.decision_id === decision.id && !payload.is_whole,
  );
  if (!isPart) return false;
  const { reported, viewed, closedSince } = readKnown(history, decision);
  // Of a share that others hold a part of, the view takes off what is on its way; what was told does not.
  const known = Math.max(Math.abs(reported), viewed);
  return known > 0 && closedSince >= known;
}

/** It was to close what the gate had been told of, and what is held now is on the other side. */
function isOfOtherSide(history: History, decision: Decision, share: number): boolean {
  const closing = decision.event.decision.effective?.side === 'buy' ? -1 : 1;
  return Math.sign(share) !== closing && Math.sign(readKnown(history, decision).reported) === closing;
}

interface Known {
  /** Signed lots that the records before a decision say that its caller may close. */
  readonly reported: number;
  /** The same as the decision itself saw it. */
  readonly viewed: number;
  /** Lots of it that exits have closed by the records after it. */
  readonly closedSince: number;
}

function readKnown({ orderEvents, orders }: History, { agent, event, seq, symbol }: Decision): Known {
  let [reported, closedSince] = [0, 0];
  for (const [clientId, words] of orderEvents) {
    const order = orders.get(clientId);
    if (order === undefined || order.decision.symbol !== symbol) continue;
    if (order.decision.agent !== agent || order.decision.origin !== 'agent') continue;
    const executedUntil = (end: number): number =>
      Math.max(0, ...words.filter((word) => word.seq < end).map((word) => word.event.executed_e8));
    const before = executedUntil(seq);
    reported += order.planned.side === 'buy' ? before : -before;
    if (order.planned.reduce_only) closedSince += executedUntil(Number.POSITIVE_INFINITY) - before;
  }
  const viewed = Math.abs(decidedE8(event, event.context.agent.share_lots));
  return { reported, viewed, closedSince };
}

function isMarketableExit(call: CallRecord): boolean {
  if (!isPermitted(call) || call.answer?.decision.effective?.action !== 'exit') return false;
  if (call.tool === 'close_position') return call.args.max_slippage_bps === undefined;
  if (call.tool !== 'place_order') return false;
  if (call.args.order_type === 'market') return true;
  // Past the mark by more than the book's spread: it does not rest.
  const past = (Number(call.args.limit_price) / (call.mark ?? 1) - 1) * (call.args.side === 'buy' ? 1 : -1);
  return past > MARKETABLE_PAST;
}

/** Nobody has asked for anything in the symbol since, nothing that opens has filled, and no operator has halted. */
function isLastWord({ decisions, fills, world }: History, call: CallRecord, decision: Decision): boolean {
  const { agent, symbol } = decision;
  const isLater = world.calls.some(
    (other) =>
      other.agent === agent &&
      other.index > call.index &&
      (other.args.symbol === undefined || other.args.symbol === symbol) &&
      !/^(down|unauthenticated)$/.test(other.outcome),
  );
  const isHalted = world.operatorCalls.some(
    ({ what, askedAtMs }) => what === 'halted' && askedAtMs >= call.askedAtMs - 5_000,
  );
  // In one turn a later order may fill first.
  const isOpened = fills.some(
    ({ atMs, order, symbol: filled }) =>
      filled === symbol &&
      order?.planned.reduce_only === false &&
      (atMs > decision.atMs || (decisions.get(order.decision.rootId)?.seq ?? 0) > decision.seq),
  );
  return !isLater && !isHalted && !isOpened;
}

function restsOrIsReported({ events, world }: History, { seq: decidedAt, symbol }: Decision): boolean {
  const rests = [...world.exchange.world.state.orders.values()].some(
    (order) =>
      order.symbol === symbol && order.reduceOnly && (order.status === 'NEW' || order.status === 'PARTIALLY_FILLED'),
  );
  return (
    rests ||
    events.some(
      ({ seq, event }) =>
        seq > decidedAt && event.kind === 'alert' && (event.payload.symbol === symbol || event.payload.symbol === null),
    )
  );
}

/**
 * Never more than was asked: a tenth closes a tenth, and a rest only below the least quantity. [EX-26]
 * @except fewer than the exchange takes are left, or would be
 */
export function findClosesMore(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const decision = history.decisionOf(call);
    if (decision?.symbol === undefined || decision.symbol === null || call.tool !== 'close_position') continue;
    // A repeat is answered with what became of the first.
    if (decision.seq <= call.askedAtSeq) continue;
    const fraction = call.args.fraction;
    if (typeof fraction !== 'number' || fraction >= 1) continue;
    const { agent, symbol } = decision;
    const executed = executedFor(history, decision.id);
    if (executed === 0) continue;
    const share = greatestShare(history, agent, symbol, call);
    // Of what the gate was told: fills whose answers were lost are no part of what it can take a part of. What only a
    // reading shows it was not told of; exits that have filled since, and that nobody has answered yet, are in that.
    const { reported, viewed } = readKnown(history, decision);
    const shown = Math.min(viewed, share + closedUnreported(history, decision, call));
    const least = history.world.venue.minE8(symbol);
    const part = fraction * Math.max(share, shown, Math.min(Math.abs(reported), viewed));
    const asked = Math.floor(part / LOT_E8 + 1e-9) * LOT_E8;
    // Neither what is left of it nor what it leaves may be less than the exchange takes.
    const allowed = Math.max(least, asked) + 2 * (least - LOT_E8);
    if (executed > allowed)
      breaches.push({
        code: 'closes-more',
        detail: `${agent} ${symbol}: close_position {fraction: ${fraction}} (step ${call.step}) of ${share} at ${at(call.askedAtMs)} closed ${executed}`,
      });
  }
  return breaches;
}

/** Lots that exits had closed in the books when a call was made, and that no record before its decision tells of. */
function closedUnreported(
  { fills, orderEvents, orders }: History,
  { seq, symbol }: Decision,
  call: CallRecord,
): number {
  let quantityE8 = 0;
  for (const [clientId, { planned }] of orders) {
    if (!planned.reduce_only || planned.symbol !== symbol) continue;
    const reported = (orderEvents.get(clientId) ?? []).filter((word) => word.seq < seq);
    const filled = fills.filter(({ atMs, order }) => order?.planned === planned && atMs <= call.askedAtMs);
    const inBooks = filled.reduce((sum, fill) => sum + Math.abs(fill.quantityE8), 0);
    quantityE8 += Math.max(0, inBooks - Math.max(0, ...reported.map(({ event }) => event.executed_e8)));
  }
  return quantityE8;
}

function greatestShare(history: History, agent: string, symbol: string, call: CallRecord): number {
  const untilMs = call.answeredAtMs ?? history.endMs;
  const steps = history.sharesOf(agent, symbol).filter((step) => step.atMs > call.askedAtMs && step.atMs <= untilMs);
  const start = Math.abs(history.shareAt(agent, symbol, call.askedAtMs));
  return steps.reduce((largest, step) => Math.max(largest, Math.abs(step.quantityE8)), start);
}

/**
 * An exit closes what there was when it was requested, never what the same or another agent opened after flat; an
 * operator's, too, as agents open again only once it was lifted.
 * @except it is a take-profit that rests
 * @except what it closes was on its way when it was asked for
 * @except the venue shows as open what had made the position flat
 * @except a restore has lost what was opened
 */
export function findOldExits(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const fill of history.fills) {
    const { order, symbol } = fill;
    if (order === null || !order.planned.reduce_only || order.planned.protective) continue;
    const root = history.decisions.get(order.decision.rootId);
    if (root === undefined) continue;
    const flat = findFlat(history, root.atMs, fill);
    if (flat === null) continue;
    const since = history.fills.slice(history.fills.indexOf(flat) + 1, history.fills.indexOf(fill));
    const opened = since.find(
      (other) => other.symbol === symbol && other.atMs >= root.atMs && other.order?.planned.reduce_only === false,
    );
    const openedBy = history.decisions.get(opened?.order?.decision.rootId ?? '');
    if (opened === undefined || openedBy === undefined || openedBy.seq < root.seq) continue;
    // A take-profit that rests is the agent's own order until it cancels it.
    if (order.planned.time_in_force === 'GTC') continue;
    if (closesWhatWasSentBefore(history, root, flat, fill)) continue;
    if (wasShownUnfilled(history, flat)) continue;
    // What a restore has lost of it is held by nobody that the ledger knows of: a reading that shows it hides as much.
    const isLostSince = since.some((other) => other.symbol === symbol && other.order === null);
    if (isLostSince && history.world.homes.restores.length > 0) continue;
    breaches.push({
      code: 'old-exit-closes-new',
      detail: `${symbol}: exit of ${root.agent} decided at ${at(root.atMs)}; flat at ${at(flat.atMs)}; ${openedBy.agent} opened at ${at(opened.atMs)}; the old exit closed ${fill.quantityE8} at ${at(fill.atMs)}`,
    });
  }
  return breaches;
}

/** The fill that made the account flat since an exit was requested, or before it, if nothing was held any more. */
function findFlat(history: History, askedAtMs: number, until: Fill): Fill | null {
  const fills = history.fills.slice(0, history.fills.indexOf(until)).filter(({ symbol }) => symbol === until.symbol);
  const before = fills.findLast(({ atMs }) => atMs <= askedAtMs);
  if (before?.after === 0) return before;
  if (before === undefined) return null;
  return fills.find(({ after, atMs }) => after === 0 && atMs > askedAtMs) ?? null;
}

/** The venue went on showing as open, with nothing filled, what had filled: nobody could know that all was closed. */
function wasShownUnfilled(history: History, { atMs, clientId }: Fill): boolean {
  const events = history.orderEvents.get(clientId) ?? [];
  return events.some(
    ({ atMs: at, event }) =>
      at >= atMs && event.evidence?.kind === 'shown' && event.status === 'working' && event.executed_e8 === 0,
  );
}

/** What was on its way when the exit was requested, and filled later, is closed by it, too: it has promised that. */
function closesWhatWasSentBefore(history: History, root: Decision, flat: Fill, last: Fill): boolean {
  let opened = 0;
  let closed = 0;
  // One order fills at several prices in one instant: what it closed before flat is not what it closed after.
  for (const fill of history.fills.slice(history.fills.indexOf(flat) + 1, history.fills.indexOf(last) + 1)) {
    if (fill.symbol !== last.symbol || fill.order === null) continue;
    const { decision, planned } = fill.order;
    const asked = history.decisions.get(decision.rootId);
    // An operator's exit, and the gate's, are for what all agents have sent.
    const isItsToClose = root.origin !== 'agent' || asked?.agent === root.agent;
    if (planned.reduce_only) closed += decision.rootId === root.id ? fill.quantityE8 : 0;
    else if (asked !== undefined && asked.seq < root.seq && isItsToClose) opened += fill.quantityE8;
  }
  return closed <= opened;
}

/** It was before a restore that lost its record: the order of that id was decided after it, and is another one. */
function isOfLostRecord({ world }: History, { decision }: PlannedBy, atMs: number): boolean {
  return world.homes.restores.some((restore) => atMs <= restore.atMs && restore.atMs <= decision.atMs);
}

/**
 * An exit never opens and never crosses zero. [EX-1]
 * @except a restore has lost the record of the order
 */
export function findCrossings(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const send of history.world.venue.sends) {
    const { clientId, method, params } = send.wire;
    const order = history.orders.get(clientId ?? '');
    if (order === undefined || method !== 'POST' || isOfLostRecord(history, order, send.wire.sentAtMs)) continue;
    if (order.planned.reduce_only && !params.flag('reduceOnly'))
      breaches.push({ code: 'exit-without-reduce-only', detail: `${clientId} at ${at(send.wire.sentAtMs)}` });
  }
  for (const fill of history.fills) {
    if (fill.order === null || !fill.order.planned.reduce_only) continue;
    if (isOfLostRecord(history, fill.order, fill.atMs)) continue;
    if (Math.abs(fill.after) > Math.abs(fill.before) || fill.before * fill.after < 0)
      breaches.push({
        code: 'exit-crosses',
        detail: `${fill.clientId}: ${fill.before} to ${fill.after} at ${at(fill.atMs)}`,
      });
  }
  return breaches;
}
