import fc from 'fast-check';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { baseRequest, type Case, NOW } from './decision-fixture.ts';
import { mostlyUsual, near, usdt } from './draw.ts';
import { contexts } from './draw-context.ts';
import { policies } from './draw-policy.ts';

/** Asks through place_order and close_position, with contexts and policies near their limits. */
const usual = {
  account: 'main',
  intent: 'open' as 'open' | 'close',
  max_slippage_bps: 10 as number | null,
  origin: 'agent' as 'agent' | 'operator',
  reduce_only: false,
  requested_leverage: 2,
  symbol: 'BTCUSDT',
  timestamp_ms: NOW,
  valid_until_ms: null as number | null,
  venue: 'paper',
  /** Null: a market order; else a limit order this far from the mark. */
  offsetBps: null as number | null,
  /** Not null: close_position with this share of the position. */
  fraction: null as number | null,
};
type Drawn = typeof usual;
const asks: fc.Arbitrary<Drawn> = mostlyUsual<Drawn>(
  usual,
  {
    account: fc.constantFrom('other', ''),
    intent: fc.constant('close'),
    max_slippage_bps: fc.constantFrom(null, 1, 5, 7.5, 10.01, 15, 20, 20.01, 50),
    origin: fc.constant('operator'),
    reduce_only: fc.constant(true),
    requested_leverage: fc.constantFrom(1, 3, 4, 10, 125),
    symbol: fc.constant('DOGEUSDT'),
    timestamp_ms: fc.constantFrom(NOW - 30_000, NOW - 30_001, NOW + 1000, NOW + 1001),
    valid_until_ms: near(NOW, 1),
    venue: fc.constantFrom('binance-demo', 'binance-live'),
    offsetBps: fc.constantFrom(-300, -101, -100, -11, -10, -1, 0, 1, 9, 10, 11, 99, 100, 101, 300),
    fraction: fc.constantFrom(0.1, 0.29, 0.5, 1),
  },
  3,
);

/** Whole lots of a market order at the mark of 60,000 and 10 bps: of them nothing is rounded. */
const wholeLots = fc.integer({ min: 1, max: 20 }).map((lots) => (lots * 6006) / 100);

/** How an ask means the position that it is against: opening, it is refused. */
const MEANT = fc.constantFrom<Partial<ExecutionRequest>>(
  { intent: 'close' },
  { intent: 'close', reduce_only: true },
  { intent: 'open', reduce_only: true },
  {},
);
/** Against the ask stands a position of the agent's own. */
function againstPosition(context: ExecutionContext, side: 'buy' | 'sell', lots: number): ExecutionContext {
  const { rules, mark } = context.market;
  if (rules === null || mark === null) return context;
  const lotUsdt = (mark * rules.lot_mantissa) / rules.lot_scale;
  const held = lots * Math.max(1, Math.round(60 / lotUsdt));
  const units = held * Math.ceil((mark * rules.tick_scale) / rules.tick_mantissa);
  const position =
    side === 'sell'
      ? { long_lots: held, long_units: units, short_lots: 0 }
      : { short_lots: held, short_units: units, long_lots: 0 };
  const exposure = { ...context.exposure, ...position };
  return { ...context, exposure, agent: { ...context.agent, share_lots: side === 'sell' ? held : -held } };
}

function inBaseAsset(usdt: number, places: number, { market: { mark } }: ExecutionContext): Partial<ExecutionRequest> {
  return { quantity: Math.max(1e-8, Number((usdt / (mark ?? 60_000)).toFixed(places))), requested_notional: null };
}

export const cases: fc.Arbitrary<Case> = fc
  .record({
    ask: asks,
    notional: fc.oneof({ weight: 2, arbitrary: usdt }, wholeLots),
    /** Not null: asked for in the base asset, with so many decimals. */
    places: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.constantFrom(3, 4, 8)),
    side: fc.constantFrom('buy', 'sell'),
    context: contexts,
    policy: policies,
    held: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 14 })),
    meant: MEANT,
  })
  .map(({ ask: { offsetBps, fraction, ...ask }, notional, places, side, context: drawn, policy, held, meant }) => {
    const context = held === 0 ? drawn : againstPosition(drawn, side, held);
    const intent = held === 0 ? {} : meant;
    const size = places === null ? { requested_notional: notional } : inBaseAsset(notional, places, context);
    const request: ExecutionRequest = { ...baseRequest, ...ask, ...intent, ...size, side };
    if (fraction !== null) {
      const share: Partial<ExecutionRequest> = {
        fraction,
        intent: 'close',
        order_type: null,
        requested_leverage: null,
      };
      const rest: Partial<ExecutionRequest> = {
        quantity: null,
        requested_notional: null,
        side: null,
        tool: 'close_position',
      };
      return { request: { ...request, ...share, ...rest }, context, policy };
    }
    if (offsetBps === null) return { request, context, policy };
    const scale = context.market.rules?.tick_scale ?? 10;
    const price = Math.round((context.market.mark ?? 60_000) * (1 + offsetBps / 1e4) * scale) / scale;
    return { request: { ...request, order_type: 'limit', limit_price: Math.max(price, 1 / scale) }, context, policy };
  });
