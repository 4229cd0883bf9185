import { allRead } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import { call, type Flow } from '../flow/step.ts';
import { recordMove } from './account-reading.ts';
import type { ReadingMarks } from './reading-marks.ts';

/** A row may become visible so much later than others, and out of their order; ids tell what is known. */
const OVERLAP_MS = 86_400_000;

/** Reads what was moved into and out of the account. */
export class TransferFeed {
  readonly #core: LiveCore;
  readonly #marks: ReadingMarks;
  #lastTransferMs = 0;
  /** Reads the account's recent income; false: it could not be read. Null: nobody does. */
  readIncome: (() => Flow<boolean>) | null = null;

  constructor(core: LiveCore, marks: ReadingMarks) {
    this.#core = core;
    this.#marks = marks;
  }

  /**
   * After a restart from the last reading on, else from the last account record: what moved meanwhile is no loss or
   * gain.
   */
  #transfersSince(nowMs: number): number {
    const recordedMs = Math.min(nowMs, this.#core.state.account?.requested_at_ms ?? nowMs);
    return Math.min(recordedMs, this.#marks.atMs('transfers') ?? recordedMs);
  }

  /** The list of transfers has moves of one kind, those that come late as well; income has all kinds. */
  pollMoves(): Flow<boolean> {
    const income = this.readIncome === null ? [] : [this.readIncome()];
    return allRead(this.#core, [this.poll(), ...income]);
  }

  *poll(): Flow<boolean> {
    const askedAtMs = this.#core.nowMs();
    if (this.#lastTransferMs === 0) this.#lastTransferMs = this.#transfersSince(askedAtMs);
    // RISK: a row that is missed is a loss or a gain for good. What moved before the first reading is in that one.
    const ownFromMs = this.#core.state.accounts.sinceMs ?? askedAtMs;
    // The clock may have been set back since.
    const fromMs = Math.max(ownFromMs, Math.min(this.#lastTransferMs, askedAtMs) - OVERLAP_MS);
    const outcome = yield* call('fetchTransfers', Math.max(0, fromMs));
    if (outcome.kind === 'failed') return false;
    for (const transfer of outcome.value) {
      recordMove(this.#core, transfer);
      this.#lastTransferMs = Math.max(this.#lastTransferMs, transfer.atMs);
    }
    this.#marks.note('transfers', askedAtMs);
    return true;
  }
}
