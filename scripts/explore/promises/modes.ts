import { MODE, type Reading, readingsOf } from '../account-reads.ts';
import type { SettingsRecord } from '../account-side.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { SendRecord } from '../records.ts';

/** From the answer that tells of it until nothing is opened any more, ms: what has been decided before goes out. */
const HEEDED_WITHIN_MS = 1_500;
/** The margin of each symbol is read every two seconds, ms. */
const MARGIN_ASKED_WITHIN_MS = 10_000;
/** The account's mode is read once a minute, after a reading that failed within half of that, ms. */
const MODE_ASKED_WITHIN_MS = 70_000;
/** A margin that is read as crossed is put back at once; a mode within a minute, or half a minute after a failure, ms. */
const PUT_BACK_WITHIN_MS = 95_000;

/**
 * Nothing opens while the symbol is not isolated, or the account not one-way and single-asset: from a moment after the
 * exchange has said so, and it is asked every few seconds for the one and once a minute for the other. What the daemon may
 * put back it does. No opening goes out at a leverage above the policy's.
 * @except another daemon runs, or a ledger was put back
 */
export function findModeBreaches(history: History): readonly Breach[] {
  const { homes } = history.world;
  if (homes.seconds.length + homes.restores.length > 0) return [];
  return [...findOpened(history), ...findLeft(history), ...findLeverages(history)];
}

function findOpened(history: History): readonly Breach[] {
  const { orders, world } = history;
  const readings = readingsOf(world.wire.reads);
  const modes = modesOf(history);
  const breaches: Breach[] = [];
  for (const send of world.venue.sends) {
    const { clientId, servedAtMs } = send.wire;
    const order = orders.get(clientId ?? '');
    if (order === undefined || order.planned.reduce_only || servedAtMs === null) continue;
    for (const { code, isWrong, reported, askedWithinMs } of [
      {
        code: 'mode/opened-crossed',
        isWrong: ({ crossed }: SettingsRecord) => crossed.has(send.symbol),
        reported: readings.map((reading) => ({ ...reading, isWrong: reading.crossed.has(send.symbol) })),
        askedWithinMs: MARGIN_ASKED_WITHIN_MS,
      },
      {
        code: 'mode/opened-otherwise',
        isWrong: ({ isHedged, isMultiAssets }: SettingsRecord) => isHedged || isMultiAssets,
        reported: modes,
        askedWithinMs: MODE_ASKED_WITHIN_MS,
      },
    ]) {
      const sinceMs = wrongSinceMs(world.venue.account.settings, servedAtMs, isWrong);
      if (sinceMs === null) continue;
      const detail = `${clientId} (${send.symbol}) is sent at ${at(send.wire.sentAtMs)}; so it has been since ${at(sinceMs)}`;
      const why = whyWrong(history, send, sinceMs, reported, askedWithinMs);
      if (why !== null) breaches.push({ code, detail: `${detail}: ${why}` });
    }
  }
  return breaches;
}

interface Reported extends Pick<Reading, 'life' | 'sentAtMs' | 'answeredAtMs'> {
  readonly isWrong: boolean;
}

/** Answers on the account's mode. */
function modesOf({ world }: History): readonly Reported[] {
  return world.wire.reads.flatMap(({ answer, answeredAtMs, life, path, sentAtMs, status }) => {
    if (path !== MODE || status !== 200 || answer === null || answeredAtMs === null) return [];
    const config = JSON.parse(answer) as { readonly dualSidePosition: boolean; readonly multiAssetsMargin: boolean };
    return [{ life, sentAtMs, answeredAtMs, isWrong: config.dualSidePosition || config.multiAssetsMargin }];
  });
}

/** Why an opening should not have gone out; null: nobody could know yet. */
function whyWrong(
  history: History,
  { wire: { life, sentAtMs } }: SendRecord,
  sinceMs: number,
  reported: readonly Reported[],
  askedWithinMs: number,
): string | null {
  const own = reported.filter((one) => one.life === life && one.sentAtMs >= sinceMs);
  const last = own.findLast((one) => one.answeredAtMs <= sentAtMs - HEEDED_WITHIN_MS);
  const later = own.filter((one) => one.answeredAtMs > (last?.answeredAtMs ?? 0) && one.answeredAtMs <= sentAtMs);
  if (last?.isWrong === true && later.every(({ isWrong }) => isWrong))
    return `the exchange has said so at ${at(last.answeredAtMs)}`;
  const bornMs = history.world.lives.find(({ number }) => number === life)?.fromMs ?? Number.POSITIVE_INFINITY;
  const { leftAlone, reads } = history.world.wire;
  const fromMs = Math.max(sinceMs, bornMs);
  const isAsked = reads.some(
    (read) =>
      read.life === life && (reported === undefined || read.sentAtMs > fromMs) && isOfMode(read.path, askedWithinMs),
  );
  if (isAsked || sentAtMs - fromMs < askedWithinMs || leftAlone.isAskedWithin(fromMs, sentAtMs)) return null;
  return 'and the exchange has not been asked since';
}

