import { isNear, type ReadSpan } from '../accounts/recent-moves.ts';
import type { AccountInputs } from './inputs.ts';

/** A reading of the account, with what was moved since and is not in it. */
export type AccountReading = AccountInputs & ReadSpan;

/** Readings come seconds apart, and a move may lie beside two or three of them. */
const MOST = 8;

/**
 * The account as decisions see it. Each reading is known to contain a move, or not to. RISK: beside one that was made while
 * it was read nobody can tell. Taken wrongly, a deposit is a loss, and a withdrawal a gain. Such a reading no longer counts:
 * the newest does of which it is known what it contains.
 */
export class AccountReadings {
  #kept: readonly AccountReading[] = [];
  /** Null: there is none that counts. Read at every decision. */
  shown: AccountInputs | null = null;
  /** The account is to be read again, now. */
  onUnclear: () => void = () => undefined;

  /** @param movedUsdt what is known to have been moved, and is not in it */
  add(reading: AccountReading, movedUsdt: number): void {
    this.#keep([...this.#kept.slice(1 - MOST), withMoved(reading, movedUsdt)]);
  }

  /** Something was moved into the account (USDT), or out of it, and was not known when any of them was requested. */
  noteMove(usdt: number, atMs: number): void {
    const isClear = (reading: AccountReading): boolean => !isNear(atMs, reading);
    const newest = this.#kept.at(-1);
    const clear = this.#kept.filter(isClear);
    this.#keep(clear.map((reading) => (reading.fromMs > atMs ? reading : withMoved(reading, usdt))));
    if (newest !== undefined && !isClear(newest)) this.onUnclear();
  }

  forget(): void {
    this.#keep([]);
  }

  #keep(kept: readonly AccountReading[]): void {
    this.#kept = kept;
    this.shown = kept.at(-1) ?? null;
  }
}

/** What comes in is available once a reading says so. */
function withMoved(reading: AccountReading, movedUsdt: number): AccountReading {
  const { availableUsdt, marginBalanceUsdt } = reading;
  return {
    ...reading,
    availableUsdt: Math.max(0, availableUsdt + Math.min(0, movedUsdt)),
    marginBalanceUsdt: marginBalanceUsdt + movedUsdt,
  };
}
