import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { WireRecord } from '../wire.ts';
import { loosestCaps, lowestMark, openedBy, TOLERANCE } from './caps.ts';

/** A daemon that runs meets what another one placed by its polls, at the latest after this long without faults. */
const NOTICED_WITHIN_MS = 25_000;
/** A comparison of the account counts so long for the starts after it, and income is read again then. */
const COMPARED_COUNTS_MS = 32_000;

/** Whose ledger it is: nothing is opened where that cannot be known, no id is used twice, and a restore undoes no halt. */
export function findLedgerBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (homes.restores.length === 0 && homes.seconds.length === 0 && homes.refusals.length === 0) return [];
  return [
    ...findIdsUsedTwice(history),
    ...findSecondOpenings(history),
    ...findUnnoticedSeconds(history),
    ...findCapsBeside(history),
    ...findUnnoticedRestores(history),
    ...findLostWords(history),
    ...findGroundlessRefusals(history),
  ];
}

/**
 * One client order id is one order of the venue. Exits wait for no list, nor for a recovery: those of a ledger that was put
 * back may bear an id of before, and are told apart by what was sent and when. [TM-44]
 * @except an exit
 */
function findIdsUsedTwice({ world }: History): readonly Breach[] {
  const venueIds = new Map<string, string>();
  const breaches: Breach[] = [];
  for (const order of world.exchange.world.state.orders.values()) {
    if (order.reduceOnly) continue;
    const known = venueIds.get(order.clientOrderId);
    if (known !== undefined)
      breaches.push({
        code: 'ledger/id-used-twice',
        detail: `${order.clientOrderId} is orders ${known} and ${order.orderId} of the venue`,
      });
    venueIds.set(order.clientOrderId, String(order.orderId));
  }
  return breaches;
}

function isTaken({ method, path, servedAtMs, status }: WireRecord): boolean {
  // Without an answer it may have been taken.
  return method === 'POST' && path === '/fapi/v1/order' && servedAtMs !== null && (status === null || status === 200);
}
function opens(record: WireRecord): boolean {
  return record.method === 'POST' && record.path === '/fapi/v1/order' && !record.params.flag('reduceOnly');
}

/** A daemon that is started on an account on which another one's order was executed opens nothing. */
function findSecondOpenings({ fills, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { life, startedAtMs } of world.homes.seconds) {
    const first = world.wire.records.find(
      (record) =>
        record.life !== life &&
        isTaken(record) &&
        fills.some(({ atMs, clientId }) => clientId === record.clientId && atMs < startedAtMs),
    );
    if (first === undefined) continue;
    const opened = world.wire.records.find((record) => record.life === life && opens(record));
    if (opened !== undefined)
      breaches.push({
        code: 'ledger/second-opens',
        detail: `${first.clientId} was placed at ${at(first.sentAtMs)}; the daemon started at ${at(startedAtMs)} sent ${opened.clientId} at ${at(opened.sentAtMs)}`,
      });
  }
  return breaches;
}

/**
 * Of two daemons on one account, the first stops opening, and says why. [TM-50]
 * @except something fails
 * @except a recovery
 * @except of what is told: a ledger was put back, or the world is over within 25 s
 */
function findUnnoticedSeconds({ endMs, events, plan, world }: History): readonly Breach[] {
  const { homes, wire } = world;
  const theirs = wire.records.find((record) => homes.isSecond(record.life) && isTaken(record) && record.status === 200);
  if (theirs === undefined) return [];
  const breaches: Breach[] = [];
  const placedAtMs = theirs.servedAtMs ?? theirs.sentAtMs;
  // A recovery is the operator's word that all of it is known.
  const recoveredAtMs = homes.recoveries.find(({ atMs }) => atMs > placedAtMs)?.atMs ?? Number.POSITIVE_INFINITY;
  const hasFaults = plan.steps.some(({ do: { kind } }) => kind === 'fault' || kind === 'wire');
  const late = wire.records.find(
    (record) =>
      !homes.isSecond(record.life) &&
      opens(record) &&
      record.sentAtMs > placedAtMs + NOTICED_WITHIN_MS &&
      record.sentAtMs < recoveredAtMs,
  );
  if (!hasFaults && late !== undefined)
    breaches.push({
      code: 'ledger/opens-beside-another',
      detail: `${theirs.clientId} of another daemon was placed at ${at(placedAtMs)}; ${late.clientId} opens at ${at(late.sentAtMs)}`,
    });
  const isReported = events.some(({ event }) => event.kind === 'alert' && event.payload.code === 'OTHER_DAEMON');
  const isRefused = homes.refusals.some(({ atMs, life }) => !homes.isSecond(life) && atMs > placedAtMs);
  if (!isReported && !isRefused && endMs > placedAtMs + NOTICED_WITHIN_MS && homes.restores.length === 0)
    breaches.push({
      code: 'ledger/other-unnoticed',
      detail: `${theirs.clientId} of another daemon was placed at ${at(placedAtMs)}, and nobody was told by ${at(endMs)}`,
    });
  return breaches;
}

/**
 * Two daemons each count what they opened themselves: together they exceed a symbol's cap by one order at most, by the
 * exchange's books at each send. Where lists of the exchange are lost or old neither can see the other. [TM-50]
 * @except something fails
 * @except a person trades by hand
 */
