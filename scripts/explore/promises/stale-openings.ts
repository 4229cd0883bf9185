import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { rawOf } from '../second/raw.ts';

/** From the record of a decision until its opening has left at the latest, ms. */
const LEAVES_WITHIN_MS = 500;

/**
 * No opening leaves whose decision is older than half a second, whatever has held it up: a disk, a turn, a setting. Nor
 * does a change that adds risk. [LE-126]
 * @except an older ledger is put back: it has lost decisions, and their ids are given again
 */
export function findStaleOpenings(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  return rawOf(history).openings.flatMap(({ decision, id, isLess, sentAtMs }) =>
    isLess || sentAtMs - decision.atMs <= LEAVES_WITHIN_MS
      ? []
      : [{ code: 'opens-late', detail: `${id} leaves at ${at(sentAtMs)}, decided at ${at(decision.atMs)}` }],
  );
}
