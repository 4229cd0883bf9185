/** Answers with its task after so many milliseconds; one that is negative fails at once. */
export default async function echo(waitMs: number): Promise<number> {
  if (waitMs < 0) throw new Error(`task ${waitMs}`);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  return waitMs;
}
