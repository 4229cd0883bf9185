import { type OwnedPosition, ownE8 } from './ownership.ts';

const MAX_TAKEN = 20;

/** Lots of the holder's and of nobody's that a reading took, which was asked for then. */
interface Taken {
  readonly atMs: number;
  ownE8: number;
  unownedE8: number;
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
  /** What the last readings took, oldest first. */
  readonly taken: Taken[];
}

/** A reading was adopted: what is gone of so many lots of the holder's and of nobody's. */
export function noteTaken(lots: TakenLots, own: number, unowned: number, atMs: number): void {
  const ofHolder = Math.max(0, own - Math.abs(ownE8(lots)));
  const ofNobody = Math.max(0, unowned - Math.abs(lots.unownedE8));
  if (ofHolder + ofNobody > 0) lots.taken.push({ atMs, ownE8: ofHolder, unownedE8: ofNobody });
  if (lots.taken.length > MAX_TAKEN) lots.taken.shift();
}

/** A trade tells of lots that the venue has taken over. `requestedAtMs`: of the last reading of the account. */
export function applyLiquidation(lots: TakenLots, quantityE8: number, atMs: number, requestedAtMs: number): void {
  const sign = Math.sign(lots.quantityE8);
  let left = quantityE8;
  for (const taken of lots.taken) {
    if (taken.atMs < atMs) continue;
    const known = Math.min(left, taken.ownE8);
    const given = Math.min(left - known, taken.unownedE8, Math.max(0, ownE8(lots) * sign));
    lots.unownedE8 += sign * given;
    taken.ownE8 -= known;
    taken.unownedE8 -= given;
    left -= known + given;
  }
  const isShown = lots.disputedE8 === null && atMs <= (lots.readAtMs ?? requestedAtMs);
  if (!isShown) lots.liquidatedE8 += left;
}
