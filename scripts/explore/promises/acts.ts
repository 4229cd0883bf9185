import { at, type Breach } from '../breach.ts';
import type { History, Note } from '../history.ts';
import { openingsLeft } from './resting.ts';

/** From a release until what its holder has at rest is asked back, where nothing fails, ms. */
const ASKED_BACK_WITHIN_MS = 3_000;
const MAX_ALERTS = 100;

/**
 * An operator's word on a symbol, a text or an alert has the effect that it names, and a dry run has none.
 * @except an older ledger is put back
 */
export function findActBreaches(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  return [
    ...findOpenedReleased(history),
    ...findAdoptedIgnored(history),
    ...findDryRunsSent(history),
    ...findTextsLeft(history),
    ...findUnseen(history),
    ...findMeddling(history),
    ...findUntrueRefusals(history),
  ];
}

/** What is another's, or nobody's, an agent neither cancels nor changes. */
function findMeddling({ orders, world: { calls } }: History): readonly Breach[] {
  return calls.flatMap(({ agent, answer, args, askedAtMs, step, tool }) => {
    const id = args.client_order_id;
    if (typeof id !== 'string' || answer === null || answer.decision.decision === 'BLOCK') return [];
    const by = orders.get(id)?.decision.agent ?? 'nobody';
    if (by === agent) return [];
    return [{ code: 'meddled', detail: `${agent} is let ${tool} ${id} of ${by} (step ${step}) at ${at(askedAtMs)}` }];
  });
}

/** Fills of so long ago are known, and so is what they made of the position, ms. */
const KNOWN_WITHIN_MS = 15_000;

/** What an operator is refused a word on a symbol for is so: the account is not read, the symbol unknown, nothing held. */
function findUntrueRefusals({ events, fills, world }: History): readonly Breach[] {
  return world.operatorCalls.flatMap(({ askedAtMs, failure, step, symbol, what }) => {
    if ((what !== 'adopt' && what !== 'release') || failure === null || symbol === null) return [];
    const boot = events.findLast(
      ({ atMs, event }) => atMs < askedAtMs && event.kind === 'state' && event.payload.layer === 'boot',
    );
    const isReconciled = boot?.event.kind === 'state' && boot.event.payload.state === 'active';
    const own = fills.filter((fill) => fill.symbol === symbol && fill.atMs <= askedAtMs);
    const isHeld = (own.at(-1)?.after ?? 0) !== 0 && (own.at(-1)?.atMs ?? 0) <= askedAtMs - KNOWN_WITHIN_MS;
    const isUntrue =
      (failure.includes('the account is not reconciled yet') && isReconciled) ||
      (failure.includes(`symbol ${symbol} is not known here`) && world.file.spec.scope.symbols.includes(symbol)) ||
      (failure.includes(`nothing is held in ${symbol}`) && isHeld && isReconciled);
    if (!isUntrue) return [];
    return [{ code: 'word/refused', detail: `${what} ${symbol} (step ${step}) at ${at(askedAtMs)}: ${failure}` }];
  });
}

/**
 * A released holder opens nothing there until the symbol is free, and for so long after that, and what it has at rest
 * there is asked back (docs/operating.md). [EX-6 TM-17]
 * @except another word on the symbol and that agent, or a recovery, comes next
 * @except of what rests: something fails, or the process stops
 */
function findOpenedReleased(history: History): readonly Breach[] {
  const { events, orders, plan, world } = history;
  const isDisturbed = plan.steps.some(({ do: { kind } }) =>
    /^(fault|wire|crash|restart|away|trouble|halt_market)$/.test(kind),
  );
  return events.flatMap((note): readonly Breach[] => {
    const { atMs, event } = note;
    if (event.kind !== 'holder' || event.payload.action !== 'released') return [];
    const { agent, for_ms: forMs, symbol } = event.payload;
    const nextMs = nextWordMs(history, note, { agent, symbol });
    const untilMs = Math.min(nextMs, flatSinceMs(history, symbol, atMs) + forMs);
    const word = `${symbol} was released from ${agent} at ${at(atMs)}`;
    const opened = world.venue.sends.flatMap(({ symbol: where, wire: { clientId, method, sentAtMs } }) => {
      const by = orders.get(clientId ?? '');
      if (where !== symbol || method !== 'POST' || by === undefined || by.planned.reduce_only) return [];
      if (by.decision.agent !== agent || sentAtMs <= atMs || sentAtMs >= untilMs) return [];
      return [{ code: 'released/opens', detail: `${word}; ${clientId} was sent at ${at(sentAtMs)}` }];
    });
    const byMs = atMs + ASKED_BACK_WITHIN_MS;
    if (isDisturbed || byMs > nextMs) return opened;
    const rests = openingsLeft(history, atMs, byMs).flatMap(({ clientId, decision, symbol: where }) => {
      if (where !== symbol || decision.agent !== agent) return [];
      return [{ code: 'released/rests', detail: `${word}; its opening ${clientId} rests on at ${at(byMs)}` }];
    });
    return [...opened, ...rests];
  });
}

