/** A promise that was broken. */
export interface Breach {
  /** Which promise, and how: what shrinking keeps. */
  readonly code: string;
  /** What happened, with instants in seconds since the world began. */
  readonly detail: string;
}

/** `12.345 s`. */
export function at(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
