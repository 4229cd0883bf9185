import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import { HAND_KNOWN_MS, nobodysSinceMs, type Owned, readOwned } from '../owned.ts';
import { isUp } from './token-ends.ts';

/** From then on until an opening that rests is gone, ms. */
const GONE_WITHIN_MS = 15_000;
/** Until what was filled is told, and another exit is sized by it, ms. */
const REPORTED_WITHIN_MS = 15_000;

/**
 * What no record of ours explains is nobody's (DESIGN 12.1): no agent closes it, nor what was held before a recovery, and
 * none opens beside it. [EX-9 EX-10 EX-14]
 */
export function findNobodysBreaches(history: History): readonly Breach[] {
  const symbols = new Set(history.fills.map(({ symbol }) => symbol));
  return [...symbols].flatMap((symbol) => {
    const owned = readOwned(history, symbol);
    return [
      ...findTaken(history, owned),
      ...findOpened(history, symbol, owned),
      ...findResting(history, symbol, owned),
    ];
  });
}

/**
 * No agent closes what its own fills have not opened.
 * @except they are fewer than the exchange takes
 * @except nobody could have told of them yet
 */
function findTaken(history: History, { taken }: Owned): readonly Breach[] {
  return taken.flatMap(({ agent, fill, quantityE8, recoveredAtMs }) => {
    // Fewer than the exchange takes go along.
    if (quantityE8 < history.world.venue.minE8(fill.symbol)) return [];
    const { atMs, clientId, symbol } = fill;
    if (recoveredAtMs === null && isUnreported(history, symbol, atMs)) return [];
    const detail = `${clientId} of ${agent} closes ${fill.quantityE8} of ${symbol} at ${at(atMs)}; ${quantityE8} of them its openings have not opened`;
    return recoveredAtMs === null
      ? [{ code: 'holder/closes-nobodys', detail }]
      : [{ code: 'holder/recovered', detail: `${detail} since the recovery at ${at(recoveredAtMs)}` }];
  });
}

/** A stop, a cut or a hand came first, and nobody had told of it. */
function isUnreported(history: History, symbol: string, atMs: number): boolean {
  if (isOwnersHandIn(history, symbol, atMs - HAND_KNOWN_MS, atMs)) return true;
  return history.fills.some(
    ({ atMs: filledMs, order, symbol: where }) =>
      where === symbol &&
      filledMs <= atMs &&
      filledMs > atMs - REPORTED_WITHIN_MS &&
      (order === null || order.planned.protective || order.decision.origin !== 'agent'),
  );
}

/**
 * No agent opens beside lots of nobody’s.
 * @except they have stood there for less than 75 s, or no daemon ran
 */
function findOpened(history: History, symbol: string, { steps }: Owned): readonly Breach[] {
  return [...history.decisions.values()].flatMap((decision) => {
    const { agent, atMs, event, origin } = decision;
    const [planned] = event.orders;
    if (decision.symbol !== symbol || origin !== 'agent' || planned === undefined || planned.reduce_only) return [];
    if (event.decision.kind !== 'tool' && event.decision.kind !== 'slice') return [];
    const sinceMs = knownSinceMs(history, steps, atMs);
    if (sinceMs === null) return [];
    const detail = `${agent} opens in ${symbol} at ${at(atMs)}, beside lots of nobody's that are held since ${at(sinceMs)}`;
    return [{ code: 'holder/unowned', detail }];
  });
}

function findResting(history: History, symbol: string, { steps }: Owned): readonly Breach[] {
  const { endMs, orders, world } = history;
  const sinceMs = knownSinceMs(history, steps, endMs - GONE_WITHIN_MS);
  if (sinceMs === null || nobodysSinceMs(steps, endMs) !== sinceMs) return [];
  return [...world.exchange.world.state.orders.values()].flatMap((order) => {
    const known = orders.get(order.clientOrderId);
    if (order.symbol !== symbol || !isOpen(order) || order.reduceOnly || known?.decision.origin !== 'agent') return [];
    const detail = `${order.clientOrderId} of ${known.decision.agent} rests at ${at(endMs)}, beside lots of nobody's in ${symbol} that are held since ${at(sinceMs)}`;
    return [{ code: 'holder/unowned-rests', detail }];
  });
}

/** Since when nobody's lots have stood there, where a daemon that ran has had the time to see it; null: none, or not yet. */
function knownSinceMs(history: History, steps: Owned['steps'], atMs: number): number | null {
  const sinceMs = nobodysSinceMs(steps, atMs);
  if (sinceMs === null || sinceMs > atMs - HAND_KNOWN_MS) return null;
  return isUp(history, atMs - HAND_KNOWN_MS, atMs) ? sinceMs : null;
}
