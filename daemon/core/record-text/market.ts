import type { MarketView, RulesView } from '../context.ts';
import { inOnePiece, listText, type Names, numberOrNull, numberText } from './scalars.ts';

/** `canonicalJson` of a market view. @throws CanonicalJsonError when a figure is not finite */
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
    `{"ask":${numberOrNull(market.ask)},"bar_count":${numberText(market.bar_count)}` +
    `,"bar_ms":${numberText(market.bar_ms)},"bars_as_of_ms":${numberOrNull(market.bars_as_of_ms)}` +
    `,"bid":${numberOrNull(market.bid)},"funding_at_ms":${numberOrNull(market.funding_at_ms)}` +
    `,"funding_rate_8h":${numberOrNull(market.funding_rate_8h)},"held_regime":"${market.held_regime}"` +
    `,"history_count":${numberText(market.history_count)},"jump_ratio":${numberOrNull(market.jump_ratio)}` +
    `,"leverage_locked":${market.leverage_locked},"leverage_setting":${numberOrNull(market.leverage_setting)}` +
    `,"liquidity":${numberOrNull(market.liquidity)},"liquidity_floor":${numberOrNull(market.liquidity_floor)}` +
    `,"mark":${numberOrNull(market.mark)},"mark_at_ms":${numberOrNull(market.mark_at_ms)}` +
    `,"quote_at_ms":${numberOrNull(market.quote_at_ms)}` +
    `,"rules":${market.rules === null ? 'null' : writeRules(market.rules)}` +
    `,"sigma":${numberOrNull(market.sigma)},"sigma_baseline":${numberOrNull(market.sigma_baseline)}}`
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
    `{"bracket_caps":${listText(rules.bracket_caps, numberText)},"lot_mantissa":${numberText(rules.lot_mantissa)}` +
    `,"lot_scale":${numberText(rules.lot_scale)},"maintenance_rate":${numberText(rules.maintenance_rate)}` +
    `,"max_lots":${numberText(rules.max_lots)},"max_market_lots":${numberText(rules.max_market_lots)}` +
    `,"max_price_ticks":${numberText(rules.max_price_ticks)},"min_lots":${numberText(rules.min_lots)}` +
    `,"min_notional_usdt":${numberText(rules.min_notional_usdt)}` +
    `,"min_price_ticks":${numberText(rules.min_price_ticks)}` +
    `,"multiplier_down":${numberText(rules.multiplier_down)},"multiplier_up":${numberText(rules.multiplier_up)}` +
    `,"observed_at_ms":${numberText(rules.observed_at_ms)}` +
    `,"taker_fee":${numberText(rules.taker_fee)},"tick_mantissa":${numberText(rules.tick_mantissa)}` +
    `,"tick_scale":${numberText(rules.tick_scale)},"trading":${rules.trading}}`
  );
}

export const MARKET_IS_WHOLE: readonly [
  Names<
    MarketView,
    | 'ask'
    | 'bar_count'
    | 'bar_ms'
    | 'bars_as_of_ms'
    | 'bid'
    | 'funding_at_ms'
    | 'funding_rate_8h'
    | 'held_regime'
    | 'history_count'
    | 'jump_ratio'
    | 'leverage_locked'
    | 'leverage_setting'
    | 'liquidity'
    | 'liquidity_floor'
    | 'mark'
    | 'mark_at_ms'
    | 'quote_at_ms'
    | 'rules'
    | 'sigma'
    | 'sigma_baseline'
  >,
  Names<
    RulesView,
    | 'bracket_caps'
    | 'lot_mantissa'
    | 'lot_scale'
    | 'maintenance_rate'
    | 'max_lots'
    | 'max_market_lots'
    | 'max_price_ticks'
    | 'min_lots'
    | 'min_notional_usdt'
    | 'min_price_ticks'
    | 'multiplier_down'
    | 'multiplier_up'
    | 'observed_at_ms'
    | 'taker_fee'
    | 'tick_mantissa'
    | 'tick_scale'
    | 'trading'
  >,
] = [true, true];
