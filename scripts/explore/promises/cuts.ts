import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';

const CAPS = /the tightened (symbol notional|gross notional|liquidation distance) cap/;

/** Who is told of a cut is told which cap it is for. */
export function findCutsUnnamed({ events }: History): readonly Breach[] {
  return events.flatMap(({ atMs, event }) =>
    event.kind === 'alert' && event.payload.code === 'POSITION_CUT' && !CAPS.test(event.payload.detail)
      ? [{ code: 'cut-unnamed', detail: `${event.payload.symbol} at ${at(atMs)}: ${event.payload.detail}` }]
      : [],
  );
}

/** A cut is not sized before the account was queried for what the gate's previous exit has left. */
export function findCutsUnread(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, event } of history.events) {
    if (event.kind === 'account') readAtMs = Math.max(readAtMs, event.payload.requested_at_ms - START_MS);
    if (event.kind !== 'exit_target' || event.payload.action !== 'opened' || event.payload.cause !== 'cut') continue;
    const { decision_id: id, symbol } = event.payload;
    const before = history.fills.findLast(
      (fill) =>
        fill.symbol === symbol &&
        fill.atMs < atMs &&
        // The daemon's clock is a moment off the venue's: its own fill may seem to come before its record.
        fill.order?.decision.rootId !== id &&
        fill.order?.decision.origin === 'gate' &&
        !fill.order.planned.protective,
    );
    if (before !== undefined && before.atMs > readAtMs)
      breaches.push({
        code: 'cut-twice',
        detail: `${symbol}: the gate closed ${before.lots} lots at ${at(before.atMs)} and cuts again at ${at(atMs)} by a reading asked for at ${at(readAtMs)}`,
      });
  }
  return breaches;
}
