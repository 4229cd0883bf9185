import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { findBeyondApproval, findOpenedLate, findSentWithoutToken, findUnapproved } from './authority.ts';
import {
  findGrossBeyond,
  findLeverageBeyond,
  findOrdersBeyond,
  findRateBeyond,
  findSlipped,
  findSymbolsBeyond,
  findTurnoverBeyond,
} from './caps.ts';
import { findChangedOtherwise, findChangesBeyond } from './changes.ts';
import { findCapsBesides, findOpenedWhileDown, findUndated } from './daemons.ts';
import {
  findExitsSlipped,
  findForgottenClaims,
  findGrown,
  findLostExits,
  findNotReducing,
  findOpenedBesideExit,
  findUnclaimed,
  findUndropped,
  findUnprotected,
} from './exits.ts';
import { findCrowds, findHurried, findOpenedAgainst, findOpenedBesideHolder } from './holders.ts';
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
  findLostExits,
  findForgottenClaims,
  findUnclaimed,
  findNotReducing,
  findGrown,
  findUndropped,
  findOpenedBesideExit,
  findExitsSlipped,
  findUnprotected,
  findOpenedBesideHolder,
  findOpenedAgainst,
  findHurried,
  findCrowds,
  findOpenedLate,
  findSentWithoutToken,
  findUnapproved,
  findBeyondApproval,
  findOpenedWhileDown,
  findUndated,
  findCapsBesides,
  findChangedOtherwise,
  findChangesBeyond,
];
