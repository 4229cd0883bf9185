/** What an order for which limits are told says; other words of a request may tighten it alone. */
const PLAIN: ReadonlySet<string> = new Set([
  'symbol',
  'intent',
  'side',
  'requested_notional',
  'requested_leverage',
  'order_type',
  'max_slippage_bps',
  'strategy_id',
  'request_id',
]);

/** Whether what `get_limits` says of a symbol speaks of this request: only then is it asked for, and compared. */
export function isPlainOpening(args: Readonly<Record<string, unknown>>): boolean {
  const { intent, order_type: type, side } = args;
  if (intent !== 'open' || type !== 'market' || (side !== 'buy' && side !== 'sell')) return false;
  return Object.keys(args).every((name) => PLAIN.has(name));
}
