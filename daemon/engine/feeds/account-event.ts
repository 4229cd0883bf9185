import type { AccountEvent, PositionRecord } from '../records/events.ts';
import type { AccountSnapshot } from '../records/venue.ts';

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
