import type { Side } from '../../core/request.ts';
import { type Holding, type MovedLots, movedLots, type OwnedPosition, ownE8 as ownE8Of } from './ownership.ts';

const MAX_TAKEN = 20;

/** What a reading that was adopted did, as if a person had traded; it was asked for then. Lots without sign. */
interface Taken {
  readonly atMs: number;
  /** As a buy has it. */
  readonly sign: number;
  /** Closed of the holder's, and of nobody's. */
  ownE8: number;
  unownedE8: number;
  /** Opened, as nobody's. */
  openedE8: number;
}

/**
 * Lots that the venue has taken over are the holder's, by its trades (DESIGN 12.1). A reading shows that they are gone, and
 * not why: nobody's go first then, as if a person had sold them. Either may come first.
 */
export interface TakenLots extends OwnedPosition {
  /** A snapshot's value that could not be adopted yet; null if they agree. */
  disputedE8: number | null;
  /** Until when the last reading contains all fills, whether it agreed or not; null: it does not say. */
  readAtMs: number | null;
  /** Lots that trades say were taken over, and that no reading has shown to be gone. */
  liquidatedE8: number;
  /** What the last reading that was believed took from its holder; it was asked for then. */
  mistaken: { readonly agent: string; readonly quantityE8: number; readonly atMs: number } | null;
  /** What the last readings did that were adopted, oldest first. */
  readonly taken: Taken[];
}

/** A fill of ours; `quantityE8` without sign. */
interface ContainedFill {
  readonly side: Side;
  readonly quantityE8: number;
  readonly reduceOnly: boolean;
  readonly atMs: number;
}

/** A reading was adopted, which moved lots by `signed`. `own`, `unowned`: what the holder and nobody had before it, with sign. */
export function noteTaken(lots: TakenLots, signed: number, own: number, unowned: number, atMs: number): void {
  const sign = Math.sign(signed);
  const closed = (before: number, after: number): number =>
    before * sign < 0 ? Math.max(0, Math.min(Math.abs(before), (after - before) * sign)) : 0;
  const ownE8 = closed(own, ownE8Of(lots));
  const unownedE8 = closed(unowned, lots.unownedE8);
  const openedE8 = Math.max(0, (lots.unownedE8 - unowned) * sign - unownedE8);
  if (ownE8 + unownedE8 + openedE8 > 0) lots.taken.push({ atMs, sign, ownE8, unownedE8, openedE8 });
  if (lots.taken.length > MAX_TAKEN) lots.taken.shift();
}

/**
 * A fill of ours is reported that readings of later, which were adopted, contain: they moved its lots as if a person had.
 * Those are put back as they were, for the fill to move them: of each reading what it opened first, which was the last. A
 * reduce-only fill has opened nothing, so that what a reading opened beside it is a person's. Answers with the signed lots.
 */
export function putBackTaken(
  lots: TakenLots & Pick<Holding, 'holder'>,
  { atMs, quantityE8: filledE8, reduceOnly, side }: ContainedFill,
): number {
  const sign = side === 'buy' ? 1 : -1;
  let left = filledE8;
  const putBack = (quantityE8: number): number => {
    left -= quantityE8;
    lots.quantityE8 -= sign * quantityE8;
    return quantityE8;
  };
  for (const taken of lots.taken) {
    if (taken.atMs < atMs || taken.sign !== sign) continue;
    const opened = reduceOnly ? 0 : putBack(Math.min(left, taken.openedE8, Math.max(0, lots.unownedE8 * sign)));
    const own = lots.holder === null ? 0 : putBack(Math.min(left, taken.ownE8));
    const unowned = putBack(Math.min(left, taken.unownedE8));
    lots.unownedE8 -= sign * (opened + unowned);
    taken.openedE8 -= opened;
    taken.ownE8 -= own;
    taken.unownedE8 -= unowned;
    if (own > 0) lessMistaken(lots, own);
  }
  return sign * (filledE8 - left);
}
/** The holder has so many of the lots again that a reading took. */
function lessMistaken(lots: TakenLots, givenE8: number): void {
  const { mistaken } = lots;
  if (mistaken === null) return;
  const left = Math.abs(mistaken.quantityE8) - givenE8;
  lots.mistaken = left > 0 ? { ...mistaken, quantityE8: Math.sign(mistaken.quantityE8) * left } : null;
}

/** A trade tells of lots that the venue has taken over. `requestedAtMs`: of the last reading of the account. */
export function applyLiquidation(lots: TakenLots, quantityE8: number, atMs: number, requestedAtMs: number): void {
  const sign = Math.sign(lots.quantityE8);
  let left = quantityE8;
  for (const taken of lots.taken) {
    if (taken.atMs < atMs) continue;
    const known = Math.min(left, taken.ownE8);
    const given = Math.min(left - known, taken.unownedE8, Math.max(0, ownE8Of(lots) * sign));
    lots.unownedE8 += sign * given;
    taken.ownE8 -= known;
    taken.unownedE8 -= given;
    left -= known + given;
  }
  const isShown = lots.disputedE8 === null && atMs <= (lots.readAtMs ?? requestedAtMs);
  if (!isShown) lots.liquidatedE8 += left;
}

/**
 * The venue opens nothing with a reduceOnly order. What one closes beyond our count was opened by a fill that is told
 * later, and opens then.
 */
export function movePosition(
  position: { readonly quantityE8: number; closedAheadE8: number },
  signed: number,
  reduceOnly: boolean,
): MovedLots {
  const held = position.quantityE8 - position.closedAheadE8;
  if (reduceOnly) {
    const { closed, opened } = movedLots(held, signed);
    position.closedAheadE8 += Math.sign(signed) * opened;
    return { closed, opened: 0 };
  }
  const late = movedLots(position.closedAheadE8, signed).closed;
  position.closedAheadE8 += Math.sign(signed) * late;
  const { closed, opened } = movedLots(held, signed - Math.sign(signed) * late);
  return { closed, opened: opened + late };
}
