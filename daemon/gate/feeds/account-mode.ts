import type { GateCore } from '../journal/journal.ts';
import type { VenueHealth } from '../orders/venue-health.ts';
import { everyLiveOrder } from '../state/orders.ts';
import type { AccountFeed } from './account-feed.ts';
import type { ReadingMarks } from './reading-marks.ts';

/** A mode that was found right is not read again within this time, domain ms: a running daemon does not either. */
const MODE_RECENT_MS = 60_000;

/**
 * One-way and isolated mode, and a leverage within the policy's cap wherever nothing is held. Precondition: the account
 * was read just now.
 */
export async function prepareAccount(
  core: GateCore,
  account: AccountFeed,
  marks: ReadingMarks,
  health: VenueHealth,
  symbols: readonly string[],
): Promise<boolean> {
  if (!isModeRecent(account, marks, symbols)) {
    if (!(await readMode(core, account, health, symbols))) return false;
    marks.note('mode', core.nowMs(), symbols);
  }
  return lowerLeverage(core, health, symbols);
}

/** It was right a moment ago, and the account's own list still shows isolated margin. */
export function isModeRecent(account: AccountFeed, marks: ReadingMarks, symbols: readonly string[]): boolean {
  const isIsolated = symbols.every((symbol) => account.isolated?.[symbol] === true);
  return isIsolated && marks.ageMs('mode', symbols) < MODE_RECENT_MS;
}

async function readMode(
  core: GateCore,
  account: AccountFeed,
  health: VenueHealth,
  symbols: readonly string[],
): Promise<boolean> {
  const outcome = await core.ports.venue.prepareAccount(symbols, account.isolated);
  if (outcome.kind === 'failed') {
    health.onReadFailure(outcome.detail, outcome.consequence, outcome.retryAfterMs);
    core.ports.log.warn({ detail: outcome.detail }, 'the account could not be prepared');
    return false;
  }
  const mode = outcome.value;
  const wrong = [
    mode.oneWay ? null : 'the account is not in one-way mode',
    mode.singleAsset ? null : 'multi-assets margin is on',
    mode.canTrade ? null : 'the key may not trade',
    ...symbols.map((symbol) => (mode.isolated[symbol] === false ? `${symbol} is not on isolated margin` : null)),
    core.settings.venue === 'binance-live' && mode.canWithdraw !== false
      ? 'the key may withdraw, or its rights could not be read'
      : null,
  ].filter((problem) => problem !== null);
  if (wrong.length > 0) {
    core.alertRarely('ACCOUNT_MODE', wrong.join('; '));
    return false;
  }
  return true;
}

async function lowerLeverage(core: GateCore, health: VenueHealth, symbols: readonly string[]): Promise<boolean> {
  const cap = Math.max(1, Math.floor(core.policySpec.budgets.leverage));
  for (const symbol of symbols) {
    const position = core.state.position(symbol);
    const isHeld =
      position.lots !== 0 || [...everyLiveOrder(core.state.orders)].some((order) => order.symbol === symbol);
    if (isHeld || (position.leverage !== null && position.leverage <= cap)) continue;
    const outcome = await core.ports.venue.setLeverage(symbol, cap);
    if (outcome.kind === 'rejected') {
      const { consequence, message, retryAfterMs } = outcome.rejection;
      health.onReadFailure(message, consequence, retryAfterMs);
    }
    if (outcome.kind !== 'accepted') return false;
    core.append('leverage', { confirmed_at_ms: core.nowMs(), leverage: cap, symbol });
  }
  return true;
}
