import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';

/** By then a fill is known to the gate, ms. */
const KNOWN_WITHIN_MS = 15_000;
/** By then the account, and with it a row of its positions, was read again, ms. */
const READ_WITHIN_MS = 10_000;
/** What came before may be why something is refused for so long, ms. */
const LATE_MS = 75_000;
/** Of lists that are read all the time. */
const POSITIONS = '/fapi/v3/positionRisk';
/** Refused for what the account is like, and for nothing that its caller asked for. */
const ACCOUNT_WIDE: ReadonlySet<string> = new Set(['STALE_ACCOUNT', 'STATE_REDUCING', 'STATE_HALTED']);

const BELOW_LEAST = /less than the venue takes/;

/** A symbol's steps and the rows about it concern that symbol alone, and what is held stays what it is. */
export function findStepBreaches(history: History): readonly Breach[] {
  return [
    ...findClosedAlready(history),
    ...findLeftBelowLot(history),
    ...findClosedForSteps(history),
    ...findOthersHeldUp(history),
    ...findOpenedUnread(history),
  ];
}

/**
 * A close never ends as closed already while its agent holds something, by the books, that was long known. [EX-33]
 * @except a person trades by hand
 * @except something fills within fifteen seconds
 */
function findClosedAlready(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { atMs, event } of history.events) {
    if (event.kind !== 'exit_target' || event.payload.action !== 'ended') continue;
    const { decision_id: id, reason } = event.payload;
    const { agent = '', symbol = null } = history.decisions.get(id) ?? {};
    if (reason !== 'nothing_left' || symbol === null || isOwnersHandIn(history, symbol)) continue;
    const share = history.shareAt(agent, symbol, atMs);
    const isMoving = history.fills.some(
      (fill) => fill.symbol === symbol && Math.abs(fill.atMs - atMs) < KNOWN_WITHIN_MS,
    );
    if (share === 0 || isMoving) continue;
    breaches.push({
      code: 'closed-already/held',
      detail: `the exit ${id} of ${agent} ends at ${at(atMs)} as closed already, and ${share} of ${symbol} are held`,
    });
  }
  return breaches;
}

/**
 * Where nobody's lots stand beside it, no exit that closes now ends with a rest below what the exchange takes.
 * @except a person trades by hand
 * @except a ledger was put back
 */
function findLeftBelowLot(history: History): readonly Breach[] {
  const closing = new Set<string>();
  return history.events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'exit_target') return [];
    const { action, decision_id: id } = event.payload;
    if (action === 'opened') closing.add(id);
    else if (event.payload.reason === 'rests') closing.delete(id);
    else if (closing.has(id) && BELOW_LEAST.test(event.payload.detail)) {
      const { symbol = null } = history.decisions.get(id) ?? {};
      if (symbol !== null && !isOwnersHandIn(history, symbol) && history.world.homes.restores.length === 0)
        return [{ code: 'part/below-lot', detail: `the exit ${id} ends at ${at(atMs)}: ${event.payload.detail}` }];
    }
    return [];
  });
}

/** What the exchange refuses of an order that is off its grid. */
const OFF_GRID = /"code":-(?:1111|4014|4023)\b/;
/** An answer, and what is done about it, ms. */
const DONE_WITHIN_MS = 3_000;

/** No position is closed because the exchange has changed the steps in which its stop was written. */
function findClosedForSteps({ events, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind !== 'exit_target' || event.payload.action !== 'opened' || event.payload.cause !== 'stop') continue;
    const { symbol } = event.payload;
    const refused = world.wire.records.find(
      ({ answer, answeredAtMs, params, path }) =>
        path === '/fapi/v1/algoOrder' &&
        params.text('symbol') === symbol &&
        OFF_GRID.test(answer ?? '') &&
        Math.abs((answeredAtMs ?? Number.NEGATIVE_INFINITY) - atMs) < DONE_WITHIN_MS,
    );
    if (refused !== undefined)
      breaches.push({
        code: 'stop/off-grid',
        detail: `${symbol} is closed at ${at(atMs)}, since its stop was refused: ${refused.answer}`,
      });
  }
  return breaches;
}

/** Whether nothing but the odd row itself can be why the account as a whole counts as unknown, or is restricted. */
function isAllElseWell({ plan, world }: History, atMs: number): boolean {
  const isHarmless = plan.steps.every(({ do: { kind, ...action } }) =>
    kind === 'fault'
      ? (action as { fault: { kind: string } }).fault.kind === 'odd-row'
      : /^(open|close|exit|wait|rules|mark|depth|clear_faults|restart)$/.test(kind),
  );
  const start = world.lives.findLast(({ fromMs }) => fromMs <= atMs)?.fromMs ?? 0;
  return isHarmless && atMs - start > LATE_MS / 5;
}

/**
 * While a row cannot be read, an opening in another symbol is refused for nothing that concerns the account.
 * @except anything else fails
 * @except the process has just started
 */
function findOthersHeldUp(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { fromMs, path, symbol, untilMs } of history.world.venue.oddRows)
    for (const call of history.world.calls) {
      const reason = call.answer?.decision.reasons[0]?.code ?? '';
      if (call.args.symbol === symbol || call.answer?.decision.decision !== 'BLOCK' || !ACCOUNT_WIDE.has(reason))
        continue;
      if (call.askedAtMs < fromMs || call.askedAtMs > untilMs || !isAllElseWell(history, call.askedAtMs)) continue;
      breaches.push({
        code: 'odd-row/others',
        detail: `${call.agent} ${call.tool} ${String(call.args.symbol)} at ${at(call.askedAtMs)} is refused (${reason}) while ${path} has an odd row of ${symbol}`,
      });
    }
  return breaches;
}

/**
 * Nothing opens in a symbol of which the account shows a position that nobody can read.
 * @except the row is ten seconds old at most
 */
function findOpenedUnread(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { fromMs, path, symbol, untilMs } of history.world.venue.oddRows) {
    if (path !== POSITIONS) continue;
    for (const { wire } of history.world.venue.sends) {
      const order = history.orders.get(wire.clientId ?? '');
      const isOpening = order?.planned.symbol === symbol && !order.planned.reduce_only;
      // A start takes some seconds, in which nothing opens either.
      const life = history.world.lives.find(({ number }) => number === wire.life);
      const readMs = Math.max(fromMs, life?.fromMs ?? fromMs) + READ_WITHIN_MS;
      if (!isOpening || wire.sentAtMs < readMs || wire.sentAtMs > untilMs) continue;
      breaches.push({
        code: 'odd-row/opens',
        detail: `${wire.clientId} opens in ${symbol} at ${at(wire.sentAtMs)}, whose position cannot be read since ${at(fromMs)}`,
      });
    }
  }
  return breaches;
}
