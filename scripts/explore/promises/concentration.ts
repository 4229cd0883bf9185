import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import { lowestMark, marksSeen, openedE8, TOLERANCE, UNIT } from './caps.ts';
import { openingsLeft } from './resting.ts';

/** Until an exit that has filled is known to have, ms, however its answers come. */
const HELD_KNOWN_MS = 60_000;
/** The same where answers come as they should, with the review that follows and its cancels. */
const ASKED_BACK_MS = 20_000;
/** Where a daemon is away, or its answers do not come as they should, a review comes later. */
const DISTURBED = /^(away|clear_faults|crash|fault|halt_market|restart|trouble|wire)$/;

/** No more of a symbol is held and opened, by an order that is sent or one that rests, than its share beside the others. */
export function findConcentrated(history: History): readonly Breach[] {
  const { concentration } = history.plan.setup;
  if (concentration === undefined) return [];
  const capBeside = (heldUsdt: number): number =>
    TOLERANCE * Math.max(concentration.floorUsdt, (concentration.share / (1 - concentration.share)) * heldUsdt);
  return [...findSentAbove(history, capBeside), ...findRestingAbove(history, capBeside)];
}

/**
 * Whoever opens has no more of a symbol than its share beside the lots that are held of the others.
 * @except a person has traded by hand within a minute
 */
function findSentAbove(history: History, capBeside: (heldUsdt: number) => number): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const send of history.world.venue.sends) {
    const { quantityE8, marks, restingBuys, restingSells, symbol, wire } = send;
    const order = history.orders.get(wire.clientId ?? '');
    const atMs = wire.servedAtMs;
    if (order === undefined || order.planned.reduce_only || atMs === null) continue;
    if (isOwnersHandIn(history, null, atMs - HELD_KNOWN_MS, atMs)) continue;
    const sign = wire.params.text('side') === 'BUY' ? 1 : -1;
    const resting = (sign > 0 ? restingBuys : restingSells).get(symbol) ?? 0;
    const side = openedE8(send) + resting + Math.max(0, sign * (quantityE8.get(symbol) ?? 0));
    const usdt = side * UNIT * lowestMark(history, symbol, atMs, marks);
    let heldUsdt = 0;
    for (const [other, quantity] of quantityE8)
      if (other !== symbol)
        heldUsdt +=
          maxHeld(history, other, atMs - HELD_KNOWN_MS, atMs, quantity) *
          UNIT *
          Math.max(...marksSeen(history, other, atMs, marks));
    if (usdt > capBeside(heldUsdt))
      breaches.push({
        code: 'cap/concentration',
        detail: `${wire.clientId} at ${at(atMs)}: ${symbol} ${Math.round(usdt)} USDT beside ${Math.round(heldUsdt)} USDT of lots`,
      });
  }
  return breaches;
}

/**
 * What rests in a symbol, and is more than its share since lots of another were closed, is asked back. Valued at the marks
 * that allow most: a mark that moves asks nothing back.
 * @except the policy says that it stays
 * @except something fails, or the process stops
 * @except a person trades by hand
 * @except the world is over within twenty seconds
 */
function findRestingAbove(history: History, capBeside: (heldUsdt: number) => number): readonly Breach[] {
  const { endMs, fills, plan, world } = history;
  if (plan.setup.onBreach === 'hold' || plan.steps.some(({ do: { kind } }) => DISTURBED.test(kind))) return [];
  const breaches: Breach[] = [];
  for (const { after, atMs, before, symbol: closed } of fills) {
    const untilMs = atMs + ASKED_BACK_MS;
    if (Math.abs(after) >= Math.abs(before) || untilMs > endMs || isOwnersHandIn(history, null, 0, untilMs)) continue;
    const marksOf = (symbol: string): readonly number[] =>
      world.venue.marks.filter((noted) => noted.symbol === symbol && noted.atMs <= untilMs).map(({ mark }) => mark);
    const left = openingsLeft(history, atMs, untilMs).filter((rest) => rest.symbol !== closed);
    for (const symbol of new Set(left.map((rest) => rest.symbol)))
      for (const side of ['buy', 'sell'] as const) {
        const rests = left.filter((rest) => rest.symbol === symbol && rest.side === side);
        const usdt = rests.reduce((sum, { leftE8 }) => sum + leftE8, 0) * UNIT * Math.min(...marksOf(symbol));
        let heldUsdt = 0;
        for (const other of new Set(fills.map((fill) => fill.symbol)))
          if (other !== symbol)
            heldUsdt += maxHeld(history, other, atMs, untilMs, 0) * UNIT * Math.max(...marksOf(other));
        if (rests.length > 0 && usdt > capBeside(heldUsdt))
          breaches.push({
            code: 'cap/concentration-rests',
            detail: `${rests.map(({ clientId }) => clientId).join(', ')} rest on at ${at(untilMs)}: ${symbol} ${Math.round(usdt)} USDT beside ${Math.round(heldUsdt)} USDT of lots, since ${closed} was closed at ${at(atMs)}`,
          });
      }
  }
  return breaches;
}

/** The quantity that may have been counted within a span: what was held at its begin, since, and `known`. */
function maxHeld({ fills }: History, symbol: string, fromMs: number, untilMs: number, known: number): number {
  const own = fills.filter((fill) => fill.symbol === symbol && fill.atMs <= untilMs);
  const begin = own.findLast((fill) => fill.atMs <= fromMs)?.after ?? 0;
  const since = own.filter((fill) => fill.atMs > fromMs).map(({ after }) => after);
  return Math.max(...[known, begin, ...since].map(Math.abs));
}
