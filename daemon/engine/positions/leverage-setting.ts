/** So long after our own setting an answer that contradicts it may be of before, ms. */
const DOUBTED_MS = 10_000;

/** What leverage a symbol is set to at the venue. */
export interface LeverageSetting {
  /** Null: unknown. */
  leverage: number | null;
  /** Our last setting that the venue confirmed, until an account answer may contradict it. */
  ownLeverage: { readonly leverage: number; readonly confirmedAtMs: number } | null;
}

/** The venue confirmed our setting. `confirmedAtMs` is null in older records, which any answer replaces. */
export function setLeverage(setting: LeverageSetting, leverage: number, confirmedAtMs: number | null): void {
  setting.leverage = leverage;
  setting.ownLeverage = confirmedAtMs === null ? null : { leverage, confirmedAtMs };
}

/**
 * An answer requested before our setting was confirmed says nothing about it. One that contradicts it soon after may be
 * just as old, or somebody else changed it. The setting is then unknown, and the next order of a flat symbol sets it
 * again.
 */
export function followLeverage(setting: LeverageSetting, leverage: number, requestedAtMs: number): void {
  const own = setting.ownLeverage;
  if (own !== null && leverage !== own.leverage) {
    if (requestedAtMs < own.confirmedAtMs) return;
    if (requestedAtMs < own.confirmedAtMs + DOUBTED_MS) {
      setting.leverage = null;
      return;
    }
    setting.ownLeverage = null;
  }
  setting.leverage = leverage;
}
