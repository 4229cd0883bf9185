import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import {
  findGrossBeyond,
  findLeverageBeyond,
  findOrdersBeyond,
  findRateBeyond,
  findSlipped,
  findSymbolsBeyond,
  findTurnoverBeyond,
} from './caps.ts';
import { findOpenedAtBoot, findUndecided } from './records.ts';
import { findClosedHalted, findNotFlat, findOpenedReducing, findRestingHalted } from './states.ts';
import { findEqualTwice, findIdsTwice, findOpenedUnproven, findRequestsTwice } from './twice.ts';

/** The costliest sentences of the contract once more, by somebody who knew the sentences alone. */
export const SECOND: readonly ((history: History) => readonly Breach[])[] = [
  findOrdersBeyond,
  findSymbolsBeyond,
  findGrossBeyond,
  findLeverageBeyond,
  findRateBeyond,
  findSlipped,
  findTurnoverBeyond,
  findRequestsTwice,
  findIdsTwice,
  findOpenedUnproven,
  findEqualTwice,
  findUndecided,
  findOpenedAtBoot,
  findOpenedReducing,
  findClosedHalted,
  findRestingHalted,
  findNotFlat,
];
