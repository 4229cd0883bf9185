import type { MarketView, RulesView } from '../context.ts';
import { inOnePiece, listText, numberOrNull, numberText } from './scalars.ts';

/** The row of a market view (columns.ts). @throws CanonicalJsonError when a figure is not finite */
export function writeMarket(market: MarketView): string {
  let text = marketTexts.get(market);
  if (text === undefined) {
    text = inOnePiece(composeMarket(market));
    marketTexts.set(market, text);
  }
  return text;
}

/** Texts by identity: a view of the market serves every decision until a feed brings news, and its rules for hours. */
const marketTexts = new WeakMap<MarketView, string>();
const rulesTexts = new WeakMap<RulesView, string>();

function composeMarket(market: MarketView): string {
  return (
    `[${numberOrNull(market.ask)},${numberText(market.bar_count)}` +
    `,${numberText(market.bar_ms)},${numberOrNull(market.bars_as_of_ms)}` +
    `,${numberOrNull(market.bid)},${numberOrNull(market.funding_at_ms)}` +
    `,${numberOrNull(market.funding_rate_8h)},"${market.held_regime}"` +
    `,${numberText(market.history_count)},${numberOrNull(market.jump_ratio)}` +
    `,${market.leverage_locked},${numberOrNull(market.leverage_setting)}` +
    `,${numberOrNull(market.liquidity)},${numberOrNull(market.liquidity_floor)}` +
    `,${numberOrNull(market.mark)},${numberOrNull(market.mark_at_ms)}` +
    `,${numberOrNull(market.quote_at_ms)}` +
    `,${market.rules === null ? 'null' : writeRules(market.rules)}` +
    `,${numberOrNull(market.sigma)},${numberOrNull(market.sigma_baseline)}]`
  );
}

function writeRules(rules: RulesView): string {
  let text = rulesTexts.get(rules);
  if (text === undefined) {
    text = inOnePiece(composeRules(rules));
    rulesTexts.set(rules, text);
  }
  return text;
}
function composeRules(rules: RulesView): string {
  return (
    `[${listText(rules.bracket_caps, numberText)},${numberText(rules.lot_mantissa)}` +
    `,${numberText(rules.lot_scale)},${numberText(rules.maintenance_rate)}` +
    `,${numberText(rules.max_lots)},${numberText(rules.max_market_lots)}` +
    `,${numberText(rules.max_price_ticks)},${numberText(rules.min_lots)}` +
    `,${numberText(rules.min_notional_usdt)}` +
    `,${numberText(rules.min_price_ticks)}` +
    `,${numberText(rules.multiplier_down)},${numberText(rules.multiplier_up)}` +
    `,${numberText(rules.observed_at_ms)}` +
    `,${numberText(rules.taker_fee)},${numberText(rules.tick_mantissa)}` +
    `,${numberText(rules.tick_scale)},${rules.trading}]`
  );
}
