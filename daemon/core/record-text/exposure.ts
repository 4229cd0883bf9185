import type { ExposureView, PacingView } from '../context.ts';
import { keepNewest } from './newest-text.ts';
import { listText, numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from './scalars.ts';

/** The rows of exposure and pacing (columns.ts). @throws CanonicalJsonError when a figure is not finite */
export const writeExposure: (view: ExposureView) => string = keepNewest(composeExposure, isSameExposure);
export const writePacing: (view: PacingView) => string = keepNewest(composePacing, isSamePacing);

function composeExposure(exposure: ExposureView): string {
  return (
    `[${numberText(exposure.gross_other_sent_usdt)}` +
    `,${numberText(exposure.gross_other_usdt)}` +
    `,${numberOrNull(exposure.liquidation_distance)}` +
    `,${numberText(exposure.long_lots)},${numberText(exposure.long_units)}` +
    `,${quotedOrNull(exposure.opposed_by_long)}` +
    `,${quotedOrNull(exposure.opposed_by_short)}` +
    `,${numberOrNull(exposure.other_mark_at_ms)}` +
    `,${listText(exposure.other_marks, writeMark)}` +
    `,${numberText(exposure.other_positions)},${wordOrNull(exposure.other_regime)}` +
    `,${numberText(exposure.position_lots)}` +
    `,${numberOrNull(exposure.position_since_ms)}` +
    `,${numberOrNull(exposure.recorded_price)}` +
    `,${numberText(exposure.short_lots)},${numberText(exposure.short_units)}]`
  );
}
function writeMark([symbol, mark]: readonly [string, number]): string {
  return `[${quoted(symbol)},${numberText(mark)}]`;
}
function isSameExposure(a: ExposureView, b: ExposureView): boolean {
  return (
    a.gross_other_sent_usdt === b.gross_other_sent_usdt &&
    a.gross_other_usdt === b.gross_other_usdt &&
    a.liquidation_distance === b.liquidation_distance &&
    a.long_lots === b.long_lots &&
    a.long_units === b.long_units &&
    a.opposed_by_long === b.opposed_by_long &&
    a.opposed_by_short === b.opposed_by_short &&
    a.other_mark_at_ms === b.other_mark_at_ms &&
    isSameMarks(a.other_marks, b.other_marks) &&
    a.other_positions === b.other_positions &&
    a.other_regime === b.other_regime &&
    a.position_lots === b.position_lots &&
    a.position_since_ms === b.position_since_ms &&
    a.recorded_price === b.recorded_price &&
    a.short_lots === b.short_lots &&
    a.short_units === b.short_units
  );
}
function isSameMarks(a: ExposureView['other_marks'], b: ExposureView['other_marks']): boolean {
  return a.length === b.length && a.every(([symbol, mark], i) => symbol === b[i]?.[0] && mark === b[i]?.[1]);
}

function composePacing(pacing: PacingView): string {
  return (
    `[${numberText(pacing.account_sends)}` +
    `,${numberOrNull(pacing.account_sends_free_at_ms)}` +
    `,${numberText(pacing.agent_sends)}` +
    `,${numberOrNull(pacing.agent_sends_free_at_ms)}` +
    `,${numberOrNull(pacing.breaker_until_ms)},${numberText(pacing.fees_usdt)}` +
    `,${numberOrNull(pacing.last_open_fill_at_ms)}` +
    `,${wordOrNull(pacing.last_open_fill_side)}` +
    `,${numberOrNull(pacing.last_open_parent_at_ms)}` +
    `,${numberText(pacing.pending_fees_usdt)}` +
    `,${numberText(pacing.pending_turnover_usdt)}` +
    `,${numberText(pacing.turnover_usdt)}` +
    (pacing.venue_sends_free_at_ms === undefined ? ']' : `,${numberText(pacing.venue_sends_free_at_ms)}]`)
  );
}
function isSamePacing(a: PacingView, b: PacingView): boolean {
  return (
    a.account_sends === b.account_sends &&
    a.account_sends_free_at_ms === b.account_sends_free_at_ms &&
    a.agent_sends === b.agent_sends &&
    a.agent_sends_free_at_ms === b.agent_sends_free_at_ms &&
    a.breaker_until_ms === b.breaker_until_ms &&
    a.fees_usdt === b.fees_usdt &&
    a.last_open_fill_at_ms === b.last_open_fill_at_ms &&
    a.last_open_fill_side === b.last_open_fill_side &&
    a.last_open_parent_at_ms === b.last_open_parent_at_ms &&
    a.pending_fees_usdt === b.pending_fees_usdt &&
    a.pending_turnover_usdt === b.pending_turnover_usdt &&
    a.turnover_usdt === b.turnover_usdt &&
    a.venue_sends_free_at_ms === b.venue_sends_free_at_ms
  );
}
