/** Where an instant lies since the clock was moved. It never changes the order of two. */
export type Redate = (atMs: number) => number;

/** The bucket in which the last instant of another one lies now: none leaves a window early. */
export function redateBucket(index: number, bucketMs: number, redate: Redate): number {
  return Math.floor(redate((index + 1) * bucketMs - 1) / bucketMs);
}
