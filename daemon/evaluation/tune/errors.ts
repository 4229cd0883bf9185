/** Tuning cannot start or go on. The message is for a human and says what to do about it. */
export class TuneError extends Error {
  override readonly name = 'TuneError';
}