function isOfMode(path: string, askedWithinMs: number): boolean {
  return askedWithinMs === MODE_ASKED_WITHIN_MS ? path === MODE : path === '/fapi/v1/symbolConfig';
}

/** Since when it has been wrong without a break; null: it is right. */
function wrongSinceMs(
  settings: readonly SettingsRecord[],
  atMs: number,
  isWrong: (record: SettingsRecord) => boolean,
): number | null {
  let sinceMs: number | null = null;
  for (const record of settings) {
    if (record.atMs > atMs) break;
    if (!isWrong(record)) sinceMs = null;
    else sinceMs ??= record.atMs;
  }
  return sinceMs;
}

/**
 * At the end, where nothing rests and nothing is held, which would keep the exchange from changing it.
 * @except a person has turned multi-assets margin on
 * @except the exchange asks to be left alone
 * @except the symbol is out of scope
 * @except the market stands still
 */
function findLeft({ endMs, plan, world }: History): readonly Breach[] {
  const { gate, venue } = world;
  const { settings } = venue.account;
  const last = settings.at(-1);
  // A person puts multi-assets margin off, and a position at the exchange keeps the rest as it is.
  if (gate === null || last === undefined || last.isMultiAssets) return [];
  const { markets } = world.exchange.world.state;
  const isFree = (symbol: string): boolean => {
    const market = markets.get(symbol);
    return market?.position.quantity === 0n && market.openOrders.size + market.openAlgos.size === 0;
  };
  const breaches: Breach[] = [];
  const sinceMs = (isWrong: (record: SettingsRecord) => boolean): number =>
    wrongSinceMs(settings, endMs, isWrong) ?? endMs;
  const freeMs = Math.max(0, ...world.exchange.world.state.trades.map(({ timeMs }) => timeMs - START_MS));
  const isLate = (since: number): boolean => endMs - Math.max(since, freeMs) > PUT_BACK_WITHIN_MS;
  const quietMs = endMs - PUT_BACK_WITHIN_MS - 5_000;
  if (world.wire.leftAlone.isAskedWithin(quietMs, endMs) || plan.steps.length === 0) return [];
  for (const symbol of last.crossed) {
    if (!world.file.spec.scope.symbols.includes(symbol)) continue;
    // What the exchange does not trade has no settings: until the filters are read again nothing is opened there.
    if (plan.steps.some(({ do: action }) => action.kind === 'halt_market' && action.symbol === symbol)) continue;
    const since = sinceMs(({ crossed }) => crossed.has(symbol));
    if (isFree(symbol) && isLate(since))
      breaches.push({ code: 'mode/left-crossed', detail: `${symbol} is on crossed margin since ${at(since)}` });
  }
  const since = sinceMs(({ isHedged }) => isHedged);
  if (last.isHedged && [...markets.keys()].every(isFree) && isLate(since))
    breaches.push({ code: 'mode/left-hedged', detail: `the account is in hedge mode since ${at(since)}` });
  return breaches;
}

/** Of what the exchange has taken: the leverage that it placed an opening at, and has told of before. */
function findLeverages({ orders, world }: History): readonly Breach[] {
  const readings = readingsOf(world.wire.reads);
  const breaches: Breach[] = [];
  for (const { wire, symbol } of world.venue.sends) {
    const of = orders.get(wire.clientId ?? '');
    if (of === undefined || of.planned.reduce_only || wire.method !== 'POST') continue;
    const placed = [...world.exchange.world.state.orders.values()].find(
      ({ clientOrderId }) => clientOrderId === wire.clientId,
    );
    const most = Math.max(of.planned.leverage, world.file.spec.budgets.leverage);
    if (placed === undefined || placed.leverageAtPlacement <= most) continue;
    const reported = readings.findLast(
      ({ answeredAtMs, life }) => life === wire.life && answeredAtMs <= wire.sentAtMs - HEEDED_WITHIN_MS,
    );
    if (reported?.leverages.get(symbol) === placed.leverageAtPlacement)
      breaches.push({
        code: 'leverage/above',
        detail: `${wire.clientId} opens at ${placed.leverageAtPlacement} x at ${at(wire.sentAtMs)}, which the exchange has told at ${at(reported.answeredAtMs)}; ${most} x is the most`,
      });
  }
  return breaches;
}
