import type { BinanceClient } from '../wire/ccxt-binance.ts';
import type { CcxtBinance } from '../wire/ccxt-types.ts';
import type { ReadLimiter, TellUsed } from '../wire/read-limiter.ts';
import type { VenueLink } from '../wire/venue-link.ts';

export type StartRead = (ccxt: CcxtBinance) => Promise<unknown>;

/** Request weight that the venue has counted for the address in this minute. */
const USED_WEIGHT = 'x-mbx-used-weight-1m';

/**
 * The way every read goes, through ccxt's implicit methods, that is: to the exchange's own JSON. ccxt's unified parsers
 * round numbers to floats and invent what is missing (an order's cost from its limit, the liquidation price without the
 * bracket's `cum`).
 */
export class Reader {
  readonly client: BinanceClient;
  readonly link: VenueLink;
  readonly #limiter: ReadLimiter;
  constructor(client: BinanceClient, link: VenueLink, limiter: ReadLimiter) {
    this.client = client;
    this.link = link;
    this.#limiter = limiter;
  }
  /** Waits its turn; `weight` is Binance's request weight. Throws `ReadFailedError`. */
  read(weight: number, start: StartRead): Promise<unknown> {
    return this.#limiter.run(weight, (tell) => this.#ask(start, tell));
  }
  /** Waits behind every {@link read}, and leaves a reserve of weight for them. */
  readLater(weight: number, start: StartRead): Promise<unknown> {
    return this.#limiter.runLater(weight, (tell) => this.#ask(start, tell));
  }
  /** Skips the queue; its weight of 1 counts. */
  readNow(start: StartRead): Promise<unknown> {
    return this.#limiter.runNow(1, (tell) => this.#ask(start, tell));
  }
  /** Of the spot host, whose weight is counted and whose bans are apart from those of orders. */
  readApart(start: StartRead): Promise<unknown> {
    return this.link.read(this.client, this.link.call({ isApart: true }), start);
  }
  async #ask(start: StartRead, tell: TellUsed): Promise<unknown> {
    const call = this.link.call();
    try {
      return await this.link.read(this.client, call, start);
    } finally {
      tell(call.answer?.headers[USED_WEIGHT]);
    }
  }
}
