type Params = Readonly<Record<string, unknown>>;
type Implicit = (params?: Params) => Promise<unknown>;

/**
 * The part of ccxt's binanceusdm that this module calls. Answers are `unknown` until our own parsers have read them.
 */
export interface CcxtBinance {
  urls: { api: Record<string, unknown>; test?: unknown; demo?: unknown };
  markets: Readonly<Record<string, { readonly id: string; readonly symbol: string }>> | undefined;
  enableDemoTrading(enable: boolean): void;
  parseMarket(raw: unknown): { readonly id: string; readonly symbol: string };
  setMarkets(markets: readonly unknown[]): unknown;
  handleRestResponse(
    response: object,
    url: string,
    method: string,
    requestHeaders: object | undefined,
    requestBody: string | undefined,
  ): Promise<unknown>;
  fetch(url: string, method?: string, headers?: Record<string, string>, body?: string): Promise<unknown>;
  getExceptionsByUrl(url: string, exactOrBroad: string): unknown;
  setLastRequest(request: unknown): void;
  nonce(): number;
  milliseconds: () => number;
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
