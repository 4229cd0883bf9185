import { at, type Breach } from '../breach.ts';
import { closesAll, type History, isPermitted } from '../history.ts';
import type { CallRecord, Decision, Fill } from '../records.ts';

/**
 * After an agent's close was answered, nothing opens for it in that symbol without a new request, and what was sent
 * before and fills later is closed, too. The same after a stop, a cut or an exit of the operator. [EX-34]
 * @except what was closed was a take-profit that rested
 * @except the exchange has denied the stop, or three seconds are not over
 */
export function findReopened(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const call of history.world.calls) {
    const decision = history.decisionOf(call);
    const { effective } = decision?.event.decision ?? { effective: null };
    if (decision === null || decision.symbol === null || !isPermitted(call) || effective?.action !== 'exit') continue;
    if (call.answer?.execution.state !== 'filled' || call.answeredAtMs === null) continue;
    if (isTakeProfit(history, decision)) continue;
    for (const fill of openingFills(history, decision.agent, decision.symbol)) {
      const opened = fill.order?.decision;
      if (opened === undefined || fill.atMs <= call.answeredAtMs || fill.side === effective.side) continue;
      if (seqOfRoot(history, fill) > decision.seq) continue;
      const sentAtMs = history.posts.get(fill.clientId)?.sentAtMs ?? fill.atMs;
      const what = `${decision.agent} ${decision.symbol}: close (step ${call.step}) answered filled at ${at(call.answeredAtMs)}`;
      if (sentAtMs > call.answeredAtMs)
        breaches.push({
          code: 'reopened/slices',
          detail: `${what}; ${fill.side} ${fill.quantityE8} of before sent at ${at(sentAtMs)}, filled at ${at(fill.atMs)}`,
        });
      else if (closesAll(call) && isLeftOpen(history, call, decision.agent, decision.symbol))
        breaches.push({
          code: 'reopened/resting',
          detail: `${what}; ${fill.side} ${fill.quantityE8} sent before at ${at(sentAtMs)} filled at ${at(fill.atMs)} and are still held`,
        });
    }
  }
  return [...breaches, ...findReopenedAfterGate(history)];
}

/** One that rested ends nothing, also where the market filled it before it was answered. */
function isTakeProfit({ events }: History, { event, id }: Decision): boolean {
  if (event.orders[0]?.time_in_force !== 'GTC') return false;
  return !events.some(
    ({ event: { kind, payload } }) =>
      kind === 'exit_target' && payload.action === 'opened' && payload.decision_id === id,
  );
}

/** A stop, a cut or a flatten closed the position: slices of before must not open it again. */
function findReopenedAfterGate(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const closing = history.fills.filter(
    ({ order, after }) =>
      order !== null && after === 0 && (order.planned.protective || order.decision.origin !== 'agent'),
  );
  for (const close of closing) {
    const isStop = close.order?.planned.protective === true;
    // Whoever asks after the exit was requested means to open.
    const askedSeq = isStop
      ? Number.POSITIVE_INFINITY
      : (history.decisions.get(close.order?.decision.rootId ?? '')?.seq ?? Number.POSITIVE_INFINITY);
    const knownMs = Math.max(close.atMs, isStop ? deniedUntilMs(history, close) : 0);
    const opening = history.fills.find((fill) => {
      if (fill.symbol !== close.symbol || fill.atMs <= close.atMs || fill.side === close.side) return false;
      if (fill.order === null || fill.order.planned.reduce_only || fill.order.decision.origin !== 'agent') return false;
      const root = history.decisions.get(fill.order.decision.rootId);
      const sentAtMs = history.posts.get(fill.clientId)?.sentAtMs ?? fill.atMs;
      // What the gate can know: some time after the fill.
      return root !== undefined && root.seq < askedSeq && root.atMs < close.atMs && sentAtMs > knownMs + 3_000;
    });
    if (opening === undefined) continue;
    const why = isStop ? 'stop' : (close.order?.decision.origin ?? '');
    breaches.push({
      code: `reopened/after-${why}`,
      detail: `${close.symbol} flat by ${why} at ${at(close.atMs)}; ${opening.side} ${opening.quantityE8} of before at ${at(opening.atMs)}`,
    });
  }
  return breaches;
}

/** Until when the exchange denied to know the stop that it had fired, or did not answer what has become of it. */
function deniedUntilMs({ world }: History, { atMs, clientId, symbol }: Fill): number {
  let lastMs = 0;
  for (const look of world.wire.looks) {
    const { answeredAtMs, clientId: asked, sentAtMs, status, what } = look;
    // What it has become has a number of the exchange's.
    const isOfStop = asked === clientId || (what === 'order' && asked === null && look.symbol === symbol);
    if (!isOfStop || sentAtMs < atMs) continue;
    // The first answer tells it.
    if (what === 'order' && status === 200) break;
    if ((what === 'stop' && status === 400) || (what === 'order' && status === null))
      lastMs = Math.max(lastMs, answeredAtMs ?? sentAtMs);
  }
  return lastMs;
}

function seqOfRoot(history: History, fill: Fill): number {
  const rootId = fill.order?.decision.rootId ?? '';
  return history.decisions.get(rootId)?.seq ?? Number.POSITIVE_INFINITY;
}

function openingFills(history: History, agent: string, symbol: string): readonly Fill[] {
  return history.fills.filter(
    ({ order, symbol: where }) =>
      order !== null && where === symbol && order.decision.agent === agent && !order.planned.reduce_only,
  );
}

/** Nothing was requested since, and yet something is held. */
function isLeftOpen(history: History, call: CallRecord, agent: string, symbol: string): boolean {
  const later = history.world.calls.some(
    (other) => other.index > call.index && other.agent === agent && other.args.symbol === symbol && isPermitted(other),
  );
  return !later && history.shareAt(agent, symbol, history.endMs) !== 0 && history.world.venue.heldE8(symbol) !== 0;
}
