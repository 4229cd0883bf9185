import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { PlainClock } from './plain-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const PAUSE_MS = 3_600_000;
/** The clocks of both sides are no further apart, ms. */
const CLOCKS_APART_MS = 100;

interface Sample {
  atMs: number;
  /** Net of transfers. */
  equity: number;
  peak: number;
  readonly seq: number;
  /** When the balance was read, or may have been. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Drawdown and daily loss as they are defined: the whole list of readings, gone through for every question. All is dated
 * by the time that has passed.
 */
export class PlainEquity {
  readonly #clock = new PlainClock();
  #samples: Sample[] = [];
  readonly #transfers = new Set<string>();
  readonly #moves: { readonly atMs: number; readonly reportedAtMs: number; readonly usdt: number }[] = [];
  #sum = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #readFromMs = Number.NEGATIVE_INFINITY;
  #rebasedAtSeq = -1;
  /** What lists of readings do not settle: a transfer that became known late, or a clock that was set back. */
  isUnclear = false;

  take(event: GateEvent): void {
    this.#clock.take(event);
    const nowMs = this.#clock.passedMs(event.at_ms);
    if (event.kind === 'account') {
      const { clock_error_ms: errorMs = 0, margin_balance_usdt: balance, requested_at_ms: askedAtMs } = event.payload;
      const atMs = this.#clock.passedAtMs(askedAtMs);
      const { peak_usdt: peak = balance } = event.payload;
      if (atMs < this.#newestMs) return;
      this.#newestMs = atMs;
      // It was requested before what was moved later, though that may be recorded already.
      const isIn = (move: { readonly atMs: number; readonly reportedAtMs: number }): boolean =>
        move.atMs <= atMs || move.reportedAtMs <= atMs;
      const contained = this.#moves.reduce((sum, move) => (isIn(move) ? sum + move.usdt : sum), 0);
      const read = { fromMs: atMs - errorMs, toMs: nowMs + errorMs, seq: event.seq };
      this.#readFromMs = read.fromMs;
      this.#samples.push({ atMs, equity: balance - contained, peak: peak - contained, ...read });
    } else if (event.kind === 'transfer') {
      const { amount_usdt: amount, at_venue_ms: movedAtMs, transfer_id: id } = event.payload;
      const atMs = this.#clock.passedAtMs(movedAtMs);
      if (this.#transfers.has(id)) return;
      this.#transfers.add(id);
      this.#sum += amount;
      this.#moves.push({ atMs, reportedAtMs: nowMs, usdt: amount });
      // Whether a reading of just then contains it nobody can tell.
      const isNear = ({ fromMs, toMs }: Sample): boolean =>
        fromMs - CLOCKS_APART_MS <= atMs && atMs <= toMs + CLOCKS_APART_MS;
      this.#samples = this.#samples.filter((sample) => !isNear(sample));
      for (const sample of this.#samples.filter((one) => one.atMs > atMs)) {
        sample.equity -= amount;
        sample.peak -= amount;
      }
    } else if (event.kind === 'rebase') {
      const { equity_usdt: balance } = event.payload;
      this.#rebasedAtSeq = event.seq;
      const read = { fromMs: this.#readFromMs, toMs: nowMs, seq: event.seq };
      this.#samples.push({ atMs: nowMs, equity: balance - this.#sum, peak: balance - this.#sum, ...read });
    } else if (event.kind === 'state' && event.payload.clock_set_back === true) this.isUnclear = true;
  }

  /** Of the equity that a decision saw, net of transfers; a peak counts until its whole minute has left the window. */
  drawdown(nowMs: number, equity: number, windowMs: number): number {
    const fromMs = Math.floor((this.#clock.passedMs(nowMs) - windowMs) / MINUTE_MS) * MINUTE_MS;
    const peaks = this.#samples.filter(({ atMs, seq }) => atMs >= fromMs && seq >= this.#rebasedAtSeq);
    return fractionLost(equity, Math.max(equity, ...peaks.map(({ peak }) => peak)));
  }

  dailyLoss(nowMs: number, equity: number): number {
    const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const instants = [midnight, nowMs - DAY_MS].map((venueMs) => this.#clock.passedMs(venueMs));
    const references = instants.map((instantMs) => this.#at(instantMs) ?? equity);
    return fractionLost(equity, Math.max(0, ...references));
  }

  /** The balance less what was moved in. */
  net(balanceUsdt: number): number {
    return balanceUsdt - this.#sum;
  }

  /** Readings from an instant on, both by the venue's clock of now, with all that is known to have been moved at any time. */
  balancesSince(fromMs: number): ReadonlyMap<number, readonly number[]> {
    const balances = new Map<number, number[]>();
    for (const { atMs: passedMs, equity } of this.#samples) {
      const atMs = this.#clock.venueMs(passedMs);
      if (atMs < fromMs) continue;
      const known = balances.get(atMs);
      if (known === undefined) balances.set(atMs, [equity + this.#sum]);
      else known.push(equity + this.#sum);
    }
    return balances;
  }

  /** The last reading not after an instant, else the first; across a long pause the larger of both sides. */
  #at(instantMs: number): number | null {
    const last = this.#samples.findLastIndex(({ atMs }) => atMs <= instantMs);
    const before = this.#samples[Math.max(0, last)];
    const after = this.#samples[last + 1];
    if (before === undefined) return null;
    if (last < 0 || after === undefined || after.atMs - before.atMs <= PAUSE_MS) return before.equity;
    return Math.max(before.equity, after.equity);
  }
}

function fractionLost(equity: number, reference: number): number {
  if (reference <= 0) return equity < 0 ? 1 : 0;
  return Math.max(0, 1 - equity / reference);
}
