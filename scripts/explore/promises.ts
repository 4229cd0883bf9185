import type { Breach } from './breach.ts';
import type { History } from './history.ts';
import { findAnswerBreaches, findRepeats, findUnanswered } from './promises/answers.ts';
import { findCapBreaches, findOrderRateBreaches } from './promises/caps.ts';
import { findCutsUnread } from './promises/cuts.ts';
import { findClosesMore, findCrossings, findOldExits, findQuietExits } from './promises/exits.ts';
import { findOperatorBreaches } from './promises/operator.ts';
import { findRoomBreaches } from './promises/others.ts';
import {
  findAuditBreaches,
  findInternalErrors,
  findProofUndone,
  findUnrecorded,
  findViewBreaches,
} from './promises/records.ts';
import { findReopened } from './promises/reopened.ts';
import { findLostTakeProfits, findOldClosesNew, findQuietTakeProfits } from './promises/shares.ts';

type Promised = (history: History) => readonly Breach[];

/** What a user would write down, each as a function of what happened. */
const PROMISES: readonly Promised[] = [
  findReopened,
  findAnswerBreaches,
  findQuietExits,
  findCapBreaches,
  findRepeats,
  findRoomBreaches,
  findOperatorBreaches,
  findProofUndone,
  findClosesMore,
  findOldExits,
  findOldClosesNew,
  findLostTakeProfits,
  findQuietTakeProfits,
  findCutsUnread,
  findOrderRateBreaches,
  findCrossings,
  findUnrecorded,
  findUnanswered,
  findInternalErrors,
  findViewBreaches,
  findAuditBreaches,
];

export function judge(history: History): readonly Breach[] {
  return PROMISES.flatMap((find) => find(history));
}
