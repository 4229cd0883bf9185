const MINUTE_MS = 60_000;
/**
 * So soon after the turn of a minute it is not certain in which one the venue counted: its clock and ours are not one,
 * ms.
 */
const TURN_MS = 500;

/**
 * The request weight that the venue has counted for this address within its current minute: what its answers said
 * (`x-mbx-used-weight-1m`), and what is on its way. Whoever else uses the address, and processes that ran before this
 * one, are in it.
 */
export class WeightWindow {
  readonly #nowMs: () => number | null;
  #minute: number | null = null;
  /** As answers said, the highest of this minute, and what ended without one. */
  #reported = 0;
  /** Number of the last request that had begun when that was told. */
  #reportedAfter = 0;
  #begun = 0;
  #underway = 0;
  /** What the last minute had come to: an answer right after it that says as much belongs to it. */
  #before = Number.POSITIVE_INFINITY;

  /** `nowMs`: the clock by which the venue counts; null while it is not known. */
  constructor(nowMs: () => number | null) {
    this.#nowMs = nowMs;
  }

  /** Weight that the venue still takes in this minute. */
  get left(): number {
    this.#turn();
    return VENUE_WEIGHT_PER_MINUTE - this.#reported - this.#underway;
  }

  /** A request leaves. What is returned takes the text of its header once, undefined without an answer. */
  begin(weight: number): (usedText: string | undefined) => void {
    this.#turn();
    const minute = this.#minute;
    const isEarly = this.#isEarly();
    this.#begun += 1;
    const number = this.#begun;
    this.#underway += weight;
    return (usedText) => {
      this.#turn();
      this.#underway -= weight;
      if (minute !== null && minute !== this.#minute) return;
      const used = Number(usedText ?? Number.NaN);
      if (!Number.isSafeInteger(used) || used < 0) this.#reported += weight;
      else if (isEarly && used >= this.#before) return;
      // The venue's count never falls: one that is lower, and was requested later, shows that the higher was of before.
      else if (used > this.#reported || number > this.#reportedAfter) this.#reported = used;
      this.#reportedAfter = this.#begun;
    };
  }

  /** Ms until the next minute has begun for certain. */
  get untilNextMs(): number {
    return MINUTE_MS - ((this.#nowMs() ?? 0) % MINUTE_MS) + TURN_MS;
  }

  #isEarly(): boolean {
    const nowMs = this.#nowMs();
    return nowMs !== null && nowMs % MINUTE_MS < TURN_MS;
  }
  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs === null) return;
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute === this.#minute) return;
    // The first answers come before the clock is known, and are of this minute unless it has just begun.
    const isKnown = this.#minute !== null || this.#isEarly();
    this.#before = this.#minute === minute - 1 ? Math.max(1, this.#reported) : Number.POSITIVE_INFINITY;
    this.#minute = minute;
    if (isKnown) this.#reported = 0;
  }
}

/**
 * Request weights of the reads that this module makes (general information of the USDS-M API, and each endpoint's
 * page): `x-mbx-used-weight-1m` of the simulated exchange and of Binance adds up to these.
 */
export const WEIGHT = {
  time: 1,
  exchangeInfo: 1,
  leverageBracket: 1,
  commissionRate: 20,
  accountConfig: 5,
  symbolConfig: 5,
  account: 5,
  balance: 5,
  positionRisk: 5,
  order: 1,
  /** Of one symbol, in each of the two lists of open orders; and of the whole account. */
  openOrders: 1,
  openOrdersOfAll: 40,
  userTrades: 5,
  income: 30,
  klines: 5,
  premiumIndex: 1,
  premiumIndexOfAll: 10,
  bookTicker: 2,
  bookTickerOfAll: 5,
  fundingInfo: 1,
} as const;

/** What the venue gives to an address in each minute of its clock. */
export const VENUE_WEIGHT_PER_MINUTE = 2400;
