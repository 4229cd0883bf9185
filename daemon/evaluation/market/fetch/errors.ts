/** Market data could not be fetched. The message is for a human and says what was asked of whom. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
}
