/** A refusal in the exchange's own terms: its code, its text, and the HTTP status it travels with. */
export interface Rejection {
  readonly code: number;
  readonly msg: string;
  readonly http: number;
}

export function isRejection(value: object): value is Rejection {
  return 'code' in value && 'msg' in value && 'http' in value;
}

/** Codes and texts of Binance's USD-M error page; `%s` is filled with the arguments in order. */
const TEXTS = {
  UNKNOWN: [-1000, 'An unknown error occured while processing the request.'],
  TOO_MANY_REQUESTS: [
    -1003,
    'Too many requests; current limit is %s requests per minute. Please use the websocket for live updates to avoid polling the API.',
  ],
  TOO_MANY_ORDERS: [-1015, 'Too many new orders; current limit is %s orders per %s.'],
  UNSUPPORTED_OPERATION: [-1020, 'This operation is not supported.'],
  INVALID_TIMESTAMP: [-1021, 'Timestamp for this request is outside of the recvWindow.'],
  TIMESTAMP_AHEAD: [-1021, "Timestamp for this request was 1000ms ahead of the server's time."],
  INVALID_SIGNATURE: [-1022, 'Signature for this request is not valid.'],
  MANDATORY_PARAM: [-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed."],
  EITHER_PARAM: [-1102, "Param '%s' or '%s' must be sent, but both were empty/null!"],
  PARAM_NOT_REQUIRED: [-1106, "Parameter '%s' sent when not required."],
  BAD_PRECISION: [-1111, 'Precision is over the maximum defined for this asset.'],
  INVALID_TIF: [-1115, 'Invalid timeInForce.'],
  INVALID_ORDER_TYPE: [-1116, 'Invalid orderType.'],
  INVALID_SIDE: [-1117, 'Invalid side.'],
  BAD_INTERVAL: [-1120, 'Invalid interval.'],
  BAD_SYMBOL: [-1121, 'Invalid symbol.'],
  INVALID_LISTEN_KEY: [
    -1125,
    'This listenKey does not exist. Please use `POST /fapi/v1/listenKey` to recreate `listenKey`',
  ],
  INVALID_PARAMETER: [-1130, "Data sent for parameter '%s' is not valid."],
  INVALID_RESPONSE_TYPE: [-1136, 'Invalid newOrderRespType.'],
  CANCEL_REJECTED: [-2011, 'Unknown order sent.'],
  NO_SUCH_ORDER: [-2013, 'Order does not exist.'],
  BAD_API_KEY_FORMAT: [-2014, 'API-key format invalid.'],
  REJECTED_KEY: [-2015, 'Invalid API-key, IP, or permissions for action.'],
  MARGIN_NOT_SUFFICIENT: [-2019, 'Margin is insufficient.'],
  WOULD_TRIGGER: [-2021, 'Order would immediately trigger.'],
  REDUCE_ONLY_REJECT: [-2022, 'ReduceOnly Order is rejected.'],
  MAX_OPEN_ORDERS: [-2025, 'Reach max open order limit.'],
  MAX_LEVERAGE_RATIO: [-2027, 'Exceeded the maximum allowable position at current leverage.'],
  PRICE_LESS_THAN_ZERO: [-4001, 'Price less than 0.'],
  PRICE_ABOVE_MAX: [-4002, 'Price greater than max price.'],
  QUANTITY_LESS_THAN_ZERO: [-4003, 'Quantity less than zero.'],
  QUANTITY_BELOW_MIN: [-4004, 'Quantity less than min quantity.'],
  QUANTITY_ABOVE_MAX: [-4005, 'Quantity greater than max quantity.'],
  STOP_PRICE_LESS_THAN_ZERO: [-4006, 'Stop price less than zero.'],
  STOP_PRICE_ABOVE_MAX: [-4007, 'Stop price greater than max price.'],
  PRICE_BELOW_MIN: [-4013, 'Price less than min price.'],
  PRICE_OFF_TICK: [-4014, 'Price not increased by tick size.'],
  CLIENT_ID_INVALID: [-4015, 'Client order id is not valid.'],
  PRICE_ABOVE_CAP: [-4016, 'Price is higher than mark price multiplier cap.'],
  INVALID_DEPTH_LIMIT: [-4021, '%s is not valid depth limit'],
  QUANTITY_OFF_STEP: [-4023, 'Qty not increased by step size.'],
  PRICE_BELOW_FLOOR: [-4024, 'Price is lower than mark price multiplier floor.'],
  INVALID_LEVERAGE: [-4028, 'Leverage %s is not valid'],
  MAX_STOP_ORDERS: [-4045, 'Reach max stop order limit.'],
  MARGIN_TYPE_SET: [-4046, 'No need to change margin type.'],
  MARGIN_TYPE_ORDERS: [-4047, 'Margin type cannot be changed if there exists open orders.'],
  MARGIN_TYPE_POSITION: [-4048, 'Margin type cannot be changed if there exists position.'],
  POSITION_MODE_SET: [-4059, 'No need to change position side.'],
  INVALID_POSITION_SIDE: [-4060, 'Invalid position side.'],
  POSITION_SIDE_MISMATCH: [-4061, "Order's position side does not match user's setting."],
  POSITION_MODE_ORDERS: [-4067, 'Position side cannot be changed if there exists open orders.'],
  POSITION_MODE_POSITION: [-4068, 'Position side cannot be changed if there exists position.'],
  SYMBOL_NOT_TRADING: [-4140, 'Invalid symbol status for opening position.'],
  DUPLICATE_CLIENT_ID: [-4116, 'clientOrderId is duplicated'],
  ALGO_ENDPOINT: [
    -4120,
    'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
  ],
  MARKET_OUT_OF_BAND: [-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit"],
  ACTIVATION_PRICE: [-4135, 'Invalid activation price'],
  CLOSE_POSITION_QUANTITY: [-4137, 'Quantity must be zero with closePosition equals true'],
  ISOLATED_LEVERAGE: [-4161, 'Leverage reduction is not supported in Isolated Margin Mode with open positions'],
  MIN_NOTIONAL: [-4164, "Order's notional must be no smaller than %s (unless you choose reduce only)"],
  JOINT_MARGIN_ISOLATED: [-4168, 'Unable to adjust to isolated-margin mode under the Multi-Assets mode.'],
  JOINT_MARGIN_ORDERS: [-4170, 'Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures.'],
  JOINT_MARGIN_SET: [-4171, 'Adjusted asset mode is currently set and does not need to be adjusted repeatedly.'],
  FOK_REJECT: [-5021, 'Due to the order could not be filled immediately, the FOK order has been rejected.'],
  GOOD_TILL_DATE: [
    -5040,
    'The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000',
  ],
  GTX_REJECT: [-5022, 'Due to the order could not be executed as maker, the Post Only order will be rejected.'],
  LIMIT_ONLY: [-5025, 'Only limit order is supported.'],
  SAME_ORDER: [-5027, 'No need to modify the order.'],
} as const satisfies Record<string, readonly [number, string]>;

export type RejectionName = keyof typeof TEXTS;

const HTTP_STATUS: Partial<Record<RejectionName, number>> = {
  TOO_MANY_REQUESTS: 429,
  TOO_MANY_ORDERS: 429,
  BAD_API_KEY_FORMAT: 401,
  REJECTED_KEY: 401,
};

/** Builds a refusal by name; every `%s` of its text takes the next argument. */
export function reject(name: RejectionName, ...args: readonly string[]): Rejection {
  const [code, text] = TEXTS[name];
  let next = 0;
  const msg = text.replaceAll('%s', () => args[next++] ?? '');
  return { code, msg, http: HTTP_STATUS[name] ?? 400 };
}
