/** A symbol as the exchange writes it (`BTCUSDT`). */
export const SYMBOL_PATTERN = '^[A-Z0-9]{2,20}$';

const SYMBOL = new RegExp(SYMBOL_PATTERN);

/**
 * The symbol that somebody meant who writes pairs as other programs do: `BTC/USDT`, `BTC-USDT`, `BTC_USDT`, `btcusdt`,
 * `BTC/USDT:USDT`; null where that cannot be told.
 */
export function symbolMeant(text: string): string | null {
  const pair = text.trim().replace(/:[A-Za-z0-9]+$/, '');
  const symbol = pair.replace(/[/\-_ ]/g, '').toUpperCase();
  return SYMBOL.test(symbol) && symbol !== text ? symbol : null;
}
