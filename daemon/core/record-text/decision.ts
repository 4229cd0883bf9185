import type { EffectiveAction, Reason, RuleVerdict } from '../decision.ts';
import { isSameVerdict, writeEffective, writeReason, writeVerdict } from './members.ts';
import { writeReasonRow } from './rows.ts';
import { inOnePiece, listText } from './scalars.ts';

/**
 * Lists of SAE-DEC as they are answered (`canonicalJson`) and as they are recorded. Each throws CanonicalJsonError when a
 * figure is not finite.
 */

/** Precondition: codes and units are words of ours, as `decide` gives them. */
export function writeVerdicts(verdicts: readonly RuleVerdict[]): string {
  if (verdicts.length === lastList.length && verdicts.every(isUnchanged)) return lastList.text;
  // Writing may throw, and leaves some of the newest verdicts then.
  lastList = NO_LIST;
  lastList = { length: verdicts.length, text: inOnePiece(listText(verdicts, writeKept)) };
  return lastList.text;
}
const NO_LIST = { length: -1, text: '' };
/** The newest list, whole: its verdicts are the first of `lastVerdicts`. */
let lastList = NO_LIST;
function isUnchanged(verdict: RuleVerdict, place: number): boolean {
  return isSameVerdict(verdict, lastVerdicts[place]?.verdict);
}
function writeKept(verdict: RuleVerdict, place: number): string {
  const last = lastVerdicts[place];
  if (last !== undefined && isSameVerdict(verdict, last.verdict)) return last.text;
  const text = inOnePiece(writeVerdict(verdict));
  lastVerdicts[place] = { verdict, text };
  return text;
}

/**
 * The newest verdict at each place of the list, and its text: rules run in one order, and what most of them find stays
 * from one decision to the next. Bounded by the longest list of verdicts.
 */
const lastVerdicts: { readonly verdict: RuleVerdict; readonly text: string }[] = [];

export function writeEffectiveOrNull(effective: EffectiveAction | null): string {
  return effective === null ? 'null' : writeEffective(effective);
}
export function writeReasons(reasons: readonly Reason[]): string {
  return listText(reasons, writeReason);
}
/** What is recorded of them (columns.ts). */
export function writeReasonRows(reasons: readonly Reason[]): string {
  return listText(reasons, writeReasonRow);
}
