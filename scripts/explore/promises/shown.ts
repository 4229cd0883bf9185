import { at, type Breach } from '../breach.ts';
import { couldNotRecord, type History } from '../history.ts';
import type { LookRecord } from '../wire.ts';

/** From a list's answer until what it shows is known, ms. */
const KNOWN_WITHIN_MS = 1_500;
/** From an answer that leaves an exit open until it is asked about, ms. */
const ASKED_WITHIN_MS = 500;
/** Between the requests of the lists of one reading, ms. */
const BESIDE_MS = 50;
const UNKNOWN: ReadonlySet<string> = new Set(['pending_send', 'in_flight', 'unknown', 'lost', 'not_placed']);

/** What the exchange shows is known, and what it leaves open is asked about. */
export function findUnheeded(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (couldNotRecord(history) || homes.restores.length + homes.seconds.length > 0) return [];
  return [...findUnheededLists(history), ...findUnaskedExits(history)];
}

/**
 * An order of ours that a reading of the open orders shows, of the whole account or of each of its symbols, is known as
 * open, or as ended, soon after the reading is complete.
 * @except the ledger could not be written
 * @except another daemon runs, or a ledger was put back
 * @except a list of the reading is refused or lost
 * @except the process ends before that
 * @except the start is not over
 */
function findUnheededLists(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const look of history.world.wire.looks) {
    const { answer, what } = look;
    if (what !== 'list' || answer === null || !isOfAReading(history, look)) continue;
    const readAtMs = findReadAtMs(history, look);
    if (readAtMs === null) continue;
    const untilMs = readAtMs + KNOWN_WITHIN_MS;
    if (!isAliveAt(history, look, untilMs) || !wasReadyAt(history, readAtMs)) continue;
    for (const { clientOrderId: id } of JSON.parse(answer) as readonly { readonly clientOrderId: string }[]) {
      if (!history.orders.has(id)) continue;
      const notes = history.orderEvents.get(id) ?? [];
      if (notes.some(({ atMs, event }) => atMs <= untilMs && !UNKNOWN.has(event.status))) continue;
      breaches.push({
        code: 'list-unheeded',
        detail: `${id} is listed as open at ${at(readAtMs)}; by ${at(untilMs)} it is recorded as ${notes.findLast(({ atMs }) => atMs <= untilMs)?.event.status ?? 'sent'}`,
      });
    }
  }
  return breaches;
}

/** A list of one symbol alone is to prove that an order is absent, or to see what a flatten has left there. */
function isOfAReading({ world }: History, { life, sentAtMs, symbol }: LookRecord): boolean {
  if (symbol === null) return true;
  return world.wire.looks.some(
    (other) =>
      other.what === 'list' &&
      other.life === life &&
      other.symbol !== symbol &&
      Math.abs(other.sentAtMs - sentAtMs) <= BESIDE_MS,
  );
}

function isOfOne({ what }: LookRecord): boolean {
  return what === 'order' || what === 'stop';
}

/**
 * When the last list of a reading is answered: of regular and conditional orders, and of each symbol. Null: one of them is
 * refused or lost, and a reading without it says nothing; the next one is soon.
 */
function findReadAtMs({ world }: History, { life, sentAtMs }: LookRecord): number | null {
  let readAtMs = Number.NEGATIVE_INFINITY;
  for (const other of world.wire.looks) {
    if (isOfOne(other) || other.life !== life || Math.abs(other.sentAtMs - sentAtMs) > BESIDE_MS) continue;
    if (other.status !== 200 || other.answeredAtMs === null) return null;
    readAtMs = Math.max(readAtMs, other.answeredAtMs);
  }
  return readAtMs;
}

/**
 * An exit that never rests, and that its answer shows as open, is asked about at once: what is left of it waits for that.
 * @except the ledger could not be written
 * @except another daemon runs, or a ledger was put back
 * @except the exchange refuses to be asked
 * @except the process ends before that
 */
function findUnaskedExits(history: History): readonly Breach[] {
  // Where the exchange refuses to be asked, nothing is.
  const isRefusing = history.plan.steps.some(
    ({ do: action }) => action.kind === 'fault' && (action.fault.kind === 'status' || action.fault.kind === 'error'),
  );
  if (isRefusing) return [];
  const { looks, records } = history.world.wire;
  const breaches: Breach[] = [];
  for (const record of records) {
    const { answer, answeredAtMs, clientId, method, path, status } = record;
    const planned = history.orders.get(clientId ?? '')?.planned;
    if (method !== 'POST' || path !== '/fapi/v1/order' || planned?.reduce_only !== true) continue;
    if (status !== 200 || answer === null || answeredAtMs === null || planned.time_in_force === 'GTC') continue;
    if ((JSON.parse(answer) as { readonly status: string }).status !== 'NEW') continue;
    const untilMs = answeredAtMs + ASKED_WITHIN_MS;
    const isAsked = looks.some(
      (look) => look.clientId === clientId && look.sentAtMs >= record.sentAtMs && look.sentAtMs <= untilMs,
    );
    const isEnded = history.orderEvents
      .get(clientId ?? '')
      ?.some(({ atMs, event }) => atMs <= untilMs && /^(filled|canceled|expired|rejected)$/.test(event.status));
    if (!isAsked && isEnded !== true && isAliveAt(history, record, untilMs))
      breaches.push({
        code: 'exit-unasked',
        detail: `${clientId} is answered as open at ${at(answeredAtMs)}, and nobody asks about it by ${at(untilMs)}`,
      });
  }
  return breaches;
}

/** The life that asked goes on. */
function isAliveAt({ world }: History, { life }: Pick<LookRecord, 'life'>, atMs: number): boolean {
  return world.wire.looks.some((look) => look.life === life && look.sentAtMs >= atMs);
}

/** What a start reads is taken in once all of it has come. */
function wasReadyAt({ events }: History, readyMs: number): boolean {
  const last = events.findLast(
    ({ atMs, event }) => atMs <= readyMs && event.kind === 'state' && event.payload.layer === 'boot',
  );
  return last?.event.kind === 'state' && last.event.payload.state === 'active';
}
