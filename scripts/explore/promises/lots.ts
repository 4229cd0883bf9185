import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { FollowedLots } from '../lots/followed-lots.ts';
import { type PlainLots, readPlainLots } from '../plain/plain-lots.ts';

/**
 * The lot book, folded from a world's records, holds what the gate believes after each of them, and what the exchange's
 * own books say was opened by whom wherever all of those are on record, and at the end.
 * @except the gate's position waits for the report of an order whose trades are on record
 * @except no reading has shown yet what a person, or the exchange itself, has traded, or it is not on record
 * @except readings show in sum what several trades of theirs took, and not of whom
 */
export function findLotBreaches(history: History): readonly Breach[] {
  const { endMs, events, world } = history;
  // In real time nobody notes what a gate believes.
  if (world.beliefs.isEmpty) return [];
  const followed = new FollowedLots();
  const plain = new Map(
    [...world.exchange.world.state.markets.keys()].map((name) => [name, readPlainLots(history, name)]),
  );
  const breaches: Breach[] = [];
  const compare = (symbol: string, nowMs: number, followedSeq: number | null): void => {
    const step = plain.get(symbol)?.findLast(({ atMs, seq }) => atMs <= nowMs && seq <= (followedSeq ?? seq));
    if (step === undefined || (followedSeq !== null && followed.tradesIn(symbol) !== step.trades)) return;
    const detail = findDifference(step.lots, followed, symbol);
    if (detail === null) return;
    const reported = `${followed.tradesIn(symbol)} of ${step.trades} trades`;
    breaches.push({ code: 'lots/books', detail: `${symbol} at ${at(nowMs)}, ${reported} on record: ${detail}` });
  };
  for (const { atMs, event, seq } of events) {
    const beliefs = world.beliefs.of(event);
    const made = (symbol: string): number =>
      history.fills.reduce((sum, fill) => {
        const isTheirs = fill.order === null && fill.symbol === symbol && fill.atMs <= atMs;
        return isTheirs ? sum + (fill.side === 'buy' ? fill.quantityE8 : -fill.quantityE8) : sum;
      }, 0);
    for (const detail of followed.follow(event, beliefs, made))
      breaches.push({ code: 'lots/gate', detail: `record ${event.seq} at ${at(atMs)}, ${detail}` });
    for (const { symbol } of beliefs) compare(symbol, atMs, seq);
  }
  for (const symbol of plain.keys()) compare(symbol, endMs, null);
  // The others of a kind follow from the first.
  return breaches.filter(({ code }, index) => breaches.findIndex((breach) => breach.code === code) === index);
}

function findDifference(wanted: PlainLots, followed: FollowedLots, symbol: string): string | null {
  const { batches, owed } = followed.of(symbol);
  const sums = new Map<string, number>();
  for (const { lots, owner } of batches) sums.set(owner ?? '', (sums.get(owner ?? '') ?? 0) + lots);
  const isSame =
    owed === 0 && sums.size === wanted.size && [...wanted].every(([owner, lots]) => sums.get(owner) === lots);
  return isSame ? null : `the books have ${tell(wanted)}, the lot book ${tell(sums)}, owed ${owed}`;
}
function tell(lots: PlainLots): string {
  return [...lots].map(([owner, quantityE8]) => `${quantityE8} of ${owner || 'nobody'}`).join(' and ') || 'nothing';
}
