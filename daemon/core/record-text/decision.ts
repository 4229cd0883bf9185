import type { EffectiveAction, Reason, RuleVerdict } from '../decision.ts';
import { keepNewest } from './kept-text.ts';
import {
  figureText,
  inOnePiece,
  listText,
  type Names,
  numberOrNull,
  numberText,
  quoted,
  wordOrNull,
} from './scalars.ts';

/**
 * SAE-DEC as it is answered (`canonicalJson`) and as it is recorded. Each throws CanonicalJsonError when a figure is
 * not finite.
 */

/** Precondition: codes and units are words of ours, as `decide` gives them. */
export function writeVerdicts(verdicts: readonly RuleVerdict[]): string {
  if (verdicts.length === lastList.length && verdicts.every(isUnchanged)) return lastList.text;
  // Writing may throw, and leaves some of the newest verdicts then.
  lastList = NO_LIST;
  lastList = { length: verdicts.length, text: inOnePiece(listText(verdicts, writeVerdict)) };
  return lastList.text;
}
const NO_LIST = { length: -1, text: '' };
/** The newest list, whole: its verdicts are the first of `lastVerdicts`. */
let lastList = NO_LIST;
function isUnchanged(verdict: RuleVerdict, place: number): boolean {
  const last = lastVerdicts[place];
  return last !== undefined && isSame(last.verdict, verdict);
}
function writeVerdict(verdict: RuleVerdict, place: number): string {
  const last = lastVerdicts[place];
  if (last !== undefined && isSame(last.verdict, verdict)) return last.text;
  const text = composeVerdict(verdict);
  lastVerdicts[place] = { verdict, text };
  return text;
}

/**
 * The newest verdict at each place of the list, and its text: rules run in one order, and what most of them find stays
 * from one decision to the next. Bounded by the longest list of verdicts.
 */
const lastVerdicts: { readonly verdict: RuleVerdict; readonly text: string }[] = [];
function isSame(a: RuleVerdict, b: RuleVerdict): boolean {
  return (
    a.code === b.code &&
    Object.is(a.observed, b.observed) &&
    Object.is(a.limit, b.limit) &&
    a.outcome === b.outcome &&
    a.rule === b.rule &&
    a.unit === b.unit
  );
}
function composeVerdict(verdict: RuleVerdict): string {
  const { limit, observed, unit } = verdict;
  const head = `{"code":"${verdict.code}",`;
  const text =
    limit === undefined || observed === undefined || unit === undefined
      ? `${head}"outcome":"${verdict.outcome}","rule":${verdict.rule}}`
      : `${head}"limit":${figureText(limit)},"observed":${figureText(observed)}` +
        `,"outcome":"${verdict.outcome}","rule":${verdict.rule},"unit":${wordOrNull(unit)}}`;
  return inOnePiece(text);
}

export function writeReasons(reasons: readonly Reason[]): string {
  return listText(reasons, writeReason);
}
function writeReason(reason: Reason): string {
  return (
    `{"code":"${reason.code}","hint":${quoted(reason.hint)},"limit":${figureText(reason.limit)}` +
    `,"message":${quoted(reason.message)},"observed":${figureText(reason.observed)}` +
    `,"unit":${wordOrNull(reason.unit)}}`
  );
}

export function writeEffective(effective: EffectiveAction | null): string {
  return effective === null ? 'null' : writeAction(effective);
}
const writeAction = keepNewest(composeEffective, isSameEffective);
function composeEffective(effective: EffectiveAction): string {
  return (
    `{"action":"${effective.action}","leverage":${numberOrNull(effective.leverage)}` +
    `,"limit_price":${wordOrNull(effective.limit_price)},"lots":${numberOrNull(effective.lots)}` +
    `,"max_slippage_bps":${numberOrNull(effective.max_slippage_bps)},"notional":${numberText(effective.notional)}` +
    `,"order_type":"${effective.order_type}","price_ticks":${numberOrNull(effective.price_ticks)}` +
    `,"quantity":${wordOrNull(effective.quantity)},"reduce_only":${effective.reduce_only}` +
    `,"requested_quantity":${wordOrNull(effective.requested_quantity)},"side":"${effective.side}"` +
    `,"time_in_force":${wordOrNull(effective.time_in_force)}}`
  );
}

/** What is recorded of it (columns.ts). */
export function writeEffectiveRow(effective: EffectiveAction): string {
  return (
    `["${effective.action}",${numberOrNull(effective.leverage)},${wordOrNull(effective.limit_price)}` +
    `,${numberOrNull(effective.lots)},${numberOrNull(effective.max_slippage_bps)},${numberText(effective.notional)}` +
    `,"${effective.order_type}",${numberOrNull(effective.price_ticks)},${wordOrNull(effective.quantity)}` +
    `,${effective.reduce_only},${wordOrNull(effective.requested_quantity)},"${effective.side}"` +
    `,${wordOrNull(effective.time_in_force)}]`
  );
}
/** What is recorded of them (columns.ts). */
export function writeReasonRows(reasons: readonly Reason[]): string {
  return listText(reasons, writeReasonRow);
}
function writeReasonRow({ code, limit, observed, unit }: Reason): string {
  return `["${code}",${figureText(observed)},${figureText(limit)},${wordOrNull(unit)}]`;
}

function isSameEffective(a: EffectiveAction, b: EffectiveAction): boolean {
  return (
    a.action === b.action &&
    a.leverage === b.leverage &&
    a.limit_price === b.limit_price &&
    a.lots === b.lots &&
    a.max_slippage_bps === b.max_slippage_bps &&
    a.notional === b.notional &&
    a.order_type === b.order_type &&
    a.price_ticks === b.price_ticks &&
    a.quantity === b.quantity &&
    a.reduce_only === b.reduce_only &&
    a.requested_quantity === b.requested_quantity &&
    a.side === b.side &&
    a.time_in_force === b.time_in_force
  );
}

export const DECISION_IS_WHOLE: readonly [
  Names<RuleVerdict, 'code' | 'limit' | 'observed' | 'outcome' | 'rule' | 'unit'>,
  Names<Reason, 'code' | 'hint' | 'limit' | 'message' | 'observed' | 'unit'>,
  Names<
    EffectiveAction,
    | 'action'
    | 'leverage'
    | 'limit_price'
    | 'lots'
    | 'max_slippage_bps'
    | 'notional'
    | 'order_type'
    | 'price_ticks'
    | 'quantity'
    | 'reduce_only'
    | 'requested_quantity'
    | 'side'
    | 'time_in_force'
  >,
] = [true, true, true];
