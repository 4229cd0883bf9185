/** Requests that OpenAPI shows, by tool; each is one that the contract takes. */
export const REQUEST_EXAMPLES = {
  place_order: {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 200,
    requested_leverage: 2,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: 'momentum',
    request_id: 'first-order',
  },
  close_position: { symbol: 'BTCUSDT', fraction: 0.5 },
  modify_order: { client_order_id: 'hf6dd69f-3t-0-0', limit_price: 59_000 },
  cancel_order: { client_order_id: 'hf6dd69f-3t-0-0' },
  cancel_all: { symbol: 'BTCUSDT' },
  get_account: {},
  get_positions: {},
  get_orders: { symbol: 'BTCUSDT', open: true },
  get_market: { symbol: 'BTCUSDT' },
  get_candles: { symbol: 'BTCUSDT', interval: '15m', limit: 30 },
  get_order_book: { symbol: 'BTCUSDT' },
  get_limits: { symbol: 'BTCUSDT' },
  get_decision: { decision_id: 'd-6dd69f-3t' },
} as const;

/** What a trading tool answers in brief to more than one order may have. */
export const ANSWER_EXAMPLE = {
  decision: 'LIMIT',
  decision_id: 'd-6dd69f-3t',
  arithmetic: 'order cap 1,000 -> 0.332 ETH at 3,003.11 (one lot is 3)',
  reasons: [
    {
      code: 'BUDGET_NOTIONAL',
      observed: 5_000,
      limit: 1_000,
      unit: 'USDT',
      hint: 'Ask for less, or reduce exposure first; get_limits shows what is left.',
    },
  ],
  asked: { quantity: '1.66494067', notional_usdt: 5_000 },
  order: {
    action: 'open',
    side: 'buy',
    quantity: '0.332',
    notional_usdt: 997.03,
    limit_price: '3003.11',
    leverage: 3,
  },
  execution: { state: 'filled', filled_quantity: '0.332', average_price: '3000.11' },
} as const;

export const ERROR_EXAMPLE = {
  error: {
    code: 'INVALID_INPUT',
    message: 'side: must be one of buy, sell',
    details: { violations: [{ path: 'side', message: 'must be one of buy, sell', value: 'up' }] },
  },
} as const;
