import { INCOME_LATE_MS } from '../accounts/accounts.ts';
import { idOf, isMove } from '../accounts/income-rows.ts';
import { recordMove } from '../feeds/account-reading.ts';
import type { LiveCore } from '../flow/core.ts';
import type { VenueIncome } from '../records/venue.ts';
import type { IncomeRow } from '../records/venue-events.ts';

/** Bookings of one record. */
const ROWS_OF_A_RECORD = 200;

/** Of each symbol once in a list: the fee and what the insurance fund paid are rows of their own. */
function tellLiquidations(core: LiveCore, rows: readonly IncomeRow[]): void {
  const cleared = rows.filter(({ symbol, type }) => type === 'INSURANCE_CLEAR' && symbol !== '');
  for (const symbol of new Set(cleared.map((row) => row.symbol))) {
    const at = cleared.find((row) => row.symbol === symbol)?.at_venue_ms ?? 0;
    core.alert('LIQUIDATED', `the venue liquidated a position at ${new Date(at).toISOString()}`, symbol);
  }
}

/**
 * Records the bookings that are news. A list without news is recorded too where it lacks a trade that it should contain:
 * then the accounts show the difference.
 */
export function recordIncome(core: LiveCore, { bookings, isWhole }: VenueIncome, askedAtMs: number): void {
  const { accounts } = core.state;
  const rows = accounts.newsOf(
    bookings.map(({ amountUsdt, atMs, incomeId, symbol, tradeId, type }) => ({
      amount_usdt: amountUsdt,
      at_venue_ms: atMs,
      income_id: incomeId,
      symbol,
      trade_id: tradeId,
      type,
    })),
  );
  // Of a list that was cut off, the rows of its last instant may be split.
  const wholeToMs = isWhole ? askedAtMs - INCOME_LATE_MS : (bookings.at(-1)?.atMs ?? askedAtMs) - 1;
  const readToMs = Math.max(wholeToMs, accounts.incomeReadToMs ?? 0);
  // Before their rows, which are no news any more once they are recorded. TRANSFER has a list of its own besides, which
  // knows them by their numbers alone: whichever tells first.
  for (const row of rows) {
    if (!isMove(row.type)) continue;
    const transferId = row.type === 'TRANSFER' ? row.income_id : idOf(row);
    recordMove(core, { amountUsdt: row.amount_usdt, atMs: row.at_venue_ms, transferId });
  }
  tellLiquidations(core, rows);
  const lacks = accounts.unconfirmed.some(({ atMs }) => atMs <= readToMs);
  if (rows.length === 0 && !lacks) return;
  for (let i = 0; i === 0 || i < rows.length; i += ROWS_OF_A_RECORD) {
    const part = rows.slice(i, i + ROWS_OF_A_RECORD);
    const isLast = i + ROWS_OF_A_RECORD >= rows.length;
    core.append('income', { read_to_ms: isLast ? readToMs : (accounts.incomeReadToMs ?? 0), rows: part });
  }
}