/** The next word of an operator, or a recovery, that says whose the symbol is; `agent`: for that agent. */
function nextWordMs(
  { endMs, events }: History,
  { seq }: Note,
  { agent, symbol }: { readonly agent?: string; readonly symbol: string },
): number {
  const next = events.find(({ event, seq: otherSeq }) => {
    if (otherSeq <= seq) return false;
    if (event.kind !== 'holder') return event.kind === 'recovery';
    return event.payload.symbol === symbol && (agent === undefined || event.payload.agent === agent);
  });
  return next?.atMs ?? endMs;
}

/** From then on the symbol is flat by the books: that instant itself, the fill that closes it, or never. */
function flatSinceMs({ fills }: History, symbol: string, fromMs: number): number {
  const own = fills.filter((fill) => fill.symbol === symbol);
  if ((own.findLast(({ atMs }) => atMs <= fromMs)?.after ?? 0) === 0) return fromMs;
  return own.find(({ after, atMs }) => atMs > fromMs && after === 0)?.atMs ?? Number.POSITIVE_INFINITY;
}

/**
 * What was adopted is its agent's until it is flat: nobody else opens beside it, and its agent closes it. [EX-13]
 * @except another word on the symbol, or a recovery, comes next
 */
function findAdoptedIgnored(history: History): readonly Breach[] {
  const { events, orders, world } = history;
  return events.flatMap((note): readonly Breach[] => {
    const { atMs, event } = note;
    if (event.kind !== 'holder' || event.payload.action !== 'adopted') return [];
    const { agent, symbol } = event.payload;
    const untilMs = Math.min(nextWordMs(history, note, { symbol }), flatSinceMs(history, symbol, atMs));
    const word = `${symbol} is ${agent}'s since ${at(atMs)}`;
    const opened = world.venue.sends.flatMap(({ symbol: where, wire: { clientId, method, sentAtMs } }) => {
      const by = orders.get(clientId ?? '');
      if (where !== symbol || method !== 'POST' || by === undefined || by.planned.reduce_only) return [];
      const { decision } = by;
      if (decision.origin !== 'agent' || decision.agent === agent || sentAtMs <= atMs || sentAtMs >= untilMs) return [];
      const detail = `${word}; ${clientId} of ${decision.agent} was sent at ${at(sentAtMs)}`;
      return [{ code: 'adopted/others', detail }];
    });
    const refused = world.calls.flatMap(({ agent: asker, answer, answeredAtMs, args, askedAtMs, tool }) => {
      if (tool !== 'close_position' || args.symbol !== symbol || asker !== agent || askedAtMs <= atMs) return [];
      if (answeredAtMs === null || answeredAtMs >= untilMs) return [];
      if (answer?.decision.reasons.some(({ code }) => code === 'EXIT_SCOPE') !== true) return [];
      return [{ code: 'adopted/refused', detail: `${word}, and may not close it at ${at(askedAtMs)}` }];
    });
    return [...opened, ...refused];
  });
}

/** Of a dry run, or an intercepted call, nothing is sent, and no order is on record (docs/api.md). */
function findDryRunsSent({ decisions, orderEvents, posts, world }: History): readonly Breach[] {
  const asked = new Set(world.operatorCalls.flatMap(({ of, what }) => (what === 'dry_run' ? [of] : [])));
  return [...decisions.values()].flatMap(({ atMs, event, id }) => {
    if (!asked.has(event.request.request_id)) return [];
    return event.orders.flatMap(({ client_order_id: order }) => {
      const became = posts.has(order) ? 'was sent' : orderEvents.has(order) ? 'is on record' : null;
      if (became === null) return [];
      return [{ code: 'dry-run/sent', detail: `${order} of the dry run ${id} at ${at(atMs)} ${became}` }];
    });
  });
}

/** What an operator has erased nobody can read any more. [LE-32] */
function findTextsLeft({ decisions, world }: History): readonly Breach[] {
  return world.operatorCalls.flatMap(({ answeredAtMs, of, what }) => {
    if (what !== 'erase' || answeredAtMs === null) return [];
    const texts = Object.values(decisions.get(of ?? '')?.event.texts ?? {});
    if (texts.every((hash) => world.ledger.readText(hash) === null)) return [];
    return [{ code: 'erased/left', detail: `the texts of ${of}, erased at ${at(answeredAtMs)}, can be read` }];
  });
}

/** An alert that an operator has acknowledged is shown so, after a start as well. */
function findUnseen({ world }: History): readonly Breach[] {
  const alerts = world.gate?.getAlerts(MAX_ALERTS, null).alerts ?? [];
  return world.operatorCalls.flatMap(({ answeredAtMs, of, what }) => {
    const alert = alerts.find(({ seq }) => String(seq) === of);
    if (what !== 'acknowledge' || answeredAtMs === null || alert === undefined || alert.acknowledged !== null)
      return [];
    return [{ code: 'seen/forgotten', detail: `alert ${of}, acknowledged at ${at(answeredAtMs)}, counts as unseen` }];
  });
}
