import type { Breach } from './breach.ts';
import { type History, isOwnersHandIn } from './history.ts';
import { findAccountBreaches } from './promises/accounts.ts';
import { findActBreaches } from './promises/acts.ts';
import { findLateAgreement } from './promises/agreement.ts';
import { findFalseAlerts, findUntoldLosses } from './promises/alerts.ts';
import { findAmendedOtherwise } from './promises/amended.ts';
import {
  findAnswerBreaches,
  findAnswersBehind,
  findMistakenRepeats,
  findRepeats,
  findUnanswered,
  findUncanceled,
} from './promises/answers.ts';
import { findApprovalBreaches } from './promises/approvals.ts';
import { findPassedSchemas, findShortAllows } from './promises/asked.ts';
import { findAuthorityBreaches } from './promises/authority.ts';
import { findBanBreaches } from './promises/bans.ts';
import { findBoundBreaches } from './promises/bounds.ts';
import { findForgottenCancels, findSlicesAfterCancels } from './promises/cancels.ts';
import { findCapBreaches, findOrderRateBreaches } from './promises/caps.ts';
import { findMiscompared } from './promises/compared.ts';
import { findConcentrated } from './promises/concentration.ts';
import { findCutsBeyond, findCutsLeft, findCutsUnnamed, findCutsUnread, findCutsUntold } from './promises/cuts.ts';
import { findDeadmanBreaches } from './promises/deadman.ts';
import { findDecidedOtherwise } from './promises/decided.ts';
import { findDeliveryBreaches } from './promises/delivered.ts';
import { findEndedEarly } from './promises/ended.ts';
import { findClosesMore, findCrossings, findOldExits, findQuietExits } from './promises/exits.ts';
import { findFeedBreaches } from './promises/feeds.ts';
import { findFigureBreaches } from './promises/figures.ts';
import { findLateFlattens } from './promises/flattens.ts';
import { findFullDiskBreaches } from './promises/full-disk.ts';
import { findHandsUnseen } from './promises/hands.ts';
import { findHoldingBreaches } from './promises/holding.ts';
import { findGivenUpInRoom } from './promises/kept-exits.ts';
import { findLedgerBreaches } from './promises/ledgers.ts';
import { findLeftOpenings } from './promises/left-opening.ts';
import { findLeverageBreaches } from './promises/leverage.ts';
import { findLimitBreaches } from './promises/limits.ts';
import { findLiquidationBreaches } from './promises/liquidations.ts';
import { findOpenedBlind } from './promises/lists.ts';
import { findLiveBreaches } from './promises/live.ts';
import { findLotBreaches } from './promises/lots.ts';
import { findModeBreaches } from './promises/modes.ts';
import { findMoveBreaches } from './promises/moves.ts';
import { findNobodysBreaches } from './promises/nobodys.ts';
import { findOfferBreaches } from './promises/offered.ts';
import {
  findActsWhileHalted,
  findOperatorBreaches,
  findUnsentChanges,
  findWaitingFlattens,
} from './promises/operator.ts';
import { findPutBack } from './promises/others.ts';
import {
  findHammeredStops,
  findHammering,
  findHeldUp,
  findHurriedRungs,
  findReadTwice,
  findUncut,
} from './promises/paces.ts';
import { findPageBreaches } from './promises/pages.ts';
import { findPlaceBreaches } from './promises/places.ts';
import { findReadingBreaches } from './promises/readings.ts';
import { findReadBreaches } from './promises/reads.ts';
import { findRecordedOtherwise } from './promises/recorded.ts';
import { findAuditBreaches, findInternalErrors, findProofTakenBack, findUnrecorded } from './promises/records.ts';
import { findReopened } from './promises/reopened.ts';
import { findRequestBudgetBreaches } from './promises/request-budgets.ts';
import { findReservationBreaches } from './promises/reservations.ts';
import { findRestingTwice } from './promises/rests-once.ts';
import { findRoomBreaches } from './promises/room.ts';
import { findEnforced, findShadowBreaches, findTaken, isShadow } from './promises/shadow.ts';
import { findLostTakeProfits, findOldClosesNew, findQuietTakeProfits } from './promises/shares.ts';
import { findUnheeded } from './promises/shown.ts';
import { findSignalBreaches } from './promises/signals.ts';
import { findStaleOpenings } from './promises/stale-openings.ts';
import { findStandingBreaches } from './promises/standing.ts';
import { findStepBreaches } from './promises/steps.ts';
import { findStopBreaches } from './promises/stops.ts';
import { findMissuggested } from './promises/suggested.ts';
import { findTokenBreaches } from './promises/tokens.ts';
import { findTellingBreaches } from './promises/told.ts';
import { findViewBreaches } from './promises/views.ts';
import { findWeighedDown } from './promises/weight.ts';
import { SECOND } from './second/second.ts';

