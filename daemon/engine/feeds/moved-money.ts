import type { ReadSpan } from '../accounts/recent-moves.ts';
import type { LiveCore } from '../flow/core.ts';
import type { AccountSnapshot, VenueTransfer } from '../records/venue.ts';
import { marginRatio } from './account-event.ts';

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
