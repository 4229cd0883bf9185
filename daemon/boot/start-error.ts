/** A refused start, with what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
