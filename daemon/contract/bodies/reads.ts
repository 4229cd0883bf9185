import { REGIMES } from '../../core/policy.ts';
import * as Type from '../built/typebox.js';
import { decimal } from '../decision.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { count, flag, held, holder, instant, next, number, orderStatus, orNull, text } from './shared.ts';

/** What agents and people read of orders, positions, account and markets. */

const { side } = field;
export const OrderBodySchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    decision_id: nullable(text('Decision that permitted it; null for foreign orders.')), // AN-79
    agent: nullable(text()),
    symbol: text(),
    side,
    order_type: text('As it was sent; of foreign orders the name at the exchange, in lower case: stop_market.'), // AN-80
    limit_price: nullable(decimal('USDT.')),
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, USDT.')), // AN-81
    reduce_only: flag('It can only reduce a position.'), // AN-82
    status: orderStatus,
    slice: count(),
    reserved_notional_usdt: number('What it still reserves of the budgets.'), // AN-83
    foreign: flag('It was not placed by this daemon.'), // AN-84
    updated_at_ms: instant(),
  },
  field.closed,
);
export const OrdersBodySchema = Type.Object({ orders: Type.Array(OrderBodySchema), next }, field.closed);
const holderOfFill = nullable(text('Whose lots it moved; null: nobody’s.')); // AN-85

export const FillBodySchema = Type.Object(
  {
    seq: count('Number of its record in the ledger.'), // AN-86
    at_ms: instant('When, exchange time.'), // AN-87
    trade_id: text(),
    symbol: text(),
    side,
    quantity: decimal(),
    price: decimal('USDT.'),
    fee_usdt: number('Paid; negative is a rebate.'), // AN-88
    realised_pnl_usdt: number('Realised before fees; 0 for what opens.'), // AN-89
    is_maker: flag(),
    client_order_id: nullable(text()),
    decision_id: nullable(text()),
    agent: nullable(text('Of the order; null: it is not of this daemon.')), // AN-90
    holder: Type.Optional(holderOfFill),
  },
  field.closed,
);
export const FillsBodySchema = Type.Object(
  { fills: Type.Array(FillBodySchema, { description: 'Newest first, of the last 10,000.' }), next }, // AN-91
  field.closed,
);
export const PositionBodySchema = Type.Object(
  {
    symbol: text(),
    held: Type.Optional(held),
    holder: Type.Optional(holder),
    quantity: decimal('Signed: negative is short.'), // AN-92
    notional_usdt: number('Value at the mark, never negative; 0 without a mark.'), // AN-93
    entry_price: nullable(decimal('USDT.')),
    mark_price: nullable(decimal('USDT.')),
    leverage: orNull('Leverage setting at the exchange.'), // AN-94
    unrealised_pnl_usdt: orNull('At the mark.'), // AN-95
    liquidation_price: nullable(decimal('USDT.')),
    agent_share: Type.Unsafe<{ readonly [agent: string]: string }>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Signed quantity of the holder, by its name; an agent is told its own alone.', // AN-96
    }),
  },
  field.closed,
);
export const PositionsBodySchema = Type.Object(
  { positions: Type.Array(PositionBodySchema), observed_at_ms: nullable(instant()), next },
  field.closed,
);
export const AccountBodySchema = Type.Object(
  {
    account: text(),
    venue: text(),
    equity_usdt: orNull(),
    wallet_usdt: orNull('Without unrealised profit and loss.'), // AN-97
    available_usdt: orNull('Free margin.'), // note
    margin_ratio: orNull('Maintenance margin / margin balance: the worst of account and isolated positions.'), // AN-98
    drawdown: orNull("Against the highest equity of the policy's window, a fraction."), // AN-99
    daily_loss: orNull('A fraction.'), // AN-100
    turnover_24h_usdt: number(),
    fees_24h_usdt: number(),
    observed_at_ms: nullable(instant()),
  },
  field.closed,
);
export const EquityHistorySchema = Type.Object(
  {
    points: Type.Array(
      Type.Object({ at_ms: instant('When the account was asked.'), equity_usdt: number() }, field.closed), // note
      {
        description:
          'Oldest first, at most 720: where there are more, of each part of the time the lowest and the highest.', // AN-101
      },
    ),
  },
  { ...field.closed, description: 'Equity until the last reading.' }, // AN-102
);
export const MarketBodySchema = Type.Object(
  {
    symbol: text(),
    held,
    mark_price: orNull('USDT.'),
    bid: orNull('Best bid, USDT.'), // AN-103
    ask: orNull('Best ask, USDT.'), // AN-104
    funding_rate_8h: orNull('Fraction per 8 hours.'), // note
    regime: field.oneOf(REGIMES, 'Market regime in force.'), // note
    regime_cause: text(),
    sigma: orNull(),
    sigma_baseline: orNull(),
    jump_ratio: orNull('Larger move of the last and the running bar, in sigmas of one bar.'), // AN-105
    liquidity: orNull(),
    liquidity_floor: orNull('Below it the regime is volatile or worse.'), // AN-106
    tick_size: nullable(decimal('Step of prices, USDT.')), // AN-107
    lot_size: nullable(decimal('Step of quantities.')), // AN-108
    min_notional_usdt: orNull('Smallest value that the exchange takes.'), // AN-109
    smallest_order_usdt: orNull(
      'Ask for no less: whole lots of at least min_notional_usdt, within any slippage bound.', // AN-110
    ),
    mark_at_ms: nullable(instant()),
    quote_at_ms: nullable(instant('Time of bid and ask.')), // AN-111
    bars_as_of_ms: nullable(instant('Close of the last bar.')), // AN-112
  },
  field.closed,
);
export const MarketsBodySchema = Type.Object({ markets: Type.Array(MarketBodySchema), next }, field.closed);

export const CandleSchema = Type.Object(
  {
    open_at_ms: instant(),
    open: number(),
    high: number(),
    low: number(),
    close: number(),
    volume: number('Base asset.'), // note
  },
  field.closed,
);
export const CandlesBodySchema = Type.Object(
  {
    symbol: text(),
    interval: text('Length of a candle: 15m.'), // AN-113
    candles: Type.Array(CandleSchema, { description: 'Closed ones, oldest first.' }), // AN-114
    bars_as_of_ms: MarketBodySchema.properties.bars_as_of_ms,
  },
  field.closed,
);
export const BookLevelSchema = Type.Object({ price: number('USDT.'), quantity: orNull('Base asset.') }, field.closed); // note
export const OrderBookBodySchema = Type.Object(
  {
    symbol: text(),
    bids: Type.Array(BookLevelSchema, { description: 'Best first: the levels that the daemon reads.' }), // AN-115
    asks: Type.Array(BookLevelSchema),
    mid: orNull('Between the best ones; slippage counts from here.'), // AN-116
    spread_bps: orNull(),
    quote_at_ms: MarketBodySchema.properties.quote_at_ms,
  },
  field.closed,
);
