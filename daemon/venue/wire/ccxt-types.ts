type Params = Readonly<Record<string, unknown>>;
type Implicit = (params?: Params) => Promise<unknown>;

export type RequestArguments = readonly [
  path: string,
  api: string,
  method: string,
  params: Params,
  headers?: Record<string, string>,
  body?: string,
];
interface SignedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string> | undefined;
  readonly body: string | undefined;
}

/**
 * The part of ccxt's binanceusdm that this module calls. Answers are `unknown` until our own parsers have read them.
 */
export interface CcxtBinance {
  urls: { api: Record<string, unknown>; test?: unknown; demo?: unknown };
  markets: Readonly<Record<string, { readonly id: string; readonly symbol: string }>> | undefined;
  enableDemoTrading(enable: boolean): void;
  parseMarket(raw: unknown): { readonly id: string; readonly symbol: string };
  setMarkets(markets: readonly unknown[]): unknown;
  /** The way of every call to `fetch`. */
  request(...request: RequestArguments): Promise<unknown>;
  sign(...request: RequestArguments): SignedRequest;
  /** Undefined: it is no JSON. Integers that a double cannot hold stay texts. */
  parseJson(text: string): unknown;
  fetch(url: string, method?: string, headers?: Record<string, string>, body?: string): Promise<unknown>;
  nonce(): number;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: string | undefined,
    price: string | undefined,
    params: Params,
  ): Promise<unknown>;
  editOrder(
    id: undefined,
    symbol: string,
    type: string,
    side: string,
    amount: string,
    price: string,
    params: Params,
  ): Promise<unknown>;
  cancelOrder(id: undefined, symbol: string, params: Params): Promise<unknown>;
  cancelAllOrders(symbol: string, params?: Params): Promise<unknown>;
  setLeverage(leverage: number, symbol: string): Promise<unknown>;
  fapiPublicGetTime: Implicit;
  fapiPublicGetExchangeInfo: Implicit;
  fapiPublicGetPremiumIndex: Implicit;
  fapiPublicGetTickerBookTicker: Implicit;
  fapiPublicGetFundingInfo: Implicit;
  fapiPublicGetKlines: Implicit;
  fapiPrivateV3GetAccount: Implicit;
  fapiPrivateV3GetBalance: Implicit;
  fapiPrivateV3GetPositionRisk: Implicit;
  fapiPrivateGetSymbolConfig: Implicit;
  fapiPrivateGetAccountConfig: Implicit;
  fapiPrivateGetLeverageBracket: Implicit;
  fapiPrivateGetCommissionRate: Implicit;
  fapiPrivateGetOpenOrders: Implicit;
  fapiPrivateGetOpenAlgoOrders: Implicit;
  fapiPrivateGetAllOrders: Implicit;
  fapiPrivateGetUserTrades: Implicit;
  fapiPrivateGetIncome: Implicit;
  fapiPrivateGetOrder: Implicit;
  fapiPrivateGetAlgoOrder: Implicit;
  fapiPrivatePostPositionSideDual: Implicit;
  fapiPrivatePostMarginType: Implicit;
  fapiPrivatePostCountdownCancelAll: Implicit;
  sapiGetAccountApiRestrictions: Implicit;
  sapiGetSubAccountList: Implicit;
}
export type CcxtBinanceConstructor = new (config: Record<string, unknown>) => CcxtBinance;
