import type { ReplayAccount } from '../exchange/account.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { MarketClock } from '../market/walk/clock.ts';

/** What has happened in the market by the opening of a bar: told to the judge, and paid by the account. */
export class MarketEvents {
  readonly #clock: MarketClock;
  readonly #account: ReplayAccount;
  readonly #judge: ScopeJudge;
  /** Last bar of each symbol that has closed: what the agents see ends there. */
  readonly closed: Int32Array;
  readonly #nextFunding: Int32Array;

  constructor(clock: MarketClock, account: ReplayAccount, judge: ScopeJudge) {
    this.#clock = clock;
    this.#account = account;
    this.#judge = judge;
    this.closed = new Int32Array(clock.market.symbols.length).fill(-1);
    this.#nextFunding = new Int32Array(clock.market.symbols.length);
  }

  tell(nowMs: number): void {
    // A rate settled as a bar closes is the one in force at its close.
    this.#settleFunding(nowMs);
    this.#tellClosedBars(nowMs);
  }

  /** Bars that have closed by now, in order. */
  #tellClosedBars(nowMs: number): void {
    const { series, symbols, barMs } = this.#clock.market;
    for (let i = 0; i < series.length; i++) {
      const { openMs, close, volume } = series[i]!.bars;
      for (let next = this.closed[i]! + 1; next < openMs.length && openMs[next]! + barMs <= nowMs; next++) {
        this.#judge.bar(symbols[i]!, openMs[next]!, close[next]!, volume[next]!);
        this.closed[i] = next;
      }
    }
  }

  #settleFunding(nowMs: number): void {
    const { series, symbols, barMs } = this.#clock.market;
    for (let i = 0; i < series.length; i++) {
      const { funding } = series[i]!;
      for (let next = this.#nextFunding[i]!; next < funding.length; next++) {
        const point = funding[next]!;
        if (point.atMs > nowMs) break;
        this.#nextFunding[i] = next + 1;
        this.#judge.funding(symbols[i]!, (point.rate * 28_800_000) / point.intervalMs, point.atMs);
        // What was settled before the first judged bar concerned nobody here.
        if (point.atMs > nowMs - barMs && this.#clock.isLive(i)) this.#account.settleFunding(i, point.rate);
      }
    }
  }
}

/** What waits for its instant. Earlier instants first, of equal ones the one that was queued first. */
export class EventQueue<T> {
  readonly #items: { readonly atMs: number; readonly event: T }[] = [];

  get nextAtMs(): number {
    return this.#items[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }
  get size(): number {
    return this.#items.length;
  }
  push(atMs: number, event: T): void {
    // A handful of entries at a time: sorted insertion from the end is as good as any heap.
    let at = this.#items.length;
    while (at > 0 && this.#items[at - 1]!.atMs > atMs) at -= 1;
    this.#items.splice(at, 0, { atMs, event });
  }
  shift(): { readonly atMs: number; readonly event: T } | undefined {
    return this.#items.shift();
  }
}
