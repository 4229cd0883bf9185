import type { PlanClock } from '../plan/deadline.ts';
import type { Breach } from '../plan/orders.ts';
import type { AccountInputs, LiveInputs, SymbolInputs } from '../readings/inputs.ts';
import { isNearBook } from '../readings/live-market.ts';

/** A breach that lasts so long needs no other word than the mark's, wall ms: it is what positions are liquidated by. */
const LASTS_MS = 10_000;

interface Reading {
  readonly live: SymbolInputs;
  readonly account: AccountInputs;
  quantityE8: number;
}
interface Run {
  readonly sinceWallMs: number;
  prior: Reading | null;
  last: Reading;
}

/**
 * Breaches that two readings in a row show, of the mark and of the account. RISK: one bad print, of a mark or of what the
 * account is worth by it, would have the gate close at a price that never traded again (BY-53).
 */
export class CutReadings {
  readonly #clock: PlanClock;
  /** One lasts, and no second reading has come. */
  readonly #onUnread: (symbol: string, lastsMs: number) => void;
  readonly #runs = new Map<string, Run>();

  constructor(clock: PlanClock, onUnread: (symbol: string, lastsMs: number) => void = () => undefined) {
    this.#clock = clock;
    this.#onUnread = onUnread;
  }

  /** All that is above a cap now; returns what is to be cut of it, by the smaller of the last two readings. */
  confirm(breaches: readonly Breach[], inputs: LiveInputs, collarBps: number): readonly Breach[] {
    for (const symbol of this.#runs.keys())
      if (!breaches.some((breach) => breach.symbol === symbol)) this.#runs.delete(symbol);
    return breaches.flatMap((breach) => {
      const quantityE8 = this.#confirmedE8(breach, inputs, collarBps);
      return quantityE8 === null ? [] : [{ ...breach, quantityE8 }];
    });
  }

  /** Nothing is above a cap. */
  clear(): void {
    if (this.#runs.size > 0) this.#runs.clear();
  }

  /** Null: not yet. */
  #confirmedE8({ symbol, quantityE8 }: Breach, { account, symbols }: LiveInputs, collarBps: number): number | null {
    const live = symbols.get(symbol);
    if (live === undefined || account === null) return null;
    const now = this.#clock.wallMs();
    const run = this.#runs.get(symbol);
    if (run === undefined) {
      this.#runs.set(symbol, { sinceWallMs: now, prior: null, last: { live, account, quantityE8 } });
      return null;
    }
    const { last } = run;
    const isMarkNew = this.#isAnother(live, last.live, live.markAtMs, last.live.markAtMs);
    const isAccountNew = this.#isAnother(account, last.account, account.observedAtMs, last.account.observedAtMs);
    const isLasting = now - run.sinceWallMs >= LASTS_MS;
    if (isMarkNew && (isLasting || (isAccountNew && isNearBook(live, collarBps)))) {
      run.prior = last;
      run.last = { live, account, quantityE8 };
    } else last.quantityE8 = Math.min(last.quantityE8, quantityE8);
    if (run.prior !== null) return Math.min(run.prior.quantityE8, quantityE8);
    if (isLasting) this.#onUnread(symbol, LASTS_MS);
    return null;
  }

  /** Another answer, and of another instant; at scale 0 the venue's time stands between its commands. */
  #isAnother(is: object, was: object, isAtMs: number, wasAtMs: number): boolean {
    return is !== was && (isAtMs !== wasAtMs || this.#clock.scale === 0);
  }
}
