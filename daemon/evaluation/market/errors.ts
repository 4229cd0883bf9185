/** Market data cannot be used as they are. The message is for a human and names the file, and the line where there is one. */
export class MarketDataError extends Error {
  override readonly name = 'MarketDataError';
}
