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