function findCapsBeside(history: History): readonly Breach[] {
  const { plan, world } = history;
  if (world.homes.seconds.length === 0) return [];
  if (plan.steps.some(({ do: { kind } }) => kind === 'fault' || kind === 'wire' || kind === 'foreign')) return [];
  const breaches: Breach[] = [];
  const largest = new Map<string, number>();
  for (const send of world.venue.sends) {
    const { symbol, wire } = send;
    if (!opens(wire) || wire.servedAtMs === null) continue;
    const { beside, own } = openedBy(send, lowestMark(history, symbol, wire.servedAtMs, send.marks));
    largest.set(symbol, Math.max(largest.get(symbol) ?? 0, own));
    const cap = loosestCaps(history, wire.servedAtMs).symbol;
    if (beside + own > (cap + (largest.get(symbol) ?? 0)) * TOLERANCE)
      breaches.push({
        code: 'ledger/caps-beside',
        detail: `${wire.clientId} at ${at(wire.servedAtMs)}: ${symbol} ${Math.round(beside + own)} USDT of ${cap}, of two daemons`,
      });
  }
  return breaches;
}

/**
 * A ledger that was put back opens nothing before a recovery, where the noted head knows more than it, or the account: an
 * order that was executed. One that was canceled without a fill no list of the start names. [TM-48]
 * @except the head knows nothing more, and half a minute has not passed
 */
function findUnnoticedRestores({ fills, orders, world }: History): readonly Breach[] {
  const { homes, wire } = world;
  const breaches: Breach[] = [];
  for (const { copiedAtMs, atMs: restoredAtMs, wasNoted } of homes.restores) {
    const lost = wire.records.find(
      (record) =>
        !homes.isSecond(record.life) &&
        isTaken(record) &&
        record.status === 200 &&
        record.sentAtMs > copiedAtMs &&
        // One that was on its way to being sent is in the copy.
        !orders.has(record.clientId ?? '') &&
        fills.some(({ atMs, clientId }) => clientId === record.clientId && atMs <= restoredAtMs) &&
        (record.answeredAtMs ?? Number.POSITIVE_INFINITY) <= restoredAtMs,
    );
    if (lost === undefined && !wasNoted) continue;
    const untilMs =
      homes.recoveries.find(({ atMs }) => atMs > restoredAtMs)?.atMs ??
      homes.restores.find(({ atMs }) => atMs > restoredAtMs)?.atMs ??
      Number.POSITIVE_INFINITY;
    const fromMs = wasNoted ? restoredAtMs : restoredAtMs + COMPARED_COUNTS_MS;
    const opened = wire.records.find(
      (record) =>
        !homes.isSecond(record.life) && opens(record) && record.sentAtMs > fromMs && record.sentAtMs < untilMs,
    );
    if (opened !== undefined)
      breaches.push({
        code: 'ledger/opens-after-restore',
        detail: `a copy of ${at(copiedAtMs)} was put back at ${at(restoredAtMs)}${lost === undefined ? '' : `, though ${lost.clientId} was placed in between`}; ${opened.clientId} opens at ${at(opened.sentAtMs)}`,
      });
  }
  return breaches;
}

/** After a recovery it is halted until the operator says otherwise, and no token of before works. */
function findLostWords({ world }: History): readonly Breach[] {
  const { homes, operatorCalls, wire } = world;
  const breaches: Breach[] = [];
  for (const { atMs } of homes.recoveries) {
    const lifted = operatorCalls.find(
      ({ agent, askedAtMs, symbol, what }) =>
        (what === 'active' || what === 'reducing') && symbol === null && agent === null && askedAtMs > atMs,
    );
    const opened = wire.records.find(
      (record) =>
        !homes.isSecond(record.life) &&
        opens(record) &&
        record.sentAtMs > atMs &&
        record.sentAtMs < (lifted?.askedAtMs ?? Number.POSITIVE_INFINITY),
    );
    if (opened !== undefined)
      breaches.push({
        code: 'ledger/opens-after-recovery',
        detail: `recovered at ${at(atMs)}; ${opened.clientId} opens at ${at(opened.sentAtMs)}, and no operator has cleared the halt`,
      });
  }
  const last = homes.recoveries.at(-1);
  for (const { secret, atMs } of homes.revoked)
    if (last !== undefined && atMs < last.atMs && world.ledger.tokens.findToken(secret) !== null)
      breaches.push({
        code: 'ledger/revoked-token-works',
        detail: `revoked at ${at(atMs)}, recovered at ${at(last.atMs)}`,
      });
  return breaches;
}

/** A start is refused only where a home was put back, or another daemon has traded. */
function findGroundlessRefusals({ world: { homes, wire } }: History): readonly Breach[] {
  const homeOf = (life: number): number => (homes.isSecond(life) ? life : 0);
  return homes.refusals.flatMap(({ atMs, code, life }) => {
    const wasRestored = homes.restores.some((restore) => restore.atMs <= atMs);
    const others = wire.records.some(
      // A stop is one as well.
      ({ clientId, ...record }) =>
        homeOf(record.life) !== homeOf(life) &&
        record.method === 'POST' &&
        clientId !== null &&
        record.sentAtMs <= atMs,
    );
    if (wasRestored || others) return [];
    return [{ code: 'ledger/refused-for-nothing', detail: `${code} at ${at(atMs)}` }];
  });
}
