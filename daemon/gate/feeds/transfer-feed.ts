import type { GateCore } from '../journal/journal.ts';
import type { ReadingMarks } from './reading-marks.ts';

const DAY_MS = 86_400_000;

/** Reads what was moved into and out of the account. */
export class TransferFeed {
  readonly #core: GateCore;
  readonly #marks: ReadingMarks;
  #lastTransferMs = 0;

  constructor(core: GateCore, marks: ReadingMarks) {
    this.#core = core;
    this.#marks = marks;
    core.onClockSetBack((nowMs) => {
      this.#lastTransferMs = Math.min(this.#lastTransferMs, nowMs);
    });
  }

  /**
   * After a restart from the last reading on, else from the last account record: what moved meanwhile is no loss or
   * gain.
   */
  #transfersSince(nowMs: number): number {
    const recordedMs = Math.min(nowMs, this.#core.state.account?.requested_at_ms ?? nowMs);
    const readMs = this.#marks.atMs('transfers') ?? recordedMs;
    return Math.max(recordedMs - DAY_MS, Math.min(recordedMs, readMs));
  }

  async poll(): Promise<boolean> {
    const askedAtMs = this.#core.nowMs();
    if (this.#lastTransferMs === 0) this.#lastTransferMs = this.#transfersSince(askedAtMs);
    const outcome = await this.#core.ports.venue.fetchTransfers(this.#lastTransferMs);
    if (outcome.kind === 'failed') return false;
    for (const transfer of outcome.value) {
      if (this.#core.state.seenTransfers.has('', transfer.transferId)) continue;
      this.#core.append('transfer', {
        amount_usdt: transfer.amountUsdt,
        at_venue_ms: transfer.atMs,
        transfer_id: transfer.transferId,
      });
      this.#lastTransferMs = Math.max(this.#lastTransferMs, transfer.atMs);
    }
    this.#marks.note('transfers', askedAtMs);
    return true;
  }
}
