import type { PassedTime } from '../kept/passed-time.ts';
import { ownE8, possibleFills } from '../orders/holding.ts';
import { isTerminal, isUnproven, liveOrders } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { applySnapshot } from '../positions/snapshot.ts';
import { fromE8 } from '../records/units.ts';
import type { AccountEvent, PositionRecord } from '../records/venue-events.ts';
import type { GateViews } from './views.ts';

const NOTHING_TO_FILL = possibleFills([]);

/** Since when a balance that is shown may have been read: it is none of before the last record; absent: there is none. */
export function readFromMs(account: AccountEvent | null): number | undefined {
  return account === null ? undefined : account.requested_at_ms - (account.clock_error_ms ?? 0);
}

/** Applies a complete account reading: balances, positions, leverage. */
export function applyAccount(state: GateViews, event: AccountEvent): void {
  // Answers may overtake each other; an older one says nothing new.
  const { time } = state;
  const askedMs = time.of(event.requested_at_ms);
  if (askedMs < state.accountAskedMs) return;
  const { positions, leverage } = event;
  // Positions are never forgotten: those of the last answer already exist.
  const last = state.account?.positions;
  for (let i = 0; i < positions.length; i += 1)
    if (last?.[i]?.symbol !== positions[i]!.symbol) state.position(positions[i]!.symbol);
  if (state.account?.leverage !== leverage) for (const symbol in leverage) state.position(symbol);
  state.account = event;
  state.accountAskedMs = askedMs;
  const { clock_error_ms: clockErrorMs, peak_usdt: peakUsdt } = event;
  const how = { clockErrorMs, peakUsdt, shownAtMs: time.tMs };
  state.equity.add(askedMs, event.margin_balance_usdt, how);
  // A known symbol missing from the answer is flat, but for one whose row could not be read.
  for (const position of state.positions.values()) {
    const { symbol } = position;
    if (event.unread?.includes(symbol) === true) continue;
    const orders = liveOrders(state.orders, symbol);
    const possible = orders.size === 0 ? NOTHING_TO_FILL : possibleFills(orders);
    const setting = leverage[symbol] ?? null;
    const record = byPassed(findRecord(positions, symbol), time);
    const { holder } = position;
    const own = ownE8(position);
    const shown = { record, requestedAtMs: askedMs, leverage: setting, seq: state.stateSeq };
    applySnapshot(position, shown, possible);
    if (holder !== null && own !== 0) closeRoundTrips(state, position, { holder, heldE8: own }, event.requested_at_ms);
  }
  if (state.readAs.size > 0) dropReadAs(state);
  if (state.uncontained.size === 0) return;
  for (const order of state.uncontained) {
    const contained = order.acknowledgedAtMs !== null && order.acknowledgedAtMs < askedMs;
    const gone = isTerminal(order) && order.executedE8 === 0;
    const settled = isTerminal(order) && contained && order.updatedAtMs < askedMs;
    const resting = !isTerminal(order) && contained && !isUnproven(order);
    if (gone || settled || resting) state.uncontained.delete(order);
  }
}

function dropReadAs(state: GateViews): void {
  for (const order of state.readAs.keys()) {
    const isKnown = order.amend === null || isTerminal(order);
    if (isKnown && order.updatedAtMs < state.accountAskedMs) state.readAs.delete(order);
  }
}

/**
 * Somebody closed at the venue, past the gate, what the holder held: its round trips end. RISK: else what it opens next would
 * close what is long gone. Nobody knows at which price; the mark of the last reading is the nearest one.
 */
function closeRoundTrips(
  { rules, trades }: GateViews,
  position: PositionState,
  { heldE8, holder }: { readonly holder: string; readonly heldE8: number },
  atMs: number,
): void {
  const { markPrice, symbol } = position;
  const known = rules.get(symbol);
  const quantityE8 = Math.abs(heldE8) - Math.abs(ownE8(position));
  if (known === undefined || markPrice === null || quantityE8 <= 0) return;
  trades.close(holder, {
    symbol,
    side: heldE8 > 0 ? 'sell' : 'buy',
    lots: quantityE8,
    lot_size: fromE8(1),
    price: markPrice,
    fee_usdt: fromE8(quantityE8) * markPrice * known.takerFee,
    at_ms: atMs,
  });
}

function findRecord(records: AccountEvent['positions'], symbol: string): AccountEvent['positions'][number] | null {
  for (let i = 0; i < records.length; i += 1) if (records[i]!.symbol === symbol) return records[i]!;
  return null;
}

/** Until when it shows the position, by `t`; 0: it does not say. */
function byPassed(record: PositionRecord | null, time: PassedTime): PositionRecord | null {
  if (record === null || record.updated_at_ms === 0) return record;
  const shownMs = time.of(record.updated_at_ms);
  return shownMs === record.updated_at_ms ? record : { ...record, updated_at_ms: shownMs };
}
