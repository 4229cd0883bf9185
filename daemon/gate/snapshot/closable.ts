import { longE8, type PositionState, shortE8 } from '../state/positions.ts';
import { ceilLots, floorLots, type LotRules } from '../units.ts';

/**
 * Signed lots that may be closed, of so much of a position: rounded down. All of the position counts as the lots that
 * cover it: nobody else's stand beside them, and reduceOnly keeps an order of these inside the position (DESIGN 12.2,
 * "Holdings below the venue's minimum", which a lot is, too).
 */
export function closableLots(position: PositionState, signedE8: number, rules: LotRules): number {
  const allE8 = signedE8 > 0 ? longE8(position) : -shortE8(position);
  return signedE8 === allE8 ? ceilLots(signedE8, rules) : floorLots(signedE8, rules);
}
