import type { Situation } from './situation.ts';
import { CUTS } from './situations-cuts.ts';
import * as exits from './situations-exits.ts';
import * as openings from './situations-openings.ts';

/**
 * Each is a chain of events that chance strings together in hardly any world: what it needs of the setup, and what happens
 * first of all.
 */
export const SITUATIONS: readonly Situation[] = [
  ...CUTS,
  exits.FLATTENS,
  exits.FULL,
  openings.NEARLY,
  openings.COUNTERWEIGHT,
  exits.REFUSALS,
  exits.FLOODED,
  exits.ONE_TURN,
  exits.DIES,
  openings.SLICED,
  exits.LATE_TRADES,
  exits.BARS,
  openings.BOTH_TAKEN,
  exits.QUEUED,
  openings.LEVERAGES,
  openings.PARTS_CHANGED,
  exits.STOPPED,
  openings.UNKNOWN,
];
