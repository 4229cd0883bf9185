import type { BinanceClient } from './ccxt-binance.ts';
import type { CcxtBinance } from './ccxt-types.ts';
import type { ReadLimiter } from './read-limiter.ts';
import type { VenueLink } from './venue-link.ts';

export type StartRead = (ccxt: CcxtBinance) => Promise<unknown>;

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
    return this.#limiter.run(weight, () => this.#readNow(start));
  }
  /** Waits behind every {@link read}, and leaves a reserve of weight for them. */
  readLater(weight: number, start: StartRead): Promise<unknown> {
    return this.#limiter.runLater(weight, () => this.#readNow(start));
  }
  /** Skips the queue; its weight of 1 counts. */
  readNow(start: StartRead): Promise<unknown> {
    this.#limiter.spend(1);
    return this.#readNow(start);
  }
  #readNow(start: StartRead): Promise<unknown> {
    return this.link.read(this.client, this.link.call(), start);
  }
}
