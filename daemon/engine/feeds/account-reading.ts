import type { ReadSpan } from '../accounts/recent-moves.ts';
import type { LiveCore } from '../flow/core.ts';
import { possibleFills } from '../orders/holding.ts';
import { liveOrders } from '../orders/orders.ts';
import type { AccountSnapshot, VenueTransfer } from '../records/venue.ts';
import type { AccountEvent, PositionRecord } from '../records/venue-events.ts';
import type { GateViews } from '../state/views.ts';

/** Maintenance margin / margin balance; with isolated positions the worst one. */
export function marginRatio(snapshot: AccountSnapshot): number {
  const whole =
    snapshot.marginBalanceUsdt > 0
      ? snapshot.maintenanceMarginUsdt / snapshot.marginBalanceUsdt
      : snapshot.maintenanceMarginUsdt > 0
        ? 1
        : 0;
  let worst = Math.max(0, whole);
  for (const position of snapshot.positions) {
    if (position.isolatedMarginUsdt === null) continue;
    worst = Math.max(
      worst,
      position.isolatedMarginUsdt > 0 ? position.maintenanceMarginUsdt / position.isolatedMarginUsdt : 1,
    );
  }
  return worst;
}

/**
 * The ledger record of an account answer.
 *
 * @param peakUsdt the lower of this reading and the previous one
 * @param clockErrorMs by so much domain time may have differed from the venue's
 */
export function accountEvent(
  snapshot: AccountSnapshot,
  peakUsdt = snapshot.marginBalanceUsdt,
  clockErrorMs = 0,
): AccountEvent {
  const positions = snapshot.positions.map(
    (position): PositionRecord => ({
      entry_price: position.entryPrice,
      liquidation_price: position.liquidationPrice,
      quantity_e8: position.quantityE8,
      maintenance_margin_usdt: position.maintenanceMarginUsdt,
      mark_price: position.markPrice,
      symbol: position.symbol,
      unrealised_pnl_usdt: position.unrealisedPnlUsdt,
      updated_at_ms: position.updatedAtMs,
    }),
  );
  const unread = [...new Set(snapshot.unreadable.map(({ symbol }) => symbol))].sort();
  return {
    available_usdt: snapshot.availableUsdt,
    ...(clockErrorMs > 0 ? { clock_error_ms: clockErrorMs } : {}),
    initial_margin_usdt: snapshot.initialMarginUsdt,
    leverage: snapshot.leverage,
    maintenance_margin_usdt: snapshot.maintenanceMarginUsdt,
    margin_balance_usdt: snapshot.marginBalanceUsdt,
    margin_ratio: marginRatio(snapshot),
    ...(peakUsdt < snapshot.marginBalanceUsdt ? { peak_usdt: peakUsdt } : {}),
    positions,
    requested_at_ms: snapshot.requestedAtMs,
    ...(unread.length > 0 ? { unread } : {}),
    wallet_usdt: snapshot.walletUsdt,
  };
}

/** A change of the wallet by more than this fraction asks for the lists of transfers at once. */
const WALLET_MOVED = 0.005;

/**
 * Whether the wallet has changed by more than a little of what drawdown and daily loss are a part of, which is less than
 * the wallet where much was moved in. A withdrawal is no loss and a deposit no gain: what moves it this much is looked up
 * before it counts.
 */
export function hasWalletMoved(core: LiveCore, walletUsdt: number): boolean {
  const { account, equity } = core.state;
  if (account === null) return false;
  const { wallet_usdt: before } = account;
  const net = before - equity.transfersUsdt;
  const base = net > 0 ? Math.min(before, net) : Math.abs(before);
  return Math.abs(walletUsdt - before) > WALLET_MOVED * base;
}

/** Shows a reading to decisions. What was moved while it was on its way is recorded by now, and is not in it. */
export function showAccount(core: LiveCore, snapshot: AccountSnapshot, span: ReadSpan): void {
  const { availableUsdt, marginBalanceUsdt, observedAtMs, requestedAtMs } = snapshot;
  const reading = {
    availableUsdt,
    marginBalanceUsdt,
    marginRatio: marginRatio(snapshot),
    observedAtMs,
    ...span,
  };
  core.market.readings.add(reading, core.state.equity.moves.since(core.state.time.of(requestedAtMs)));
}

/**
 * Records what was moved into or out of the account, once. RISK: the account that decisions see was read before it and does
 * not show it yet; it moves along, or the deposit would be a loss, and the withdrawal a gain, until the next reading.
 */
export function recordMove(core: LiveCore, { amountUsdt, atMs, transferId }: VenueTransfer): void {
  const { market, state } = core;
  if (state.seenTransfers.has('', transferId)) return;
  core.append('transfer', { amount_usdt: amountUsdt, at_venue_ms: atMs, transfer_id: transferId });
  market.readings.noteMove(amountUsdt, atMs);
}

/**
 * Symbols whose position at the venue differs from ours by more than our in-flight or resting orders may have
 * filled: somebody else traded there. Usually there are none.
 */
export function findUnexplained(
  state: GateViews,
  { positions, unreadable }: Pick<AccountSnapshot, 'positions' | 'unreadable'>,
): readonly string[] {
  const found: string[] = [];
  const held = new Map(positions.map((position) => [position.symbol, position.quantityE8]));
  for (const symbol of new Set([...held.keys(), ...state.positions.keys()])) {
    if (unreadable.some((row) => row.symbol === symbol)) continue;
    const difference = (held.get(symbol) ?? 0) - (state.positions.get(symbol)?.quantityE8 ?? 0);
    if (difference === 0) continue;
    const { unproven, buyE8, sellE8, buysAll, sellsAll } = possibleFills(liveOrders(state.orders, symbol));
    const isCovered = difference > 0 ? difference <= buyE8 || buysAll : -difference <= sellE8 || sellsAll;
    if (!unproven && isCovered !== true) found.push(symbol);
  }
  return found;
}