type Promised = (history: History) => readonly Breach[];

/** What a user would write down, each as a function of what happened. */
const PROMISES: readonly Promised[] = [
  findActBreaches,
  findReopened,
  findAnswerBreaches,
  findShortAllows,
  findPassedSchemas,
  findQuietExits,
  findCapBreaches,
  findConcentrated,
  findApprovalBreaches,
  findAuthorityBreaches,
  findHoldingBreaches,
  findNobodysBreaches,
  findLeverageBreaches,
  findEndedEarly,
  findLeftOpenings,
  findGivenUpInRoom,
  findLateFlattens,
  findDeadmanBreaches,
  findRepeats,
  findRoomBreaches,
  findRestingTwice,
  findPlaceBreaches,
  findBoundBreaches,
  findOperatorBreaches,
  findWaitingFlattens,
  findProofTakenBack,
  findClosesMore,
  findOldExits,
  findOldClosesNew,
  findLostTakeProfits,
  findQuietTakeProfits,
  findCutsUnread,
  findCutsBeyond,
  findCutsLeft,
  findCutsUntold,
  findOrderRateBreaches,
  findCrossings,
  findUnrecorded,
  findRecordedOtherwise,
  findUnanswered,
  findInternalErrors,
  findLedgerBreaches,
  findSignalBreaches,
  findLimitBreaches,
  findTokenBreaches,
  findHammering,
  findHurriedRungs,
  findHammeredStops,
  findUncut,
  findMistakenRepeats,
  findAnswersBehind,
  findUncanceled,
  findForgottenCancels,
  findSlicesAfterCancels,
  findActsWhileHalted,
  findUnsentChanges,
  findCutsUnnamed,
  findPutBack,
  findHeldUp,
  findReadTwice,
  findUnheeded,
  findHandsUnseen,
  findLotBreaches,
  findStandingBreaches,
  findStaleOpenings,
  findLateAgreement,
  findViewBreaches,
  findReservationBreaches,
  findRequestBudgetBreaches,
  findFigureBreaches,
  findPageBreaches,
  findReadingBreaches,
  findReadBreaches,
  findFeedBreaches,
  findAccountBreaches,
  findFalseAlerts,
  findUntoldLosses,
  findModeBreaches,
  findMoveBreaches,
  findStepBreaches,
  findStopBreaches,
  findBanBreaches,
  findDeliveryBreaches,
  findFullDiskBreaches,
  findLiveBreaches,
  findShadowBreaches,
  findWeighedDown,
  findOpenedBlind,
  findLiquidationBreaches,
  findAuditBreaches,
  findMiscompared,
  findMissuggested,
  findOfferBreaches,
  findDecidedOtherwise,
  findAmendedOtherwise,
  findTellingBreaches,
  ...SECOND,
];

/** What agents hold is not for the books alone to say where the owner traded, too. */
const OF_SHARES: ReadonlySet<Promised> = new Set([
  findReopened,
  findQuietExits,
  findClosesMore,
  findOldClosesNew,
  findLostTakeProfits,
]);

/** Where nothing is enforced: all that no policy has a say in. */
const WITHOUT_POLICY: readonly Promised[] = [
  findShadowBreaches,
  findEnforced,
  findTaken,
  findRepeats,
  findUnrecorded,
  findUnanswered,
  findInternalErrors,
  findAuditBreaches,
  findProofTakenBack,
  findMistakenRepeats,
  findForgottenCancels,
  findQuietExits,
  findClosesMore,
  findLotBreaches,
  findHammering,
  findLateAgreement,
  findReadBreaches,
  findFeedBreaches,
  findStopBreaches,
  findStaleOpenings,
];

export function judge(history: History): readonly Breach[] {
  const judged = isShadow(history) ? WITHOUT_POLICY : PROMISES;
  const promised = isOwnersHandIn(history, null) ? judged.filter((find) => !OF_SHARES.has(find)) : judged;
  return promised.flatMap((find) => find(history));
}
