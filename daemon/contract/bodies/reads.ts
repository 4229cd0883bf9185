import { REGIMES } from '../../core/policy.ts';
import * as Type from '../built/typebox.js';
import { decimal } from '../decision.ts';
import * as field from '../fields.ts';
import { nullable } from '../nullable.ts';
import { count, flag, held, holder, instant, next, number, orderStatus, orNull, text } from './shared.ts';

/** What agents and people read of orders, positions, account and markets. */

const { side } = field;
export const OrderBodySchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    decision_id: nullable(text('Decision that permitted it; null for foreign orders.')),
    agent: nullable(text()),
    symbol: text(),
    side,
    order_type: text('limit or market, as it was sent; of foreign orders the name at the exchange: stop_market.'),
    limit_price: nullable(decimal('USDT.')),
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, USDT.')),
    reduce_only: flag('It can only reduce a position.'),
    status: orderStatus,
    slice: count(),
    reserved_notional_usdt: number('What it still reserves of the budgets.'),
    foreign: flag('It was not placed by this daemon.'),
    updated_at_ms: instant(),
  },
  field.closed,
);
export const OrdersBodySchema = Type.Object({ orders: Type.Array(OrderBodySchema), next }, field.closed);
const holderOfFill = nullable(text('Whose lots it moved; null: nobody’s.'));

export const FillBodySchema = Type.Object(
  {
    seq: count('Number of its record in the ledger.'),
    at_ms: instant('When, exchange time.'),
    trade_id: text(),
    symbol: text(),
    side,
    quantity: decimal(),
    price: decimal('USDT.'),
    fee_usdt: number('Paid; negative is a rebate.'),
    realised_pnl_usdt: number('Realised before fees; 0 for what opens.'),
    is_maker: flag(),
    client_order_id: nullable(text()),
    decision_id: nullable(text()),
    agent: nullable(text('Whose it is; null: the order is not of this daemon.')),
    holder: Type.Optional(holderOfFill),
  },
  field.closed,
);
export const FillsBodySchema = Type.Object(
  { fills: Type.Array(FillBodySchema, { description: 'Newest first, of the last 10,000.' }), next },
  field.closed,
);
export const PositionBodySchema = Type.Object(
  {
    symbol: text(),
    held: Type.Optional(held),
    holder: Type.Optional(holder),
    quantity: decimal('Signed: negative is short.'),
    notional_usdt: number('Value at the mark, never negative; 0 without a mark.'),
    entry_price: nullable(decimal('USDT.')),
    mark_price: nullable(decimal('USDT.')),
    leverage: orNull('Leverage setting at the exchange.'),
    unrealised_pnl_usdt: orNull('At the mark.'),
    liquidation_price: nullable(decimal('USDT.')),
    agent_share: Type.Unsafe<{ readonly [agent: string]: string }>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Signed quantity of the holder, by its name.',
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
    wallet_usdt: orNull('Without unrealised profit and loss.'),
    available_usdt: orNull('Free margin.'),
    margin_ratio: orNull('Maintenance margin / margin balance; of isolated positions the worst one.'),
    drawdown: orNull("Against the highest equity of the policy's window, a fraction."),
    daily_loss: orNull('A fraction.'),
    turnover_24h_usdt: number(),
    fees_24h_usdt: number(),
    observed_at_ms: nullable(instant('When it was read.')),
  },
  field.closed,
);
export const EquityHistorySchema = Type.Object(
  {
    points: Type.Array(
      Type.Object({ at_ms: instant('When the account was asked.'), equity_usdt: number() }, field.closed),
      {
        description:
          'Oldest first, at most 720: where there are more, of each part of the time the lowest and the highest.',
      },
    ),
  },
  { ...field.closed, description: 'Equity until the last reading.' },
);
export const MarketBodySchema = Type.Object(
  {
    symbol: text(),
    held,
    mark_price: orNull('USDT.'),
    bid: orNull('Best bid, USDT.'),
    ask: orNull('Best ask, USDT.'),
    funding_rate_8h: orNull('Fraction per 8 hours.'),
    regime: field.oneOf(REGIMES, 'Market regime in force.'),
    regime_cause: text(),
    sigma: orNull(),
    sigma_baseline: orNull(),
    jump_ratio: orNull('Larger move of the last and the running bar, in sigmas of one bar.'),
    liquidity: orNull(),
    liquidity_floor: orNull('Below it the regime is volatile or worse.'),
    tick_size: nullable(decimal('Step of prices, USDT.')),
    lot_size: nullable(decimal('Step of quantities.')),
    min_notional_usdt: orNull('Smallest value that the exchange takes.'),
    smallest_order_usdt: orNull(
      'Ask for no less: whole lots of at least min_notional_usdt, within any slippage bound.',
    ),
    mark_at_ms: nullable(instant()),
    quote_at_ms: nullable(instant('Time of bid and ask.')),
    bars_as_of_ms: nullable(instant('Close of the last bar.')),
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
    volume: number('Base asset.'),
  },
  field.closed,
);
export const CandlesBodySchema = Type.Object(
  {
    symbol: text(),
    interval: text('Length of a candle: 15m.'),
    candles: Type.Array(CandleSchema, { description: 'Closed ones, oldest first.' }),
    bars_as_of_ms: MarketBodySchema.properties.bars_as_of_ms,
  },
  field.closed,
);
export const BookLevelSchema = Type.Object({ price: number('USDT.'), quantity: orNull('Base asset.') }, field.closed);
export const OrderBookBodySchema = Type.Object(
  {
    symbol: text(),
    bids: Type.Array(BookLevelSchema, { description: 'Best first: the levels that the daemon reads.' }),
    asks: Type.Array(BookLevelSchema),
    mid: orNull('Between the best ones; slippage counts from here.'),
    spread_bps: orNull(),
    quote_at_ms: MarketBodySchema.properties.quote_at_ms,
  },
  field.closed,
);
